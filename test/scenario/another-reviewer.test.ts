/**
 * A reviewer that does not fit the store: another space, another key, data that are gone. The
 * status says which, a warning tells the developer what to do, and `reset` continues; no message is lost
 * without a report.
 */
import {
  type StoreOptions,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
  scale,
} from '@countersign/core'
import { type Transport, memorySpaces } from '@countersign/core/ports'
import { type Reviewer, type ReviewerEvent, createReviewer } from '@countersign/core/reviewer'
import { createLimitedStore } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { SPACE, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), points: z.number().default(0) }))
const OTHER_SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'

const ends: (() => Promise<void>)[] = []
let current: Reviewer
let warned: string[]

beforeEach(() => void (warned = []))
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const { signer, clock, random } = defaultPlatform()

async function review(options: Partial<Parameters<typeof createReviewer>[0]> = {}): Promise<void> {
  const spaces = memorySpaces()
  const keys = await signer.generate()
  current = await createReviewer({ space: SPACE, spaces, keys, signer, clock, random, ...options })
  const started = current
  ends.push(() => started.close())
}

/** Connects to the reviewer that is the current one at that moment. */
const transport: Transport = { connect: (events) => wireTo(current).connect(events) }

async function open(options: Partial<StoreOptions> = {}): Promise<SyncStore> {
  const store = createSyncStore({
    space: SPACE,
    entities: [Task],
    storage: memoryStorage(),
    transports: [transport],
    platform: { warn: (text) => warned.push(text) },
    ...options,
  })
  ends.push(() => store.close())
  await store.ready
  return store
}

const status = (store: SyncStore) => store.status.getState()
const online = (store: SyncStore) =>
  vi.waitFor(() => expect(status(store)).toMatchObject({ connection: 'online', outboxMessages: 0 }))
const refused = (store: SyncStore) =>
  vi.waitFor(() => expect(status(store).connection).toBe('refused'))

function reconnect(store: SyncStore): void {
  store.setOnline(false)
  store.setOnline(true)
}

describe('a reviewer that does not fit', () => {
  it('another space: `refused`, the space in the note, one warning with the cure, one event', async () => {
    const events: unknown[] = []
    await review({ onEvent: (event) => events.push(event) })
    const store = await open({ space: OTHER_SPACE })
    await refused(store)
    store.create(Task, { title: 'kept' })
    reconnect(store)
    await refused(store)
    expect(status(store)).toMatchObject({
      connectionRefusal: 'wrong_space',
      connectionNote: `this reviewer does not review the space ${OTHER_SPACE}`,
      outboxMessages: 1,
    })
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain('--space')
    expect(events).toContainEqual({
      type: 'greeting_refused',
      address: 'here',
      why: `this reviewer does not review the space ${OTHER_SPACE}`,
    })
  })

  it('another key than the pinned one: `refused` as other_reviewer', async () => {
    await review()
    const reviewerKey = (await signer.generate()).publicKey
    const store = await open({ reviewerKey })
    await refused(store)
    expect(status(store).connectionRefusal).toBe('other_reviewer')
    expect(warned).toEqual([expect.stringContaining('reviewerKey')])
  })

  it('the reason goes when the right reviewer answers', async () => {
    await review({ space: OTHER_SPACE })
    const store = await open()
    await refused(store)
    await review()
    reconnect(store)
    await online(store)
    expect(status(store)).toMatchObject({ connectionRefusal: undefined, connectionNote: undefined })
  })
})

describe('a reviewer that began again without its data', () => {
  it('with another key: nothing is taken from it until a reset', async () => {
    await review()
    const store = await open()
    const known = store.create(Task, { title: 'known' }).id
    await online(store)
    store.setOnline(false)
    const stranded = store.update(Task, known, { points: 5 })
    const fresh = store.create(Task, { title: 'fresh' })
    store.update(Task, fresh.id, { points: 8 })
    await review()
    store.setOnline(true)
    await refused(store)
    expect(status(store)).toMatchObject({ connectionRefusal: 'other_reviewer', outboxMessages: 3 })
    expect(store.query(Task).rows).toHaveLength(2)
    expect(warned).toEqual([expect.stringContaining('store.reset')])

    await store.reset({ keepOutbox: true })
    await online(store)
    expect(store.query(Task).rows).toMatchObject([
      { title: 'fresh', points: 8, $state: 'canonical' },
    ])
    expect(await stranded.settled()).toMatchObject({ reason: 'parent_lost' })
    expect(store.refused.snapshot()).toMatchObject([
      { changes: [{ id: known, values: { points: 5 } }], reason: 'parent_lost' },
    ])
    // The store no longer has the row, so the message cannot be written again; it can be read, and discarded.
    expect(() => store.reauthor(stranded.messageId)).toThrow(/there is no task/)
    store.discard(stranded.messageId)
    expect(store.refused.snapshot()).toEqual([])
    expect(current.state).toMatchObject({ accepted: 3 }) // one publishes the type
  })

  it('a reset outlives a restart; without keepOutbox nothing waits', async () => {
    await review()
    const storage = memoryStorage()
    const first = await open({ storage })
    first.create(Task, { title: 'known' })
    await online(first)
    first.setOnline(false)
    first.create(Task, { title: 'given up' })
    await review()
    await first.reset({ keepOutbox: false })
    expect(status(first)).toMatchObject({ outboxMessages: 0, rejectedMessages: 0, position: null })
    expect(first.query(Task).rows).toEqual([])
    await first.close()
    const second = await open({ storage })
    await online(second)
    expect(second.query(Task).rows).toEqual([])
    expect(second.refused.snapshot()).toEqual([])
    expect(current.state).toMatchObject({ accepted: 1 }) // it publishes the type
  })
})

describe('a developer gets one warning for each reason', () => {
  it('a type that the reviewer does not know', async () => {
    await review({ entities: [entity('other', z.object({ a: z.string() }))] })
    const store = await open()
    store.create(Task, { title: 'waits' })
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned[0]).toContain('task 1')
    // The declaration of the type, which the store publishes, is accepted in its own time.
    await vi.waitFor(() => expect(status(store).outboxMessages).toBe(1))
  })

  it('a version of a type that the reviewer does not know', async () => {
    await review({ entities: [Task] })
    const Newer = Task.version(2, z.object({ title: z.string(), points: z.number() }), [
      scale('points', 10),
    ])
    const store = await open({ entities: [Newer] })
    store.create(Newer, { title: 'waits', points: 1 })
    await vi.waitFor(() => expect(status(store).reviewerLacks).toEqual(['task 2']))
    await vi.waitFor(() => expect(warned).toEqual([expect.stringContaining('task 2')]))
    await vi.waitFor(() => expect(status(store).outboxMessages).toBe(1))
  })

  it('OPN2 a reviewer that speaks another version of the protocol: `refused`, with the cure', async () => {
    await review()
    const newer: Transport = {
      connect: (events) =>
        wireTo(current).connect({
          ...events,
          frame: (text) => events.frame(text.replace(/^\["welcome",\d+/, '["welcome",99')),
        }),
    }
    const store = await open({ transports: [newer] })
    await refused(store)
    expect(status(store)).toMatchObject({
      connectionRefusal: 'wrong_version',
      connectionNote: expect.stringContaining('version 99'),
    })
    await vi.waitFor(() => expect(warned).toEqual([expect.stringContaining('the same release')]))
  })

  it('ADM29 a rule that fails: the message waits for the operator; the event has stack, type, id and pseudonym', async () => {
    const events: ReviewerEvent[] = []
    let isMended = false
    const rules = {
      task: {
        create: () => {
          if (isMended) return true as const
          throw new Error('boom')
        },
      },
    }
    await review({ entities: [Task], rules, onEvent: (event) => events.push(event) })
    const store = await open()
    const { messageId } = store.create(Task, { title: 'waits' })
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned[0]).toContain('a rule of this reviewer failed')
    expect(status(store).undecided).toMatch(/waits until its operator has fixed the rule/)
    expect(events.find(({ type }) => type === 'rule_failed')).toMatchObject({
      error: 'boom',
      rule: 'task.create',
      types: ['task'],
      msgId: messageId,
      authorId: status(store).authorId,
      stack: expect.stringContaining('another-reviewer.test.ts'),
    })
    isMended = true
    await vi.waitFor(() => expect(status(store).outboxMessages).toBe(0))
    expect(status(store).undecided).toBeUndefined()
  })

  it('a rejection that nothing shows; silence when something does', async () => {
    const rules = { task: { create: () => 'not you' } }
    await review({ entities: [Task], rules })
    const store = await open()
    await store.create(Task, { title: 'a' }).settled()
    await store.create(Task, { title: 'b' }).settled()
    expect(warned).toEqual([expect.stringMatching(/not you.*useRefused/)])
    const listening = await open()
    listening.onRejected(() => {})
    warned = []
    await listening.create(Task, { title: 'c' }).settled()
    expect(warned).toEqual([])
  })

  it('a field that is never assigned', async () => {
    const Numbered = entity('task', z.object({ title: z.string(), no: z.number() })).assigned('no')
    await review()
    const store = await open({ entities: [Numbered] })
    await store.create(Numbered, { title: 'a' }).settled()
    expect(warned).toEqual([expect.stringContaining('assigned field no')])
  })

  it('a storage that is blocked', async () => {
    const { StorageError } = await import('@countersign/core/ports')
    await review()
    await open({
      storage: { open: () => Promise.reject(new StorageError('blocked', 'another tab')) },
    })
    expect(warned).toEqual([expect.stringContaining('Close other tabs')])
  })

  it('a storage that does not answer', async () => {
    await review()
    const store = createLimitedStore(
      {
        ...{ space: SPACE, entities: [Task], transports: [transport] },
        storage: { open: () => new Promise(() => {}) },
        platform: { warn: (text) => warned.push(text) },
      },
      { storageAnswerMs: 5 },
    )
    ends.push(() => store.close())
    await store.ready
    expect(status(store).storageTrouble).toBe('hanging')
    await vi.waitFor(() => expect(warned).toEqual([expect.stringContaining('(hanging)')]))
    expect(warned[0]).toContain('restart the browser')
  })

  it.each([
    ['development', 1],
    ['production', 0],
  ])('in %s the console gets %i, where the app gives nothing to warn with', async (mode, count) => {
    const console = vi.spyOn(globalThis.console, 'warn').mockImplementation(() => {})
    vi.stubEnv('NODE_ENV', mode)
    ends.push(async () => {
      console.mockRestore()
      vi.unstubAllEnvs()
    })
    await review()
    const store = await open({ space: OTHER_SPACE, platform: {} })
    await refused(store)
    // The sentences are a part that loads on demand: it is here when another store has used it.
    const spoken = await open({ space: OTHER_SPACE })
    await refused(spoken)
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(console.mock.calls).toHaveLength(count)
    for (const [text] of console.mock.calls) expect(text).toContain('--space')
  })
})

describe('a store that is closed', () => {
  it('stays closed after any setOnline', async () => {
    await review()
    const store = await open()
    await online(store)
    await store.close()
    store.setOnline(true)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(status(store).connection).toBe('closed')
    expect(current.state.connections).toBe(0)
  })
})
