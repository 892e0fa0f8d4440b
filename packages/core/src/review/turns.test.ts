/** So many at a time. */
import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('§20 bounds: so many at a time, the others in line, whatever becomes of those before', async () => {
  const turns = new Turns(2)
  const log: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const start = (name: string): Promise<string> =>
    turns.take(() => {
      log.push(name)
      return new Promise((resolve, reject) =>
        ends.set(name, (error) => (error ? reject(error) : resolve(name))),
      )
    })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(start)
  await settle()
  expect(log).toEqual(['a', 'b'])
  ends.get('b')!(new Error('boom'))
  await expect(b).rejects.toThrow('boom')
  await settle()
  expect(log).toEqual(['a', 'b', 'c'])
  for (const name of ['a', 'c']) ends.get(name)!()
  await settle()
  ends.get('d')!()
  expect(await Promise.all([a, c, d])).toEqual(['a', 'c', 'd'])
  const again = [start('e'), start('f'), start('g')]
  await settle()
  expect(log.slice(4)).toEqual(['e', 'f'])
  for (const name of ['e', 'f']) ends.get(name)!()
  await settle()
  ends.get('g')!()
  expect(await Promise.all(again)).toEqual(['e', 'f', 'g'])
})
