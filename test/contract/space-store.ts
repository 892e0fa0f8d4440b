/**
 * What every `SpaceStores` must hold. A store's tests call `spaceStoreContract` with a way to open
 * a fresh place and to open the same place again; each test has a place of its own.
 */
import { NEW_HEAD, SCANS_MAX, STORE_KEYS_MAX, bytesOf } from '@countersign/core/ports'
import type { Commit, SpaceStore, SpaceStores, Stored } from '@countersign/core/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { MUCH, SPACE, START, batchText, behindOf, commitOf, headAfter } from './space-commits.ts'
import { spaceStoreReads } from './space-store-reads.ts'

export interface SpacesPlace {
  /** Opens the place. */
  open(): SpaceStores
}

export interface SpacesTraits {
  /** What was committed is there again after `close` and `open`. */
  readonly durable: boolean
}

/** The text of a row that must be whole. */
export function whole(row: Stored<{ readonly text: string }> | undefined): string {
  if (!row?.text.ok) throw new Error(`no whole row: ${JSON.stringify(row)}`)
  return row.text.value
}

/** Everything in the tables that a test can reach by the keys of `commitOf`, to compare. */
export async function contentOf(store: SpaceStore): Promise<unknown> {
  const head = await store.head()
  const scan = await store.scan()
  const states = (await scan.page(undefined, MUCH)).states
  await scan.close()
  const sessions = await store.sessions(Array.from({ length: head.sessions }, (_, i) => i + 1))
  return {
    head,
    states,
    sessions,
    batches: await store.batches(0, MUCH),
    seals: await Promise.all([1, head.seq].map((seq) => store.seals(seq))),
    ledger: await Promise.all(sessions.map((s) => store.ledgerRuns(s!.sessionId, 0, 1_000))),
    authors: await store.authors(['a1', 'a2', 'a3']),
    revocations: await store.revocations(),
    rejections: await Promise.all(sessions.map((s) => store.rejections(s!.sessionId, 0, 1_000))),
    changes: await Promise.all(
      states.map(({ entity }) => store.changes(entity, 1e9, { count: 1_000, bytes: MUCH })),
    ),
  }
}

const session = { sessionId: 's1', text: 'session one' }

export function spaceStoreContract(
  name: string,
  makePlace: () => SpacesPlace,
  traits: SpacesTraits,
): void {
  describe(`space store contract: ${name}`, () => {
    const ends: SpaceStores[] = []
    afterEach(async () => {
      for (const end of ends.splice(0)) await end.close()
    })
    const spaces = (place: SpacesPlace = makePlace()): SpaceStores => {
      const made = place.open()
      ends.push(made)
      return made
    }
    const opened = (): SpaceStore => spaces().open(SPACE)

    /** Appends commits of so many seqs each. */
    const filled = async (store: SpaceStore, ...counts: number[]): Promise<void> => {
      for (const count of counts) {
        expect(await store.append(commitOf(await store.head(), { count }))).toBe('committed')
      }
    }

    /** A bug of the caller: the call rejects, stores nothing, and the store works on. */
    const refuses = async (store: SpaceStore, call: () => Promise<unknown>): Promise<void> => {
      const before = await contentOf(store)
      await expect(call()).rejects.toMatchObject({ name: 'InvariantError' })
      expect(await contentOf(store)).toEqual(before)
      await filled(store, 2)
    }

    describe('append', () => {
      test('a new space has an empty head and nothing else', async () => {
        const store = opened()
        expect(await store.head()).toEqual(NEW_HEAD)
        expect(await store.batches(0, MUCH)).toEqual([])
        expect(await store.ledger('s1', [1])).toEqual([{ kind: 'unknown' }])
        expect(await store.sessions(['s1', 1])).toEqual([undefined, undefined])
        expect(await store.states(['e1'], MUCH)).toEqual([undefined])
        expect(await store.rejection('m1')).toBeUndefined()
        expect(await store.seals(1)).toBeUndefined()
      })

      test('a commit is there whole, texts and all, when append resolves', async () => {
        const store = opened()
        const commit = commitOf(START, {
          count: 3,
          more: {
            sessions: [session, { sessionId: 's2', text: 'two' }],
            accepted: [
              { sessionId: 's2', clientSeq: 7, count: 2, seq: 1 },
              { sessionId: 's1', clientSeq: 1, count: 1, seq: 3 },
            ],
            rejections: [{ msgId: 'm8', sessionId: 's1', clientSeq: 2, text: 'no \u{1f642}' }],
          },
        })
        expect(await store.append(commit)).toBe('committed')
        expect(await store.head()).toEqual({
          ...NEW_HEAD,
          epoch: 1,
          seq: 3,
          commits: 1,
          sessions: 2,
          text: commit.head,
        })
        const [batch, ...others] = await store.batches(0, MUCH)
        expect(others).toEqual([])
        expect(batch).toEqual({ fromSeq: 1, toSeq: 3, text: { ok: true, value: batchText(1, 3) } })
        expect(whole(await store.seals(2))).toBe('seals 3')
        expect((await store.sessions(['s2', 's1'])).map((one) => one?.no)).toEqual([2, 1])
        expect(await store.ledger('s1', [1, 2, 3])).toEqual([
          { kind: 'accepted', seq: 3 },
          { kind: 'refused' },
          { kind: 'unknown' },
        ])
        expect(whole(await store.rejection('m8'))).toBe('no \u{1f642}')
      })

      test('texts of 2 MiB, with NUL, quotes and nothing at all come back unaltered', async () => {
        const store = opened()
        const texts = ['aü"'.repeat(700_000), '\u0000[1,"\\"]\n\u2028', '']
        let head: { seq: number; commits: number } = START
        for (const text of texts) {
          const fromSeq = head.seq + 1
          const batch = { fromSeq, toSeq: fromSeq, text, seals: text }
          const commit = commitOf(head, { more: { batch } })
          await store.append(commit)
          head = headAfter(commit)
        }
        const batches = await store.batches(0, MUCH)
        expect(batches.map(whole).every((text, at) => text === texts[at])).toBe(true)
        expect(whole(await store.seals(1)) === texts[0]).toBe(true)
      })

      test('authors keep the text that they had first, and are found by it, the newest first', async () => {
        const store = opened()
        const of = (...authors: [authorId: string, text: string][]): Partial<Commit> => ({
          authors: authors.map(([authorId, text]) => ({ authorId, text })),
        })
        const found = async (text: string, max: number): Promise<string[]> =>
          (await store.authorsOf(text, max)).map((one) => `${one.authorId} ${whole(one)}`)
        const first = commitOf(START, { more: of(['a1', 'ann'], ['b1', 'bob'], ['a2', 'ann']) })
        await store.append(first)
        const next = commitOf(headAfter(first), {
          count: 0,
          more: of(['b1', 'ann'], ['a3', 'ann'], ['a1', 'ann']),
        })
        expect(await store.append(next)).toBe('committed')
        const known = await store.authors(['a3', 'none', 'b1', 'a3'])
        expect(known.map((one) => one && whole(one))).toEqual(['ann', undefined, 'bob', 'ann'])
        expect(await found('ann', 9)).toEqual(['a3 ann', 'a2 ann', 'a1 ann'])
        expect(await found('ann', 2)).toEqual(['a3 ann', 'a2 ann'])
        expect([await found('bob', 9), await found('an', 9)]).toEqual([['b1 bob'], []])
        // Nothing of a commit that is fenced.
        const late = commitOf(START, { more: of(['a4', 'ann']) })
        expect([await store.append(late), await found('ann', 1)]).toEqual(['fenced', ['a3 ann']])
      })

      test('revocations have the text that they had last, are deleted, and are nothing of a commit that is fenced', async () => {
        const store = opened()
        const of = (...revocations: [key: string, text?: string][]): Partial<Commit> => ({
          revocations: revocations.map(([key, text]) => ({
            key,
            ...(text !== undefined && { text }),
          })),
        })
        const found = async (): Promise<string[]> =>
          (await store.revocations()).map((one) => `${one.key} ${whole(one)}`).toSorted()
        const isAny = async (): Promise<boolean> => (await store.head()).hasRevocations
        expect([await found(), await isAny()]).toEqual([[], false])
        const first = commitOf(START, { more: of(['a', '1'], ['b', '2'], ['c', '3']) })
        await store.append(first)
        const next = commitOf(headAfter(first), { count: 0, more: of(['a', '4'], ['b'], ['d']) })
        expect(await store.append(next)).toBe('committed')
        expect([await found(), await isAny()]).toEqual([['a 4', 'c 3'], true])
        const late = commitOf(START, { more: of(['c', 'late']) })
        expect([await store.append(late), await found()]).toEqual(['fenced', ['a 4', 'c 3']])
      })

      test('sessions get their numbers in the order of storage and keep them', async () => {
        const store = opened()
        const of = (...ids: string[]): Partial<Commit> => ({
          sessions: ids.map((sessionId) => ({ sessionId, text: `${sessionId} ${ids.length}` })),
        })
        await store.append(commitOf(START, { more: of('b', 'a') }))
        await store.append(commitOf(await store.head(), { count: 0, more: of('c', 'b', 'd') }))
        expect((await store.head()).sessions).toBe(4)
        const numbered = await store.sessions([1, 2, 3, 4, 5, 'd', 'unknown'])
        expect(numbered.map((one) => one && `${one.no} ${one.sessionId} ${whole(one)}`)).toEqual([
          '1 b b 3',
          '2 a a 2',
          '3 c c 3',
          '4 d d 3',
          undefined,
          '4 d d 3',
          undefined,
        ])
      })
    })

    describe('fence', () => {
      test('a commit that does not continue the head stores nothing', async () => {
        const store = opened()
        await filled(store, 2, 3)
        const before = await contentOf(store)
        for (const seq of [0, 2, 4, 6]) {
          const commit = commitOf({ seq, commits: 2 }, { more: { sessions: [session] } })
          expect(await store.append(commit)).toBe('fenced')
        }
        expect(await contentOf(store)).toEqual(before)
      })

      test('of two writers that commit nothing but rejections the second is fenced', async () => {
        const place = spaces()
        const [one, other] = [place.open(SPACE), place.open(SPACE)]
        await one.append(commitOf(START, { more: { sessions: [session] } }))
        const head = await other.head()
        const rejecting = (clientSeq: number): Commit =>
          commitOf(head, {
            count: 0,
            more: {
              rejections: [
                { msgId: `m${clientSeq}`, sessionId: 's1', clientSeq, text: `no ${clientSeq}` },
              ],
            },
          })
        const answers = [await one.append(rejecting(1)), await other.append(rejecting(2))]
        expect(answers).toEqual(['committed', 'fenced'])
        const kinds = (await other.ledger('s1', [1, 2])).map(({ kind }) => kind)
        expect(kinds).toEqual(['refused', 'unknown'])
        expect((await one.head()).commits).toBe(2)
      })

      test('of two commits at once on one head exactly one is committed', async () => {
        const place = spaces()
        const stores = [place.open(SPACE), place.open(SPACE)]
        const answers = await Promise.all(
          stores.map((store, at) => store.append(commitOf(START, { count: at + 1 }))),
        )
        expect(answers.toSorted()).toEqual(['committed', 'fenced'])
        const { seq, commits } = await stores[0]!.head()
        expect([seq, commits]).toEqual([answers.indexOf('committed') + 1, 1])
      })

      test('a later epoch takes over where the head is, and the earlier one is out', async () => {
        const store = opened()
        await filled(store, 2)
        const next = async (epoch: number): Promise<string> =>
          store.append(commitOf(await store.head(), { epoch, count: 0 }))
        expect([await next(3), await next(2), await next(3)]).toEqual([
          'committed',
          'fenced',
          'committed',
        ])
        const { epoch, seq } = await store.head()
        expect([epoch, seq]).toEqual([3, 2])
        expect(await store.writeBehind(behindOf(0, 2, 5, 2))).toBe('fenced')
        expect(await store.writeBehind(behindOf(0, 2, 5, 3))).toBe('written')
      })
    })

    describe('once', () => {
      const accepting = (clientSeq: number, count: number, seq: number): Partial<Commit> => ({
        accepted: [{ sessionId: 's1', clientSeq, count, seq }],
      })
      const rejecting = (clientSeq: number, msgId = `m${clientSeq}`): Partial<Commit> => ({
        rejections: [{ msgId, sessionId: 's1', clientSeq, text: 'no' }],
      })

      test.for([
        ['accepted again', accepting(2, 1, 5)],
        ['accepted again at the end of a run', accepting(1, 3, 5)],
        ['accepted again at the start of a run', accepting(4, 2, 5)],
        ['accepted around a run', accepting(1, 9, 5)],
        ['accepted after it was refused', accepting(10, 1, 5)],
        ['refused after it was accepted', rejecting(3)],
        ['refused again', rejecting(10, 'another')],
        ['refused under the id of another', rejecting(12, 'm10')],
        ['twice in one commit', { ...accepting(20, 2, 5), ...rejecting(21) }],
      ] as const)('a message that is %s makes a commit reject', async ([, more]) => {
        const store = opened()
        await store.append(
          commitOf(START, {
            count: 4,
            more: { sessions: [session], ...accepting(2, 3, 2), ...rejecting(10) },
          }),
        )
        await refuses(store, async () =>
          store.append(commitOf(await store.head(), { count: 20, more })),
        )
      })

      test.for([
        [
          'of an unknown session',
          { accepted: [{ sessionId: 'x', clientSeq: 1, count: 1, seq: 2 }] },
        ],
        [
          'rejected of an unknown session',
          { rejections: [{ msgId: 'm', sessionId: 'x', clientSeq: 1, text: '' }] },
        ],
        ['of a seq before the batch', accepting(1, 1, 1)],
        ['of a seq after the batch', accepting(1, 2, 4)],
        [
          'at one seq',
          { accepted: [...accepting(1, 2, 2).accepted!, ...accepting(5, 2, 3).accepted!] },
        ],
        ['of no number', accepting(0, 1, 2)],
        ['of no count', accepting(1, 0, 2)],
        ['of half a count', accepting(1, 0.5, 2)],
        ['in no batch', { batch: { fromSeq: 3, toSeq: 4, text: '', seals: '' } }],
        ['in an empty batch', { batch: { fromSeq: 2, toSeq: 1, text: '', seals: '' } }],
        ['in half a pair', { batch: { fromSeq: 2, toSeq: 2, text: '\ud83d', seals: '' } }],
        [
          'of an erased batch that is not there',
          { redacted: { batches: [{ fromSeq: 2, text: '' }], rejections: [] } },
        ],
        [
          'of an erased rejection that is not there',
          { redacted: { batches: [], rejections: [{ msgId: 'x', text: '' }] } },
        ],
        [
          'of an erased row of meta that is not there',
          { redacted: { batches: [], rejections: [], meta: [{ key: 'x', value: '' }] } },
        ],
      ] as [string, Partial<Commit>][])('messages %s make a commit reject', async ([, more]) => {
        const store = opened()
        await store.append(commitOf(START, { more: { sessions: [session] } }))
        await refuses(store, async () =>
          store.append(commitOf(await store.head(), { count: 3, more })),
        )
      })
    })

    describe('writeBehind', () => {
      test('states and changes are there, and through with them', async () => {
        const store = opened()
        await filled(store, 4, 5)
        expect(await store.writeBehind(behindOf(0, 5, 3))).toBe('written')
        expect(await store.head()).toMatchObject({ seq: 9, through: 5, entities: 3 })
        expect(await store.writeBehind(behindOf(5, 9, 3))).toBe('written')
        expect(await store.head()).toMatchObject({ seq: 9, through: 9, entities: 3 })
        const states = await store.states(['e0', 'e1', 'e9', 'e2'], MUCH)
        expect(
          states.map((state) => state && `${state.type} ${state.seq} ${whole(state)}`),
        ).toEqual(['even 9 seqs 3 6 9', 'odd 7 seqs 1 4 7', undefined, 'even 8 seqs 2 5 8'])
      })

      test('ahead of the head it rejects, at the head it is written', async () => {
        const store = opened()
        await filled(store, 3)
        await refuses(store, () => store.writeBehind(behindOf(0, 4, 3)))
        expect(await store.writeBehind(behindOf(0, 5, 3))).toBe('written')
      })

      test('from another through than the stored one it is fenced and stores nothing', async () => {
        const store = opened()
        await filled(store, 9)
        await store.writeBehind(behindOf(0, 5, 3))
        const before = await contentOf(store)
        expect(await store.writeBehind(behindOf(0, 5, 3))).toBe('fenced')
        expect(await store.writeBehind(behindOf(4, 9, 3))).toBe('fenced')
        expect(await store.writeBehind(behindOf(6, 9, 3))).toBe('fenced')
        expect(await contentOf(store)).toEqual(before)
      })

      test.for([
        ['a state ahead of through', { states: [{ entity: 'e1', type: 'odd', seq: 8, text: '' }] }],
        ['a change ahead of through', { changes: [{ entity: 'e1', seq: 8, text: '' }] }],
        ['a state that goes back', { states: [{ entity: 'e1', type: 'odd', seq: 3, text: '' }] }],
        ['a state of another type', { states: [{ entity: 'e1', type: 'x', seq: 7, text: '' }] }],
        ['a change without a state', { changes: [{ entity: 'e7', seq: 7, text: '' }] }],
        ['a through that goes back', { through: 4 }],
      ] as [string, object][])('%s makes it reject', async ([, wrong]) => {
        const store = opened()
        await filled(store, 9)
        await store.writeBehind(behindOf(0, 5, 3))
        const write = { epoch: 1, fromThrough: 5, through: 7, states: [], changes: [], ...wrong }
        await refuses(store, () => store.writeBehind(write))
      })

      test('reset: states and changes are gone, the truth stays, and all can be written again', async () => {
        const store = opened()
        await filled(store, 9)
        await store.writeBehind(behindOf(0, 8, 3))
        const before = await contentOf(store)
        await store.resetBehind()
        expect(await store.head()).toMatchObject({ seq: 9, through: 0, entities: 0 })
        expect(await store.states(['e1'], MUCH)).toEqual([undefined])
        await store.writeBehind(behindOf(0, 8, 3))
        expect(await contentOf(store)).toEqual(before)
      })
    })

    describe('erasure', () => {
      test('a batch, a change and a rejection get the given texts in the place of their own', async () => {
        const store = opened()
        const rejections = [{ msgId: 'm1', sessionId: 's1', clientSeq: 1, text: 'a secret' }]
        await store.append(commitOf(START, { count: 2, more: { sessions: [session], rejections } }))
        await filled(store, 3, 2)
        await store.writeBehind(behindOf(0, 7, 3))
        const redacted = {
          batches: [{ fromSeq: 3, text: 'redacted' }],
          rejections: [{ msgId: 'm1', text: 'redacted too' }],
          meta: [{ key: 'kept', value: 'redacted as well' }],
        }
        await store.claimMeta('kept', 'a secret')
        expect((await store.rejectionsWith('secret')).map(whole)).toEqual(['a secret'])
        expect(await store.rejectionsWith('secrets')).toEqual([])
        const revocations = [{ key: 'who', text: 'revoked' }]
        const both = commitOf(await store.head(), { more: { redacted, revocations } })
        expect(await store.append(both)).toBe('committed')
        expect((await store.revocations()).map(whole)).toEqual(['revoked'])
        const erased = {
          epoch: 1,
          fromThrough: 7,
          through: 8,
          states: [{ entity: 'e1', type: 'odd', seq: 8, text: 'without it' }],
          changes: [{ entity: 'e1', seq: 4, text: 'erased' }],
          erases: true,
        }
        expect(await store.writeBehind(erased)).toBe('written')
        const batches = await store.batches(0, MUCH)
        expect(batches.map(whole)).toEqual([
          batchText(1, 2),
          'redacted',
          batchText(6, 7),
          batchText(8, 8),
        ])
        expect(whole(await store.rejection('m1'))).toBe('redacted too')
        expect(await store.rejectionsWith('secret')).toEqual([])
        expect(await store.meta('kept')).toBe('redacted as well')
        expect(await store.ledger('s1', [1])).toEqual([{ kind: 'refused' }])
        const changes = await store.changes('e1', 9, { count: 9, bytes: MUCH })
        expect(changes.map(whole)).toEqual(['change 7', 'erased', 'change 1'])
      })

      test('a fenced redaction changes nothing', async () => {
        const store = opened()
        await filled(store, 2, 2)
        const redacted = { batches: [{ fromSeq: 1, text: 'redacted' }], rejections: [] }
        expect(await store.append(commitOf({ seq: 2, commits: 1 }, { more: { redacted } }))).toBe(
          'fenced',
        )
        expect(whole((await store.batches(0, MUCH))[0])).toBe(batchText(1, 2))
      })
    })

    describe('forgetRejections', () => {
      test.for([2, 3, 5])(
        'keeps the newest %i, a few at a time, and their refusals for ever',
        async (keep) => {
          const store = opened()
          const rejections = Array.from({ length: 9 }, (_, i) => ({
            msgId: `m${9 - i}`,
            sessionId: 's1',
            clientSeq: i + 1,
            text: `no ${i}`,
          }))
          for (const one of rejections) {
            const more = { sessions: [session], rejections: [one] }
            await store.append(commitOf(await store.head(), { count: 0, more }))
          }
          const gone: number[] = []
          do gone.push(await store.forgetRejections(keep, 2))
          while (gone.at(-1) !== 0)
          expect(gone.reduce((sum, count) => sum + count)).toBe(9 - keep)
          expect(Math.max(...gone)).toBe(2)
          const left = await store.rejections('s1', 0, 100)
          expect(left.map(({ msgId }) => msgId)).toEqual(
            rejections.slice(-keep).map(({ msgId }) => msgId),
          )
          const answers = await store.ledger('s1', [1, 5, 9, 10])
          expect(answers.map(({ kind }) => kind)).toEqual([
            'refused',
            'refused',
            'refused',
            'unknown',
          ])
        },
      )
    })

    describe('meta', () => {
      test('the first claim of a key wins over all later ones', async () => {
        const store = opened()
        expect(await store.meta('key')).toBeUndefined()
        const claims = ['a', 'b', 'c'].map((value) => store.claimMeta('key', value))
        expect(await Promise.all(claims)).toEqual(['a', 'a', 'a'])
        expect(await store.meta('key')).toBe('a')
        expect(await store.claimMeta('other', 'o')).toBe('o')
        expect(await store.head()).toEqual(NEW_HEAD)
      })
    })

    describe('spaces', () => {
      test('nothing of one space is in another', async () => {
        const place = spaces()
        const names = Array.from({ length: 12 }, (_, i) => SPACE.slice(0, -2) + String(10 + i))
        const stores = names.map((name) => place.open(name))
        for (const [at, store] of stores.entries()) {
          await filled(store, at + 1)
          await store.writeBehind(behindOf(0, at + 1, 3))
          await store.claimMeta('name', names[at]!)
        }
        for (const [at, store] of stores.entries()) {
          const { seq, through, entities } = await store.head()
          expect([seq, through, entities]).toEqual([at + 1, at + 1, Math.min(3, at + 1)])
          expect(await store.meta('name')).toBe(names[at])
          expect(whole((await store.batches(0, MUCH))[0])).toBe(batchText(1, at + 1))
        }
      })

      test('closing one handle leaves another on the same space open', async () => {
        const place = spaces()
        const [one, other] = [place.open(SPACE), place.open(SPACE)]
        await filled(one, 2)
        await one.close()
        await one.close()
        await expect(one.head()).rejects.toMatchObject({ trouble: 'closed' })
        await filled(other, 2)
        expect((await other.head()).seq).toBe(4)
      })

      test('after close every call rejects, scans too', async () => {
        const place = spaces()
        const store = place.open(SPACE)
        await filled(store, 1)
        const scan = await store.scan()
        await place.close()
        const limit = { count: 1, bytes: bytesOf(1) }
        for (const call of [
          () => store.head(),
          () => store.append(commitOf(START)),
          () => store.writeBehind(behindOf(0, 1, 1)),
          () => store.resetBehind(),
          () => store.ledger('s', [1]),
          () => store.ledgerRuns('s', 1, 1),
          () => store.sessions([1]),
          () => store.rejection('m'),
          () => store.rejections('s', 1, 1),
          () => store.forgetRejections(1, 1),
          () => store.states(['e'], MUCH),
          () => store.changes('e', 1, limit),
          () => store.batches(0, MUCH),
          () => store.seals(1),
          () => store.scan(),
          () => store.claimMeta('k', 'v'),
          () => store.meta('k'),
          () => scan.page(undefined, MUCH),
        ]) {
          await expect(call()).rejects.toMatchObject({ name: 'StoreError', trouble: 'closed' })
        }
      })

      test('bounds of keys and of scans are held', async () => {
        const store = opened()
        const many = Array.from({ length: STORE_KEYS_MAX + 1 }, (_, i) => i + 1)
        await refuses(store, () => store.ledger('s', many))
        await refuses(store, () => store.sessions(many))
        await refuses(store, () => store.states(many.map(String), MUCH))
        expect(await store.ledger('s', many.slice(1))).toHaveLength(STORE_KEYS_MAX)
        const scans = await Promise.all(Array.from({ length: SCANS_MAX }, () => store.scan()))
        await expect(store.scan()).rejects.toMatchObject({ name: 'InvariantError' })
        await scans[3]!.close()
        await (await store.scan()).close()
        await expect(scans[3]!.page(undefined, MUCH)).rejects.toMatchObject({ trouble: 'closed' })
      })
    })

    spaceStoreReads(opened, filled)

    describe.runIf(traits.durable)('reopen (needs a store that outlives its process)', () => {
      test('a place opened again holds what was committed, and goes on', async () => {
        const place = makePlace()
        const first = spaces(place)
        const store = first.open(SPACE)
        const more = {
          sessions: [session],
          accepted: [{ sessionId: 's1', clientSeq: 1, count: 2, seq: 1 }],
          rejections: [{ msgId: 'm3', sessionId: 's1', clientSeq: 3, text: 'no' }],
        }
        await store.append(commitOf(START, { count: 3, more }))
        await filled(store, 4)
        await store.writeBehind(behindOf(0, 5, 3))
        await store.claimMeta('key', 'k')
        const before = await contentOf(store)
        await first.close()
        const again = spaces(place).open(SPACE)
        expect(await contentOf(again)).toEqual(before)
        expect(await again.claimMeta('key', 'x')).toBe('k')
        expect(await again.append(commitOf({ seq: 3, commits: 1 }))).toBe('fenced')
        await filled(again, 1)
        expect(await again.writeBehind(behindOf(5, 8, 3))).toBe('written')
      })
    })
  })
}
