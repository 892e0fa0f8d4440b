/** Reads from the store of a space what decisions need: by key, in few calls, and says what is damaged. */
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import { damaged } from '../ports/space-check.ts'
import {
  STORE_KEYS_MAX,
  type ScanPage,
  type SpaceStore,
  type StateText,
  type Stored,
} from '../ports/space-store.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import { type OpenedSpace, openDesk } from '../testing/opened-space.ts'
import { headsOf, isLinear } from '../fold/state.ts'
import { Missing } from '../review/missing.ts'
import { stateText } from '../review/stored.ts'

const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; bob: HandAuthor }> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), bob: await desk.author('bob') }
}

/** Writes of an entity, by the seqs of their messages. */
async function seqsOf({ open }: OpenedSpace, id: string): Promise<number[] | 'long'> {
  const writes = await open.source.changes(id)
  return writes === 'long' ? writes : writes.map(({ entry }) => entry.review!.seq)
}

describe('entities and numbers', () => {
  test('are read in one call where they fit, and not again', async () => {
    const { desk, ann } = await deskWith()
    const roots = [1, 2, 3].map((n) => ann.create('issue', { n }))
    await ann.offer(...roots)
    await desk.close()
    const opened = await openDesk(desk)
    const { open, calls } = opened
    calls.length = 0
    await open.source.entities([...roots.map(idOf), 'nobody', idOf(roots[0]!)])
    expect(calls).toEqual(['states'])
    for (const root of roots) expect(open.space.entity(idOf(root))!.type).toBe('issue')
    expect(open.space.entity('nobody')).toBeUndefined()
    await open.source.numbers(ann.sessionId, [1, 2, 9, 1])
    await open.source.numbers(ann.sessionId, [2, 9])
    await open.source.entities([...roots.map(idOf), 'nobody'])
    expect(calls).toEqual(['states', 'ledger'])
    const verdicts = [1, 2, 9].map((no) => open.ledger.verdictOn(ann.sessionId, no))
    expect(verdicts).toEqual([
      { kind: 'accepted', seq: 1 },
      { kind: 'accepted', seq: 2 },
      { kind: 'unknown' },
    ])
  })

  test('§20 bounds: are asked for in so many keys a call, and read on where an answer ends early', async () => {
    const { desk, ann } = await deskWith()
    const roots = Array.from({ length: 5 }, (_, n) => ann.create('issue', { n }))
    await ann.offer(...roots)
    await desk.close()
    const sizes: number[] = []
    const { open } = await openDesk(desk, {}, (store) => ({
      ...store,
      states: (ids) => {
        sizes.push(ids.length)
        return store.states(ids, bytesOf(1))
      },
      ledger: (sessionId, numbers) => {
        sizes.push(numbers.length)
        return store.ledger(sessionId, numbers)
      },
    }))
    const none = Array.from({ length: STORE_KEYS_MAX }, (_, n) => `no ${n}`)
    await open.source.entities([...roots.map(idOf), ...none])
    expect(sizes.every((size) => size <= STORE_KEYS_MAX)).toBe(true)
    for (const root of roots) expect(open.space.entity(idOf(root))).toBeDefined()
    expect(open.space.entity(none.at(-1)!)).toBeUndefined()
    sizes.length = 0
    const numbers = Array.from({ length: STORE_KEYS_MAX + 1 }, (_, n) => n + 1)
    await open.source.numbers(ann.sessionId, numbers)
    expect(sizes).toEqual([STORE_KEYS_MAX, 1])
    expect(open.ledger.verdictOn(ann.sessionId, 5)).toEqual({ kind: 'accepted', seq: 5 })
    expect(open.ledger.verdictOn(ann.sessionId, numbers.at(-1)!)).toEqual({ kind: 'unknown' })
  })
})

describe('all entities of a type', () => {
  const slowly = (store: SpaceStore, onPage: () => Promise<void>): SpaceStore => ({
    ...store,
    scan: async (type) => {
      const scan = await store.scan(type)
      const page = async (after: string | undefined): Promise<ScanPage> => {
        const found = await scan.page(after, bytesOf(1))
        await onPage()
        return found
      }
      return { ...scan, page }
    },
  })

  test('are read page by page, of this type alone, and the scan is closed', async () => {
    const { desk, ann } = await deskWith()
    const roots = Array.from({ length: 5 }, (_, n) => ann.create(n % 2 ? 'thing' : 'issue', { n }))
    await ann.offer(...roots)
    await desk.close()
    let [pages, closed] = [0, 0]
    const { open } = await openDesk(desk, {}, (store) => ({
      ...store,
      scan: async (type) => {
        const scan = await slowly(store, async () => void pages++).scan(type)
        return { ...scan, close: async () => void closed++ }
      },
    }))
    await open.source.need({ kind: 'type', type: 'issue' }, new Map())
    const issues = roots.filter((_, n) => n % 2 === 0)
    expect([...open.space.entitiesOf('issue')].map(([id]) => id)).toEqual(issues.map(idOf))
    expect(open.space.has(idOf(roots[1]!))).toBe(false)
    expect([pages, closed]).toEqual([3, 1])
    await open.source.need({ kind: 'type', type: 'nothing' }, new Map())
    expect([...open.space.entitiesOf('nothing')]).toEqual([])
  })

  test('a write behind in the middle of it takes nothing away, and brings nothing old back', async () => {
    const { desk, ann } = await deskWith()
    const [hot, still, fresh] = [1, 2, 3].map((n) => ann.create('issue', { n }))
    await ann.offer(hot!, still!)
    await desk.pass(2_000)
    await ann.offer(ann.change([hot!], { n: 9 }), fresh!)
    const limits = { cacheBytesMax: 1 }
    const opened: OpenedSpace = await openDesk(desk, { limits }, (store) =>
      slowly(store, async () => opened.open.space.written(4)),
    )
    const { open } = opened
    expect(open.space.dirtyStates().map(({ id }) => id)).toEqual([idOf(hot!), idOf(fresh!)])
    const newer = open.space.entity(idOf(hot!))!
    await open.source.need({ kind: 'type', type: 'issue' }, new Map())
    expect([...open.space.entitiesOf('issue')].map(([id]) => id)).toEqual(
      [hot!, still!, fresh!].map(idOf),
    )
    expect(open.space.entity(idOf(hot!))).toBe(newer)
  })

  test('of which one cannot be read are missing still', async () => {
    const { desk, ann } = await deskWith()
    await ann.offer(...[1, 2, 3].map((n) => ann.create('issue', { n })))
    await desk.close()
    let pages = 0
    const { open } = await openDesk(desk, {}, (store) =>
      slowly(store, async () => {
        if (++pages === 2) throw new Error('gone')
      }),
    )
    const need = { kind: 'type', type: 'issue' } as const
    await expect(open.source.need(need, new Map())).rejects.toThrow('gone')
    expect(() => [...open.space.entitiesOf('issue')]).toThrow(Missing)
    await open.source.need(need, new Map())
    expect([...open.space.entitiesOf('issue')]).toHaveLength(3)
  })
})

describe('the changes of an entity', () => {
  /** Twelve changes of a root among others, of which the last `left` are not written behind. */
  async function past(left: number): Promise<{ desk: Desk; root: HandMessage; seqs: number[] }> {
    const { desk, ann, bob } = await deskWith()
    const root = ann.create('issue', { n: 0 })
    const seqs = [1]
    let last = root
    await ann.offer(root)
    for (let n = 1; n < 12; n++) {
      if (n === 12 - left) await desk.pass(2_000)
      const author = n % 3 ? ann : bob
      last = author.change([last], { n })
      await author.offer(last, author.create('other', { n }))
      seqs.push(2 * n)
    }
    if (left === 0) await desk.pass(2_000)
    return { desk, root, seqs }
  }

  test.each([0, 3, 11])('are in canonical order, %d of them not in the store yet', async (left) => {
    const { desk, root, seqs } = await past(left)
    const opened = await openDesk(desk)
    expect(opened.open.space.dirtySeqs(idOf(root))).toEqual(seqs.slice(12 - left))
    expect(await seqsOf(opened, idOf(root))).toEqual(seqs)
    const { source } = opened.open
    for (const count of [1, 3, 5, 12, 99])
      expect(await source.changeSeqs(idOf(root), count)).toEqual(seqs.slice(-count))
    // As of an earlier seq, those that came later take no place.
    for (const through of [0, 1, 7, 22]) {
      const until = seqs.filter((seq) => seq <= through)
      for (const count of [1, 3, 99])
        expect(await source.changeSeqs(idOf(root), count, through)).toEqual(until.slice(-count))
    }
    expect(await source.changes('nobody')).toEqual([])
    const writes = (await source.changes(idOf(root))) as readonly { values: object }[]
    expect(writes.map(({ values }) => values)).toEqual(seqs.map((_, n) => ({ n })))
  })

  test('§20 bounds: too many of them are not read', async () => {
    const { desk, root, seqs } = await past(3)
    const limits = { baseChangesMax: 11 }
    const opened = await openDesk(desk, { limits })
    opened.calls.length = 0
    expect(await seqsOf(opened, idOf(root))).toBe('long')
    expect(opened.calls.filter((call) => call === 'batches')).toEqual([])
    const enough = await openDesk(desk, { limits: { baseChangesMax: 12 } })
    expect(await seqsOf(enough, idOf(root))).toEqual(seqs)
  })

  test('a batch with several of them is read once', async () => {
    const { desk, ann } = await deskWith()
    const root = ann.create('issue', { n: 0 })
    const [second, third] = [1, 2].map((n) => ann.change([root], { n }))
    await ann.offer(root, second!, third!)
    await ann.offer(ann.change([second!, third!], { n: 3 }, 'resolve'))
    await desk.close()
    const opened = await openDesk(desk)
    opened.calls.length = 0
    expect(await seqsOf(opened, idOf(root))).toEqual([1, 2, 3, 4])
    expect(opened.calls.filter((call) => call === 'batches')).toHaveLength(2)
  })
})

describe('damage', () => {
  /** One message that was accepted, one that was refused; and then a store with that damage. */
  async function past(
    damage: (store: SpaceStore) => Partial<SpaceStore>,
  ): Promise<{ opened: OpenedSpace; root: HandMessage; refused: HandMessage; ann: HandAuthor }> {
    const { desk, ann } = await deskWith()
    const root = ann.create('issue', { n: 0 })
    const id = '00000000-0000-8000-8000-000000000000'
    const refused = ann.message([{ type: 'issue', id, kind: 'create', values: { n: 1 } }])
    await ann.offer(root, refused)
    await desk.close()
    const opened = await openDesk(desk, {}, (store) => ({ ...store, ...damage(store) }))
    return { opened, root, refused, ann }
  }

  const text = damaged('a row')

  const states: [string, Stored<StateText>['text']][] = [
    ['of a state', text],
    ['of a state that is another entity’s', { ok: true, value: '[[],[]]' }],
  ]
  test.each(states)('%s: it is folded again, and written again', async (_, damage) => {
    const damaging = (store: SpaceStore): Partial<SpaceStore> => ({
      states: async (ids, max) =>
        (await store.states(ids, max)).map((one) => one && { ...one, text: damage }),
    })
    const { opened, root } = await past(damaging)
    const { source, space } = opened.open
    await source.entities([idOf(root)])
    const { type, state } = space.entity(idOf(root))!
    expect([type, headsOf(state).map(({ entry }) => entry.id)]).toEqual(['issue', [root.id]])
    expect(opened.refolded).toEqual([idOf(root)])
    expect(space.dirtyStates().map(({ id }) => id)).toEqual([idOf(root)])
  })

  test('of a state and of its messages', async () => {
    const { opened, root } = await past((store) => ({
      states: async (ids, max) =>
        (await store.states(ids, max)).map((one) => one && { ...one, text }),
      batches: async (after, max) =>
        (await store.batches(after, max)).map((one) => ({ ...one, text })),
    }))
    const { source, space } = opened.open
    await expect(source.entities([idOf(root)])).rejects.toThrow(
      'the stored batch from seq 1 is damaged: a row is damaged in the store',
    )
    expect(space.has(idOf(root))).toBe(false)
  })

  test('of a state after many messages: the same state, conflicts, bases and all', async () => {
    const { desk, ann, bob } = await deskWith()
    const root = ann.create('issue', { n: 0, title: 'a' })
    await ann.offer(root)
    await bob.follow()
    for (let n = 1; n < 8; n++) {
      const values = n % 2 ? { n } : { n, title: `t${n}` }
      const change = { type: 'issue', id: idOf(root), kind: 'update', values } as const
      for (const author of [ann, bob])
        await author.offer(author.message([{ ...change, parents: [root] }]))
    }
    await desk.close()
    const sound = await openDesk(desk)
    await sound.open.source.entities([idOf(root)])
    const opened = await openDesk(desk, {}, (store) => ({
      ...store,
      states: async (ids, max) =>
        (await store.states(ids, max)).map((one) => one && { ...one, text }),
    }))
    await opened.open.source.entities([idOf(root)])
    const [expected, found] = [sound, opened].map(({ open: { space } }) => {
      const { type, state } = space.entity(idOf(root))!
      return stateText(idOf(root), { type, state, table: space.registers(type) })
    })
    expect(found).toBe(expected)
    expect(isLinear(sound.open.space.entity(idOf(root))!.state)).toBe(false)
    expect(opened.refolded).toEqual([idOf(root)])
  })

  test('of the ledger', async () => {
    const { opened, ann } = await past(() => ({
      ledger: async (_, numbers) => numbers.map(() => ({ kind: 'damaged', what: 'a run' })),
    }))
    await expect(opened.open.source.numbers(ann.sessionId, [1])).rejects.toThrow(
      'the stored ledger is damaged: a run',
    )
  })

  test('of a rejection', async () => {
    const { opened, refused } = await past((store) => ({
      rejection: async (id) => {
        const found = await store.rejection(id)
        return found && { ...found, text }
      },
    }))
    const need = { kind: 'rejection', id: refused.id } as const
    await expect(opened.open.source.need(need, new Map())).rejects.toThrow(
      `the stored rejection of ${refused.id} is damaged`,
    )
    await opened.open.source.need({ kind: 'rejection', id: 'nobody' }, new Map())
    expect(opened.open.ledger.rejection('nobody')).toBeUndefined()
  })

  test('of a batch, of its seals, and of one that is not there', async () => {
    const need = { kind: 'message', seq: 1 } as const
    const cases: [(store: SpaceStore) => Partial<SpaceStore>, string][] = [
      [
        (store) => ({
          batches: async (after, max) =>
            (await store.batches(after, max)).map((one) => ({ ...one, text })),
        }),
        'the stored batch from seq 1 is damaged',
      ],
      [() => ({ batches: async () => [] }), 'the store has no batch with seq 1'],
      [
        (store) => ({
          seals: async (seq) => {
            const found = await store.seals(seq)
            return found && { ...found, text }
          },
        }),
        'the record of seals of the batch from seq 1 is damaged',
      ],
      [() => ({ seals: async () => undefined }), 'no seals of the batch with seq 1'],
    ]
    for (const [damage, words] of cases) {
      const { opened } = await past(damage)
      await expect(opened.open.source.need(need, new Map())).rejects.toThrow(words)
      expect(() => opened.open.ledger.messageAt(1)).toThrow(Missing)
    }
  })

  test('of a session is reported when it is bound, and of a verdict when it is requested again', async () => {
    const { desk, ann } = await deskWith()
    const root = ann.create('issue', { n: 0 })
    const id = '00000000-0000-8000-8000-000000000000'
    const refused = ann.message([{ type: 'issue', id, kind: 'create', values: { n: 1 } }])
    await ann.offer(root, refused)
    await desk.restart()
    const tables = desk.spaces.tables(DESK_SPACE)
    const sessions = tables.sessions.bind(tables)
    tables.sessions = (keys) => sessions(keys).map((one) => one && { ...one, text })
    await ann.connect()
    const failures = (): string[] =>
      desk.events.flatMap((event) => (event.type === 'store_failed' ? [event.error] : []))
    const words = `the stored session ${ann.sessionId} is damaged: a row is damaged in the store`
    expect(failures()).toEqual([words])
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'bye', reason: 'the store does not answer' })
    tables.sessions = sessions
    const rejection = tables.rejection.bind(tables)
    tables.rejection = (msgId) => ({ ...rejection(msgId)!, text })
    await ann.connect()
    ann.heard.length = 0
    await ann.offer(refused)
    expect(failures().slice(1)).toEqual([
      `the stored rejection of ${refused.id} is damaged: a row is damaged in the store`,
    ])
    expect(ann.verdict(refused)).toBe('nack unavailable')
    await ann.offer(root)
    expect(ann.verdict(root)).toBe('accepted') // what is sound is answered
  })
})
