/**
 * The failures of a handle on a fake IndexedDB: lost connections, other tabs with newer code, full
 * disks. `test/contract/storage.test.ts` checks the contract of the port without failures.
 */
import 'fake-indexeddb/auto'
import type { Page, StorageHandle, StorageTrouble, WriteBatch } from '@countersign/core/ports'
import { forceCloseDatabase } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { expectTrouble, keysOf, nativeDelete, nativeOpen, own } from '../test/kit.ts'
import { dexieStorage } from './storage.ts'
import { request } from './transact.ts'
import { writeBatch } from './write.ts'

let name = ''
let heard: StorageTrouble[] = []

beforeEach(() => {
  name = crypto.randomUUID()
  heard = []
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const frame = { name: 'n', head: 'h', check: 'c' }
const page = (text: string, no = 0): Page => ({ no, text, check: '' })

describe('a batch at once', () => {
  const atOnce = (key: string): WriteBatch => ({
    durability: 'relaxed',
    atOnce: true,
    segments: [{ key, kind: 'draft', ids: [], text: key, check: '' }],
  })

  test('atOnce: all requests and the commit are made in the call itself, beside a write under way', async () => {
    const handle = await opened()
    const under = handle.write(own('a'))
    await Promise.resolve()
    const made = [
      vi.spyOn(IDBDatabase.prototype, 'transaction'),
      vi.spyOn(IDBObjectStore.prototype, 'add'),
      vi.spyOn(IDBTransaction.prototype, 'commit'),
    ]
    const done = handle.write(atOnce('b'))
    expect(made.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1])
    await Promise.all([under, done])
    expect(keysOf(await handle.read()).toSorted()).toEqual(['a', 'b'])
  })

  test('atOnce: on a connection that was closed, it is written in turn on the next one', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    forceClose(await connectionOf(handle))
    await handle.write(atOnce('b'))
    expect(keysOf(await handle.read())).toEqual(['a', 'b'])
    expect(heard).toEqual([])
  })
})

describe('a lost connection', () => {
  test('lost: closed while idle, the next call reconnects without a report', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    forceClose(await connectionOf(handle))
    await handle.write(own('b'))
    expect(keysOf(await handle.read())).toEqual(['a', 'b'])
    expect(heard).toEqual([])
  })

  test('lost: closed during a write, it is retried before later calls', async () => {
    const handle = await opened()
    const lost = loseConnections('readwrite', 1)
    const orders = await Promise.all([
      handle.write(own('a')),
      handle.write(own('b')),
      handle.claim('k', 'v'),
    ])
    expect(lost()).toBe(1)
    expect(orders).toMatchObject([{ order: 1 }, { order: 2 }, 'v'])
    expect(keysOf(await handle.read())).toEqual(['a', 'b'])
    expect(heard).toEqual([])
  })

  test('lost: closed during a read, it is retried', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    const lost = loseConnections('readonly', 1)
    expect(keysOf(await handle.read())).toEqual(['a'])
    expect(lost()).toBe(1)
  })

  test('lost: twice in one call ends the handle, reported once', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    loseConnections('readwrite', 2)
    await expectTrouble(handle.write(own('b')), 'closed')
    vi.restoreAllMocks()
    await expectTrouble(handle.write(own('c')), 'closed')
    await expectTrouble(handle.read(), 'closed')
    await handle.close()
    expect(heard).toEqual(['closed'])
    expect(keysOf(await (await opened()).read())).toEqual(['a'])
  })

  test('lost: an open that fails ends the handle as closed', async () => {
    const handle = await opened()
    forceClose(await connectionOf(handle))
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('Internal error.', 'UnknownError')
    })
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    await expectTrouble(handle.write(own('a')), 'closed')
    expect(heard).toEqual(['closed'])
  })

  test('lost: with its data, a handle never writes to an empty database', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    forceClose(await connectionOf(handle))
    await nativeDelete(fullName())
    await expectTrouble(handle.write(own('b')), 'closed')
    expect(heard).toEqual(['closed'])
    // The attempt left no empty database behind.
    expect((await indexedDB.databases()).map((database) => database.name)).not.toContain(fullName())
  })

  test('lost: with its data, and created again by another tab, ends the handle too', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    forceClose(await connectionOf(handle))
    await nativeDelete(fullName())
    const other = await opened()
    await other.write(own('x'))
    await expectTrouble(handle.write(own('b')), 'closed')
    expect(keysOf(await other.read())).toEqual(['x'])
  })

  test('lost: a batch whose answer got lost changes nothing the second time', async () => {
    const handle = await opened()
    await handle.write({ ...own('a', 'b'), advance: { rank: 9, fromRank: 0, text: 'old' } })
    const batch: WriteBatch = {
      ...own('c', 'd'),
      reset: true,
      advance: { rank: 3, fromRank: 0, text: 'three' },
      checkpoint: { ...frame, rank: 2, pages: [page('p')] },
      outboxAdd: ['c'],
      outboxRemove: ['a'],
    }
    const connection = await connectionOf(handle)
    const written = await writeBatch(connection, batch)
    const once = await handle.read()
    expect(await writeBatch(connection, batch)).toEqual(written)
    expect(await handle.read()).toEqual(once)
  })
})

describe('other tabs', () => {
  test('version: an upgrade elsewhere closes immediately, and is reported once', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    const newer = await nativeOpen(fullName(), 30)
    await expectTrouble(handle.write(own('b')), 'version')
    await expectTrouble(handle.read(), 'version')
    expect(heard).toEqual(['version'])
    newer.close()
  })

  test('version: a write that runs when another tab upgrades is still stored', async () => {
    const handle = await opened()
    const writing = handle.write(own('a'))
    const upgrading = nativeOpen(fullName(), 30)
    expect(await writing).toMatchObject({ order: 1 })
    const newer = await upgrading
    const keys = newer.transaction('segments').objectStore('segments').index('key').getAllKeys()
    await vi.waitFor(() => expect(keys.result).toHaveLength(1))
    newer.close()
  })

  test('version: a newer database is refused, and left as it is', async () => {
    await (await opened()).close()
    const newer = await nativeOpen(fullName(), 30)
    newer.close()
    await expectTrouble(opened(), 'version')
    const found = await nativeOpen(fullName())
    expect(found.version).toBe(30)
    found.close()
  })

  test('closed: a deletion elsewhere is not blocked', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    await nativeDelete(fullName())
    await expectTrouble(handle.write(own('b')), 'closed')
    expect(heard).toEqual(['closed'])
    expect(await indexedDB.databases()).not.toContainEqual({ name: fullName(), version: 20 })
  })

  test('blocked: waiting for an older tab is reported, and passes', async () => {
    const older = await nativeOpen(fullName(), 1, (database) => {
      database.createObjectStore('state').put('an older layout', 'incarnation')
    })
    const opening = opened()
    await vi.waitFor(() => expect(heard).toEqual(['blocked']))
    older.close()
    await (await opening).write(own('a'))
    expect(heard).toEqual(['blocked'])
  })

  test('version: an upgrade during a reconnection is reported once', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    const gone = await connectionOf(handle)
    forceClose(gone)
    const newer = upgradeUnder((connection) => connection !== gone)
    await expectTrouble(handle.write(own('b')), 'version')
    expect(heard).toEqual(['version'])
    ;(await newer())?.close()
  })

  test('version: an upgrade during open is not blocked either', async () => {
    const newer = upgradeUnder(() => true)
    await expectTrouble(
      opened().then((handle) => handle.write(own('a'))),
      'version',
    )
    expect(heard).toEqual(['version'])
    ;(await newer())?.close()
  })

  test('closed: nothing is reported after close', async () => {
    const handle = await opened()
    const lost = loseConnections('readwrite', 2)
    const writing = handle.write(own('a'))
    const closing = handle.close()
    await expectTrouble(writing, 'closed')
    await closing
    expect(lost()).toBe(2)
    expect(heard).toEqual([])
  })
})

describe('rejected writes', () => {
  test('quota: a full disk rejects as quota, and may pass', async () => {
    const handle = await opened()
    await handle.write(own('a'))
    const full = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw new DOMException('Full.', 'QuotaExceededError')
    })
    await expectTrouble(handle.write({ ...own('b'), meta: [['k', 1]] }), 'quota')
    // A retry would not help and costs time.
    expect(full).toHaveBeenCalledTimes(1)
    full.mockRestore()
    await handle.write(own('c'))
    const state = await handle.read()
    expect(keysOf(state)).toEqual(['a', 'c'])
    expect(state.meta.size).toBe(0)
    expect(heard).toEqual([])
  })

  test('failed: a value that cannot be cloned stores nothing of its batch', async () => {
    const handle = await opened()
    const batch = { ...own('a'), meta: [['f', () => 1]] } satisfies WriteBatch
    await expectTrouble(handle.write(batch), 'failed')
    await handle.write(own('b'))
    expect(keysOf(await handle.read())).toEqual(['b'])
  })

  test('failed: an error names the storage, the call and the cause', async () => {
    const handle = await opened()
    const failing = handle.claim('f', () => 1)
    await expect(failing).rejects.toThrow(`Storage "${name}" cannot claim: DataCloneError`)
  })

  test('failed: a factory that refuses', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('Denied.', 'SecurityError')
    })
    await expectTrouble(opened(), 'failed')
  })

  test('failed: a database without an incarnation', async () => {
    await (await opened()).close()
    const database = await nativeOpen(fullName())
    const marks = database.transaction('state', 'readwrite').objectStore('state')
    await request(marks.delete('incarnation'))
    database.close()
    await expect(opened()).rejects.toThrow('was not made by this package')
  })
})

describe('requests to the browser', () => {
  test('durability: strict and relaxed reach the transaction, claims are strict', async () => {
    const handle = await opened()
    const made = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await handle.write(own('a'))
    await handle.write({ durability: 'relaxed' })
    await handle.claim('k', 'v')
    const asked = made.mock.calls.map(([, mode, options]) => [mode, options?.durability])
    expect(asked).toEqual([
      ['readwrite', 'strict'],
      ['readwrite', 'relaxed'],
      ['readwrite', 'strict'],
    ])
  })

  test('reset: frees the space of the checkpoint', async () => {
    const handle = await opened()
    const checkpoint = { ...frame, rank: 1, pages: [page('p'), page('q', 1)] }
    const advance = { rank: 1, fromRank: 0, text: 'one' }
    await handle.write({ durability: 'relaxed', checkpoint, advance })
    await handle.write({ durability: 'relaxed', reset: true })
    const connection = await connectionOf(handle)
    const pages = connection.transaction('pages').objectStore('pages')
    expect(await request(pages.count())).toBe(0)
  })
})

function opened(): Promise<StorageHandle> {
  return dexieStorage(name).open((trouble) => heard.push(trouble))
}

function fullName(): string {
  return `countersign/${name}`
}

/** The database that the handle uses now, caught at its next transaction. */
async function connectionOf(handle: StorageHandle): Promise<IDBDatabase> {
  const made = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await handle.read()
  const connection = made.mock.contexts.at(-1)
  made.mockRestore()
  return connection as IDBDatabase
}

function forceClose(connection: IDBDatabase): void {
  forceCloseDatabase(connection as never)
}

/**
 * From now on, the first `times` transactions of that mode lose their connection as in a browser:
 * the transaction aborts, then the connection closes. Returns the number of losses.
 */
function loseConnections(mode: IDBTransactionMode, times: number): () => number {
  let lost = 0
  onTransactions((made) => {
    if (made.mode !== mode || lost === times) return
    lost++
    queueMicrotask(() => {
      made.abort()
      forceClose(made.db)
    })
  })
  return () => lost
}

/** Another tab upgrades as soon as such a connection begins a transaction. */
function upgradeUnder(
  isMeant: (connection: IDBDatabase) => boolean,
): () => Promise<IDBDatabase> | undefined {
  let upgrading: Promise<IDBDatabase> | undefined
  onTransactions((made) => {
    if (isMeant(made.db)) upgrading ??= nativeOpen(fullName(), 30)
  })
  return () => upgrading
}

function onTransactions(listener: (made: IDBTransaction) => void): void {
  const begin: IDBDatabase['transaction'] = Reflect.get(IDBDatabase.prototype, 'transaction')
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
    this: IDBDatabase,
    ...args
  ) {
    const made = begin.apply(this, args)
    listener(made)
    return made
  })
}
