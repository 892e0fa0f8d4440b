/** Without IndexedDB: importing and creating a storage must have no effect. */
import { expect, test } from 'vitest'

test('server: importing, and making a storage, touches no global', async () => {
  const before = Reflect.ownKeys(globalThis)
  const { dexieStorage } = await import('./index.ts')
  dexieStorage('board')
  await Promise.resolve()
  expect(Reflect.ownKeys(globalThis)).toEqual(before)
})

test('server: open rejects as failed, and loads no Dexie', async () => {
  const { dexieStorage } = await import('./index.ts')
  const opening = dexieStorage('board').open(() => undefined)
  await expect(opening).rejects.toMatchObject({ name: 'StorageError', trouble: 'failed' })
  expect(Reflect.ownKeys(globalThis)).not.toContain(Symbol.for('Dexie'))
})
