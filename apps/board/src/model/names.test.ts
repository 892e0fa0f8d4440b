import { describe, expect, test } from 'vitest'
import { matchesText } from './filter.ts'
import { shortNumber } from './order.ts'
import { personOf } from './people.ts'

describe('names and numbers', () => {
  test('an id has one name and one colour, on every screen', () => {
    const id = '0198c1f2-0000-8000-8000-00000000abcd'
    expect(personOf(id)).toBe(personOf(id))
    expect(personOf(id).name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
  })

  test('ids that differ in one place have different names', () => {
    const names = Array.from(
      { length: 16 },
      (_, digit) => personOf(`ab-${digit.toString(16)}`).name,
    )
    expect(new Set(names).size).toBeGreaterThan(14)
  })

  test('an order key becomes a short number', () => {
    expect(shortNumber('000001.0000000002a.000')).toBe('42')
    expect(shortNumber('000001.0000000002a.003')).toBe('42.4')
    expect(shortNumber('000002.0000000002a.000')).toBe('2/42')
    expect(shortNumber('~0000000002a.000')).toBeUndefined()
  })

  test('search finds every word in title or notes, in any case', () => {
    const issue = { title: 'Dark theme', notes: 'for the CALENDAR' }
    expect(matchesText(issue, 'calendar dark')).toBe(true)
    expect(matchesText(issue, 'dark mode')).toBe(false)
    expect(matchesText(issue, '  ')).toBe(true)
  })
})
