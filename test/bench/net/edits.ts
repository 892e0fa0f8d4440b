/** Shared by the client processes: numbered edits, and waiting. */
import type { TaskRow } from '../data.ts'
import { must } from '../figure.ts'

const EDITS_MAX = 1e9
const WAIT_MS = 180_000

/** An edit writes its number into a field that holds far larger numbers before. */
export function editOf({ createdAt }: TaskRow): number {
  return createdAt < EDITS_MAX ? createdAt : 0
}

/** Of the monotonic clock that all processes of the machine share, in ms. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = now() + WAIT_MS
  // A store updates its status at the end of the tick.
  do {
    must(now() < end, `waited in vain for ${what}`)
    await pause(1)
  } while (!holds())
}
