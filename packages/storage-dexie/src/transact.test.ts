/** The errors of aborted transactions, on a fake IndexedDB. */
import 'fake-indexeddb/auto'
import { beforeEach, expect, test } from 'vitest'
import { stores } from './schema.ts'
import { request, transact } from './transact.ts'

let database: IDBDatabase

beforeEach(async () => {
  const opening = indexedDB.open(crypto.randomUUID(), 1)
  opening.onupgradeneeded = () => {
    for (const store of Object.keys(stores)) opening.result.createObjectStore(store)
  }
  database = await request(opening)
})

test('cause: of a request that was not awaited, not of those aborted with it', async () => {
  const failing = transact(database, 'relaxed', async (scope) => {
    const meta = scope.store('meta')
    meta.add('first', 'k')
    meta.add('second', 'k')
    await request(meta.count())
    await request(meta.count())
  })
  await expect(failing).rejects.toMatchObject({ name: 'ConstraintError' })
  expect(await stored()).toBe(0)
})

test('cause: of the last request, when the job has ended already', async () => {
  const failing = transact(database, 'relaxed', async (scope) => {
    scope.store('meta').add('first', 'k')
    scope.store('meta').add('second', 'k')
  })
  await expect(failing).rejects.toMatchObject({ name: 'ConstraintError' })
  expect(await stored()).toBe(0)
})

test('cause: an error that the job itself threw', async () => {
  const failing = transact(database, 'strict', async (scope) => {
    await request(scope.store('meta').put('v', 'k'))
    throw new TypeError('of the job')
  })
  await expect(failing).rejects.toThrow('of the job')
  expect(await stored()).toBe(0)
})

test('cause: an abort without one is an AbortError', async () => {
  const failing = transact(database, 'strict', async ({ transaction }) => transaction.abort())
  await expect(failing).rejects.toMatchObject({ name: 'AbortError' })
})

function stored(): Promise<number> {
  return transact(database, 'readonly', (scope) => request(scope.store('meta').count()))
}
