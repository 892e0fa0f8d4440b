/** Tabs of one device that are open at the same time show each other's writes before the reviewer has them. */
import {
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Clock, Storage } from '@countersign/core/ports'
import type { ReviewRule } from '@countersign/core/reviewer'
import { SimChannels, SimLocks, type TabLocks } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), note: z.string().optional() }))
const entities = [Task]
const { clock } = defaultPlatform()
/** Delays after which a tab reads what another tab has stored. */
const LOOKS_MS: readonly number[] = [300, 2_000]

let open: Scene
let storage: Storage
let locks: SimLocks
let channels: SimChannels
let stores: SyncStore[]

/** The seq after the types were published. */
let publishedSeq = 0

async function publish(): Promise<void> {
  await open.open({ entities })
  await open.settle()
  publishedSeq = open.reviewer.state.seq
}

/** Messages about rows that the reviewer has accepted. */
function delivered(): number {
  return open.reviewer.state.seq - publishedSeq
}

beforeEach(async () => {
  const review: ReviewRule = ({ changes }) =>
    JSON.stringify(changes).includes('"no"') ? 'no' : undefined
  open = await scene({ review })
  await publish()
  storage = memoryStorage()
  locks = new SimLocks()
  channels = new SimChannels()
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  await open.close()
})

interface Tab {
  readonly store: SyncStore
  /** Kills the tab, whatever it is doing. */
  die(): void
}

/** A tab that is offline. `looks`: it reads the storage after a notification. */
async function tab({ looks = true }: { readonly looks?: boolean } = {}): Promise<Tab> {
  let isDead = false
  const lookMs = looks ? 5 : 1_000_000
  const own: TabLocks = locks.tab()
  const quick: Clock = {
    ...clock,
    after: (delayMs, task) =>
      clock.after(LOOKS_MS.includes(delayMs) ? lookMs : delayMs, () => isDead || task()),
  }
  const store = createSyncStore({
    server: true,
    space: SPACE,
    entities,
    storage,
    transports: [wireTo(open.reviewer)],
    platform: { clock: quick, locks: own, channel: channels.tab(quick) },
  })
  store.setOnline(false)
  await store.ready
  stores.push(store)
  return {
    store,
    die: () => {
      isDead = true
      own.die()
      store.setOnline(false)
      stores.splice(stores.indexOf(store), 1)
    },
  }
}

function titles({ store }: Tab): readonly string[] {
  return store
    .query(Task)
    .rows.map(({ title }) => title)
    .sort()
}

describe('two tabs that are offline', () => {
  it('§6: the one that opens later shows what the other has stored, as pending, and does not offer it', async () => {
    const one = await tab()
    const { id } = one.store.create(Task, { title: 'a' })
    one.store.update(Task, id, { note: 'more' })
    await one.store.flushed()
    const other = await tab()
    expect(titles(other)).toEqual(['a'])
    expect(other.store.read(Task, id)!.$state).toBe('pending')
    expect(other.store.status.getState().outboxMessages).toBe(0)
    other.store.setOnline(true)
    await vi.waitFor(() => expect(other.store.status.getState().connection).toBe('online'))
    expect(delivered()).toBe(0)
  })

  it('§6: what is stored comes with its notification, and the storage is not read for it', async () => {
    const [one, other] = [await tab({ looks: false }), await tab({ looks: false })]
    const { id } = one.store.create(Task, { title: 'a' })
    await one.store.flushed()
    one.store.update(Task, id, { note: 'more' })
    await one.store.flushed()
    await vi.waitFor(() => expect(other.store.read(Task, id)?.note).toBe('more'))
    expect(other.store.read(Task, id)!.$state).toBe('pending')
    other.store.update(Task, id, { title: 'b' })
    await vi.waitFor(() => expect(one.store.read(Task, id)?.title).toBe('b'))
    one.store.setOnline(true)
    other.store.setOnline(true)
    await vi.waitFor(() => expect(delivered()).toBe(3))
    await vi.waitFor(() => expect(other.store.read(Task, id)?.$state).toBe('canonical'))
    expect(titles(one)).toEqual(['b'])
  })

  it('§6: a store with another storage sees nothing of it', async () => {
    const one = await tab({ looks: false })
    storage = memoryStorage()
    const other = await tab({ looks: false })
    one.store.create(Task, { title: 'a' })
    await one.store.flushed()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(titles(other)).toEqual([])
  })

  it('§6: what is too large for a notification is read from the storage', async () => {
    const [one, other] = [await tab(), await tab()]
    const { id } = one.store.create(Task, { title: 'a', note: 'n'.repeat(65_000) })
    one.store.create(Task, { title: 'b', note: 'n'.repeat(65_000) })
    await one.store.flushed()
    await vi.waitFor(() => expect(titles(other)).toEqual(['a', 'b']))
    expect(other.store.read(Task, id)!.note).toHaveLength(65_000)
  })

  it('§6: both show what either writes, and each delivers its own, once', async () => {
    const tabs = [await tab(), await tab()] as const
    for (const [i, { store }] of tabs.entries())
      for (let n = 0; n < 3; n++) store.create(Task, { title: `${i}${n}` })
    for (const each of tabs)
      await vi.waitFor(() => expect(titles(each)).toEqual(['00', '01', '02', '10', '11', '12']))
    for (const { store } of tabs) store.setOnline(true)
    for (const { store } of tabs) {
      await vi.waitFor(() => expect(store.status.getState().position?.seq).toBe(publishedSeq + 6))
      for (const row of store.query(Task).rows) expect(row.$state).toBe('canonical')
    }
  })

  it('§6: one edits what the other made: it waits until that is delivered', async () => {
    const one = await tab()
    const other = await tab()
    const { id } = one.store.create(Task, { title: 'a' })
    await vi.waitFor(() => expect(titles(other)).toEqual(['a']))
    const edit = other.store.update(Task, id, { title: 'b' })
    await vi.waitFor(() => expect(titles(one)).toEqual(['b']))
    other.store.setOnline(true)
    await vi.waitFor(() =>
      expect(other.store.status.getState().connectionNote).toContain('is not known here'),
    )
    one.store.setOnline(true)
    expect(await edit.settled()).toMatchObject({ verdict: 'accepted', forked: false })
  })

  it('§6: a refused message leaves both, and its dependents are blocked where they were written', async () => {
    const one = await tab()
    const other = await tab()
    const { id } = one.store.create(Task, { title: 'no' })
    one.store.create(Task, { title: 'fine' })
    await vi.waitFor(() => expect(titles(other)).toEqual(['fine', 'no']))
    const edit = other.store.update(Task, id, { note: 'beside' })
    await other.store.flushed()
    one.store.setOnline(true)
    await vi.waitFor(() => expect(titles(other)).toEqual(['fine']))
    expect(titles(one)).toEqual(['fine'])
    expect(edit.state).toBe('blocked')
    expect(other.store.refused.snapshot()).toHaveLength(1)
    expect(one.store.refused.snapshot()).toHaveLength(1)
    const third = await tab()
    expect(titles(third)).toEqual(['fine'])
  })

  it('§6: when one of them dies, the other delivers what it has shown all along, once', async () => {
    const one = await tab()
    const other = await tab()
    const { id } = one.store.create(Task, { title: 'a' })
    one.store.update(Task, id, { title: 'b' })
    await vi.waitFor(() => expect(titles(other)).toEqual(['b']))
    one.die()
    other.store.setOnline(true)
    await vi.waitFor(() => expect(delivered()).toBe(2))
    await vi.waitFor(() => expect(other.store.read(Task, id)!.$state).toBe('canonical'))
    expect(titles(other)).toEqual(['b'])
    expect(Object.keys(other.store.read(Task, id)!.$conflicts)).toEqual([])
  })

  it('§6: what is refused after it was taken over blocks what was written on it before', async () => {
    const one = await tab()
    const other = await tab()
    other.store.create(Task, { title: 'fine' })
    const { id } = one.store.create(Task, { title: 'no' })
    await vi.waitFor(() => expect(titles(other)).toEqual(['fine', 'no']))
    const edit = other.store.update(Task, id, { note: 'on it' })
    await other.store.flushed()
    one.die()
    other.store.setOnline(true)
    await vi.waitFor(() => expect(titles(other)).toEqual(['fine']))
    expect(edit.state).toBe('blocked')
    expect(other.store.refused.snapshot().map(({ state }) => state)).toEqual([
      'rejected',
      'blocked',
    ])
  })
})
