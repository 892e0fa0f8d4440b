/** The part of the space store contract that is about reading by key: order, bounds, scans. */
import { bytesOf } from '@countersign/core/ports'
import {
  type Commit,
  type LedgerRun,
  type SpaceStore,
  type StateScan,
  type WrittenState,
  oneKey,
} from '@countersign/core/ports'
import { describe, expect, test } from 'vitest'
import { MUCH, START, behindOf, commitOf, stateOf } from './space-commits.ts'

export function spaceStoreReads(
  opened: () => SpaceStore,
  filled: (store: SpaceStore, ...counts: number[]) => Promise<void>,
): void {
  describe('batches', () => {
    test('gives those that end after a seq, in order, within the bytes, at least one', async () => {
      const store = opened()
      await filled(store, 1, 3, 2, 1)
      const from = async (seq: number, bytes: number): Promise<string[]> =>
        (await store.batches(seq, bytesOf(bytes))).map((one) => `${one.fromSeq}-${one.toSeq}`)
      expect(await from(0, 1e9)).toEqual(['1-1', '2-4', '5-6', '7-7'])
      expect(await from(1, 1e9)).toEqual(['2-4', '5-6', '7-7'])
      expect(await from(2, 1e9)).toEqual(['2-4', '5-6', '7-7'])
      expect(await from(4, 1e9)).toEqual(['5-6', '7-7'])
      expect(await from(6, 1e9)).toEqual(['7-7'])
      expect(await from(7, 1e9)).toEqual([])
      expect(await from(99, 1e9)).toEqual([])
      expect(await from(0, 0)).toEqual(['1-1'])
      expect(await from(3, 3)).toEqual(['2-4'])
      // `batch 1-1 "ü\0" .` has 17 bytes, the next one 18.
      expect(await from(0, 34)).toEqual(['1-1'])
      expect(await from(0, 35)).toEqual(['1-1', '2-4'])
    })

    test.for([2, 3, 5, 64])('in reads of %i bytes it is the same as at once', async (bytes) => {
      const store = opened()
      await filled(store, ...Array.from({ length: 30 }, (_, i) => 1 + (i % 3)))
      const steps: unknown[] = []
      let seq = 0
      for (;;) {
        const next = await store.batches(seq, bytesOf(bytes))
        if (next.length === 0) break
        steps.push(...next)
        seq = next.at(-1)!.toSeq
      }
      expect(steps).toEqual(await store.batches(0, MUCH))
    })

    test('seals are those of the batch that holds the seq', async () => {
      const store = opened()
      await filled(store, 1, 3)
      const seals = await Promise.all([0, 1, 2, 3, 4, 5].map((seq) => store.seals(seq)))
      expect(seals.map((one) => one && `${one.fromSeq}-${one.toSeq}`)).toEqual([
        undefined,
        '1-1',
        '2-4',
        '2-4',
        '2-4',
        undefined,
      ])
      expect(seals[3]?.text).toEqual({ ok: true, value: 'seals 4' })
    })
  })

  describe('ledger', () => {
    /** clientSeq by clientSeq: what became of it, with its seq. */
    const fates: readonly (readonly [clientSeq: number, seq: number])[] = [
      [1, 1],
      [2, 2],
      [3, 0],
      [4, 0],
      [5, 4],
      [6, 5],
      [8, 6],
      [9, 8],
      [10, 0],
    ]

    const judged = async (store: SpaceStore): Promise<void> => {
      for (const [at, [clientSeq, seq]] of fates.entries()) {
        const head = at === 0 ? START : await store.head()
        const more: Partial<Commit> = {
          sessions: [
            { sessionId: 'other', text: '' },
            { sessionId: 's', text: `${at}` },
          ],
          ...(seq === 0
            ? { rejections: [{ msgId: `m${clientSeq}`, sessionId: 's', clientSeq, text: '' }] }
            : { accepted: [{ sessionId: 's', clientSeq, count: 1, seq }] }),
        }
        const count = seq === 0 ? 0 : seq - head.seq
        expect(await store.append(commitOf(head, { count, more }))).toBe('committed')
      }
    }

    test('answers in the order of the keys, with any content of a row', async () => {
      const store = opened()
      await judged(store)
      const keys = [10, 1, 2, 0, 3, 4, 4, 11, 7, 5, 6, 8, 9]
      const answers = await store.ledger('s', keys)
      const known = new Map(fates)
      expect(answers).toEqual(
        keys.map((key) => {
          const seq = known.get(key)
          if (seq === undefined) return { kind: 'unknown' }
          return seq === 0 ? { kind: 'refused' } : { kind: 'accepted', seq }
        }),
      )
      expect(await store.ledger('other', [1, 5])).toEqual([
        { kind: 'unknown' },
        { kind: 'unknown' },
      ])
    })

    test('runs name every place once, from any place on, and no more than asked for', async () => {
      const store = opened()
      await judged(store)
      const runs = await store.ledgerRuns('s', 0, 100)
      const places = (of: readonly LedgerRun[]): (readonly [number, number])[] =>
        of.flatMap(({ clientSeq, count, seq }) =>
          Array.from({ length: count }, (_, i) => [clientSeq + i, seq && seq + i] as const),
        )
      expect(places(runs)).toEqual(fates)
      expect(runs.length).toBeLessThan(fates.length)
      for (let from = 0; from <= 11; from++) {
        const rest = runs.filter((run) => run.clientSeq + run.count > from)
        expect(await store.ledgerRuns('s', from, 100)).toEqual(rest)
        expect(await store.ledgerRuns('s', from, 2)).toEqual(rest.slice(0, 2))
      }
      expect(await store.ledgerRuns('other', 0, 9)).toEqual([])
      expect(await store.ledgerRuns('unknown', 0, 9)).toEqual([])
    })

    test('rejections of a session are read by clientSeq, for any order of writing', async () => {
      const store = opened()
      const sessions = ['s', 't'].map((sessionId) => ({ sessionId, text: '' }))
      const rejections = [5, 2, 9, 3].flatMap((clientSeq) =>
        ['s', 't'].map((sessionId) => ({
          msgId: `${sessionId}${clientSeq}`,
          sessionId,
          clientSeq,
          text: `no ${clientSeq}`,
        })),
      )
      await store.append(commitOf(START, { count: 0, more: { sessions, rejections } }))
      const ids = async (from: number, max: number): Promise<string[]> =>
        (await store.rejections('s', from, max)).map(({ msgId }) => msgId)
      expect(await ids(0, 9)).toEqual(['s2', 's3', 's5', 's9'])
      expect(await ids(3, 2)).toEqual(['s3', 's5'])
      expect(await ids(10, 2)).toEqual([])
      expect(await store.rejection('t9')).toEqual({
        msgId: 't9',
        sessionId: 't',
        clientSeq: 9,
        text: { ok: true, value: 'no 9' },
      })
    })
  })

  describe('states', () => {
    test('cover the first of the ids, within the bytes, at least one', async () => {
      const store = opened()
      await filled(store, 9)
      await store.writeBehind(behindOf(0, 9, 3))
      // Each state is 10 bytes: `seqs 3 6 9`.
      const read = async (bytes: number): Promise<(number | undefined)[]> =>
        (await store.states(['e0', 'no', 'e1', 'e2'], bytesOf(bytes))).map((state) => state?.seq)
      expect(await read(0)).toEqual([9])
      expect(await read(19)).toEqual([9, undefined])
      expect(await read(20)).toEqual([9, undefined, 7])
      expect(await read(30)).toEqual([9, undefined, 7, 8])
      expect(await store.states([], MUCH)).toEqual([])
    })
  })

  describe('changes', () => {
    test.for([2, 3, 4, 5])('%i at a time from the newest back, each once', async (count) => {
      const store = opened()
      await filled(store, 40)
      for (const [from, to] of [
        [0, 7],
        [7, 8],
        [8, 33],
        [33, 40],
      ] as const) {
        await store.writeBehind(behindOf(from, to, 3))
      }
      const seqs: number[] = []
      for (;;) {
        const next = await store.changes('e1', seqs.at(-1) ?? 41, { count, bytes: MUCH })
        expect(next.length).toBeLessThanOrEqual(count)
        if (next.length === 0) break
        seqs.push(...next.map(({ seq }) => seq))
      }
      expect(seqs).toEqual([40, 37, 34, 31, 28, 25, 22, 19, 16, 13, 10, 7, 4, 1])
      const some = await store.changes('e1', 38, { count, bytes: bytesOf(17) })
      // `change 37` has 9 bytes.
      expect(some.map(({ seq, text }) => [seq, text])).toEqual([
        [37, { ok: true, value: 'change 37' }],
      ])
      expect(await store.changes('e99', 41, { count, bytes: MUCH })).toEqual([])
    })
  })

  describe('scan', () => {
    const pages = async (scan: StateScan, bytes: number, after?: string): Promise<unknown[]> => {
      const states: unknown[] = []
      let next = after
      do {
        const page = await scan.page(next, bytesOf(bytes))
        states.push(...page.states)
        next = page.next
      } while (next !== undefined)
      return states
    }
    const expected = (entity: string, through: number): unknown => {
      const state = stateOf(entity, through, 20)
      return { ...state, text: { ok: true, value: state.text } }
    }

    test.for([0, 20, 50, 1e9])(
      'pages of %i bytes: each state once, as of through',
      async (bytes) => {
        const store = opened()
        await filled(store, 60)
        await store.writeBehind(behindOf(0, 30, 20))
        const scan = await store.scan()
        expect([scan.through, scan.entities]).toEqual([30, 20])
        const first = await scan.page(undefined, bytesOf(bytes))
        await store.writeBehind(behindOf(30, 45, 20))
        const rest = first.next === undefined ? [] : await pages(scan, bytes, first.next)
        const states = [...first.states, ...rest]
        expect(states).toHaveLength(20)
        const names = (states as { entity: string }[]).map(({ entity }) => entity)
        expect(states).toEqual(names.map((entity) => expected(entity, 30)))
        expect(new Set(names).size).toBe(20)
        // Any page can be read again.
        expect(await scan.page(undefined, bytesOf(bytes))).toEqual(first)
        await scan.close()
      },
    )

    test('a scan does not see entities, changes or resets that come later', async () => {
      const store = opened()
      await filled(store, 60)
      await store.writeBehind(behindOf(0, 5, 20))
      const scan = await store.scan()
      const before = await pages(scan, 1e9)
      expect(before).toHaveLength(5)
      await store.writeBehind(behindOf(5, 40, 20))
      expect(await pages(scan, 30)).toEqual(before)
      await store.resetBehind()
      expect(await pages(scan, 30)).toEqual(before)
      await scan.close()
      expect(await pages(await store.scan(), 30)).toEqual([])
    })

    test('a key of an earlier scan goes on in a later one: no entity is missed', async () => {
      const store = opened()
      await filled(store, 60)
      await store.writeBehind(behindOf(0, 15, 20))
      const scan = await store.scan()
      const first = await scan.page(undefined, bytesOf(50))
      await scan.close()
      await store.writeBehind(behindOf(15, 60, 20))
      const later = await store.scan()
      const rest = (await pages(later, 50, first.next)) as { entity: string }[]
      const names = [...first.states, ...rest].map(({ entity }) => entity)
      expect(new Set(names).size).toBe(20)
      expect(names).toHaveLength(20)
      expect(rest).toEqual(rest.map(({ entity }) => expected(entity, 60)))
    })

    test('by a range of keys: the states that have one in it, on any page', async () => {
      const store = opened()
      await filled(store, 60)
      const { states, ...rest } = behindOf(0, 20, 20)
      const keys = ['a', 'a\0', 'ab', 'b', 'ü', 'üa', 'z']
      const keyed = states.map((state, i) => ({
        ...state,
        found: { way: 'w', keys: [keys[i % keys.length]!, keys[(i * 3) % keys.length]!] },
      }))
      const distinct = keyed.map(({ found, ...state }) => ({
        ...state,
        found: { ...found, keys: [...new Set(found.keys)] },
      }))
      await store.writeBehind({ ...rest, states: distinct })
      for (const [from, to] of [
        ['a', 'b'],
        ['a\0', 'ab'],
        ['', 'zz'],
        ['b', 'ü'],
        ['ü', 'üa'],
        ['c', 'd'],
      ] as const)
        for (const bytes of [30, 100_000]) {
          const scan = await store.scan('even', { way: 'w', from, to })
          const read = (await pages(scan, bytes)) as { entity: string }[]
          await scan.close()
          const wanted = distinct.filter(
            ({ type, found }) =>
              type === 'even' && found.keys.some((key) => key >= from && key < to),
          )
          const names = new Set(read.map(({ entity }) => entity))
          expect([...names].sort()).toEqual(wanted.map(({ entity }) => entity).sort())
        }
    })

    test('by key: the states that have it, and those whose keys were made in another way', async () => {
      const store = opened()
      await filled(store, 60)
      const namesOf = async (type: string, key: string, way = 'a'): Promise<string[]> => {
        const scan = await store.scan(type, oneKey(way, key))
        const found = (await pages(scan, 30)) as { entity: string; type: string }[]
        await scan.close()
        expect(found.filter((state) => state.type !== type)).toEqual([])
        return found.map(({ entity }) => entity).sort()
      }
      const write = async (
        from: number,
        to: number,
        keys: WrittenState['found'],
      ): Promise<void> => {
        const { states, ...rest } = behindOf(from, to, 20)
        const keyed = states.map((state) =>
          state.entity === 'e4' ? state : { ...state, ...(keys && { found: keys }) },
        )
        await store.writeBehind({ ...rest, states: keyed })
      }
      await write(0, 20, { way: 'a', keys: ['k', 'ü\0'] })
      const all = await namesOf('even', 'k')
      expect(all).toHaveLength(10)
      // Written without keys, so it may have any.
      expect(await namesOf('even', 'x')).toEqual(['e4'])
      expect(await namesOf('even', 'ü\0')).toEqual(all)
      expect(await namesOf('none', 'k')).toEqual([])
      expect(await namesOf('even', 'x', 'b')).toEqual(all)
      // Keys of a state are replaced with it.
      const scan = await store.scan('even', oneKey('a', 'k'))
      await write(20, 30, { way: 'a', keys: ['x', 'k2'] })
      const changed = new Set(behindOf(20, 30, 20).states.map(({ entity }) => entity))
      const left = all.filter((entity) => entity === 'e4' || !changed.has(entity))
      expect(left.length).toBeLessThan(all.length)
      expect(await namesOf('even', 'k')).toEqual(left)
      expect(await namesOf('even', 'x')).toEqual(
        all.filter((entity) => entity === 'e4' || changed.has(entity)),
      )
      expect(((await pages(scan, 30)) as unknown[]).length).toBe(10)
      await scan.close()
      await store.resetBehind()
      expect(await namesOf('even', 'k')).toEqual([])
      await write(0, 20, { way: 'a', keys: ['y'] })
      expect(await namesOf('even', 'k')).toEqual(['e4'])
    })

    test('of one type: its states and no others', async () => {
      const store = opened()
      await filled(store, 60)
      await store.writeBehind(behindOf(0, 60, 20))
      for (const type of ['odd', 'even', 'none']) {
        const scan = await store.scan(type)
        const states = (await pages(scan, 40)) as { type: string }[]
        expect(states.map((state) => state.type)).toEqual(
          Array.from({ length: type === 'none' ? 0 : 10 }, () => type),
        )
        await scan.close()
      }
    })
  })
}
