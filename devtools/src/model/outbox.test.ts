import { describe, expect, it } from 'vitest'
import { STORY, eventsOf, message, trace } from '../../test/fixture.ts'
import { Attempts, outboxCounts, outboxRows, dependentsOf } from './outbox.ts'

const { sync } = trace()
const rowsOf = (filter: 'open' | 'refused' | 'accepted' | 'all', more: Partial<typeof sync> = {}) =>
  outboxRows(STORY, filter, { sync: { ...sync, ...more }, attempts: new Attempts() })

describe('6: the outbox', () => {
  it('lists own messages only, by state', () => {
    expect(rowsOf('open').map(({ message: { clientSeq } }) => clientSeq)).toEqual([4])
    expect(rowsOf('refused').map(({ message: { clientSeq } }) => clientSeq)).toEqual([5])
    expect(rowsOf('accepted').map(({ message: { clientSeq } }) => clientSeq)).toEqual([2, 1])
    expect(outboxCounts(STORY)).toEqual({ open: 1, refused: 1, accepted: 2, all: 4 })
  })

  it.each([
    [{ connection: 'offline' }, 'the store is offline'],
    [{ connection: 'none' }, 'no transport is configured'],
    [{ connection: 'connecting', connectionNote: 'it refused' }, 'it refused'],
    [{ connection: 'online' }, 'its turn'],
  ])('shows what a queued message waits for: %o', (more, text) => {
    expect(rowsOf('open', more)[0]!.waitsFor).toBe(text)
  })

  it('shows why a message is not sent, and which earlier ones delay it', () => {
    expect(rowsOf('refused')[0]!.waitsFor).toBe('unauthorised')
    const first = message(7, { values: { a: 1 } })
    const second = message(8, { parents: [first.name], values: { a: 2 } })
    const [, row] = outboxRows([first, second], 'open', { sync, attempts: new Attempts() })
    expect(row!.waitsFor).toBe('1 earlier message')
    const draft = message(9, { state: 'draft', values: { a: 1 } })
    const blocked = message(10, { state: 'blocked', values: { a: 1 } })
    const [a] = outboxRows([draft], 'open', { sync, attempts: new Attempts() })
    const [b] = outboxRows([blocked], 'refused', { sync, attempts: new Attempts() })
    expect([a!.waitsFor, b!.waitsFor]).toEqual([
      'being stored on this device',
      'depends on a refused message',
    ])
  })

  it('shows what blocks a refused message, and what a refused message blocks', () => {
    const refused = message(7, { state: 'rejected', values: { a: 1 } })
    const blocked = {
      ...message(8, { state: 'blocked', values: { a: 2 } }),
      blockedBy: [refused.name],
    }
    const above = {
      ...message(9, { state: 'blocked', values: { a: 3 } }),
      blockedBy: [blocked.name],
    }
    const all = [refused, blocked, above]
    const rows = outboxRows(all, 'refused', { sync, attempts: new Attempts() })
    expect(rows.map(({ waitsFor }) => waitsFor)).toEqual([
      'unauthorised',
      'depends on a001:7 (unauthorised)',
      'depends on a001:8',
    ])
    expect(all.map((each) => dependentsOf(each, all))).toEqual([
      [blocked.name, above.name],
      [above.name],
      [],
    ])
  })

  it('counts how often a message was sent, until it is accepted', () => {
    const attempts = new Attempts()
    const [, , , , refused] = STORY
    const events = eventsOf([refused!])
    attempts.take(events)
    attempts.take(events)
    expect(attempts.of(refused!.name)).toBe(2)
    attempts.take(eventsOf([STORY[0]!]))
    expect(attempts.of(STORY[0]!.name)).toBe(0)
  })
})
