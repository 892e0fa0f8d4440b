import { describe, expect, it } from 'vitest'
import { Entry, Write } from '../history/entry.ts'
import { RegisterTable } from '../schema/registers.ts'
import { descendantsAmong } from './repo.ts'

const table = new RegisterTable(['title'])

/** The entry with this arrival number and these parents. */
function entry(arrival: number, ...parents: readonly Entry[]): Entry {
  const session = { authorId: 'a', sessionId: 's' }
  const made = new Entry({ session, clientSeq: arrival, timestamp: 0, arrival })
  const facts = {
    index: 0,
    type: 'task',
    entityId: 'e',
    kind: parents.length > 0 ? 'update' : 'create',
    version: 1,
    regs: table.set(['title']),
    parents: parents.map(({ writes }) => writes[0]!),
  } as const
  made.writes.push(new Write(made, facts, { title: String(arrival) }))
  return made
}

describe('descendants of rejected messages', () => {
  const root = entry(1)
  const other = entry(2)
  const child = entry(3, root)
  const grandchild = entry(4, child)
  const beside = entry(5, other)
  const merge = entry(6, beside, grandchild)

  it.each([
    ['causal order', [root, other, child, grandchild, beside, merge]],
    [
      'an outbox where a session that was taken over comes last',
      [merge, grandchild, beside, child],
    ],
    ['any order', [grandchild, merge, other, child, beside]],
  ])('is found whole, and in causal order, in %s', (_, pending) => {
    expect(descendantsAmong(pending, new Set([root]))).toEqual([child, grandchild, merge])
  })

  it('are empty if there are none', () => {
    expect(descendantsAmong([root, child, grandchild], new Set([merge]))).toEqual([])
  })
})
