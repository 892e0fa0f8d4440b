import { expect, test } from 'vitest'
import { nodeClock } from './clock.ts'

const clock = nodeClock()

test('now is the wall clock, monotonic never goes back', () => {
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50)
  let last = clock.monotonic()
  for (let i = 0; i < 1_000; i++) {
    const next = clock.monotonic()
    expect(next).toBeGreaterThanOrEqual(last)
    last = next
  }
})

test('after runs its task once, never early and never inside the call', async () => {
  const delays = [0, 0.4, 1, 1.5, 7.3, 20]
  const early = await Promise.all(
    delays.map(
      (delayMs) =>
        new Promise<boolean>((done) => {
          const begin = clock.monotonic()
          let inside = true
          clock.after(delayMs, () => {
            expect(inside).toBe(false)
            done(clock.monotonic() - begin < delayMs)
          })
          inside = false
        }),
    ),
  )
  expect(early).toEqual(delays.map(() => false))
})

test('after can be cancelled, before and after it ran', async () => {
  let runs = 0
  const cancel = clock.after(5, () => runs++)
  cancel()
  const ran = await new Promise<() => void>((done) => {
    const end = clock.after(10, () => done(end))
  })
  ran()
  expect(runs).toBe(0)
})

test('a delay longer than a timer can hold does not run at once', async () => {
  let runs = 0
  const cancel = clock.after(2 ** 40, () => runs++)
  await new Promise((done) => setTimeout(done, 20))
  expect(runs).toBe(0)
  cancel()
})

test('soon runs after the present tick and its microtasks, in order', async () => {
  const history: string[] = []
  clock.soon(() => history.push('a'))
  clock.soon(() => history.push('b'))
  await Promise.resolve().then(() => history.push('microtask'))
  history.push('tick')
  await new Promise((done) => setTimeout(done, 5))
  expect(history).toEqual(['microtask', 'tick', 'a', 'b'])
})
