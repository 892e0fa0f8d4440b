import { describe, expect, it } from 'vitest'
import { passingUtf8 } from './utf8.ts'

const whole = new TextEncoder()

describe('passingUtf8', () => {
  it.each([
    ['nothing', ''],
    ['plain text', 'a plain text'],
    ['two, three and four bytes', 'é€😀'],
    ['half a pair', 'a\ud83db'],
    ['just short enough', 'x'.repeat(1_365)],
    ['too long to share', '€'.repeat(1_366)],
  ])('%s', (_, text) => {
    expect([...passingUtf8(text)]).toEqual([...whole.encode(text)])
  })

  it('a shorter text leaves nothing of a longer one', () => {
    passingUtf8('a longer text')
    expect([...passingUtf8('short')]).toEqual([...whole.encode('short')])
  })
})
