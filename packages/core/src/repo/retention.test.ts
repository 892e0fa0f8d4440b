/** Letting go of history keeps every answer of the fold. */
import { describe, expect, it } from 'vitest'
import { apply } from '../fold/apply.ts'
import { type EntityState, headsOf, liveOf, writesOf } from '../fold/state.ts'
import { ancestorsOf } from '../log/ancestry.ts'
import { Entry, Write } from '../log/entry.ts'
import { MessageIndex } from '../log/messages.ts'
import { RegisterTable } from '../schema/registers.ts'
import { Retention, unlinkHistory } from './retention.ts'

const table = new RegisterTable()
const ID = '00000000-0000-8000-8000-000000000001'
let seq = 0

function write(parents: readonly Write[], values: Record<string, number>, canonical = true): Write {
  const entry = new Entry({
    session: { authorId: 'a', sessionId: 's' },
    clientSeq: ++seq,
    timestamp: 0,
    arrival: seq,
  })
  entry.identify(`m${seq}`, undefined)
  if (canonical) entry.review = { reviewerId: 'r', eid: 'e', epoch: 1, seq, forked: false, at: 0 }
  const facts = {
    index: 0,
    type: 't',
    entityId: ID,
    kind: parents.length === 0 ? ('create' as const) : ('update' as const),
    version: 1,
    regs: table.set(Object.keys(values).sort()),
    parents,
  }
  const made = new Write(entry, facts, values)
  entry.writes.push(made)
  return made
}

function fold(writes: readonly Write[]): EntityState {
  return writes.reduce<EntityState | undefined>(apply, undefined)!
}

describe('history that is let go', () => {
  it('C6 history costs no memory: a hundred updates of one field leave root and head', () => {
    const index = new MessageIndex()
    const root = write([], { a: 0, b: 0 })
    const writes = [root]
    for (let i = 1; i <= 100; i++) writes.push(write([writes.at(-1)!], { a: i }))
    const state = fold(writes)
    const retention = new Retention(index, () => ({ states: [state], pending: [] }), {
      messages: 2,
      slack: 99,
    })
    for (const { entry } of writes) index.add(entry)
    for (const { entry } of writes) retention.note(entry)
    expect(index.size).toBe(3) // the root, live for b; and the two of the window, the head among them
    expect(ancestorsOf(headsOf(state)).has(root)).toBe(true)
  })

  it('S2 order independence: ancestry among what stays is what it was', () => {
    const root = write([], { a: 0, b: 0 })
    const left = write([root], { a: 1 })
    const right = write([root], { b: 1 })
    const leftOn = write([left], { c: 1 })
    const join = write([leftOn, right], { c: 2 })
    const state = fold([root, left, right, leftOn, join])
    const gone = unlinkHistory({ states: [state], pending: [] }, new Set())
    expect(gone).toEqual([leftOn])
    expect(new Set(join.parents)).toEqual(new Set([left, right]))
    // A late write on `left` had not seen `right`: it replaces a, and stands beside the rest.
    const late = apply(state, write([left], { a: 5, b: 5 }))
    expect(writesOf(liveOf(late, table.slot('a')))).toHaveLength(1)
    expect(writesOf(liveOf(late, table.slot('b')))).toHaveLength(2)
  })

  it('truth of parents: what a pending write names stays, though nothing else needs it', () => {
    const root = write([], { a: 0 })
    const middle = write([root], { a: 1 })
    const mine = write([middle], { a: 2 }, false)
    const canonical = fold([root, middle, write([middle], { a: 3 })])
    const gone = unlinkHistory(
      { states: [canonical, apply(canonical, mine)], pending: [mine] },
      new Set(),
    )
    expect(gone).toEqual([])
    expect(mine.parents).toEqual([middle])
  })
})
