/** The example in the README of storage-dexie, run as it stands there. */
import 'fake-indexeddb/auto'
import { readFile } from 'node:fs/promises'
import { createSyncStore, entity, type StoreOptions, type SyncStore } from '@countersign/core'
import { dexieStorage } from '@countersign/storage-dexie'
import { expect, test } from 'vitest'
import { z } from 'zod'

const readme = new URL('../../packages/storage-dexie/README.md', import.meta.url)

test('readme: the example runs, stores its row, and is short', async () => {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(await readFile(readme, 'utf8')) ?? []
  expect(code.split('\n').length).toBeLessThanOrEqual(20)
  // The example is that of a page, and runs in Node here.
  const names = {
    createSyncStore: (options: StoreOptions) => createSyncStore({ ...options, server: true }),
    entity,
    dexieStorage,
    z,
  }
  for (const [, imported = ''] of code.matchAll(/^import \{ (.*) \} from/gm)) {
    expect(Object.keys(names)).toEqual(expect.arrayContaining(imported.split(', ')))
  }
  const body = `${code.replaceAll(/^import .*$/gm, '')}\nreturn store`
  // The constructor of async functions has no name of its own.
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  const run = new AsyncFunction(...Object.keys(names), body)
  const store = (await run(...Object.values(names))) as SyncStore
  expect(store.status.getState().storage).toBe('ok')
  await store.close()

  const handle = await dexieStorage('todos').open(() => undefined)
  const { segments, outbox } = await handle.read()
  expect(segments.map(({ kind }) => kind)).toContain('own')
  expect(segments.some(({ text }) => text.includes('Still here after a reload'))).toBe(true)
  expect(outbox).toHaveLength(1)
  await handle.close()
})
