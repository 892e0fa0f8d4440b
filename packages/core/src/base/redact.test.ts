import { expect, test } from 'vitest'
import { without } from './redact.ts'

test.each<[secrets: (string | null | undefined)[], text: string, left: string]>([
  [['ann'], 'ann cannot; not ann.', '… cannot; not ….'],
  [['ann'], 'joanna, ann-71 and ann_7', 'joanna, …-71 and ann_7'],
  [['a.b+c', null, undefined, ''], 'a.b+c but not aXb+c', '… but not aXb+c'],
  [['$&', '^x', '\\d', '[q]-/'], '$& ^x \\d [q]-/', '… … … …'],
  [['t0ken', 'ann'], 'token t0ken of ann', 'token … of …'],
])('AUTH1 without %j, %j is %j', (secrets, text, left) => {
  expect(without(secrets, text)).toBe(left)
})
