/**
 * A number times a factor. Binary floating point makes 0.07 * 100 = 7.000000000000001, so
 * products and quotients are rounded to 15 significant digits: correct for every decimal
 * number with at most 15, before and after.
 *
 * Without rounding, a value that would not convert back to itself is rejected, so both directions
 * are exact. A side that rounds accepts every number, and is lossy:
 * `scale('price', 100, { round: { up: 0 } })` rounds to whole cents.
 */
import type { Json } from '../../base/json.ts'
import { type ScaleStep, lossOf } from './step.ts'

/** The number on the other side; undefined if it has none. */
export function scaled(step: ScaleStep, way: 'up' | 'down', value: Json): number | undefined {
  if (typeof value !== 'number') return undefined
  const there = moved(step, way, value)
  if (!Number.isFinite(there)) return undefined
  if (lossOf(step)[way]) return there
  return moved(step, way === 'up' ? 'down' : 'up', there) === value ? there : undefined
}

function moved(step: ScaleStep, way: 'up' | 'down', value: number): number {
  const exact = decimal(way === 'up' ? value * step.factor : value / step.factor)
  const decimals = step.round?.[way]
  return (decimals === undefined ? exact : rounded(exact, decimals)) + 0 // -0 is 0
}

function decimal(value: number): number {
  return Number(value.toPrecision(15))
}

/** Rounds half away from zero, by decimal digits: `toFixed` would round 21.555 down. */
function rounded(value: number, decimals: number): number {
  const unit = Number(`1e${decimals}`)
  const size = decimal(Math.abs(value) * unit)
  // Beyond 15 digits there are no decimals.
  return size < 1e15 ? (Math.sign(value) * Math.round(size)) / unit : value
}
