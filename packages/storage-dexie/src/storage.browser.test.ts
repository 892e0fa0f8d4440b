/**
 * Cases that need a real browser: pages that crash or are left, cleared data, a full disk, keys
 * that cannot be exported. The other cases of a handle are in `handle.test.ts`.
 */
import type { StorageHandle, StorageTrouble, WriteBatch } from '@countersign/core/ports'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { expectTrouble, keysOf, nativeOpen, own } from '../test/kit.ts'
import { dexieStorage } from './storage.ts'

/** Not yet in TypeScript's library: a part of the origin's storage, with a quota of its own. */
declare global {
  interface Navigator {
    readonly storageBuckets: {
      open(bucket: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }>
      delete(bucket: string): Promise<void>
    }
  }
}

let name = ''
let heard: StorageTrouble[] = []

beforeEach(() => {
  name = crypto.randomUUID()
  heard = []
})

afterEach(() => {
  vi.restoreAllMocks()
})

test('reopen: data of another page is readable after that page has closed', async () => {
  const page = openPage()
  const theirs = await opened(page.indexedDB)
  await theirs.write(own('a', 'b'))
  page.leave()
  expect(await keys(await opened())).toEqual(['a', 'b'])
})

test.for([0, 1, 2, 4, 8, 16])(
  'atomic: a page that dies %i ms after the call leaves all of a batch or nothing',
  async (delayMs) => {
    const batchKeys = Array.from({ length: 60 }, (_, index) => `s${index}`)
    const page = openPage()
    const theirs = await opened(page.indexedDB)
    await theirs.write(own('before'))
    void theirs.write(own(...batchKeys))
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    page.leave()
    const found = await keys(await opened())
    expect([['before'], ['before', ...batchKeys]]).toContainEqual(found)
  },
)

test('lost: an unexpectedly closed connection is opened again', async () => {
  const handle = await opened()
  await handle.write(own('a'))
  const made = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await handle.read()
  const connection = made.mock.contexts.at(-1) as IDBDatabase
  connection.close()
  await handle.write(own('b'))
  expect(await keys(handle)).toEqual(['a', 'b'])
  expect(heard).toEqual([])
})

test('lost: a page restored from the cache continues to write', async () => {
  const handle = await opened()
  await handle.write(own('a'))
  const late = handle.write(own('b'))
  vi.spyOn(console, 'debug').mockImplementation(() => undefined)
  // Dexie closes its connections here, since they would exclude the page from the cache.
  dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
  dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
  await late
  await handle.write(own('c'))
  expect(await keys(handle)).toEqual(['a', 'b', 'c'])
  expect(heard).toEqual([])
})

test('lost: a handle never writes after the user cleared the data', async () => {
  const handle = await opened()
  await handle.write(own('a'))
  const storageKey = location.origin
  await cdp().send('Storage.clearDataForOrigin', {
    origin: storageKey,
    storageTypes: 'indexeddb',
  })
  await expectTrouble(handle.write(own('b')), 'closed')
  expect(heard).toEqual(['closed'])
  expect(await keys(await opened())).toEqual([])
})

test('version: an upgrade by another connection is not blocked, and is reported', async () => {
  const handle = await opened()
  await handle.write(own('a'))
  const newer = await nativeOpen(`countersign/${name}`, 1_000)
  await expectTrouble(handle.write(own('b')), 'version')
  expect(heard).toEqual(['version'])
  newer.close()
  await expectTrouble(opened(), 'version')
})

test('quota: a disk that is full rejects as quota, stores nothing, and ends nothing', async () => {
  const bucket = await navigator.storageBuckets.open(name, { quota: 1_000_000 })
  const handle = await opened(bucket.indexedDB)
  await handle.write(own('a'))
  const large = { ...own('large'), meta: [['k', randomText(4_000_000)]] } satisfies WriteBatch
  await expectTrouble(handle.write(large), 'quota')
  // The browser may count what it has rolled back for as long as the test lasts.
  const later = await handle.write(own('b')).then(
    () => ['a', 'b'],
    (error: unknown) => {
      expect(error).toMatchObject({ name: 'StorageError', trouble: 'quota' })
      return ['a']
    },
  )
  expect(await keys(handle)).toEqual(later)
  expect((await handle.read()).meta.size).toBe(0)
  expect(heard).toEqual([])
  await handle.close()
  await navigator.storageBuckets.delete(name)
})

test('meta: keeps a key that cannot be exported, and it still signs', async () => {
  const made = (await crypto.subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const handle = await opened()
  expect(await handle.claim('keys', made)).toBe(made)
  await handle.close()
  const kept = (await (await opened()).claim('keys', 'other')) as CryptoKeyPair
  const bytes = new TextEncoder().encode('message')
  const signature = await crypto.subtle.sign('Ed25519', kept.privateKey, bytes)
  expect(await crypto.subtle.verify('Ed25519', made.publicKey, signature, bytes)).toBe(true)
  expect(kept.privateKey.extractable).toBe(false)
})

test('read: takes records in bulk, never one by one', async () => {
  const handle = await opened()
  await handle.write(own(...Array.from({ length: 300 }, (_, index) => `s${index}`)))
  const bulks = vi.spyOn(IDBObjectStore.prototype, 'getAll')
  const single = vi.spyOn(IDBObjectStore.prototype, 'openCursor')
  expect(await keys(handle)).toHaveLength(300)
  // One for each kind of record, and one more as bulks grow.
  expect(bulks.mock.calls.length).toBeLessThan(10)
  expect(single).not.toHaveBeenCalled()
})

function opened(factory: IDBFactory = indexedDB): Promise<StorageHandle> {
  const storage = dexieStorage(name, { persist: false, indexedDB: factory })
  return storage.open((trouble) => heard.push(trouble))
}

/** A page of this origin with connections of its own, which close with it. */
function openPage(): { indexedDB: IDBFactory; leave(): void } {
  const frame = document.body.appendChild(document.createElement('iframe'))
  const { indexedDB: factory } = frame.contentWindow as Window & typeof globalThis
  return { indexedDB: factory, leave: () => frame.remove() }
}

/** Incompressible data. */
function randomText(chars: number): string {
  const codes = crypto.getRandomValues.bind(crypto)
  const parts = Array.from({ length: chars / 10_000 }, () =>
    String.fromCharCode(...codes(new Uint16Array(10_000))),
  )
  return parts.join('')
}

async function keys(handle: StorageHandle): Promise<readonly string[]> {
  return keysOf(await handle.read())
}
