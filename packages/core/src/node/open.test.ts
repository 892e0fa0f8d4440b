/** A space as its store has it: opened by its head, with what was not written behind replayed. */
import { describe, expect, test } from 'vitest'
import { type Outcome, ok } from '../base/outcome.ts'
import { bytesOf } from '../base/size.ts'
import { damaged } from '../ports/space-check.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { DESK_SPACE, Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { type OpenedSpace, openDesk } from '../testing/opened-space.ts'
import { cachesOf } from '../review/caches.ts'
import { openSpace } from './open.ts'
import { NOTHING_ERASED, headText, readHead, readStoredBatch, stateText } from '../review/stored.ts'

const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId
const by = (n: number): { n: { $op: ['counter', number] } } => ({ n: { $op: ['counter', n] } })

interface Past {
  readonly desk: Desk
  readonly ann: HandAuthor
  readonly bob: HandAuthor
  readonly ids: readonly string[]
}

/** Seven commits on four entities; of the last of them, `left` are not written behind. */
async function past(left: number): Promise<Past> {
  const desk = await Desk.open()
  const [ann, bob] = [await desk.author('ann'), await desk.author('bob')]
  const root = ann.create('issue', { title: 'a' })
  const total = ann.create('counter', by(1))
  const other = bob.create('issue', { title: 'x' })
  const change = ann.change([root], { title: 'b' })
  const beside = bob.change([root], { title: 'c', more: 1 })
  const late = bob.create('issue', { title: 'late' })
  const commits: (readonly [HandAuthor, ...HandMessage[]])[] = [
    [ann, root, total],
    [bob, other],
    [ann, change, ann.change([total], by(10))],
    [bob, beside],
    [ann, ann.change([change, beside], { title: 'd' }, 'resolve')],
    [bob, late, bob.change([other], { title: 'y' })],
    [ann, ann.change([total], by(100)), ann.create('issue', { title: 4 })],
  ]
  for (const [i, [author, ...messages]] of commits.entries()) {
    await author.offer(...messages)
    if (i === commits.length - 1 - left) await desk.pass(2_000)
  }
  return { desk, ann, bob, ids: [root, total, other, late].map(idOf) }
}

/** The texts of states at hand, or that are read. */
async function texts({ open }: OpenedSpace, ids: readonly string[]): Promise<string[]> {
  await open.source.entities(ids)
  return ids.map((id) => {
    const { type, state } = open.space.entity(id)!
    return stateText(id, { type, state, table: open.space.registers(type) })
  })
}

/** What the store has, once everything is written behind. */
async function finalTexts({ desk, ids }: Past): Promise<string[]> {
  await desk.close()
  const tables = desk.spaces.tables(DESK_SPACE)
  expect(tables.head().through).toBe(tables.head().seq)
  const stored = tables.states(ids, bytesOf(1_000_000))
  return stored.map((state) => (state!.text as { value: string }).value)
}

/** One batch in each read. */
const oneByOne = (store: SpaceStore): SpaceStore => ({
  ...store,
  batches: (after) => store.batches(after, bytesOf(1)),
})

describe('opening', () => {
  test('reads the head alone, for any length of the history', async () => {
    const { desk } = await past(0)
    const head = desk.spaces.tables(DESK_SPACE).head()
    const opened = await openDesk(desk)
    expect(opened.calls).toEqual(['meta', 'head'])
    expect(opened.open).toMatchObject({ commits: head.commits, through: 11, head: { seq: 11 } })
    expect(opened.open.space).toMatchObject({ cachedBytes: 0, dirtyCount: 0 })
  })

  test('a new space is begun, once, and belongs to the key that began it', async () => {
    const desk = await Desk.open()
    const first = await openDesk(desk)
    expect(first.calls).toEqual(['meta', 'head'])
    const { lineage, head } = first.open
    const epoch = lineage.present
    expect(head).toMatchObject({ eid: epoch.eid, epoch: 1, seq: 0, chain: epoch.chain })
    expect((await openDesk(desk)).open.lineage.epochs).toEqual([epoch])
    const { clock, signer } = desk
    const keys = await signer.generate()
    const { store, limits } = first
    const parts = {
      ...{ store, signer, clock, limits, caches: cachesOf(limits) },
      foldsOf: () => undefined,
      onRefolded: () => {},
      restored: false,
      marks: undefined,
    }
    await expect(openSpace({ ...parts, keys, space: DESK_SPACE })).rejects.toThrow(
      'the store belongs to a reviewer with another key',
    )
    const other = '00000000-0000-4000-8000-000000000000'
    await expect(openSpace({ ...parts, keys: desk.keys, space: other })).rejects.toThrow(
      `the store holds the space ${DESK_SPACE}, not ${other}`,
    )
  })

  test('what was assigned last comes with the head', async () => {
    const { desk } = await past(0)
    const assigned = [{ type: 'invoice', reg: 'no', version: 1, value: 7 }]
    const { open } = await openDesk(desk, {}, (store) => ({
      ...store,
      head: async () => {
        const head = await store.head()
        return { ...head, text: headText({ ...readHead(head.text!), assigned }) }
      },
    }))
    expect(open.space.lastAssigned('invoice', 'no')).toMatchObject({ value: 7, version: 1 })
    expect(open.space.assignedAfter([])).toEqual(assigned)
  })
})

describe('what was not written behind', () => {
  test.each([1, 3, 7].flatMap((left) => [false, true].map((slow) => [left, slow] as const)))(
    'is replayed: %d commits, one in a read: %s',
    async (left, slow) => {
      const before = await past(left)
      const { desk, ids } = before
      const tables = desk.spaces.tables(DESK_SPACE)
      const { through, seq } = tables.head()
      expect(through < seq).toBe(true)
      const opened = await openDesk(desk, {}, slow ? oneByOne : undefined)
      const reads = opened.calls.filter((call) => call === 'batches').length
      expect(reads).toBe(slow ? left : 1)
      const { space, head } = opened.open
      const replayed = space.dirtyStates().flatMap(({ seqs }) => seqs)
      const expected = Array.from({ length: seq - through }, (_, n) => through + 1 + n)
      expect(replayed.toSorted((a, b) => a - b)).toEqual(expected)
      expect(space.chains.mayBe(seq, 'another')).toBe(false)
      expect(head.seq).toBe(seq)
      expect(await texts(opened, ids)).toEqual(await finalTexts(before))
    },
  )

  test('is replayed whenever the process was killed between a commit and its write', async () => {
    const before = await past(0)
    const { desk, ann, bob, ids } = before
    const tables = desk.spaces.tables(DESK_SPACE)
    for (let round = 0; round < 6; round++) {
      await ann.offer(ann.create('issue', { round }))
      if (round % 2) await desk.pass(2_000)
      const root = bob.create('counter', by(round))
      await bob.offer(root, bob.change([root], by(1)))
      const { through, seq } = tables.head()
      expect(seq - through).toBe(round % 2 ? 2 : 3)
      await desk.restart() // the former one is never heard of again
      for (const author of [ann, bob]) await author.connect()
      await desk.pass(2_000)
      expect(tables.head()).toMatchObject({ through: seq, seq })
    }
    const opened = await openDesk(desk)
    expect(opened.calls).toEqual(['meta', 'head'])
    const { space, head } = opened.open
    expect(space.chains.mayBe(head.seq, 'another')).toBe(false)
    expect(await texts(opened, ids)).toEqual(await finalTexts(before))
  })

  test('states that are ahead of what was read of the head are the same in the end', async () => {
    const before = await past(0)
    const { desk, ids } = before
    // Another process has written behind after the head was read, and before the states are.
    for (const through of [0, 2, 5, 8]) {
      const opened = await openDesk(desk, {}, (store) => ({
        ...store,
        head: async () => ({ ...(await store.head()), through }),
      }))
      expect(await texts(opened, ids)).toEqual(await finalTexts(before))
    }
  })

  test('commits of another process meanwhile are not applied before its head is read', async () => {
    const { desk, ids } = await past(7)
    const batches = desk.spaces.tables(DESK_SPACE).batches(0, bytesOf(1_000_000))
    const { position } = readStoredBatch(batches[3]!)
    const opened = await openDesk(desk, {}, (store) => ({
      ...store,
      head: async () => ({
        ...(await store.head()),
        ...{
          seq: position.seq,
          commits: 4,
          text: headText({
            ...{ position, assigned: [], epochs: [], parted: [] },
            erasure: NOTHING_ERASED,
          }),
        },
      }),
    }))
    expect(opened.open.head.seq).toBe(position.seq)
    const seqs = opened.open.space.dirtyStates().flatMap(({ seqs: all }) => all)
    expect(Math.max(...seqs)).toBe(position.seq)
    await opened.open.source.entities(ids)
    expect(opened.open.space.entity(ids[3]!)).toBeUndefined() // it came to be later
  })
})

describe('damage', () => {
  type Text = Outcome<string>
  const edit =
    (fromSeq: number, change: (text: string) => Text): ((store: SpaceStore) => SpaceStore) =>
    (store) => ({
      ...store,
      batches: async (after, bytesMax) =>
        (await store.batches(after, bytesMax)).map((batch) =>
          batch.fromSeq === fromSeq && batch.text.ok
            ? { ...batch, text: change(batch.text.value) }
            : batch,
        ),
    })
  const withHead =
    (text: (before: string) => string) =>
    (store: SpaceStore): SpaceStore => ({
      ...store,
      head: async () => {
        const head = await store.head()
        return { ...head, text: text(head.text!) }
      },
    })

  const cases: [string, (store: SpaceStore) => SpaceStore, string][] = [
    ['a damaged row', edit(3, () => damaged('batch 3')), 'batch from seq 3 is damaged: batch 3 is'],
    ['no position', edit(3, (text) => ok(text.slice(0, text.lastIndexOf('\n')))), 'from seq 3 is'],
    [
      'the position of another',
      edit(3, (text) => ok(text.replace(/,3,("[^"]+","[^"]+"\])$/, ',2,$1'))),
      'the stored batch from seq 3 is damaged',
    ],
    ['half of it', edit(3, (text) => ok(text.slice(text.indexOf('\n') + 1))), 'from seq 3 is dam'],
    [
      'another value in it',
      edit(4, (text) => ok(text.replace('"b"', '"z"'))),
      'the stored batch from seq 4 breaks the chain',
    ],
    [
      'a head that is none',
      withHead(() => '[[],[],[],[],[0,0,[]]]'),
      'the stored head is not a position',
    ],
    [
      'a head with another chain',
      withHead((text) => {
        const head = readHead(text)
        return headText({ ...head, position: { ...head.position, chain: 'A'.repeat(43) } })
      }),
      'are not those that its head signs',
    ],
    [
      'a batch that is not there',
      (store) => ({
        ...store,
        batches: async (after, bytesMax) => (after >= 3 ? [] : store.batches(after, bytesMax)),
      }),
      'the store ends at seq 3, and its head says 11',
    ],
  ]
  test.each(cases)('is said, and nothing is opened: %s', async (_, through, words) => {
    const { desk } = await past(7)
    await expect(openDesk(desk, {}, (store) => through(oneByOne(store)))).rejects.toThrow(words)
    await openDesk(desk) // and is there where it is not damaged
  })

  test('of a state that a replay needs', async () => {
    const { desk, ids } = await past(1)
    const through = (store: SpaceStore): SpaceStore => ({
      ...store,
      states: async (entities, bytesMax) =>
        (await store.states(entities, bytesMax)).map(
          (state) => state && { ...state, text: damaged('a state') },
        ),
    })
    const { open, refolded } = await openDesk(desk, {}, through)
    expect(refolded).toContain(ids[1])
    const sound = await openDesk(desk)
    const [found, expected] = [open, sound.open].map(({ space }) =>
      space
        .dirtyStates()
        .map(({ id, type, state }) => stateText(id, { type, state, table: space.registers(type) })),
    )
    expect(found).toEqual(expected)
  })
})
