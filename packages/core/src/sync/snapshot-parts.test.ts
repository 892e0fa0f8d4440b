/** Parts of snapshots that were lost, late or given up, on a wire that keeps no order. */
import { describe, expect, it } from 'vitest'
import type { Entry } from '../history/entry.ts'
import { reviewingOf } from '../testing/reviewing.ts'
import { listHash } from '../wire/signed.ts'
import { type SnapshotPart, SnapshotParts, settledAmong } from './snapshot-parts.ts'

const page = (text: string): SnapshotPart => ({ kind: 'page', text })

function holding(...parts: readonly (readonly [text: string, of: number])[]): SnapshotParts {
  const held = new SnapshotParts(10)
  for (const [text, of] of parts) expect(held.add(`${text} of ${of}`, of, page(text))).toBe(true)
  return held
}

const textsOf = (parts: readonly SnapshotPart[] | undefined): unknown =>
  parts?.map((part) => part.kind === 'page' && part.text)

describe('§6 snapshot parts', () => {
  it('a late page of one that had ended is no part of the next, at the same seq and cut otherwise', () => {
    const held = holding(['first half', 1])
    expect(held.take(1, { pages: 2, lists: 0 })).toBeUndefined()
    expect(held.add('second half of 1', 1, page('second half'))).toBe(true)
    // The only page of the second one is lost, and its end says that it had one.
    expect(held.take(2, { pages: 1, lists: 0 })).toBeUndefined()
  })

  it('a page of one that is still on its way is no part of another', () => {
    const held = holding(['first half', 1], ['whole', 2])
    expect(textsOf(held.take(2, { pages: 1, lists: 0 }))).toEqual(['whole'])
    expect(held.any).toBe(false)
  })

  it('one that ends late leaves the parts of the next alone', () => {
    const held = holding(['first half', 1], ['whole', 2])
    expect(held.take(1, { pages: 2, lists: 0 })).toBeUndefined()
    expect(textsOf(held.take(2, { pages: 1, lists: 0 }))).toEqual(['whole'])
  })

  it('an end without a snapshot leaves alone what is on its way', () => {
    const held = holding(['whole', 1])
    expect(held.take(0, { pages: 0, lists: 0 })).toEqual([])
    expect(textsOf(held.take(1, { pages: 1, lists: 0 }))).toEqual(['whole'])
  })

  it('what still comes of one that was given up is not held', () => {
    const held = holding(['first half', 1])
    held.giveUp()
    held.add('second half of 1', 1, page('second half'))
    expect(held.any).toBe(false)
  })

  it('§20 there are only so many: of one more the link ends', () => {
    const held = holding(...Array.from({ length: 10 }, (_, n) => [`page ${n}`, 1] as const))
    expect(held.add('page 10', 1, page('page 10'))).toBe(false)
  })

  it('a part that comes twice is one', () => {
    const held = holding(['whole', 1], ['whole', 1])
    expect(textsOf(held.take(1, { pages: 1, lists: 0 }))).toEqual(['whole'])
  })
})

describe('SNAP6, SNAP7 what a snapshot is signed over', () => {
  const list = { kind: 'settled', sessionId: 's', runs: [], at: 9 } as const

  it('is the text of a page, under any number; and the whole frame of a list', () => {
    const held = holding(['whole', 1], ['whole', 2])
    held.add('list of 2', 2, list)
    expect(held.hashes(1).pages).toEqual(held.hashes(2).pages)
    expect([held.hashes(1).lists, held.hashes(2).lists]).toEqual([[], [listHash('list of 2')]])
  })

  it('a list that is missing makes it incomplete, as a page does', () => {
    const held = holding(['whole', 1])
    expect(held.take(1, { pages: 1, lists: 1 })).toBeUndefined()
    const other = holding(['whole', 1])
    other.add('list of 1', 1, list)
    expect(other.take(1, { pages: 1, lists: 1 })).toHaveLength(2)
  })
})

describe('SNAP2 what is settled', () => {
  const by = { reviewerId: 'r', eid: 'e', epoch: 2, chain: '' }
  const runs = [
    { clientSeq: 3, count: 2, seq: 40 },
    { clientSeq: 6, count: 1, seq: 12 },
  ]
  const part = { kind: 'settled', sessionId: 's', runs, at: 9 } as const
  const waiting = [2, 3, 4, 5, 6, 7].map((clientSeq) => ({ clientSeq }) as Entry)

  it('is each message of a run, at its own seq, and nothing before, between or after them', () => {
    const found = settledAmong([page('whole'), part], reviewingOf(by), (id) =>
      id === 's' ? waiting : [],
    )
    const review = { reviewerId: 'r', eid: 'e', epoch: 2, at: 9, forked: false }
    expect([...found].map(([{ clientSeq }, told]) => [clientSeq, told])).toEqual([
      [3, { ...review, seq: 40 }],
      [4, { ...review, seq: 41 }],
      [6, { ...review, seq: 12 }],
    ])
  })

  it('is nothing of another session, of a run of none, or of no runs', () => {
    const others: readonly SnapshotPart[] = [
      { ...part, sessionId: 'other' },
      { ...part, runs: [{ clientSeq: 3, count: 0, seq: 40 }] },
      { ...part, runs: [] },
    ]
    const waitingOf = (id: string): readonly Entry[] => (id === 's' ? waiting : [])
    expect(settledAmong(others, reviewingOf(by), waitingOf).size).toBe(0)
  })
})
