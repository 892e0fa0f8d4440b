import { expect, test } from 'vitest'
import { disputeWords, refusalWords, valueWords } from './words.ts'

test('a value is shown in the words of version 1', () => {
  expect(valueWords('done', true)).toBe('Done')
  expect(valueWords('done', false)).toBe('Open')
  expect(valueWords('assignee', '')).toBe('Nobody')
  expect(valueWords('notes', '')).toBe('Empty')
  expect(valueWords('title', 'A')).toBe('A')
  expect(valueWords('$archived', true)).toBe('Archived')
})

test('a dispute asks by the name of its field', () => {
  expect(disputeWords('done')).toBe('The tick has several values. Which one stays?')
  expect(disputeWords('$archived')).toMatch(/^One archived it/)
})

test('a refusal shows the sentence of the reviewer, if there is one', () => {
  const words = (reason: Parameters<typeof refusalWords>[0]['reason'], detail?: string) =>
    refusalWords({ reason, detail })
  expect(words('invalid', 'Doing is full')).toBe('The reviewer says: Doing is full.')
  expect(words('invalid')).toBe('The reviewer did not accept it.')
  expect(words('stale', 'a code')).toBe('Another change came first.')
  expect(words('contested', 'a code')).toMatch(/^Too many others/)
  expect(words('needs_upgrade')).toMatch(/too old/)
})
