/** Which scopes contain which, where they have ids. */
import { expect, test } from 'vitest'
import { type Scope, containsScope, scopeKey } from './scopes.ts'

const of = (...ids: readonly string[]): Scope => ({ type: 'issue', equal: [], ids })

test('VIEW8: a scope of ids has what has fewer of them, and is in that of the whole type', () => {
  const all: Scope = { type: 'issue', equal: [] }
  const board: Scope = { type: 'issue', equal: [['board', 'a']] }
  const range: Scope = {
    ...all,
    range: { reg: 'n', from: { value: 1, isIn: true }, to: undefined },
  }
  expect(containsScope(of('a', 'b', 'c'), of('a', 'c'))).toBe(true)
  expect(containsScope(of('a', 'b'), of('a', 'c'))).toBe(false)
  expect(containsScope(all, of('a'))).toBe(true)
  for (const other of [all, board, range]) expect(containsScope(of('a'), other)).toBe(false)
  for (const other of [board, range]) expect(containsScope(other, of('a'))).toBe(false)
  expect(containsScope({ ...all, type: 'task' }, of('a'))).toBe(false)
  const keys = [all, board, range, of('a'), of('a', 'b')].map(scopeKey)
  expect(new Set(keys).size).toBe(5)
})
