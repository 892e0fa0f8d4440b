/** Text formats of the panel: short ids, ages, sizes, values. Pure. */
import type { Json } from '@countersign/core/inspect'

/** Both ends of an id: ids of one session start alike, and the first ids of all sessions end alike. */
export function shortId(id: string): string {
  const colon = id.lastIndexOf(':')
  if (colon >= 0) return `${id.slice(0, colon).slice(-4)}:${id.slice(colon + 1)}`
  return id.length > 10 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id
}

export function ageText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '0 s'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`
}

export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  if (bytes < 1_048_576) return `${(bytes / 1_024).toFixed(1)} KiB`
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}

/** Time of day with milliseconds, in the local time zone. Accepts any number. */
export function clockText(at: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return 'no time'
  const two = (n: number): string => String(n).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

/** Date and time, in the local time zone. Accepts any number. */
export function dateText(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toLocaleString()
}

export function valueText(value: Json | undefined, charsMax = 160): string {
  if (value === undefined) return 'unset'
  if (typeof value === 'object' && value !== null && '$unset' in value) return 'unset'
  const text = JSON.stringify(value)
  return text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
