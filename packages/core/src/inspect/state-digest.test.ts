import { describe, expect, it } from 'vitest'
import type { StateRecord } from './records.ts'
import { stateDigest } from './state-digest.ts'

const state: StateRecord = {
  type: 'issue',
  id: 'e1',
  heads: ['s:2', 't:1'],
  live: {
    title: [
      { node: 's:2', value: 'a' },
      { node: 't:1', value: 'b' },
    ],
    points: [{ node: 's:1', value: 3 }],
  },
}

describe('8: the digest of a state', () => {
  it('does not depend on the order of heads and writes', () => {
    const { title, points } = state.live
    const told = {
      id: 'e1',
      type: 'issue',
      heads: ['t:1', 's:2'],
      live: { points: points!, title: title!.toReversed(), note: [] },
    }
    expect(stateDigest(told)).toBe(stateDigest(state))
  })

  it.each<[string, Partial<StateRecord>]>([
    ['head', { heads: ['s:2'] }],
    ['live write', { live: { ...state.live, points: [{ node: 's:2', value: 3 }] } }],
    ['value', { live: { ...state.live, points: [{ node: 's:1', value: 4 }] } }],
    ['register', { live: { ...state.live, note: [{ node: 's:1', value: null }] } }],
    ['row', { id: 'e2' }],
    ['type', { type: 'task' }],
  ])('is another for another %s', (_, changed) => {
    expect(stateDigest({ ...state, ...changed })).not.toBe(stateDigest(state))
  })
})
