import type { AnyRow, Row } from '@countersign/core'
import type { RuleMessage, RuleRows } from '@countersign/core/reviewer'
import { describe, expect, test } from 'vitest'
import type { Issue } from '../src/model/issue.ts'
import { review, rules } from './rules.ts'

const context = {
  authorId: 'ann',
  person: { id: 'ann@example', proved: true, claims: undefined },
  samePerson: (id: string) => id === 'ann' || id === 'ann’s phone',
  at: 0,
  entity: 'issue',
}
const issue = (fields: object): AnyRow =>
  ({
    id: 'x',
    $createdBy: 'ann',
    $archived: false,
    status: 'doing',
    points: 5,
    ...fields,
  }) as unknown as AnyRow

describe('rules: only the author archives', () => {
  const change = {
    entity: 'issue',
    entityId: 'x',
    kind: 'update',
    values: { $archived: true },
  } as const

  test.each([
    ['ann', true],
    ['ann’s phone', true],
    ['bob', 'only the author of an issue may archive it'],
  ])('of an issue of %s: %s', (author, answer) => {
    const row = issue({ $createdBy: author }) as unknown as Row<typeof Issue>
    expect(rules.issue?.archive?.(context, change, row)).toBe(answer)
  })
})

describe('review: Doing has 100 points at the most', () => {
  /** The board after the message, of which `after` is part. */
  const judged = (before: AnyRow | undefined, after: AnyRow, others: readonly AnyRow[]) => {
    const step = {
      entity: 'issue',
      entityId: 'x',
      kind: 'update' as const,
      values: {},
      before,
      after,
    }
    const rows = { query: () => [after, ...others] } as unknown as RuleRows
    const message: RuleMessage = { ...context, id: 'm', changes: [step] }
    return review(message, rows)
  }
  const full = Array.from({ length: 7 }, () => issue({ points: 13 }))

  test('what fits is fine, and one point more is refused', () => {
    expect(judged(undefined, issue({ points: 9 }), full)).toBeUndefined()
    expect(judged(undefined, issue({ points: 10 }), full)).toMatch(/would have 101 points/)
    expect(judged(issue({ points: 1 }), issue({ points: 10 }), full)).toMatch(/101/)
    expect(judged(issue({ status: 'open', points: 10 }), issue({ points: 10 }), full)).toMatch(
      /101/,
    )
  })

  test('a message that adds nothing is accepted in a column that is too full', () => {
    const over = [...full, ...full]
    expect(judged(issue({ points: 9 }), issue({ points: 8 }), over)).toBeUndefined()
    expect(judged(issue({}), issue({ title: 'new' }), over)).toBeUndefined()
    expect(judged(undefined, issue({ points: 0 }), over)).toBeUndefined()
    expect(judged(undefined, issue({ status: 'open' }), over)).toBeUndefined()
    expect(judged(issue({}), issue({ $archived: true }), over)).toBeUndefined()
  })

  test('an issue found under another of its values in conflict does not count', () => {
    const elsewhere = Array.from({ length: 9 }, () => issue({ status: 'open', points: 13 }))
    expect(judged(undefined, issue({ points: 13 }), elsewhere)).toBeUndefined()
  })
})
