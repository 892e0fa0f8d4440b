import { expect, test } from 'vitest'
import { machineTime, when } from './when.ts'

test.for([2 ** 53 - 1, -(2 ** 53), 8.64e15 + 1, NaN, Infinity])(
  'when: a time that no Date can hold has words, and no machine form (%d)',
  (timestamp) => {
    expect(when(timestamp)).toBe('at an unknown time')
    expect(machineTime(timestamp)).toBeUndefined()
  },
)

test.for([0, -1, 1.5, 8.64e15, -8.64e15])('when: %d is a moment', (timestamp) => {
  expect(when(timestamp)).toMatch(/\d/)
  expect(machineTime(timestamp)).toBe(new Date(timestamp).toISOString())
})
