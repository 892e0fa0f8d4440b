import { expect, test } from 'vitest'
import { Part } from './part.ts'

test('§22 a part is imported once for all callers', async () => {
  let imports = 0
  const part = new Part(() => Promise.resolve(++imports))
  expect(await Promise.all([part.load(), part.load()])).toEqual([1, 1])
  expect(await part.load()).toBe(1)
})

test('§22 a part that cannot be loaded is `unavailable`, and imported again for the next who asks', async () => {
  let imports = 0
  const part = new Part(() =>
    ++imports === 1 ? Promise.reject(new Error('no network')) : Promise.resolve('here'),
  )
  const tries = [part.load(), part.load()]
  for (const attempt of tries)
    await expect(attempt).rejects.toMatchObject({
      code: 'unavailable',
      message: 'a part of this app could not be loaded: Error: no network',
    })
  expect(imports).toBe(1)
  expect(await part.load()).toBe('here')
})
