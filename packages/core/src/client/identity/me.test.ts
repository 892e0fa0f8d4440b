import { describe, expect, test } from 'vitest'
import { createStore } from 'zustand/vanilla'
import { type Me, MyIds } from './me.ts'

const NOBODY: Me = { authorId: undefined, aliases: [], since: undefined, signedIn: false }
const [A, B, C] = [1, 2, 3].map((n) => `0190a6b2-3c4d-8e5f-8a7b-00000000000${n}`) as [
  string,
  string,
  string,
]

function ids(kept: ReadonlyMap<string, unknown> = new Map()): {
  readonly me: MyIds
  readonly kept: Map<string, unknown>
  changes: () => number
} {
  const next = new Map(kept)
  let changes = 0
  const me = new MyIds({
    shown: createStore(() => NOBODY),
    keep: ([key, record]) => next.set(key, record),
    onChange: () => changes++,
  })
  me.begin(A, 5)
  return { me, kept: next, changes: () => changes }
}

describe('WHO10 the author ids of a person', () => {
  test('are those that the reviewer told; a change is told once', () => {
    const { me, changes } = ids()
    me.is('ann')
    expect(me.store.getState()).toEqual({ authorId: A, aliases: [], since: 5, signedIn: false })
    me.told([A])
    me.told([B, A])
    me.told([A, B])
    expect(me.store.getState()).toMatchObject({ aliases: [B], signedIn: true })
    expect([changes(), [A, B, C].map((id) => me.isMine(id))]).toEqual([1, [true, true, false]])
    me.told(undefined)
    expect(me.store.getState()).toMatchObject({ aliases: [B], signedIn: false })
  })

  test('are kept for the same person, whoever is asked for first', () => {
    const first = ids()
    first.me.is('ann')
    first.me.told([A, B])
    expect(JSON.stringify([...first.kept])).not.toContain('ann')
    for (const isKnown of [true, false]) {
      const { me } = ids(first.kept)
      if (isKnown) me.is('ann')
      me.restore(first.kept)
      if (!isKnown) me.is('ann')
      expect(me.store.getState()).toMatchObject({ aliases: [B], signedIn: true })
      const other = ids(first.kept)
      if (isKnown) other.me.is('bob')
      other.me.restore(first.kept)
      if (!isKnown) other.me.is('bob')
      expect(other.me.store.getState()).toMatchObject({ aliases: [], signedIn: false })
    }
  })

  test('that were kept and are damaged are nobody’s', () => {
    const { me, kept } = ids()
    me.is('ann')
    me.told([A, B])
    const record = kept.get('me') as { authorIds: string[] }
    const damaged = [null, 7, {}, { ...record, authorIds: [A, C] }, { ...record, authorIds: 'x' }]
    for (const one of [...damaged, { ...record, person: 'x' }]) {
      const again = ids()
      again.me.restore(new Map([['me', one]]))
      expect(again.me.store.getState().aliases).toEqual([])
    }
  })
})
