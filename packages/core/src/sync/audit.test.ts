/** Which seals are asked for, and how often. What an answer is checked against: `test/scenario/middleman.test.ts`. */
import { expect, test } from 'vitest'
import type { Seen } from '../facts/types.ts'
import { LIMITS } from '../facts/limits.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import type { Accepted, Batch } from '../wire/types.ts'
import { Audit } from './audit.ts'

const DAY_MS = 86_400_000

class Scene {
  readonly clock = new VirtualClock()
  readonly alarms: string[] = []
  readonly asked: string[] = []
  readonly audit: Audit
  #seq = 0

  constructor(limits: Partial<typeof LIMITS> = {}) {
    this.audit = new Audit({
      limits: { ...LIMITS, ...limits },
      clock: this.clock,
      random: new SeededRandom(5),
      verify: () => Promise.resolve(true),
      alarm: (what) => this.alarms.push(what),
    })
  }

  /** A batch with a flush of so many messages for each author; returns the first seq. */
  reads(authors: readonly string[], { messages = 1, isOwn = false } = {}): number {
    const first = this.#seq + 1
    const accepted = authors.flatMap((authorId) => {
      const seen = { seq: 0 } as Seen
      return Array.from({ length: messages }, () => {
        const seq = ++this.#seq
        return { seen, seq, isOwn, session: { facts: { authorId } } } as unknown as Accepted
      })
    })
    this.audit.taken('a batch', { accepted } as unknown as Batch)
    return first
  }

  /** Seqs that are asked for now. */
  asks(): readonly number[] {
    const frames: string[] = []
    this.audit.tick((frame) => frames.push(frame))
    this.asked.push(...frames)
    return frames.map((frame) => (JSON.parse(frame) as [string, number])[1])
  }

  pass(ms: number): void {
    this.clock.after(ms, () => {})
    this.clock.step()
  }
}

test('AUD1 of each author one flush a day, named by its first message, and none of the own', () => {
  const scene = new Scene({ flushesPerSeal: 1_000_000 })
  scene.reads(['ann'], { isOwn: true })
  const [first, second] = [scene.reads(['bob', 'carl'], { messages: 3 }), 5]
  scene.reads(['bob', 'carl', 'bob'])
  expect(scene.asks()).toEqual([first, second])
  scene.pass(DAY_MS)
  const next = scene.reads(['carl'])
  expect(scene.asks()).toContain(next)
})

test('AUD1 of the flushes of one author one in so many, by chance', () => {
  const scene = new Scene({ flushesPerSeal: 10, sealsMax: 1_000 })
  for (let n = 0; n < 2_000; n++) scene.reads(['ann'])
  const picked = scene.asks()
  expect(picked.length).toBeGreaterThan(150)
  expect(picked.length).toBeLessThan(270)
  const gaps = picked.slice(1).map((seq, i) => seq - picked[i]!)
  expect(new Set(gaps).size).toBeGreaterThan(5)
})

test('AUD1 no more than so many at a time', () => {
  const scene = new Scene({ sealsMax: 4 })
  scene.reads(Array.from({ length: 40 }, (_, n) => `author ${n}`))
  expect(scene.asks()).toHaveLength(4)
})

test('AUD3 asked again every 10 s, at once over another link, and missed after ten minutes', () => {
  const scene = new Scene()
  scene.reads(['ann'])
  expect([scene.asks(), scene.asks()]).toEqual([[1], []])
  scene.audit.lost()
  expect(scene.asks()).toEqual([1])
  for (let n = 0; n < 58; n++) {
    scene.pass(10_000)
    expect(scene.asks()).toEqual([1])
  }
  expect(scene.alarms).toEqual([])
  scene.pass(10_000)
  expect([scene.asks(), scene.alarms]).toEqual([
    [],
    ['for ten minutes the reviewer has not sent the seal of message 1'],
  ])
})
