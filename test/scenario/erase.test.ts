/**
 * Values that were erased: they are in no file of the reviewer, in nothing that is sent from then on, and
 * in no storage, row, stack or panel of a store that has heard of it. Everything else goes on.
 */
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  type SyncStore,
  counter,
  createSyncStore,
  defaultPlatform,
  entity,
  followed,
  memoryStorage,
} from '@countersign/core'
import { type InspectRequest, inspect } from '@countersign/core/inspect'
import { type KeyPair, type Storage, type Transport, allPages } from '@countersign/core/ports'
import {
  type Capability,
  type Reviewer,
  type ReviewerEvent,
  createReviewer,
} from '@countersign/core/reviewer'
import { sqliteSpaces } from '@countersign/reviewer'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { freshFolder } from '../contract/fresh-folders.ts'
import { SPACE, wireTo } from './wire.ts'

/** In every value that is erased, and nowhere else. */
const SECRET = 'canary'
const Note = entity('note', {
  title: z.string(),
  body: z.string().optional(),
  visits: counter(),
  owner: z.string().default('nobody'),
}).index('by title', ['title'])

const { signer, clock, random } = defaultPlatform()
const ALL: readonly Capability[] = ['read', 'write', 'publish', 'erase']

let folder: string
let keys: KeyPair
let current: Reviewer
let may: readonly Capability[]
let stop: () => Promise<void>
let events: ReviewerEvent[]
const stores: SyncStore[] = []

beforeEach(async () => {
  folder = freshFolder()
  keys = await signer.generate()
  may = ALL
  events = []
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await stop()
})

async function start(
  limits: Parameters<typeof createReviewer>[0]['limits'] = {},
  restored = false,
): Promise<void> {
  const spaces = sqliteSpaces(folder)
  current = await createReviewer({
    ...{ space: SPACE, spaces, keys, signer, clock, random, limits, restored },
    entities: [Note],
    capabilities: () => may,
    onEvent: (event) => void events.push(event),
  })
  const started = current
  stop = async () => {
    await started.close()
    await spaces.close()
  }
}

interface Device {
  readonly store: SyncStore
  readonly storage: Storage
  /** Frames that the reviewer has sent it since the last look. */
  readonly heard: string[]
}

const devices: Device[] = []

async function open(storage: Storage = memoryStorage(), scope?: typeof followed): Promise<Device> {
  const heard: string[] = []
  const transport: Transport = {
    connect: (link) =>
      wireTo(current).connect({
        ...link,
        frame: (text) => {
          heard.push(text)
          link.frame(text)
        },
      }),
  }
  const store = createSyncStore({
    ...{
      server: true,
      space: SPACE,
      entities: [Note],
      storage,
      transports: [transport],
      ...(scope && { scope }),
    },
  })
  stores.push(store)
  await store.ready
  const device = { store, storage, heard }
  devices.push(device)
  return device
}

const status = ({ store }: Device) => store.status.getState()

async function settled(...all: readonly Device[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const one of all) {
        expect(status(one)).toMatchObject({ connection: 'online', outboxMessages: 0 })
        expect(status(one).position?.seq).toBe(current.state.seq)
      }
    },
    { timeout: 8_000, interval: 10 },
  )
}

/** All that a storage has, as text. */
async function textOf(storage: Storage): Promise<string> {
  const handle = await storage.open(() => {})
  const state = await handle.read()
  const pages = state.checkpoint ? await allPages(handle, state.checkpoint.name) : []
  await handle.close()
  return JSON.stringify([state, [...state.meta], pages])
}

const REQUESTS: readonly InspectRequest[] = [
  { kind: 'messages', which: 'all', values: true },
  { kind: 'rows', type: 'note' },
  { kind: 'states' },
]

/** A link from before may be lost yet. */
const historyOf = (store: SyncStore, id: string) =>
  vi.waitFor(() => store.history(Note, id), { timeout: 8_000 })

/** All that the store and its panel tell. */
async function told({ store }: Device, id: string): Promise<string> {
  const source = inspect(store)!
  const answers = await Promise.all(REQUESTS.map((request) => source.ask(request)))
  const dag = await source.ask({ kind: 'dagOf', type: 'note', id })
  const { rows } = store.query(Note, { archived: 'include' })
  const history = await historyOf(store, id)
  const conflicts = rows.map(({ $conflicts }) => $conflicts)
  return JSON.stringify([answers, dag, rows, history, conflicts, store.refused.snapshot()])
}

function filesWith(text: string): readonly string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
  return all
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(text))
}

/** Nothing of what was erased is left with these, nor at the reviewer. */
async function nothingIsLeft(id: string, ...all: readonly Device[]): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(filesWith(SECRET)).toEqual([])
      for (const { storage } of all) expect(await textOf(storage)).not.toContain(SECRET)
    },
    { timeout: 8_000, interval: 50 },
  )
  for (const one of all) expect(await told(one, id)).not.toContain(SECRET)
}

/** A row with values of all kinds, and with a history and a conflict. */
async function row(ann: Device, bob: Device): Promise<string> {
  const { id } = ann.store.create(Note, {
    title: `${SECRET} 1`,
    body: `${SECRET} body`,
    owner: 'Ann',
  })
  ann.store.create(Note, { title: 'another' })
  await settled(ann, bob)
  ann.store.update(Note, id, { title: `${SECRET} 2` })
  bob.store.update(Note, id, { title: `${SECRET} 3`, visits: counter.increment(3) })
  await settled(ann, bob)
  expect(ann.store.read(Note, id)?.$conflicts).toHaveProperty('title')
  expect(filesWith(SECRET)).not.toEqual([])
  return id
}

describe('ERA1 values that were erased', () => {
  it('ERA1 ERA2 ERA3 are nowhere any more, and the row says so', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const end = inspect(bob.store)!.subscribe(() => {})
    const id = await row(ann, bob)
    const seq = current.state.seq
    await ann.store.erase(Note, id)
    expect(current.state.seq).toBe(seq + 1)
    for (const one of [ann, bob]) one.heard.length = 0
    await settled(ann, bob)
    for (const { store } of [ann, bob]) {
      expect(store.read(Note, id)).toMatchObject({ visits: 0, $conflicts: {} })
      expect(store.read(Note, id)?.title).toBe(undefined)
      expect(store.read(Note, id)?.$redacted).toEqual(['body', 'owner', 'title', 'visits'])
      expect(store.query(Note, { where: { title: 'another' } }).rows).toHaveLength(1)
    }
    await nothingIsLeft(id, ann, bob)
    const carl = await open()
    await settled(carl)
    expect(carl.store.read(Note, id)?.$redacted).toEqual(['body', 'owner', 'title', 'visits'])
    await nothingIsLeft(id, ann, bob, carl)
    for (const { heard } of [ann, bob, carl]) expect(heard.join('\n')).not.toContain(SECRET)
    const { entries } = await carl.store.history(Note, id)
    expect(entries.map(({ kind }) => kind)).toEqual(['create', 'update', 'update'])
    end()
  })

  it('ERA1 of some fields only: the others stay, in the row and in its history', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    await ann.store.erase(Note, id, ['title', 'body'])
    await settled(ann, bob)
    expect(bob.store.read(Note, id)).toMatchObject({ owner: 'Ann', visits: 3 })
    expect(bob.store.read(Note, id)?.$redacted).toEqual(['body', 'title'])
    await nothingIsLeft(id, ann, bob)
    const { entries } = await bob.store.history(Note, id)
    expect(entries.map(({ values }) => values['owner'])).toEqual(['Ann', undefined, undefined])
  })

  it('ERA4 a row that was erased is written to again, by everybody, and by who was away', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    bob.store.setOnline(false)
    bob.store.update(Note, id, { title: 'of Bob, who was away' })
    await ann.store.erase(Note, id)
    ann.store.update(Note, id, { title: 'of Ann', visits: counter.increment(2) })
    bob.store.setOnline(true)
    await settled(ann, bob)
    for (const { store } of [ann, bob]) {
      const { $conflicts, $redacted, visits } = store.read(Note, id)!
      expect($conflicts.title?.candidates.map(({ value }) => value).sort()).toEqual([
        'of Ann',
        'of Bob, who was away',
      ])
      expect($conflicts.title?.base).toBe(undefined)
      expect($redacted).toEqual(['body', 'owner'])
      expect(visits).toBe(2)
    }
    ann.store.resolve(Note, id, { title: 'agreed' })
    await settled(ann, bob)
    expect(bob.store.read(Note, id)).toMatchObject({ title: 'agreed', $conflicts: {} })
    await nothingIsLeft(id, ann, bob)
    // And once more.
    await bob.store.erase(Note, id, ['title'])
    await settled(ann, bob)
    expect(ann.store.read(Note, id)?.$redacted).toEqual(['body', 'owner', 'title'])
    expect(filesWith('agreed')).toEqual([])
  })

  it('ERA3 no undo brings them back', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    const other = ann.store.create(Note, { title: 'other' }).id
    ann.store.transact(() => {
      ann.store.update(Note, id, { body: `${SECRET} again` })
      ann.store.update(Note, other, { title: 'renamed' })
    })
    await settled(ann, bob)
    await bob.store.erase(Note, id)
    await settled(ann, bob)
    expect(ann.store.undo()).toBeDefined()
    expect(ann.store.read(Note, other)?.title).toBe('other')
    while (ann.store.undo());
    await settled(ann, bob)
    expect(ann.store.read(Note, id)?.title).toBe(undefined)
    await nothingIsLeft(id, ann, bob)
  })
})

describe('ERA5 a store that was away', () => {
  it('ERA5 erases when it comes back: rows, storage, and what it had seen beneath its own writes', async () => {
    await start()
    const [ann, bob, eve] = [await open(), await open(), await open()]
    const id = await row(ann, bob)
    await settled(eve)
    eve.store.setOnline(false)
    bob.store.setOnline(false)
    eve.store.update(Note, id, { owner: 'Eve' })
    // What it has read last is erased itself: it gets a snapshot; Bob has read on.
    await ann.store.erase(Note, id)
    expect(await textOf(eve.storage)).toContain(SECRET)
    for (const one of [bob, eve]) {
      one.heard.length = 0
      one.store.setOnline(true)
    }
    await settled(ann, bob, eve)
    await nothingIsLeft(id, ann, bob, eve)
    for (const { heard } of [bob, eve]) expect(heard.join('\n')).not.toContain(SECRET)
    expect(bob.store.read(Note, id)).toMatchObject({ owner: 'Eve' })
  })

  it('ERA5 also when it was closed, and is opened again', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    await bob.store.close()
    for (let n = 0; n < 3; n++) ann.store.update(Note, id, { body: `${SECRET} later ${n}` })
    await settled(ann)
    await ann.store.erase(Note, id)
    const again = await open(bob.storage)
    await settled(ann, again)
    expect(again.heard.join('\n')).not.toContain(SECRET)
    await nothingIsLeft(id, ann, again)
  })

  it('ERA5 a refusal forgets what stood in the row', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    bob.store.setOnline(false)
    bob.store.resolve(Note, id, { title: 'too late' })
    ann.store.resolve(Note, id, { title: `${SECRET} decided` })
    await settled(ann)
    bob.store.setOnline(true)
    await vi.waitFor(() => expect(bob.store.refused.snapshot()).toHaveLength(1))
    expect(JSON.stringify(bob.store.refused.snapshot())).toContain(SECRET)
    await ann.store.erase(Note, id)
    await settled(ann, bob)
    await nothingIsLeft(id, ann, bob)
    expect(bob.store.refused.snapshot()).toMatchObject([{ reason: 'stale' }])
    // And is not told again what it was.
    await bob.store.close()
    const again = await open(bob.storage)
    await settled(again)
    expect(again.store.refused.snapshot()).toMatchObject([{ reason: 'stale' }])
    await nothingIsLeft(id, ann, again)
  })
})

describe('UNS1 the text of unsent work', () => {
  it('ERA3 UNS1 has no value that was erased, of what stood in the row or was seen beneath a write', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    bob.store.setOnline(false)
    bob.store.resolve(Note, id, { title: 'too late' })
    ann.store.resolve(Note, id, { title: `${SECRET} decided` })
    await settled(ann)
    bob.store.setOnline(true)
    await vi.waitFor(() => expect(bob.store.refused.snapshot()).toHaveLength(1))
    await settled(ann, bob)
    const eve = await open()
    await settled(eve)
    eve.store.setOnline(false)
    eve.store.update(Note, id, { body: 'of Eve' })
    await ann.store.erase(Note, id)
    await settled(ann, bob)
    for (const one of [bob, eve]) {
      const text = await one.store.export()
      expect(text).toContain(one === bob ? 'too late' : 'of Eve')
      expect(text).not.toContain(SECRET)
    }
  })

  it('ERA3 UNS2 of before an erasure brings nothing back: what was accepted is skipped', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    bob.store.setOnline(false)
    bob.store.update(Note, id, { body: `${SECRET} away` })
    const text = await bob.store.export()
    expect(text).toContain(SECRET)
    bob.store.setOnline(true)
    await settled(ann, bob)
    await ann.store.erase(Note, id)
    const eve = await open()
    await settled(ann, bob, eve)
    expect(await eve.store.importUnsent(text)).toEqual({ written: 0, skipped: 1, left: [] })
    await settled(ann, bob, eve)
    expect(await bob.store.export()).not.toContain(SECRET)
    await nothingIsLeft(id, ann, bob, eve)
  })
})

describe('ERA6 stores of scopes', () => {
  it('ERA6 erase what they follow, and give up what they follow no more', async () => {
    await start()
    const [ann, bob] = [await open(), await open(memoryStorage(), followed)]
    const id = ann.store.create(Note, { title: `${SECRET} 1`, owner: 'Ann' }).id
    const kept = ann.store.create(Note, { title: 'kept', owner: 'Ann' }).id
    const other = ann.store.create(Note, { title: `${SECRET} other`, owner: 'Bob' }).id
    await settled(ann)
    const ofAnn = bob.store.follow(Note, { where: { owner: 'Ann' } })
    const ofBob = bob.store.follow(Note, { where: { owner: 'Bob' } })
    await Promise.all([ofAnn.ready, ofBob.ready])
    expect(bob.store.read(Note, other)?.title).toContain(SECRET)
    ofBob.release()
    await ann.store.erase(Note, id, ['title'])
    await ann.store.erase(Note, other)
    await vi.waitFor(() => expect(bob.store.read(Note, id)?.$redacted).toEqual(['title']))
    await vi.waitFor(() => expect(bob.store.read(Note, other)?.title).toBe(undefined))
    expect(bob.store.read(Note, kept)?.title).toBe('kept')
    await nothingIsLeft(id, ann, bob)
  })
})

describe('ERA7 who may', () => {
  it('ERA7 is refused without the capability, and nothing is erased', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    may = ['read', 'write']
    const eve = await open()
    await settled(eve)
    await expect(eve.store.erase(Note, id)).rejects.toMatchObject({
      code: 'unavailable',
      reason: expect.stringMatching(/capability erase is withheld/),
    })
    await expect(ann.store.erase(Note, SPACE)).rejects.toMatchObject({ reason: 'no such row' })
    expect(ann.store.read(Note, id)?.$redacted).toEqual([])
    expect(filesWith(SECRET)).not.toEqual([])
    // The operator may.
    expect(await current.eraseValues(id)).toMatchObject({ ok: true })
    await settled(ann, bob, eve)
    await nothingIsLeft(id, ann, bob, eve)
  })

  it('ERA7 a store without a link says so', async () => {
    await start()
    const ann = await open()
    const { id } = ann.store.create(Note, { title: 'a' })
    await settled(ann)
    ann.store.setOnline(false)
    await expect(ann.store.erase(Note, id)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('ERA9 a reviewer on a copy of its data from before an erasure', () => {
  it.each(['adopts the record', 'carries it out once more on another lineage'])(
    'ERA9 %s',
    async (how) => {
      await start()
      const [ann, bob] = [await open(), await open()]
      const id = await row(ann, bob)
      await stop()
      const copy = freshFolder()
      cpSync(folder, copy, { recursive: true })
      await start()
      // A link from before may be lost yet.
      await vi.waitFor(() => ann.store.erase(Note, id), { timeout: 8_000 })
      ann.store.update(Note, id, { title: 'after' })
      await settled(ann, bob)
      const isAdopted = how.startsWith('adopts')
      if (!isAdopted) for (const { store } of [ann, bob]) store.setOnline(false)
      await stop()
      rmSync(folder, { recursive: true, force: true })
      cpSync(copy, folder, { recursive: true })
      rmSync(copy, { recursive: true, force: true })
      expect(filesWith(SECRET)).not.toEqual([])
      await start({}, true)
      if (!isAdopted) {
        const carl = await open()
        carl.store.create(Note, { title: 'meanwhile' })
        await settled(carl)
        for (const { store } of [ann, bob]) store.setOnline(true)
      }
      await settled(ann, bob)
      await nothingIsLeft(id, ann, bob)
      for (const { store } of [ann, bob])
        await vi.waitFor(() =>
          expect(store.read(Note, id)?.$redacted).toEqual(['body', 'owner', 'visits']),
        )
      expect(ann.store.read(Note, id)?.title).toBe('after')
    },
  )
})

describe('ERA8 a long history', () => {
  it('ERA8 is erased in steps, and a reviewer that ends amid them goes on at its start', async () => {
    await start()
    const [ann, bob] = [await open(), await open()]
    const id = await row(ann, bob)
    for (let n = 0; n < 200; n++) {
      ann.store.update(Note, id, { body: `${SECRET} ${n}` })
      await ann.store.flushed()
    }
    await settled(ann, bob)
    const erasing = ann.store.erase(Note, id).catch((error: unknown) => error)
    await vi.waitFor(() => expect(ann.store.read(Note, id)?.$redacted).not.toEqual([]))
    await stop()
    await start()
    await erasing
    await settled(ann, bob)
    await nothingIsLeft(id, ann, bob)
    expect((await historyOf(ann.store, id)).entries.length).toBeGreaterThan(200)
    // Everything that is there is read, and verifies.
    await stop()
    await start({ dirtyStatesMax: 1 })
    const carl = await open()
    await settled(ann, bob, carl)
    expect(events.filter(({ type }) => type === 'store_failed')).toEqual([])
  })
})
