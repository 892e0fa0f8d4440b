/**
 * What every `ReviewerStore` must hold. A store's tests call `reviewerStoreContract` with a way
 * to open a fresh place and to open the same place again; each test has a place of its own.
 */
import type { AppendBatch, ReviewerStore, StoredRun } from '@countersign/core/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { batchOf, idOf, runOf } from './reviewer-store-batches.ts'

export interface StorePlace {
  /** Opens the place. At most one store of a place is open at a time. */
  open(): ReviewerStore
  remove?(): void | Promise<void>
}

export interface StoreTraits {
  /** What was committed is there again after `close` and `open`. */
  readonly durable: boolean
}

/** Everything a store holds, as one value to compare. */
export async function contentOf(store: ReviewerStore): Promise<unknown> {
  const { head, meta, sessions, rejections } = await store.load()
  const plain = <T extends object>(list: readonly T[]): T[] => list.map((item) => ({ ...item }))
  return {
    head,
    meta: [...meta],
    sessions: plain(sessions),
    rejections: plain(rejections),
    runs: plain(await store.readRuns(0, 1_000_000)),
  }
}

export function reviewerStoreContract(
  name: string,
  makePlace: () => StorePlace | Promise<StorePlace>,
  traits: StoreTraits,
): void {
  describe(`reviewer store contract: ${name}`, () => {
    const ends: (() => void | Promise<void>)[] = []
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end()
    })
    const place = async (): Promise<StorePlace> => {
      const made = await makePlace()
      if (made.remove !== undefined) ends.push(() => made.remove!())
      return made
    }
    const opened = async (at?: StorePlace): Promise<ReviewerStore> => {
      const store = (at ?? (await place())).open()
      ends.push(() => store.close())
      return store
    }

    describe('load', () => {
      test('a new space has no head and nothing else', async () => {
        const store = await opened()
        expect(await contentOf(store)).toEqual({
          head: undefined,
          meta: [],
          sessions: [],
          rejections: [],
          runs: [],
        })
      })
    })

    describe('append', () => {
      test('a batch is there whole, texts and all, when append resolves', async () => {
        const store = await opened()
        const sessions = [
          { sessionId: 's2', text: 'two' },
          { sessionId: 's1', text: 'one' },
        ]
        const rejections = [{ msgId: idOf(900), sessionId: 's1', text: 'no \u{1f642}' }]
        const batch = batchOf(0, [1, 64, 3], { sessions, rejections })
        expect(await store.append(batch)).toBe('committed')
        expect(await contentOf(store)).toEqual({
          head: 'head 68',
          meta: [],
          sessions,
          rejections,
          runs: batch.runs,
        })
      })

      test('a text of 2 MiB and one with NUL and quotes come back unaltered', async () => {
        const store = await opened()
        const long = { ...runOf(1, 1), text: 'aü"'.repeat(700_000) }
        const odd = { ...runOf(2, 2), text: '\u0000[1,"\\"]\n', seals: '' }
        await store.append({ ...batchOf(0, [1, 1]), runs: [long, odd] })
        const [first, second] = await store.readRuns(0, 10)
        expect(first?.text === long.text).toBe(true)
        expect(second).toEqual(odd)
      })

      test('a batch without runs stores its rejections, sessions and head', async () => {
        const store = await opened()
        await store.append(batchOf(0, [2]))
        const rejections = [{ msgId: idOf(77), sessionId: 's', text: 'r' }]
        const batch = batchOf(2, [], { rejections, head: 'head 2 again' })
        expect(await store.append(batch)).toBe('committed')
        expect(await store.load()).toMatchObject({ head: 'head 2 again', rejections })
        expect(await store.append(batchOf(2, [1]))).toBe('committed')
      })

      test('rejections keep their texts, however long, and come back in the order they were made', async () => {
        const at = await place()
        const store = await opened(at)
        const rejections = [3, 1, 2].map((n) => ({
          msgId: idOf(n),
          sessionId: `s${n}`,
          text: `{"standing":"${'\u{1f642}'.repeat(20_000)} ${n}"}`,
        }))
        await store.append(batchOf(0, [], { rejections: rejections.slice(0, 2) }))
        await store.append(batchOf(0, [], { rejections: rejections.slice(2) }))
        expect((await store.load()).rejections.map((stored) => ({ ...stored }))).toEqual(rejections)
        if (!traits.durable) return
        await store.close()
        const again = await opened(at)
        expect((await again.load()).rejections.map((stored) => ({ ...stored }))).toEqual(rejections)
      })

      test('a session is replaced by its id, the others stay', async () => {
        const store = await opened()
        const a = { sessionId: 'a', text: 'a1' }
        const b = { sessionId: 'b', text: 'b1' }
        await store.append(batchOf(0, [1], { sessions: [a, b] }))
        await store.append(batchOf(1, [1], { sessions: [{ sessionId: 'a', text: 'a2' }] }))
        const { sessions } = await store.load()
        expect(Object.fromEntries(sessions.map((s) => [s.sessionId, s.text]))).toEqual({
          a: 'a2',
          b: 'b1',
        })
      })

      test('what a batch removes is gone, and what it writes is there, in one step', async () => {
        const at = await place()
        const store = await opened(at)
        const sessions = ['a', 'b', 'c'].map((sessionId) => ({ sessionId, text: `${sessionId}1` }))
        const rejections = [1, 2, 3].map((n) => ({ msgId: idOf(n), sessionId: 'a', text: `r${n}` }))
        await store.append(batchOf(0, [], { sessions, rejections }))
        const removed = {
          rejections: [idOf(1), idOf(2), idOf(77)],
          sessions: ['a', 'b', 'nobody'],
        }
        const again = {
          sessions: [{ sessionId: 'b', text: 'b2' }],
          rejections: [{ msgId: idOf(2), sessionId: 'b', text: 'r2 again' }],
        }
        expect(await store.append({ ...batchOf(5, [1], again), removed })).toBe('fenced')
        expect((await store.load()).rejections).toHaveLength(3)
        expect(await store.append({ ...batchOf(0, [1], again), removed })).toBe('committed')
        for (const when of traits.durable ? ['now', 'opened again'] : ['now']) {
          if (when !== 'now') await store.close()
          const held = await (when === 'now' ? store : await opened(at)).load()
          expect(held.sessions.map(({ text }) => text).toSorted(), when).toEqual(['b2', 'c1'])
          expect(
            held.rejections.map(({ text }) => text),
            when,
          ).toEqual(['r3', 'r2 again'])
        }
      })

      test('appends that were not awaited apply in the order of the calls', async () => {
        const store = await opened()
        const results = await Promise.all(
          [0, 1, 2, 3].map((seq) => store.append(batchOf(seq, [1]))),
        )
        expect(results).toEqual(Array(4).fill('committed'))
        expect((await store.readRuns(0, 10)).map((run) => run.fromSeq)).toEqual([1, 2, 3, 4])
      })

      test('what the caller does to its batch afterwards changes nothing stored', async () => {
        const store = await opened()
        const runs = [runOf(1, 2)]
        await store.append({ ...batchOf(0, [2]), runs })
        runs.push(runOf(3, 4))
        expect(await store.readRuns(0, 10)).toHaveLength(1)
      })
    })

    describe('fenced', () => {
      const refused: [title: string, batch: AppendBatch][] = [
        ['an expectSeq behind the head', batchOf(1, [1], { epoch: 2 })],
        ['an expectSeq ahead of the head', batchOf(4, [1], { epoch: 2 })],
        ['an expectSeq of 0 on a space that has a head', batchOf(0, [1], { epoch: 2 })],
        ['an earlier epoch', batchOf(3, [1], { epoch: 1 })],
      ]
      test.each(refused)('%s is refused and stores nothing', async (_, batch) => {
        const store = await opened()
        await store.append(batchOf(0, [3], { epoch: 2 }))
        const before = await contentOf(store)
        const more = {
          sessions: [{ sessionId: 's', text: 's' }],
          rejections: [{ msgId: idOf(50), sessionId: 's', text: 'r' }],
        }
        expect(await store.append({ ...batch, ...more })).toBe('fenced')
        expect(await contentOf(store)).toEqual(before)
      })

      test('of two batches on one head exactly one is committed', async () => {
        const store = await opened()
        await store.append(batchOf(0, [1]))
        const rival = { ...batchOf(1, [1]), runs: [{ ...runOf(2, 2), ids: [idOf(999)] }] }
        const results = await Promise.all([store.append(batchOf(1, [1])), store.append(rival)])
        expect(results.toSorted()).toEqual(['committed', 'fenced'])
        expect((await store.readRuns(1, 10)).map((run) => run.ids)).toEqual([[idOf(2)]])
      })

      test('a later epoch takes over where the head stands, and the earlier is out', async () => {
        const store = await opened()
        await store.append(batchOf(0, [2]))
        expect(await store.append(batchOf(2, [], { epoch: 2 }))).toBe('committed')
        expect(await store.append(batchOf(2, [1], { epoch: 1 }))).toBe('fenced')
        expect(await store.append(batchOf(2, [1], { epoch: 2 }))).toBe('committed')
      })

      test('a refused batch does not use up its ids', async () => {
        const store = await opened()
        expect(await store.append(batchOf(5, [1]))).toBe('fenced')
        await store.append(batchOf(0, [5]))
        expect(await store.append(batchOf(5, [1]))).toBe('committed')
      })
    })

    describe('once', () => {
      const rejectsWhole = async (before: AppendBatch, batch: AppendBatch): Promise<void> => {
        const store = await opened()
        await store.append(before)
        const content = await contentOf(store)
        await expect(store.append(batch)).rejects.toBeInstanceOf(Error)
        expect(await contentOf(store)).toEqual(content)
        // After the reload above the store works as before.
        expect(await store.append(batchOf(before.runs.at(-1)!.toSeq, [2]))).toBe('committed')
      }

      test('an id that an earlier batch stored makes a batch reject, and nothing is stored', () =>
        rejectsWhole(batchOf(0, [4]), {
          ...batchOf(4, [2, 2], { sessions: [{ sessionId: 'x', text: 'x' }] }),
          runs: [runOf(5, 6), { ...runOf(7, 8), ids: [idOf(7), idOf(2)] }],
        }))

      test('an id twice in one batch makes it reject, and nothing is stored', () =>
        rejectsWhole(batchOf(0, [1]), {
          ...batchOf(1, [1, 1]),
          runs: [runOf(2, 2), { ...runOf(3, 3), ids: [idOf(2)] }],
        }))

      test('a gap between a run and the head before it makes a batch reject', () =>
        rejectsWhole(batchOf(0, [1]), { ...batchOf(1, [1]), runs: [runOf(3, 3)] }))

      test('a run with more or fewer ids than seqs makes a batch reject', () =>
        rejectsWhole(batchOf(0, [1]), {
          ...batchOf(1, [2]),
          runs: [{ ...runOf(2, 3), ids: [idOf(2)] }],
        }))
    })

    describe('readRuns', () => {
      test('gives the runs that end after a seq, in order, and no more than asked for', async () => {
        const store = await opened()
        await store.append(batchOf(0, [1, 3]))
        await store.append(batchOf(4, [2, 1]))
        const from = async (seq: number, max = 10): Promise<string[]> =>
          (await store.readRuns(seq, max)).map((run) => `${run.fromSeq}-${run.toSeq}`)
        expect(await from(0)).toEqual(['1-1', '2-4', '5-6', '7-7'])
        expect(await from(1)).toEqual(['2-4', '5-6', '7-7'])
        expect(await from(2)).toEqual(['2-4', '5-6', '7-7'])
        expect(await from(4)).toEqual(['5-6', '7-7'])
        expect(await from(6)).toEqual(['7-7'])
        expect(await from(7)).toEqual([])
        expect(await from(99)).toEqual([])
        expect(await from(0, 2)).toEqual(['1-1', '2-4'])
        expect(await from(3, 1)).toEqual(['2-4'])
      })

      test('run by run reads the same as all at once', async () => {
        const store = await opened()
        for (let seq = 0; seq < 300; seq += 3) await store.append(batchOf(seq, [1, 2]))
        const all = await store.readRuns(0, 1_000)
        const steps: StoredRun[] = []
        for (;;) {
          const next = await store.readRuns(steps.at(-1)?.toSeq ?? 0, 7)
          if (next.length === 0) break
          steps.push(...next)
        }
        expect(steps).toHaveLength(200)
        expect(steps).toEqual(all)
      })
    })

    describe('claimMeta', () => {
      test('the first claim of a key wins, whoever asks later', async () => {
        const store = await opened()
        const claims = ['a', 'b', 'c'].map((value) => store.claimMeta('space', value))
        expect(await Promise.all(claims)).toEqual(['a', 'a', 'a'])
        expect(await store.claimMeta('key', 'k')).toBe('k')
        expect(Object.fromEntries((await store.load()).meta)).toEqual({ key: 'k', space: 'a' })
      })

      test('a claim neither makes nor moves the head', async () => {
        const store = await opened()
        await store.claimMeta('space', 'a')
        expect((await store.load()).head).toBeUndefined()
        expect(await store.append(batchOf(0, [1]))).toBe('committed')
      })
    })

    describe('close', () => {
      test('is idempotent, and every other call rejects after it', async () => {
        const store = await opened()
        await store.append(batchOf(0, [1]))
        await store.close()
        await store.close()
        await expect(store.append(batchOf(1, [1]))).rejects.toBeInstanceOf(Error)
        await expect(store.load()).rejects.toBeInstanceOf(Error)
        await expect(store.readRuns(0, 1)).rejects.toBeInstanceOf(Error)
        await expect(store.claimMeta('a', 'b')).rejects.toBeInstanceOf(Error)
      })
    })

    describe.runIf(traits.durable)('reopen (needs a store that outlives its process)', () => {
      test('a store opened again holds what was committed, and goes on', async () => {
        const at = await place()
        const first = await opened(at)
        await first.claimMeta('space', 'a')
        const sessions = [{ sessionId: 's', text: 't' }]
        const rejections = [{ msgId: idOf(500), sessionId: 's', text: 'r' }]
        await first.append(batchOf(0, [2, 3], { sessions, rejections }))
        await first.append(batchOf(5, [1]))
        const before = await contentOf(first)
        await first.close()
        const second = await opened(at)
        expect(await contentOf(second)).toEqual(before)
        expect(await second.claimMeta('space', 'b')).toBe('a')
        expect(await second.append(batchOf(5, [1]))).toBe('fenced')
        expect(await second.append(batchOf(6, [1]))).toBe('committed')
      })

      test('a store opened again still knows every id', async () => {
        const at = await place()
        const first = await opened(at)
        await first.append(batchOf(0, [3000]))
        await first.close()
        const second = await opened(at)
        const again = { ...batchOf(3000, [1]), runs: [{ ...runOf(3001, 3001), ids: [idOf(1234)] }] }
        await expect(second.append(again)).rejects.toBeInstanceOf(Error)
      })
    })
  })
}
