import { describe, expect, test } from 'vitest'
import { type IssueConflict, changedParts, decisionsOf, offersBase, ownStart } from './conflicts.ts'
import { Issue } from './issue.ts'

const conflict = (field: IssueConflict['field'], base: unknown, values: readonly unknown[]) =>
  ({
    entity: Issue,
    id: 'x',
    field,
    base,
    candidates: values.map((value, at) => ({
      value,
      msgId: `m${at}`,
      authorId: `a${at}`,
      mine: at === 1,
      reviewerId: null,
      orderKey: `~${at}`,
      pending: true,
    })),
    resolve: () => {
      throw new Error('not here')
    },
  }) as IssueConflict

describe('choosing', () => {
  const title = conflict('title', 'A', ['B', 'C'])
  const points = conflict('points', 1, [2, 3])
  const decide = (choices: Parameters<typeof decisionsOf>[1]): readonly unknown[] =>
    decisionsOf([title, points], choices).map((one) => [one.conflict.field, one.value])

  test('nothing chosen decides nothing; each field is decided by its own choice', () => {
    expect(decide({})).toEqual([])
    expect(decide({ title: { of: 'candidate', msgId: 'm1' }, points: { of: 'base' } })).toEqual([
      ['title', 'C'],
      ['points', 1],
    ])
  })

  test('a value of one’s own has the type of its field', () => {
    expect(decide({ title: { of: 'own', value: '7' }, points: { of: 'own', value: '7' } })).toEqual(
      [
        ['title', '7'],
        ['points', 7],
      ],
    )
  })

  test('a candidate that is gone decides nothing', () => {
    expect(decide({ title: { of: 'candidate', msgId: 'gone' } })).toEqual([])
  })

  test('the base is offered if it is known and no candidate', () => {
    expect(offersBase(title)).toBe(true)
    expect(offersBase(conflict('title', undefined, ['B', 'C']))).toBe(false)
    expect(offersBase(conflict('points', 2, [2, 3]))).toBe(false)
    expect(offersBase(conflict('$archived', false, [true, false]))).toBe(false)
  })

  test('a value of one’s own begins with what one wrote', () => {
    expect(ownStart(title)).toBe('C')
    expect(ownStart(points)).toBe('3')
  })
})

describe('what differs', () => {
  test.each([
    ['one two three', 'one 2 three', ['one ', '2', ' three']],
    ['same', 'same', ['same', '', '']],
    ['', 'new', ['', 'new', '']],
    ['aa', 'aaa', ['aa', 'a', '']],
    ['abc', 'xyz', ['', 'xyz', '']],
  ])('%j to %j', (base, text, parts) => {
    const found = changedParts(base, text)
    expect([found.before, found.changed, found.after]).toEqual(parts)
    expect(found.before + found.changed + found.after).toBe(text)
  })
})
