/** Parts of snapshots that were lost, late or given up, on a wire that keeps no order. */
import { describe, expect, it } from 'vitest'
import { type SnapshotPart, SnapshotParts } from './snapshot-parts.ts'

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
    expect(held.take(1, 2)).toBeUndefined()
    expect(held.add('second half of 1', 1, page('second half'))).toBe(true)
    // The only page of the second one is lost, and its end says that it had one.
    expect(held.take(2, 1)).toBeUndefined()
  })

  it('a page of one that is still on its way is no part of another', () => {
    const held = holding(['first half', 1], ['whole', 2])
    expect(textsOf(held.take(2, 1))).toEqual(['whole'])
    expect(held.any).toBe(false)
  })

  it('one that ends late leaves the parts of the next alone', () => {
    const held = holding(['first half', 1], ['whole', 2])
    expect(held.take(1, 2)).toBeUndefined()
    expect(textsOf(held.take(2, 1))).toEqual(['whole'])
  })

  it('an end without a snapshot leaves alone what is on its way', () => {
    const held = holding(['whole', 1])
    expect(held.take(0, 0)).toEqual([])
    expect(textsOf(held.take(1, 1))).toEqual(['whole'])
  })

  it('what still comes of one that was given up is not held', () => {
    const held = holding(['first half', 1])
    held.giveUp()
    held.add('second half of 1', 1, page('second half'))
    expect(held.any).toBe(false)
  })

  it('a part that comes twice is one', () => {
    const held = holding(['whole', 1], ['whole', 1])
    expect(textsOf(held.take(1, 1))).toEqual(['whole'])
  })
})
