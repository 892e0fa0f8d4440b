import { describe, expect, it } from 'vitest'
import { scrollTo, windowOf } from './window.ts'
import { ageText, bytesText, clockText, countText, dateText, shortId, valueText } from './words.ts'

describe('words', () => {
  it('shorten ids to the parts that differ', () => {
    expect(shortId('12340000-0000-8000-8000-000000abcdef')).toBe('1234…cdef')
    expect(shortId('00000000-0000-8000-8000-00000000beef:12')).toBe('beef:12')
    expect(shortId('short')).toBe('short')
  })

  it.each([
    [-5, '0 s'],
    [450, '450 ms'],
    [59_000, '59 s'],
    [600_000, '10 min'],
    [7_200_000, '2 h'],
    [864_000_000, '10 d'],
  ])('format the age of %d ms', (ms, text) => expect(ageText(ms)).toBe(text))

  it.each([2 ** 53 - 1, -(2 ** 53), 8.64e15 + 1, NaN, Infinity])(
    'format a time that no Date can hold: %d',
    (at) => {
      expect(clockText(at)).toBe('no time')
      expect(dateText(at)).toBe('an unknown time')
      expect(ageText(at)).toEqual(expect.any(String))
    },
  )

  it('format the time of day, and the date, from the first moment to the last', () => {
    for (const at of [0, -5, 1.5, 8.64e15]) {
      expect(clockText(at)).toMatch(/^\d\d:\d\d:\d\d\.\d\d\d$/)
      expect(dateText(at)).toMatch(/\d/)
    }
  })

  it('format sizes, counts and values', () => {
    expect([bytesText(12), bytesText(2_048), bytesText(3_145_728)]).toEqual([
      '12 B',
      '2.0 KiB',
      '3.0 MiB',
    ])
    expect([countText(1, 'row'), countText(2_000, 'entity', 'entities')]).toEqual([
      '1 row',
      '2,000 entities',
    ])
    expect([valueText('a'), valueText(undefined), valueText({ $unset: true })]).toEqual([
      '"a"',
      'unset',
      'unset',
    ])
    expect(valueText('x'.repeat(500))).toHaveLength(160)
  })
})

describe('the window of a list', () => {
  const view = { count: 10_000, rowHeightPx: 28, scrollTopPx: 2_800, heightPx: 280 }

  it('draws what is in view and a few around it, however long the list is', () => {
    expect(windowOf(view)).toEqual({ from: 92, to: 119 })
    expect(windowOf({ ...view, scrollTopPx: 0 })).toEqual({ from: 0, to: 19 })
    expect(windowOf({ ...view, scrollTopPx: 10_000 * 28 })).toEqual({ from: 9_992, to: 10_000 })
    expect(windowOf({ ...view, count: 3 })).toEqual({ from: 0, to: 3 })
    expect(windowOf({ ...view, count: 0 })).toEqual({ from: 0, to: 0 })
  })

  it('scrolls no further than it takes to see a row', () => {
    expect(scrollTo(100, view)).toBeUndefined()
    expect(scrollTo(99, view)).toBe(2_772)
    expect(scrollTo(110, view)).toBe(2_828)
  })
})
