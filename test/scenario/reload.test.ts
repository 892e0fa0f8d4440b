/**
 * A page that ends right after a write: hash and signature were never made, and the write is still
 * stored, once. A page ends when its clock and its locks do.
 */
import {
  type Row,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Storage, StorageHandle, StoredState, Transport } from '@countersign/core/ports'
import { SimLocks, type TabLocks } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), note: z.string().optional() }))
const entities = [Task]
const platform = defaultPlatform()

let open: Scene
let storage: Storage
let locks: SimLocks
let pages: Page[] = []

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
  open = await scene()
  await publish()
  storage = memoryStorage()
  locks = new SimLocks()
  pages = []
})

afterEach(async () => {
  for (const page of pages) await page.close()
  await open.close()
})

describe('a tab that closes while another is open', () => {
  it('§6: what it left is delivered by the other one, when that reaches the reviewer', async () => {
    const other = await page()
    const closing = await page()
    closing.store.create(Task, { title: 'sealed' })
    await closing.store.flushed()
    closing.signs = false
    closing.store.create(Task, { title: 'draft' })
    await closing.end()
    await other.accepted()
    await vi.waitFor(() => expect(delivered()).toBe(2))
    expect(titlesOf(other.store)).toEqual(['draft', 'sealed'])
    expect(await draftsStored()).toBe(0)
  })

  it('§6: all of it: flushes from before the other one opened, and the last one', async () => {
    const closing = await page()
    closing.store.create(Task, { title: 'first' })
    await closing.store.flushed()
    const other = await page()
    expect(titlesOf(other.store)).toEqual([])
    closing.store.create(Task, { title: 'last' })
    await closing.store.flushed()
    await closing.end()
    await other.accepted()
    await vi.waitFor(() => expect(delivered()).toBe(2))
    expect(titlesOf(other.store)).toEqual(['first', 'last'])
  })

  it('§6: and within minutes where it is online all the time', async () => {
    const other = await page()
    await other.accepted()
    const closing = await page()
    closing.store.create(Task, { title: 'a' })
    await closing.store.flushed()
    await closing.end()
    await other.minutes()
    await vi.waitFor(() => expect(delivered()).toBe(1))
    expect(titlesOf(other.store)).toEqual(['a'])
  })

  it('§6: what a tab left that another one has taken over is not taken twice', async () => {
    const tabs = [await page(), await page()]
    const closing = await page()
    closing.store.create(Task, { title: 'a' })
    await closing.store.flushed()
    await closing.end()
    const taken = (): readonly number[] =>
      tabs.map(({ store }) => store.status.getState().outboxMessages).sort((a, b) => a - b)
    for (const tab of tabs) await tab.minutes() // a store looks for ended sessions a second after its start
    await vi.waitFor(() => expect(taken()).toEqual([0, 1]))
    for (const tab of tabs) await tab.minutes()
    expect(taken()).toEqual([0, 1])
  })
})

describe('a page that ends in the turn of a write', () => {
  it('§6: what it wrote is there, pending, and reaches the reviewer once', async () => {
    const first = await pageToEnd()
    const { id } = first.store.create(Task, { title: 'a' })
    first.store.update(Task, id, { note: 'emoji 👩‍👩‍👧, עברית' })
    await first.end()
    const second = await page()
    expect(shown(second.store)).toEqual([{ id, title: 'a', note: 'emoji 👩‍👩‍👧, עברית' }])
    expect(second.store.read(Task, id)!.$state).toBe('pending')
    expect(second.store.status.getState().outboxMessages).toBe(2)
    await second.accepted()
    expect(await titlesAtReviewer()).toEqual(['a'])
    expect(delivered()).toBe(2)
  })

  it('§6: every kind of change, in many messages, on what was stored before', async () => {
    const first = await page()
    const kept = first.store.create(Task, { title: 'kept' })
    await first.store.flushed()
    first.signs = false
    first.store.transact(() => {
      first.store.update(Task, kept.id, { title: 'changed' })
      first.store.create(Task, { title: 'beside' })
    })
    first.store.update(Task, kept.id, { note: 'more' })
    first.store.archive(Task, kept.id)
    first.store.undo()
    for (let i = 0; i < 200; i++) first.store.create(Task, { title: `many ${i}` })
    const before = shown(first.store)
    await first.end()
    const second = await page()
    expect(shown(second.store)).toEqual(before)
    await second.accepted()
    expect(await titlesAtReviewer()).toHaveLength(202)
  })

  it('§6: a message whose id was read keeps it', async () => {
    const first = await pageToEnd()
    const one = first.store.create(Task, { title: 'a' })
    const ids = [one.messageId]
    ids.push(first.store.update(Task, one.id, { title: 'b' }).messageId)
    first.store.create(Task, { title: 'c' })
    await first.end()
    const second = await page()
    expect(second.store.read(Task, one.id)!.$heads).toEqual([ids[1]])
  })

  it('§6: ending again and again before anything is sealed loses nothing and doubles nothing', async () => {
    let id = ''
    for (let life = 0; life < 5; life++) {
      const each = await pageToEnd()
      const { store } = each
      if (life === 0) ({ id } = store.create(Task, { title: '0' }))
      else {
        expect(store.read(Task, id)!.title).toBe(`${life - 1}`)
        store.update(Task, id, { title: `${life}` })
      }
      await each.end()
    }
    const last = await page()
    expect(last.store.status.getState().outboxMessages).toBe(5)
    await last.accepted()
    expect(delivered()).toBe(5)
  })

  it('§6: what was sealed meanwhile is not made again', async () => {
    const first = await page()
    first.store.create(Task, { title: 'a' })
    await first.store.flushed()
    first.signs = false
    first.store.create(Task, { title: 'b' })
    await first.end()
    expect(await draftsStored()).toBe(1)
    const second = await page()
    expect(second.store.status.getState().outboxMessages).toBe(2)
    expect(await draftsStored()).toBe(0)
    await second.accepted()
    expect(delivered()).toBe(2)
  })

  it('§6: a key that lives as long as the tab seals what an ended tab left', async () => {
    const first = await pageToEnd('tab')
    first.store.create(Task, { title: 'a' })
    await first.end()
    const second = await page('tab')
    expect(second.store.status.getState().authorId).not.toBe(first.store.status.getState().authorId)
    await second.accepted()
    expect(await titlesAtReviewer()).toEqual(['a'])
  })

  it.each([
    ['in the same flush', 0],
    ['in a later flush', 30],
  ])(
    '§6: messages that depend on a lost draft %s are blocked, and all others are sent',
    async (_, pauseMs) => {
      const first = await pageToEnd()
      const { id } = first.store.create(Task, { title: 'lost' })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      first.store.update(Task, id, { title: 'on top' })
      await Promise.resolve()
      first.store.create(Task, { title: 'beside' })
      await first.end()
      const [lost] = await draftKeys()
      storage = without(storage, lost!)
      const second = await page()
      const { store } = second
      expect(titlesOf(store)).toEqual(['beside'])
      expect(store.status.getState().outboxMessages).toBe(1)
      expect(store.refused.snapshot()).toMatchObject([{ state: 'blocked' }])
      await second.accepted()
      expect(await titlesAtReviewer()).toEqual(['beside'])
    },
  )

  it('§6: the drafts of a tab that is alive are its own business', async () => {
    const alive = await pageToEnd()
    alive.store.create(Task, { title: 'a' })
    await Promise.resolve()
    const other = await page()
    expect(other.store.status.getState().outboxMessages).toBe(0)
    expect(await draftsStored()).toBe(1)
  })
})

async function draftKeys(): Promise<readonly string[]> {
  const handle = await storage.open(() => {}, SPACE)
  const { segments } = await handle.read()
  return segments.flatMap(({ kind, key }) => (kind === 'draft' ? [key] : []))
}

async function draftsStored(): Promise<number> {
  return (await draftKeys()).length
}

/** A storage that has lost one record. */
function without(inner: Storage, lost: string): Storage {
  return {
    async open(onTrouble, space) {
      const handle = await inner.open(onTrouble, space)
      const read = async (): Promise<StoredState> => {
        const state = await handle.read()
        return { ...state, segments: state.segments.filter(({ key }) => key !== lost) }
      }
      return { ...boundTo(handle), read }
    },
  }
}

function boundTo(handle: StorageHandle): StorageHandle {
  return {
    read: () => handle.read(),
    write: (batch) => handle.write(batch),
    claim: (key, value) => handle.claim(key, value),
    pages: (name, reading) => handle.pages(name, reading),
    waiting: () => handle.waiting(),
    erase: () => handle.erase(),
    close: () => handle.close(),
  }
}

/** A page with a process of its own. */
class Page {
  readonly store: SyncStore
  /** Whether its signer answers. */
  signs = true
  #dead = false
  /** Tasks that are due much later. */
  readonly #inMinutes: (() => void)[] = []
  #reviewer: Transport = { connect: () => ({ send: () => {}, close: () => {} }) }
  readonly #locks: TabLocks = locks.tab()

  constructor(lifetime: 'device' | 'tab') {
    const { clock, signer } = platform
    const { length } = pages
    const never = new Promise<string>(() => {})
    this.store = createSyncStore({
      server: true,
      space: SPACE,
      entities,
      storage,
      identity: { lifetime },
      transports: [{ connect: (events) => this.#reviewer.connect(events) }],
      platform: {
        clock: {
          ...clock,
          after: (delayMs, task) => {
            if (delayMs < 500) return clock.after(delayMs, () => this.#dead || task())
            this.#inMinutes.push(task)
            return () => this.#inMinutes.splice(this.#inMinutes.indexOf(task), 1)
          },
        },
        signer: {
          ...signer,
          sign: (keys, bytes) => (this.signs ? signer.sign(keys, bytes) : never),
        },
        locks: this.#locks,
        tabId: () => `tab ${length}`,
      },
    })
  }

  /** Ends the page with the present task: its microtasks have run, and no timer of it will. */
  async end(): Promise<void> {
    await Promise.resolve()
    this.#dead = true
    this.#locks.die()
  }

  /** Runs the tasks that wait for minutes. */
  async minutes(): Promise<void> {
    for (const task of this.#inMinutes.splice(0)) task()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  /** Resolves when the reviewer has answered everything. */
  async accepted(): Promise<void> {
    this.#reviewer = wireTo(open.reviewer)
    this.store.setOnline(false)
    this.store.setOnline(true)
    await vi.waitFor(() => expect(this.store.status.getState().outboxMessages).toBe(0))
  }

  async close(): Promise<void> {
    if (!this.#dead && this.signs) await this.store.close()
    await this.end()
  }
}

async function page(lifetime: 'device' | 'tab' = 'device'): Promise<Page> {
  const made = new Page(lifetime)
  pages.push(made)
  await made.store.ready
  return made
}

/** A page whose drafts are never sealed. */
async function pageToEnd(lifetime: 'device' | 'tab' = 'device'): Promise<Page> {
  const made = await page(lifetime)
  made.signs = false
  return made
}

function shown(store: SyncStore): readonly Row<typeof Task>[] {
  return store
    .query(Task, { orderBy: ['title'], archived: 'include' })
    .rows.map((row) => ({ ...row }))
}

function titlesOf(store: SyncStore): readonly string[] {
  return shown(store).map(({ title }) => title)
}

async function titlesAtReviewer(): Promise<readonly string[]> {
  const reader = await open.open({ entities })
  await open.settle()
  return reader.query(Task).rows.map(({ title }) => title)
}
