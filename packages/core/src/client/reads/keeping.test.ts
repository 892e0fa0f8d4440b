/** What is kept: as long as it has holders, for a minute after, and never longer than its store is open. */
import { expect, test } from 'vitest'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Keeping, KeptTimers } from './keeping.ts'

function kept(): {
  clock: VirtualClock
  timers: KeptTimers
  keeping: Keeping
  isOn: () => boolean
} {
  const clock = new VirtualClock()
  const timers = new KeptTimers(clock)
  let holds = 0
  const keeping = new Keeping(timers, () => {
    holds++
    return () => holds--
  })
  return { clock, timers, keeping, isOn: () => holds === 1 }
}

test('§14 kept: it begins once, and ends a minute after the last holder has let go', () => {
  const { clock, keeping, isOn } = kept()
  const first = keeping.hold()
  const second = keeping.hold()
  first()
  first()
  expect([isOn(), clock.nextMs]).toEqual([true, undefined])
  second()
  expect([isOn(), clock.nextMs]).toEqual([true, 60_000])
  clock.step()
  expect(isOn()).toBe(false)
  keeping.hold()
  expect(isOn()).toBe(true)
})

test('§14 kept: who holds it again within the minute finds it', () => {
  const { clock, keeping, isOn } = kept()
  keeping.hold()()
  const again = keeping.hold()
  expect([isOn(), clock.nextMs]).toEqual([true, undefined])
  again()
  expect(clock.nextMs).toBe(60_000)
})

test('§14 kept: a closed store waits for nothing', () => {
  const { clock, timers, keeping } = kept()
  keeping.hold()()
  timers.end()
  expect(clock.nextMs).toBeUndefined()
})
