/** The form of the log, from the form of an author: which own line belongs in which place. */
import { expect, test } from 'vitest'
import { flushHashes, sessionHash } from '../facts/hashes.ts'
import { completedBatch } from './completed.ts'

const SESSION =
  '[2,"AZCmsjxNTl-KewEjRWeJqw","qDN5qeLjj1aH-FJOuWzu_Q","AZCmsjxNQACAAAAAAAAAAg","Id-QX_tLlJqELxw2v94SVVBp_JQQSfNS9hCO_UJqYRQ",null]'
const HEAD = '[1735689600295,[["issue",0,1,["done","title"]]],[0,"",1,[]]]'
const lineOf = (clientSeq: number): string =>
  `[${clientSeq},0,[[0,"BfBqwbMnhtemhRwAAAAAAA",[0],["${clientSeq}"]]],"tp0DJ8dCUqwXm6aK"]`
const hashOf = (line: string): string =>
  flushHashes(sessionHash(SESSION), { head: HEAD, lines: [line] }).lines[0]! // of one line

test('LOSS4 two flushes of one moment have one head, and each gets its own lines', () => {
  const [first, second] = [lineOf(1), lineOf(2)]
  const own = [first, second].map((line) => [SESSION, HEAD, line].join('\n'))
  const batch = (lines: readonly string[]): string =>
    ['["batch",1,1735689600300,[[1],[1]]]', SESSION, HEAD, lines[0], '0', HEAD, lines[1]].join('\n')
  const told = batch([first, second].map((line) => JSON.stringify(hashOf(line))))
  expect(completedBatch(told, own)).toBe(batch([first, second]))
  expect(completedBatch(told, own.slice(0, 1))).toBeUndefined()
})
