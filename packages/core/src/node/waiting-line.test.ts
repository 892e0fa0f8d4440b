import { expect, test } from 'vitest'
import { WaitingLine } from './waiting-line.ts'

test('OPN10 work waits in the order of its coming, so many at a time, also where some of it fails', async () => {
  const line = new WaitingLine(2)
  const begun: number[] = []
  const works = [0, 1, 2, 3].map(() => Promise.withResolvers<number>())
  const results = works.map(({ promise }, i) =>
    line.run(() => {
      begun.push(i)
      return promise
    }),
  )
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  works[1]!.reject(new Error('no answer'))
  await expect(results[1]).rejects.toThrow('no answer')
  expect(begun).toEqual([0, 1, 2])
  for (const [i, { resolve }] of works.entries()) resolve(i)
  expect(await Promise.all([results[0], results[2], results[3]])).toEqual([0, 2, 3])
  expect(begun).toEqual([0, 1, 2, 3])
})
