/** States at hand: a cache with a stated size, in which what the store does not have stays. */
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import { toEntry } from '../history/from-message.ts'
import { type Entry, giveReview } from '../history/entry.ts'
import { LIMITS } from '../facts/limits.ts'
import { Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { openDesk } from '../testing/opened-space.ts'
import { CacheBudget } from './cache-budget.ts'
import { Missing, type Need } from './missing.ts'
import { DecisionBatch, SpaceState } from './space.ts'

const idOf = ({ changes }: HandMessage): Uuid => changes[0]!.entityId

function stateOf(cacheBytesMax: number, use = { isHeld: false }): SpaceState {
  const budget = new CacheBudget(cacheBytesMax)
  return new SpaceState({ budget, use, heldChainsMax: LIMITS.heldChainsMax })
}

async function author(): Promise<HandAuthor> {
  return (await Desk.open()).author('ann')
}

/** The message as it is accepted at a seq. */
function accepted(space: SpaceState, message: HandMessage, seq: number): Entry {
  const { authorId, sessionId } = message.session.facts
  const entry = toEntry(message, {
    session: { authorId, sessionId },
    arrival: 0,
    tableOf: (type) => space.registers(type),
  })
  giveReview(entry, { reviewerId: authorId, eid: authorId, epoch: 1, seq, forked: false, at: 7 })
  return entry
}

function missed(read: () => unknown): Need | undefined {
  try {
    read()
  } catch (error) {
    if (error instanceof Missing) return error.need
    throw error
  }
  return undefined
}

describe('the cache', () => {
  test('§20 bounds: dirty states stay, of any size; the rest is evicted', async () => {
    const ann = await author()
    const space = stateOf(1)
    const roots = [1, 2, 3].map((n) => ann.create('issue', { n }))
    for (const root of roots) space.loaded(idOf(root), undefined)
    space.commit(roots.map((root, i) => accepted(space, root, i + 1)))
    space.trim()
    expect(roots.map((root) => space.has(idOf(root)))).toEqual([true, true, true])
    expect([space.dirtyCount, space.cachedBytes > 1]).toEqual([3, true])
    space.written(2)
    expect(roots.map((root) => space.has(idOf(root)))).toEqual([false, false, true])
    expect(space.dirtyStates()).toMatchObject([{ id: idOf(roots[2]!), type: 'issue', seqs: [3] }])
    space.written(3)
    expect([space.dirtyCount, space.cachedBytes]).toEqual([0, 0])
  })

  test('§20 bounds: what does not exist takes a place, too, and goes', () => {
    const space = stateOf(1_000)
    const ids = Array.from({ length: 50 }, (_, n) => `no ${n}`)
    for (const id of ids) space.loaded(id, undefined)
    expect(space.cachedBytes).toBeGreaterThan(1_000)
    space.trim()
    expect(space.cachedBytes).toBeLessThanOrEqual(1_000)
    expect(ids.filter((id) => space.has(id))).toEqual(ids.slice(-3)) // the newest
    expect(space.entity(ids[49]!)).toBeUndefined()
    expect(missed(() => space.entity(ids[0]!))).toEqual({ kind: 'entity', id: ids[0] })
  })

  test('§20 bounds: what a decision relies on stays until it is over', () => {
    const use = { isHeld: true }
    const space = stateOf(1, use)
    space.loaded('a', undefined)
    space.trim()
    expect(space.has('a')).toBe(true)
    use.isHeld = false
    space.trim()
    expect(space.has('a')).toBe(false)
  })

  test('§20 bounds: spaces share a budget, and a space that is closed takes none of it', () => {
    const budget = new CacheBudget(1_024) // four that do not exist
    const { heldChainsMax } = LIMITS
    const [large, small] = [0, 1].map(() => new SpaceState({ budget, heldChainsMax }))
    for (const id of ['a', 'b', 'c', 'd']) large!.loaded(id, undefined)
    small!.loaded('e', undefined)
    small!.trim()
    expect(['a', 'b', 'c', 'd'].map((id) => large!.has(id))).toEqual([false, true, true, true])
    expect(small!.has('e')).toBe(true)
    large!.leave()
    for (const id of ['f', 'g', 'h']) small!.loaded(id, undefined)
    small!.trim()
    expect(['e', 'f', 'g', 'h'].every((id) => small!.has(id))).toBe(true)
  })

  test('a state is counted as what it has become', async () => {
    const ann = await author()
    const space = stateOf(1_000_000)
    const root = ann.create('issue', { title: 'a' })
    space.loaded(idOf(root), undefined)
    const none = space.cachedBytes
    space.commit([accepted(space, root, 1)])
    const small = space.cachedBytes
    space.commit([accepted(space, ann.change([root], { title: 'b'.repeat(10_000) }), 2)])
    expect(none).toBeLessThan(small)
    expect(space.cachedBytes - small).toBeGreaterThan(10_000)
  })

  test('a late answer of the store does not replace a newer cached state', async () => {
    const ann = await author()
    const space = stateOf(1_000_000)
    const root = ann.create('issue', { title: 'a' })
    space.loaded(idOf(root), undefined)
    space.commit([accepted(space, root, 1)])
    const old = space.entity(idOf(root))!
    space.commit([accepted(space, ann.change([root], { title: 'b' }), 2)])
    for (const through of [0, 2]) {
      space.written(through)
      space.loaded(idOf(root), old)
      expect(space.entity(idOf(root))!.state).not.toBe(old.state)
    }
  })

  test('what is in a state already is not applied to it again', async () => {
    const ann = await author()
    const by = (n: number): { n: { $op: ['counter', number] } } => ({ n: { $op: ['counter', n] } })
    const space = stateOf(1_000_000)
    const root = ann.create('counter', by(1))
    const entries = [root, ann.change([root], by(10)), ann.change([root], by(100))].map(
      (message, i) => accepted(space, message, i + 1),
    )
    space.loaded(idOf(root), undefined)
    space.commit(entries)
    const { state } = space.entity(idOf(root))!
    expect(state).toMatchObject({ totals: new Map([[0, { kind: 'counter', value: 111 }]]) })
    space.commit(entries.slice(1))
    expect(space.entity(idOf(root))!.state).toBe(state)
    expect(space.dirtySeqs(idOf(root))).toEqual([1, 2, 3])
  })
})

describe('states that the store does not have', () => {
  test('name each seq that led to them once, and what is left after a write', async () => {
    const ann = await author()
    const space = stateOf(1)
    const [root, other] = [ann.create('issue', { a: 1 }), ann.create('issue', { a: 2 })]
    for (const { changes } of [root, other]) space.loaded(changes[0]!.entityId, undefined)
    const more = [3, 4, 5].map((a) => ann.change([root], { a }))
    const all = [root, other, ...more].map((message, i) => accepted(space, message, i + 1))
    space.commit(all)
    expect(space.dirtyStates().map(({ id, seqs }) => [id, seqs])).toEqual([
      [idOf(root), [1, 3, 4, 5]],
      [idOf(other), [2]],
    ])
    const { seqs } = space.dirtyStates()[0]!
    space.written(4)
    expect(space.dirtyStates().map(({ id, seqs: left }) => [id, left])).toEqual([[idOf(root), [5]]])
    expect(seqs).toEqual([1, 3, 4, 5]) // who writes them has a list of its own
    expect([space.has(idOf(root)), space.has(idOf(other))]).toEqual([true, false])
  })

  test('states after a batch are taken as they are', async () => {
    const ann = await author()
    const space = stateOf(1)
    const root = ann.create('issue', { a: 1 })
    space.loaded(idOf(root), undefined)
    const entry = accepted(space, root, 1)
    const batch = new DecisionBatch(space)
    batch.add(entry, [entry.writes[0]!])
    expect([batch.state(idOf(root)), batch.typeOf(idOf(root))]).toEqual([entry.writes[0], 'issue'])
    expect([space.entity(idOf(root)), space.dirtyCount]).toEqual([undefined, 0])
    space.commit(batch.entries, batch.states)
    expect(space.entity(idOf(root))!.state).toBe(entry.writes[0])
  })
})

describe('types of which all rows are asked for', () => {
  test('are missing until all of it is read, and stay from then on, of any size', async () => {
    const ann = await author()
    const space = stateOf(1)
    const [old, other] = [ann.create('issue', { a: 1 }), ann.create('thing', { a: 1 })]
    for (const message of [old, other]) space.loaded(idOf(message), undefined)
    space.commit([accepted(space, old, 1), accepted(space, other, 2)])
    expect(missed(() => [...space.entitiesOf('issue')])).toEqual({ kind: 'type', type: 'issue' })
    await space.keepType('issue', async () => {
      space.written(2) // in the middle of the scan
    })
    expect([space.isResident('issue'), space.isResident('thing')]).toEqual([true, false])
    expect([...space.entitiesOf('issue')].map(([id]) => id)).toEqual([idOf(old)])
    expect(space.has(idOf(other))).toBe(false)
    const next = ann.create('issue', { a: 2 })
    space.loaded(idOf(next), undefined)
    space.commit([accepted(space, next, 3)])
    space.written(3)
    expect([...space.entitiesOf('issue')].map(([id]) => id)).toEqual([idOf(old), idOf(next)])
  })

  test('that cannot be read are missing still, and what was read of them may go', async () => {
    const ann = await author()
    const space = stateOf(1)
    const old = ann.create('issue', { a: 1 })
    space.loaded(idOf(old), undefined)
    space.commit([accepted(space, old, 1)])
    const failed = space.keepType('issue', async () => {
      throw new Error('boom')
    })
    await expect(failed).rejects.toThrow('boom')
    expect(missed(() => [...space.entitiesOf('issue')])).toEqual({ kind: 'type', type: 'issue' })
    space.written(1)
    expect(space.has(idOf(old))).toBe(false)
  })

  test('have their rows in the order of their creation, however they were read', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const two = [ann.ids.next(), ann.ids.next()]
    const roots = [1, 2, 3].map((n) => ann.create('issue', { n }))
    const pair = ann.message(
      two.map((id) => ({ type: 'issue', id, kind: 'create', values: { n: 0 } }) as const),
    )
    await ann.offer(pair, ...roots)
    await desk.close()
    const order = [...pair.changes.map(({ entityId }) => entityId), ...roots.map(idOf)]
    for (const reversed of [false, true]) {
      const { open } = await openDesk(desk)
      const first = reversed ? order.toReversed() : [order[2]!]
      for (const id of first) await open.source.entities([id])
      await open.source.need({ kind: 'type', type: 'issue' }, new Map())
      expect([...open.space.entitiesOf('issue')].map(([id]) => id)).toEqual(order)
    }
  })
})

describe('a batch', () => {
  test('throws the miss again after a rule has caught it', async () => {
    const batch = new DecisionBatch(stateOf(1))
    const needs: [Need, () => unknown][] = [
      [{ kind: 'entity', id: 'a' }, () => batch.state('a')],
      [{ kind: 'entity', id: 'b' }, () => batch.typeOf('b')],
      [{ kind: 'entity', id: 'c' }, () => batch.changesOf('c')],
      [{ kind: 'type', type: 'd' }, () => batch.entitiesOf('d')],
    ]
    expect(missed(() => batch.assertNothingMissed())).toBeUndefined()
    for (const [need, read] of needs) {
      expect(missed(read)).toEqual(need)
      expect(missed(() => batch.assertNothingMissed())).toEqual(need)
    }
  })

  test('has the changes before it and its own; of an entity that is new only its own', async () => {
    const ann = await author()
    const space = stateOf(1_000_000)
    const [old, fresh] = [ann.create('issue', { a: 1 }), ann.create('issue', { a: 2 })]
    for (const message of [old, fresh]) space.loaded(idOf(message), undefined)
    const first = accepted(space, old, 1)
    space.commit([first])
    const batch = new DecisionBatch(space)
    expect(missed(() => batch.changesOf(idOf(old)))).toEqual({ kind: 'changes', id: idOf(old) })
    const known = new DecisionBatch(space, new Map([[idOf(old), first.writes]]))
    const more = [ann.change([old], { a: 3 }), fresh].map((message, i) =>
      accepted(space, message, i + 2),
    )
    for (const entry of more) known.add(entry, [entry.writes[0]!])
    expect(known.changesOf(idOf(old))).toEqual([first.writes[0], more[0]!.writes[0]])
    expect(known.changesOf(idOf(fresh))).toEqual(more[1]!.writes)
    const long = new DecisionBatch(space, new Map([[idOf(old), 'long']]))
    expect(long.changesOf(idOf(old))).toBeUndefined()
  })
})
