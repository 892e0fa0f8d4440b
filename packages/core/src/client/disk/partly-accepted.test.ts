/** What was stored of accepted messages holds for a canonical state that has them, and no other. */
import { describe, expect, it } from 'vitest'
import { MessageIndex } from '../../history/messages.ts'
import type { Position } from '../../facts/message.ts'
import { Outbox } from '../../sync/outbox.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Disk } from './disk.ts'
import { PartlyAccepted } from './partly-accepted.ts'

const STORED = [
  [1, 'here', 5],
  [2, 'here', 6],
  [3, 'elsewhere', 1],
  4, // as an earlier build stored it: nobody knows where
]

function acceptedAt(position: Partial<Position> | null): readonly number[] {
  const messages = new MessageIndex()
  const partly = new PartlyAccepted({
    disk: {} as Disk,
    outbox: new Outbox(),
    messages,
    position: () => position as Position | null,
  })
  partly.restore({ meta: new Map([['accepted:s', STORED]]) } as unknown as StoredState)
  return [1, 2, 3, 4].filter((clientSeq) => messages.isAccepted('s', clientSeq))
}

describe('§15 partly accepted', () => {
  it('is known as far as the canonical state has come', () => {
    expect(acceptedAt({ eid: 'here', seq: 6 })).toEqual([1, 2])
    expect(acceptedAt({ eid: 'here', seq: 5 })).toEqual([1])
  })

  it('is unknown where the canonical state was discarded, or is of another reviewer', () => {
    expect(acceptedAt(null)).toEqual([])
    expect(acceptedAt({ eid: 'other', seq: 9 })).toEqual([])
  })
})
