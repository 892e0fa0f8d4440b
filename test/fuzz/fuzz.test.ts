/** A short run of `pnpm fuzz`: enough for each reader to refuse and to accept. */
import { SeededRandom } from '@countersign/core/testing'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type Corpus, recorded } from './corpus.ts'
import { fuzzLinks } from './links.ts'
import { mutated } from './mutate.ts'
import { fuzzReaders } from './readers.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let corpus: Corpus

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  corpus = await recorded()
})

describe('malformed texts', () => {
  it('no reader throws at 12,000 of them, and each refuses some and takes some', () => {
    const counts = fuzzReaders(corpus, new SeededRandom(7), 12_000)
    for (const [name, { sound, refused }] of counts)
      expect([name, sound > 0, refused > 0]).toEqual([name, true, true])
  })

  it('the same seed makes the same texts, another one others', () => {
    const make = (seed: number): string =>
      mutated(corpus.up[1] ?? '', corpus.up, new SeededRandom(seed))
    expect(make(3)).toBe(make(3))
    expect(new Set(Array.from({ length: 50 }, (_, seed) => make(seed))).size).toBeGreaterThan(40)
  })

  it('over links in use no store halts, and all have the same state in the end', async () => {
    expect(await fuzzLinks(corpus, 11, 400)).toBeGreaterThanOrEqual(400)
  })
})
