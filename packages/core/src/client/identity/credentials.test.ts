import { describe, expect, test } from 'vitest'
import { Credentials } from './credentials.ts'

describe('AUTH7 the token of an app', () => {
  test('is there at once where it is a value, or nothing', () => {
    expect([new Credentials('t').token(), new Credentials(undefined).token()]).toEqual([
      't',
      undefined,
    ])
  })

  test('is asked for anew each time, and once at a time', async () => {
    let asked = 0
    const answers: ((token: string) => void)[] = []
    const credentials = new Credentials(() => {
      asked++
      return new Promise((resolve) => answers.push(resolve))
    })
    const both = [credentials.token(), credentials.token()]
    answers[0]!('one')
    expect([await both[0], await both[1]]).toEqual(['one', 'one'])
    expect([asked, credentials.last]).toEqual([1, 'one'])
    const next = credentials.token()
    answers[1]!('two')
    expect([await next, asked, credentials.last]).toEqual(['two', 2, 'two'])
  })

  test('of a function that was replaced is not the one of the next', async () => {
    const credentials = new Credentials(() => new Promise(() => {}))
    void credentials.token()
    credentials.set(() => 'another')
    expect(await credentials.token()).toBe('another')
    credentials.set('a value')
    expect([credentials.token(), credentials.last]).toEqual(['a value', 'a value'])
  })

  test.each<[string, () => never, string]>([
    ['is no string', () => 7 as never, '`auth` must be a string'],
    [
      'is too long for a frame',
      () => 'x'.repeat(8_193) as never,
      'a token has at most 8192 characters',
    ],
    [
      'throws',
      () => {
        throw new Error('signed out')
      },
      'signed out',
    ],
  ])('that %s rejects, and is asked for again', async (_, auth, why) => {
    const credentials = new Credentials(auth)
    await expect(credentials.token()).rejects.toThrow(why)
    await expect(credentials.token()).rejects.toThrow(why)
  })
})
