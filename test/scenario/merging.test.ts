/** Values that merge: counters, sets and an app's own operations, exactly once and never in conflict. */
import {
  type Row,
  type SyncStore,
  counter,
  createSyncStore,
  entity,
  memoryStorage,
  ops,
  set,
} from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'
import { type Scene, SPACE, scene } from './wire.ts'

interface Move {
  readonly [key: string]: string | number
  readonly to: string
  readonly by: number
}

const Issue = entity('issue', {
  title: z.string(),
  likes: counter(),
  tags: set(z.string().max(10)),
  score: ops(
    (score: Readonly<Record<string, number>>, { to, by }: Move) => {
      if (to === 'nobody') throw new Error('nobody scores')
      return { ...score, [to]: (score[to] ?? 0) + by }
    },
    { initial: {}, operation: z.object({ to: z.string(), by: z.number() }) },
  ),
}).index('likes', ['-likes'])

/** A type with as many defaults as an archiving has registers that are no fields. */
const Tally = entity('tally', { label: z.string(), sum: counter() })

const entities = [Issue, Tally]

const amountOf = ({ likes }: Readonly<Record<string, unknown>>): number =>
  likes === undefined ? 0 : (likes as ReturnType<typeof counter.increment>).$op[1]

let open: Scene
let ann: SyncStore
let bob: SyncStore

beforeEach(async () => {
  open = await scene({
    entities,
    review: ({ changes }) =>
      changes.some(({ values }) => amountOf(values) === 13) ? 'nobody adds 13' : undefined,
  })
  ann = await open.open({ entities })
  bob = await open.open({ entities })
})

afterEach(() => open.close())

const read = (store: SyncStore, id: string): Row<typeof Issue> => store.read(Issue, id)!

describe('a counter', () => {
  it('§9: starts at 0 and adds what all add, pending ones at once, and nothing is in conflict', async () => {
    const { id } = ann.create(Issue, { title: 'a' })
    expect(read(ann, id).likes).toBe(0)
    await open.settle()
    ann.update(Issue, id, { likes: counter.increment(3) })
    bob.update(Issue, id, { likes: counter.increment(5) })
    expect([read(ann, id).likes, read(bob, id).likes]).toEqual([3, 5])
    await open.settle()
    for (const store of [ann, bob]) {
      expect(read(store, id).likes).toBe(8)
      expect(read(store, id).$conflicts).toEqual({})
      expect(store.conflicts().snapshot()).toEqual([])
      expect(read(store, id).$heads).toHaveLength(2)
    }
    ann.update(Issue, id, { likes: counter.increment(-4) })
    await open.settle()
    expect([read(ann, id).likes, read(bob, id).likes]).toEqual([4, 4])
  })

  it('§9: several increments of one transaction are one change of their sum', async () => {
    const { id } = ann.create(Issue, { title: 'a', likes: counter.increment(10) })
    const { receipt } = ann.transact(() => {
      for (const n of [1, 2, 3]) ann.update(Issue, id, { likes: counter.increment(n) })
      expect(read(ann, id).likes).toBe(16)
    })
    await open.settle()
    expect(await receipt!.settled()).toMatchObject({ verdict: 'accepted' })
    const { entries } = await bob.history(Issue, id)
    expect(entries.map(({ values }) => values['likes'])).toEqual([
      counter.increment(10),
      counter.increment(6),
    ])
    expect(read(bob, id).likes).toBe(16)
  })

  it('§9: refuses values, what is not a safe integer, and a sum beyond them; nothing changes', () => {
    const { id } = ann.create(Issue, { title: 'a', likes: counter.increment(1) })
    const outbox = ann.status.getState().outboxMessages
    const wrong: [call: () => unknown, message: RegExp][] = [
      [() => ann.update(Issue, id, { likes: 3 as never }), /with counter.increment/],
      [() => ann.update(Issue, id, { likes: undefined as never }), /never unset/],
      [() => ann.update(Issue, id, { likes: set.add('a') as never }), /with counter.increment/],
      [() => ann.create(Issue, { title: 'b', likes: 1 as never }), /with counter.increment/],
      [() => ann.resolve(Issue, id, { likes: counter.increment(1) } as never), /never in conflict/],
      [() => counter.increment(0.5), /0.5 is not a safe integer/],
      [() => counter.increment(Infinity), /not a safe integer/],
      [
        () => ann.update(Issue, id, { likes: counter.increment(Number.MAX_SAFE_INTEGER) }),
        /leave the safe integers/,
      ],
      [() => ann.update(Issue, id, { tags: set.add('more than ten letters') }), /tags/],
      [() => ann.update(Issue, id, { tags: ['a'] as never }), /with set.add/],
      [() => ann.update(Issue, id, { score: ops.apply({ to: 3 } as never) }), /score/],
    ]
    for (const [call, message] of wrong) expect(call).toThrow(message)
    expect(read(ann, id)).toMatchObject({ title: 'a', likes: 1, tags: [], score: {} })
    expect(ann.status.getState().outboxMessages).toBe(outbox)
  })

  it('§9: live queries and indexes go by the sum', async () => {
    const [low, high] = ['low', 'high'].map((title) => ann.create(Issue, { title }).id)
    const most = ann.live(Issue, { where: { likes: { gte: 2 } }, orderBy: ['-likes'] })
    const titles = (): string[] => most.snapshot().rows.map(({ title }) => title)
    ann.update(Issue, high!, { likes: counter.increment(5) })
    expect(titles()).toEqual(['high'])
    await open.settle()
    bob.update(Issue, low!, { likes: counter.increment(4) })
    ann.update(Issue, low!, { likes: counter.increment(4) })
    await open.settle()
    expect(titles()).toEqual(['low', 'high'])
  })

  it.each([1, 2, 3, 4])(
    '§9: 3 and 5, many times, live and offline, with restarts and refusals: the exact sum (seed %i)',
    async (seed) => {
      const random = new Random(seed)
      const disks = [memoryStorage(), memoryStorage()]
      const start = (at: number): Promise<SyncStore> =>
        open.open({ entities, storage: disks[at]!, checkpointSteps: random.pick([0, 2, 8]) })
      const people = [await start(0), await start(1)]
      const { id } = people[0]!.create(Issue, { title: 'a', likes: counter.increment(1) })
      await open.settle()
      let written = 1
      for (let round = 0; round < 40; round++) {
        const at = random.below(2)
        const store = people[at]!
        if (random.chance(0.15)) store.setOnline(random.chance(0.5))
        else if (random.chance(0.2)) {
          await store.close()
          people[at] = await start(at)
        } else if (random.chance(0.25)) await new Promise((resolve) => setTimeout(resolve, 1))
        else {
          const n = random.chance(0.1) ? 13 : [3, 5][at]!
          store.update(Issue, id, { likes: counter.increment(n) })
          written += n
        }
      }
      for (const store of people) store.setOnline(true)
      await open.settle()
      const refused = people.flatMap((store) => store.refused.snapshot())
      const lost = refused.flatMap(({ changes }) => changes.map(({ values }) => amountOf(values)))
      const sum = written - lost.reduce((all, n) => all + n, 0)
      const late = await open.open({ entities })
      await open.settle()
      for (const store of [...people, late]) expect(read(store, id).likes).toBe(sum)
    },
  )
})

describe('a set', () => {
  it('§9: has the elements that were added and not removed later, sorted, by any author', async () => {
    const { id } = ann.create(Issue, { title: 'a', tags: set.add('m') })
    await open.settle()
    ann.update(Issue, id, { tags: set.add('z', 'a') })
    bob.update(Issue, id, { tags: set.add('b', 'a') })
    bob.update(Issue, id, { tags: set.remove('m') })
    await open.settle()
    for (const store of [ann, bob]) expect(read(store, id).tags).toEqual(['a', 'b', 'z'])
    ann.transact(() => {
      ann.update(Issue, id, { tags: set.remove('a') })
      ann.update(Issue, id, { tags: set.add('a', 'c') })
      ann.update(Issue, id, { tags: set.remove('c', 'b') })
    })
    await open.settle()
    for (const store of [ann, bob]) expect(read(store, id).tags).toEqual(['a', 'z'])
  })
})

describe('operations of an app', () => {
  it('§9: are folded once each; one that throws changes nothing and is reported once', async () => {
    const errors: unknown[] = []
    const cy = createSyncStore({
      ...{ server: true, space: SPACE, entities },
      onError: (error) => void errors.push(error),
    })
    await cy.ready
    const { id } = cy.create(Issue, { title: 'a' })
    cy.update(Issue, id, { score: ops.apply({ to: 'ann', by: 2 }) })
    cy.transact(() => {
      cy.update(Issue, id, { score: ops.apply({ to: 'nobody', by: 1 }) })
      cy.update(Issue, id, { score: ops.apply({ to: 'ann', by: 3 }) })
    })
    expect(read(cy, id).score).toEqual({ ann: 5 })
    cy.update(Issue, id, { score: ops.apply({ to: 'ann', by: 1 }) })
    expect(read(cy, id).score).toEqual({ ann: 6 })
    expect(errors).toEqual([new Error('nobody scores')])
    await cy.close()
  })

  it('§9: a reviewer that does not know the type keeps them for who does', async () => {
    const blind = await scene()
    const one = await blind.open({ entities })
    const { id } = one.create(Issue, { title: 'a', likes: counter.increment(2) })
    for (const by of [1, 2, 3]) one.update(Issue, id, { score: ops.apply({ to: 'ann', by }) })
    one.update(Issue, id, { tags: set.add('x') })
    await blind.settle()
    const other = await blind.open({ entities })
    await blind.settle()
    other.update(Issue, id, { score: ops.apply({ to: 'bob', by: 4 }) })
    await blind.settle()
    for (const store of [one, other])
      expect({ ...read(store, id) }).toEqual({
        ...{ id, title: 'a', likes: 2, tags: ['x'], score: { ann: 6, bob: 4 } },
      })
    await blind.close()
  })
})

describe('a default without a write', () => {
  it('§9: is no write, so a row that is archived at once is archived', async () => {
    let id = ''
    ann.transact(() => {
      id = ann.create(Tally, { label: 'a' }).id
      ann.archive(Tally, id)
    })
    expect(ann.peek(Tally, id).row).toMatchObject({ label: 'a', sum: 0, $archived: true })
    await open.settle()
    expect(ann.peek(Tally, id).row).toMatchObject({ label: 'a', sum: 0, $archived: true })
    expect(bob.peek(Tally, id).row).toMatchObject({ label: 'a', sum: 0, $archived: true })
  })
})

describe('undo', () => {
  it('§11: is the inverse of an operation, beside what others did, and redo does it again', async () => {
    const { id } = ann.create(Issue, { title: 'a', tags: set.add('x') })
    await open.settle()
    ann.transact(() => {
      ann.update(Issue, id, { likes: counter.increment(3) })
      ann.update(Issue, id, { tags: set.add('x', 'y') })
      ann.update(Issue, id, { score: ops.apply({ to: 'ann', by: 1 }) })
    })
    await open.settle()
    bob.update(Issue, id, { likes: counter.increment(5), tags: set.add('z') })
    await open.settle()
    expect(ann.undo()!.skipped).toEqual([{ entity: 'issue', id, field: 'score' }])
    await open.settle()
    for (const store of [ann, bob])
      expect(read(store, id)).toMatchObject({ likes: 5, tags: ['x', 'z'], score: { ann: 1 } })
    ann.redo()
    await open.settle()
    expect(read(bob, id)).toMatchObject({ likes: 8, tags: ['x', 'y', 'z'] })
  })
})
