/** Lets virtual time pass by itself while a test runs, for suites that know only promises. */
import type { VirtualClock } from '@countersign/core/testing'
import { afterEach } from 'vitest'

const running = new Set<NodeJS.Immediate>()

afterEach(() => {
  for (const turn of running) clearImmediate(turn)
  running.clear()
})

/** One event a turn, with the promises of the one before settled, until the test is over. */
export function runByItself(clock: VirtualClock): void {
  let turn: NodeJS.Immediate | undefined
  const next = (): void => {
    if (turn) running.delete(turn)
    clock.step()
    running.add((turn = setImmediate(next)))
  }
  running.add((turn = setImmediate(next)))
}

/** Lets all time pass that anything waits for, with all promises settled in between. */
export async function settle(clock: VirtualClock): Promise<void> {
  do await new Promise(setImmediate)
  while (clock.step())
}
