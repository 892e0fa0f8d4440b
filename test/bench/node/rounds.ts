/**
 * Rounds in Node: floor, ours, floor, ours. The first rounds warm both up and do not count: a floor
 * that the compiler has not optimized yet would flatter us.
 * Between two stretches the heap is collected, so that no side pays for another's garbage.
 */
import type { Rounds, Stretch } from '../figure.ts'

export interface Size {
  readonly rounds: number
  readonly rows: number
  /** With peers beside, where they compare. */
  readonly peers?: boolean
}

const WARM_ROUNDS = 2

/** One side of one round: sets up, measures, verifies, cleans up; returns the figures. */
export type Side<T> = (round: number) => T | Promise<T>

export async function interleaved<T>(
  rounds: number,
  floor: Side<T>,
  ours: Side<T>,
): Promise<{ floor: T[]; ours: T[] }> {
  const measured: { floor: T[]; ours: T[] } = { floor: [], ours: [] }
  for (let round = 1 - WARM_ROUNDS; round <= rounds; round++) {
    collect()
    const low = await floor(Math.max(0, round))
    collect()
    const own = await ours(Math.max(0, round))
    if (round <= 0) continue
    measured.floor.push(low)
    measured.ours.push(own)
  }
  return measured
}

/** Picks one stretch of the figures of the sides. */
export function stretches<T>(
  measured: { readonly floor: readonly T[]; readonly ours: readonly T[] },
  of: (told: T) => Stretch,
): Rounds {
  return { floor: measured.floor.map(of), ours: measured.ours.map(of) }
}

/** Times one synchronous stretch. */
export function clocked(work: () => void): Stretch {
  const cpu = process.threadCpuUsage()
  const start = performance.now()
  work()
  const ms = performance.now() - start
  const { user, system } = process.threadCpuUsage(cpu)
  return { ms, cpuMs: (user + system) / 1_000 }
}

/** Needs `--expose-gc`, which the bench gives to the processes it starts. */
export function collect(): void {
  globalThis.gc?.()
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export async function until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`wrong result: waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
