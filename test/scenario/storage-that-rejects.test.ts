/**
 * Every verb that waits for the storage, over one that rejects its first call, then its second, and so
 * on until the verb gets through. Whatever was rejected: the store goes on, nothing is lost that was
 * told to be durable, and the trouble is told, by an error or by the status.
 */
import {
  CountersignError,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
  scale,
} from '@countersign/core'
import {
  type Storage,
  StorageError,
  type StorageHandle,
  type StoredState,
  type Transport,
} from '@countersign/core/ports'
import { SimLocks, partitionOf } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { readWhole } from '../contract/storage-kit.ts'
import { until } from './idle.ts'
import { thrownBy } from './thrown.ts'
import { SPACE, type Scene, scene, wireTo } from './wire.ts'

// A hundred stores a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const First = entity('task', z.object({ title: z.string(), points: z.number().default(0) }))
const Task = First.version(2, z.object({ title: z.string(), points: z.number().default(0) }), [
  scale('points', 10),
])
const PARTITION = partitionOf(SPACE, 'ann')

let on: Scene
const stores: SyncStore[] = []
/** Leads to the reviewer that is there when it connects. */
const transport: Transport = { connect: (events) => wireTo(on.reviewer).connect(events) }

afterEach(closed)

/** Closes everything; a test begins anew for each call that is rejected. */
async function closed(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await on.close()
}

/** A storage that rejects the call it was armed for, once, without any effect. */
class Rejecting implements Storage {
  readonly inner: Storage = memoryStorage()
  /** The call that is rejected next, counted from 1; 0: none. */
  left = 0
  rejected: string | undefined
  readonly #error: () => Error

  constructor(error: () => Error) {
    this.#error = error
  }

  arm(at: number): void {
    this.left = at
    this.rejected = undefined
  }

  async open(...given: Parameters<Storage['open']>): Promise<StorageHandle> {
    this.#step('open')
    const handle = await this.inner.open(...given)
    return {
      read: async () => (this.#step('read'), handle.read()),
      pages: async (...of) => (this.#step('pages'), handle.pages(...of)),
      waiting: async () => (this.#step('waiting'), handle.waiting()),
      write: async (batch) => (this.#step(batch.atOnce ? 'draft' : 'write'), handle.write(batch)),
      claim: async (...of) => (this.#step(`claim ${of[0]}`), handle.claim(...of)),
      erase: async () => (this.#step('erase'), handle.erase()),
      close: () => handle.close(),
    }
  }

  #step(call: string): void {
    if (this.left === 0 || --this.left > 0) return
    this.rejected = call
    throw this.#error()
  }
}

interface Opened {
  readonly online?: boolean
  readonly entities?: readonly [typeof Task | typeof First]
  /** Whom the app names; undefined: it never answers. */
  readonly person?: string | undefined
}

function begin(
  storage: Storage | undefined,
  { online = true, entities = [Task], ...who }: Opened = {},
) {
  const person = 'person' in who ? who.person : 'ann'
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities, transports: [transport] },
    ...(storage && { storage }),
    identity: { personalId: async () => person ?? new Promise<string>(() => {}) },
    auth: 'ann',
    // Of a device of its own: what is open elsewhere is not open to it.
    platform: { locks: new SimLocks().tab(), channel: undefined },
  })
  if (!online) store.setOnline(false)
  stores.push(store)
  return store
}

async function open(storage: Storage, options: Opened = {}): Promise<SyncStore> {
  const store = begin(storage, options)
  await store.ready
  return store
}

const statusOf = (store: SyncStore) => store.status.getState()
const isIdle = (store: SyncStore): boolean =>
  statusOf(store).connection === 'online' &&
  statusOf(store).outboxMessages === 0 &&
  statusOf(store).position?.seq === on.reviewer.state.seq &&
  on.reviewer.state.pendingCommit === 0
const rowsOf = (store: SyncStore) => store.query(Task).rows
const titlesOf = (store: SyncStore): readonly string[] =>
  rowsOf(store)
    .map(({ title }) => title)
    .sort()

/** What a device would have after a crash: a copy of everything that is stored of that person. */
async function copied(inner: Storage): Promise<Storage> {
  const copy = memoryStorage()
  for (const partition of [PARTITION, SPACE]) {
    const from = await inner.open(() => {}, partition)
    const state: Awaited<ReturnType<typeof readWhole>> = await readWhole(from)
    const { segments, outbox, meta, advance, checkpoint } = state
    const isTail = ({ kind }: StoredState['segments'][number]): boolean => kind === 'tail'
    const to = await copy.open(() => {}, partition)
    await to.write({
      durability: 'strict',
      segments: segments.filter((one) => !isTail(one)),
      outboxAdd: outbox,
      meta: [...meta],
      ...(advance && { advance: { ...advance, fromRank: 0 } }),
      ...(checkpoint && { checkpoint }),
    })
    await to.write({ durability: 'strict', segments: segments.filter(isTail) })
    await to.close()
    await from.close()
  }
  return copy
}

/** Rows of which the screen says that they wait in the storage are there after a crash. */
async function isDurableAsTold(store: SyncStore, inner: Storage): Promise<void> {
  const told = rowsOf(store).filter(({ $state }) => $state === 'pending')
  const after = await open(await copied(inner), { online: false })
  for (const { id, title } of told) expect(after.read(Task, id)).toMatchObject({ title })
  await after.close()
}

/** No transaction is open: the next write is a message of its own, and is accepted. */
async function goesOn(store: SyncStore): Promise<void> {
  store.setOnline(true)
  const receipt = store.create(Task, { title: 'later' })
  const seen: string[] = []
  const end = store.subscribe(Task, receipt.id, () => seen.push(receipt.id))
  store.update(Task, receipt.id, { points: 10 })
  expect(seen).toHaveLength(1)
  end()
  expect(await receipt.settled()).toMatchObject({ verdict: 'accepted' })
  expect(statusOf(store).halted).toBeUndefined()
}

interface Before {
  readonly store: SyncStore
  readonly storage: Rejecting
  /** An export of another device. */
  readonly text: string
}

interface Verb {
  readonly run: (before: Before) => Promise<unknown>
  /** Calls of the storage that it makes, at the least. */
  readonly least: number
  readonly online?: boolean
  /** Another reviewer is there when it begins, which has nothing. */
  readonly isReplaced?: boolean
  /** The titles that every device shows at the end, besides that of `goesOn`. */
  readonly shown: readonly string[]
}

const IMPORTED = Array.from({ length: 300 }, (_, i) => `imported ${String(i).padStart(3, '0')}`)

/** A device that has a row of an older version and, where it is offline, one that waits. */
async function prepared(
  storage: Rejecting,
  { online = true, isReplaced = false }: Verb,
): Promise<Before> {
  const rules: Parameters<typeof scene>[0] = {
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
    capabilities: () => ['read', 'write', 'publish', 'migrate'],
  }
  on = await scene(rules)
  const old = await open(memoryStorage(), { entities: [First] })
  old.create(First, { title: 'known', points: 1 })
  await until(() => isIdle(old))
  await old.close()
  const other = await open(memoryStorage(), { online: false })
  other.create(Task, { title: 'unsent' })
  const text = await other.export()
  await other.close()
  const store = await open(storage)
  await until(() => isIdle(store))
  if (!online) {
    store.setOnline(false)
    store.create(Task, { title: 'waits' })
    await store.flushed()
  }
  if (isReplaced) {
    await on.reviewer.close()
    on = await scene(rules)
  }
  return { store, storage, text }
}

const verbs: readonly (readonly [string, Verb])[] = [
  [
    'import',
    {
      run: ({ store }) =>
        store.import(
          Task,
          IMPORTED.map((title) => ({ title })),
        ),
      ...{ least: 1, online: false, shown: ['known', 'waits', ...IMPORTED] },
    },
  ],
  [
    'migrate',
    {
      run: ({ store }) => store.migrate(Task, { to: 2 }),
      ...{ least: 2, shown: ['known'] },
    },
  ],
  [
    'importUnsent, twice',
    {
      run: async ({ store, text }) => {
        await store.importUnsent(text)
        await store.importUnsent(text)
      },
      ...{ least: 4, shown: ['known', 'unsent'] },
    },
  ],
  [
    'importUnsent of what was imported before',
    {
      run: async ({ store, storage, text }) => {
        const { left } = storage
        storage.arm(0)
        await store.importUnsent(text)
        storage.arm(left)
        await store.importUnsent(text)
      },
      ...{ least: 2, shown: ['known', 'unsent'] },
    },
  ],
  ['export', { run: ({ store }) => store.export(), ...{ least: 1, shown: ['known'] } }],
  ['rotate', { run: ({ store }) => store.rotate(), ...{ least: 2, shown: ['known'] } }],
  [
    'reset',
    {
      run: ({ store }) => store.reset({ keepOutbox: true }),
      ...{ least: 2, online: false, isReplaced: true, shown: ['waits'] },
    },
  ],
]

const ERRORS: readonly (readonly [string, () => Error])[] = [
  ['quota', () => new StorageError('quota', 'the disk is full')],
  ['failed', () => new Error('an error of the platform')],
]

/** A device over a storage that rejects a call of the verb, and what the verb has thrown. */
interface Rejection extends Before {
  readonly thrown: unknown
  /** For messages of assertions. */
  readonly where: string
}

/** Runs the verb on device after device, with one call later rejected each time, until none is. */
async function inTurn(
  [error, verb]: readonly [() => Error, Verb],
  check: (rejection: Rejection) => Promise<void>,
): Promise<void> {
  let rejections = 0
  for (let at = 1; ; at++) {
    const before = await prepared(new Rejecting(error), verb)
    const { store, storage } = before
    let isTold = false
    store.status.subscribe(({ storageTrouble }) => (isTold ||= storageTrouble !== undefined))
    storage.arm(at)
    const thrown = await thrownBy(() => verb.run(before))
    storage.left = 0
    const where = `call ${at}, ${storage.rejected}`
    if (thrown !== undefined) expect(thrown, where).toBeInstanceOf(CountersignError)
    if (storage.rejected !== undefined) {
      rejections++
      // What a draft record has is in the record of its flush, too, which follows.
      const isKnown = isTold || thrown !== undefined || storage.rejected === 'draft'
      expect([isKnown, where]).toEqual([true, where])
    }
    await check({ ...before, thrown, where })
    await closed()
    if (storage.rejected === undefined) break
  }
  expect(rejections).toBeGreaterThanOrEqual(verb.least)
}

describe.each(ERRORS)('a storage that rejects one call (%s)', (_, error) => {
  it.each(verbs)('§15: under %s', async (_, verb) => {
    await inTurn([error, verb], async (rejection) => {
      const { store, storage, thrown, where } = rejection
      await isDurableAsTold(store, storage.inner)
      await goesOn(store)
      if (thrown !== undefined) await verb.run(rejection)
      await until(() => isIdle(store))
      const shown = [...verb.shown, 'later'].sort()
      expect([where, titlesOf(store)]).toEqual([where, shown])
      const crashed = await open(await copied(storage.inner), { online: false })
      const left = titlesOf(crashed)
      for (const title of left) expect(shown, where).toContain(title)
      // The rows of the new reviewer are not taken for older ones than those that were forgotten.
      if (verb.isReplaced) expect([where, left]).toEqual([where, shown])
      await store.close()
      const again = await open(storage.inner)
      await until(() => isIdle(again))
      expect([where, titlesOf(again)]).toEqual([where, shown])
    })
  })

  it.each(['keep', 'discard'] as const)('PER4: under signOut (%s)', async (unsent) => {
    const run = ({ store }: Before): Promise<unknown> => store.signOut({ unsent })
    const verb: Verb = { run, least: 2, online: false, shown: [] }
    await inTurn([error, verb], async ({ store, storage, thrown, where }) => {
      if (thrown !== undefined) {
        expect([where, titlesOf(store)]).toEqual([where, ['known', 'waits']])
        return goesOn(store)
      }
      expect(statusOf(store).ended).toBe('signed_out')
      const unknown = await open(storage.inner, { person: undefined })
      expect([where, titlesOf(unknown)]).toEqual([where, []])
      await unknown.close()
      const again = await open(storage.inner)
      await goesOn(again)
      await until(() => isIdle(again))
      const isKept = unsent === 'keep' || storage.rejected === 'erase'
      const shown = isKept ? ['known', 'later', 'waits'] : ['known', 'later']
      expect([where, titlesOf(again)]).toEqual([where, shown])
    })
  })

  it('§15: at an opening that publishes a version', async () => {
    let rejections = 0
    for (let at = 1; ; at++) {
      on = await scene()
      const storage = new Rejecting(error)
      const old = await open(storage, { entities: [First] })
      old.create(First, { title: 'known', points: 1 })
      await until(() => isIdle(old))
      old.setOnline(false)
      old.create(First, { title: 'waits', points: 1 })
      await old.close()
      storage.arm(at)
      const store = await open(storage)
      await until(() => isIdle(store))
      storage.left = 0
      const where = `call ${at}, ${storage.rejected}`
      if (storage.rejected !== undefined) rejections++
      await isDurableAsTold(store, storage.inner)
      await goesOn(store)
      await store.close()
      const again = await open(storage.inner)
      await until(() => isIdle(again))
      expect([where, titlesOf(again)]).toEqual([where, ['known', 'later', 'waits']])
      expect(rowsOf(again).map(({ points }) => points)).toContain(10)
      await closed()
      if (storage.rejected === undefined) break
    }
    expect(rejections).toBeGreaterThanOrEqual(8)
  })
})

it('UNS1: without a storage, a text that is imported twice is written once', async () => {
  const { text, store } = await prepared(new Rejecting(() => new Error()), verbs[2]![1])
  await store.close()
  const volatile = begin(undefined)
  await volatile.ready
  await until(() => isIdle(volatile))
  expect(await volatile.importUnsent(text)).toMatchObject({ written: 1, skipped: 0 })
  expect(await volatile.importUnsent(text)).toMatchObject({ written: 0, skipped: 1 })
})
