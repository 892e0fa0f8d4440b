/**
 * Two tabs on one database, each following the reviewer at its own pace: a late write of one tab never
 * damages what the other one has stored. Checked by opening the database without a reviewer.
 */
import {
  type SyncStore,
  counter,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import { type Rejection, WIRE_VERSION } from '@countersign/core/message'
import { type Storage, type Transport, checksum } from '@countersign/core/ports'
import { reviewerFrame } from '@countersign/core/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene } from './wire.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const Tally = entity('tally', { sum: counter() })
const entities = [Issue]

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

describe('two tabs', () => {
  it('both write, and one makes checkpoints: a reopen has everything', async () => {
    open = await scene()
    const storage = memoryStorage()
    const one = await open.open({ entities, storage, checkpointSteps: 3 })
    const other = await open.open({ entities, storage })
    for (let round = 0; round < 8; round++) {
      one.create(Issue, { title: `one ${round}` })
      other.create(Issue, { title: `other ${round}` })
      if (round % 3 === 2) await open.settle()
    }
    await open.settle()
    expect(await checkpointSeq(storage)).toBeGreaterThan(3)
    await expectAllOf(other, { storage, close: [one, other] })
  })

  it('where tabs have no channel, what depends on a message that the other one knows to be refused is blocked', async () => {
    open = await scene()
    const storage = memoryStorage()
    const away = { entities, storage, over: () => ({ connect: () => silent }) }
    const first = await open.open(away)
    const created = first.create(Issue, { title: 'refused' })
    await first.flushed()
    first.update(Issue, created.id, { title: 'blocked, and never sent' })
    await first.flushed()
    const { sessionId } = first.status.getState()
    await first.close()
    const second = await open.open(away)
    second.update(Issue, created.id, { title: 'on top' })
    await second.flushed()
    await second.close()
    // Another tab has taken over the first session, and gets the rejection.
    const locks = {
      tryAcquire: async (name: string) => (name.endsWith(sessionId!) ? undefined : () => {}),
    }
    const here = await open.open({ entities, storage, platform: { locks } })
    await open.settle().catch(() => {})
    expect(here.status.getState().outboxMessages).toBe(1)
    await refusedIn(sessionId!, { storage, msgId: created.messageId })
    here.setOnline(false)
    here.setOnline(true)
    await vi.waitFor(() => expect(here.status.getState().outboxMessages).toBe(0))
    expect(here.refused.snapshot()).toMatchObject([{ state: 'blocked' }])
  })

  it('a checkpoint of the tab behind keeps what the tab ahead stored', async () => {
    open = await scene()
    const storage = memoryStorage()
    const wire = gate()
    const behind = await open.open({ entities, storage, checkpointSteps: 1, over: wire.over })
    const ahead = await open.open({ entities, storage })
    await createdIn(ahead, 'first')
    await open.settle()
    wire.hold('tail')
    for (const title of ['second', 'third', 'fourth']) await createdIn(ahead, title)
    // A flush whose order comes after all of these runs.
    behind.create(Issue, { title: 'late' })
    await vi.waitFor(() => expect(ahead.query(Issue).rows).toHaveLength(5))
    wire.passThrough('tail')
    await vi.waitFor(async () => expect(await checkpointSeq(storage)).toBe(2))
    await expectAllOf(ahead, { storage, close: [behind, ahead] })
  })

  it('a checkpoint of the tab behind does not replace a newer one', async () => {
    open = await scene()
    const storage = memoryStorage()
    const wire = gate()
    const behind = await open.open({ entities, storage, checkpointSteps: 1, over: wire.over })
    const ahead = await open.open({ entities, storage, checkpointSteps: 3 })
    await createdIn(ahead, 'first')
    await open.settle()
    wire.hold('tail')
    for (const title of ['second', 'third', 'fourth']) await createdIn(ahead, title)
    let newer: number | undefined
    await vi.waitFor(async () => {
      newer = await checkpointSeq(storage)
      expect(newer).toBeGreaterThan(2)
    })
    wire.passThrough('tail')
    // At 2, or beyond, where the machine was busy between two looks.
    await vi.waitFor(() => expect(behind.status.getState().position?.seq).toBeGreaterThanOrEqual(2))
    await createdIn(ahead, 'fifth')
    expect(await checkpointSeq(storage)).toBeGreaterThanOrEqual(newer!)
    await expectAllOf(ahead, { storage, close: [behind, ahead] })
  })

  it('a snapshot that reaches the tab behind late takes nothing back', async () => {
    open = await scene({ limits: { tailChangesMax: 2 } })
    const storage = memoryStorage()
    const wire = gate()
    const behind = await open.open({ entities, storage, over: wire.over })
    const ahead = await open.open({ entities, storage })
    const id = await createdIn(ahead, 'first')
    await open.settle()
    behind.setOnline(false)
    for (const title of ['a', 'b', 'c', 'd']) await ahead.update(Issue, id, { title }).settled()
    wire.hold('page')
    behind.setOnline(true)
    await vi.waitFor(() => expect(wire.waiting('through')).toBe(true))
    await createdIn(ahead, 'second')
    wire.passThrough('through')
    await vi.waitFor(() => expect(behind.status.getState().position?.seq).toBe(6))
    await createdIn(ahead, 'third')
    await expectAllOf(ahead, { storage, close: [behind, ahead] })
  })

  it('where another tab started from the beginning, the tab ahead stores again from its next checkpoint', async () => {
    open = await scene()
    const storage = memoryStorage()
    const another = await storage.open(() => undefined)
    const ahead = await open.open({ entities, storage, checkpointSteps: 3 })
    await createdIn(ahead, 'first')
    const { segments, advance } = await another.read()
    await createdIn(ahead, 'second')
    const run = segments.filter(({ kind }) => kind === 'tail')
    await another.write({
      durability: 'relaxed',
      reset: true,
      segments: run,
      advance: { ...advance!, fromRank: 0 },
    })
    await createdIn(ahead, 'third')
    expect((await another.read()).advance?.rank).toBe(advance!.rank)
    for (const title of ['fourth', 'fifth']) await createdIn(ahead, title)
    await expectAllOf(ahead, { storage, close: [ahead] })
  })

  it('OPS2: what the state of the other tab contains under a later message is not counted once more', async () => {
    open = await scene()
    const storage = memoryStorage()
    const wire = gate()
    const first = await open.open({ entities: [Tally], storage, over: wire.over })
    const other = await open.open({ entities: [Tally], storage, checkpointSteps: 1 })
    const created = first.create(Tally, { sum: counter.increment(1) })
    await created.settled()
    const { id } = created
    // Both tabs may publish the type: the refusal of one publication must arrive before frames are held.
    await open.settle()
    wire.hold('tail')
    for (const by of [6, 5, -4]) {
      first.update(Tally, id, { sum: counter.increment(by) })
      await first.flushed()
    }
    const all = { sum: 8, $state: 'canonical' }
    await vi.waitFor(() => expect(other.peek(Tally, id).row).toMatchObject(all))
    for (let i = 0; i < 3; i++) await other.create(Tally, { sum: counter.increment(1) }).settled()
    await vi.waitFor(async () => expect(await checkpointSeq(storage)).toBeGreaterThan(4))
    for (const tab of [first, other]) await tab.close()

    const third = createSyncStore({ server: true, space: SPACE, entities: [Tally], storage })
    await third.ready
    expect(third.peek(Tally, id).row).toMatchObject(all)
    expect(third.status.getState().outboxMessages).toBe(0)
    await third.close()
  })

  it('a new lineage replaces a longer one, after a reset', async () => {
    const keys = await defaultPlatform().signer.generate()
    const storage = memoryStorage()
    open = await scene({ keys })
    const before = await open.open({ entities, storage })
    for (const title of ['first', 'second', 'third']) await createdIn(before, title)
    await open.close()
    open = await scene({ keys })
    await createdIn(await open.open({ entities }), 'anew')
    const after = await open.open({ entities, storage })
    await after.reset({ keepOutbox: true })
    await open.settle()
    await createdIn(after, 'next')
    await expectAllOf(after, { storage, close: [after] })
  })
})

/** Creates a row. Resolves to its id when the tab has the acceptance. */
async function createdIn(store: SyncStore, title: string): Promise<string> {
  const receipt = store.create(Issue, { title })
  await receipt.settled()
  return receipt.id
}

function atHead(store: SyncStore): Promise<void> {
  return vi.waitFor(() =>
    expect(store.status.getState()).toMatchObject({
      outboxMessages: 0,
      position: { seq: open!.reviewer.state.seq },
    }),
  )
}

/** Closes the tabs, opens the storage without a reviewer, and finds what `newest` showed. */
async function expectAllOf(
  newest: SyncStore,
  { storage, close }: { storage: Storage; close: readonly SyncStore[] },
): Promise<void> {
  await atHead(newest)
  const { position } = newest.status.getState()
  const titles = titlesOf(newest)
  for (const store of close) await store.close()
  const reopened = createSyncStore({ server: true, space: SPACE, entities, storage })
  await reopened.ready
  expect(titlesOf(reopened)).toEqual(titles)
  expect(reopened.status.getState()).toMatchObject({ position, outboxMessages: 0 })
  for (const row of reopened.query(Issue).rows) expect(row.$state).toBe('canonical')
  await reopened.close()
}

function titlesOf(store: SyncStore): readonly string[] {
  return store
    .query(Issue)
    .rows.map((row) => row.title)
    .sort()
}

const silent = { send: () => {}, close: () => {} }

/** Stores what the tab of that session stores when a message is rejected on which all others depend. */
async function refusedIn(
  sessionId: string,
  { storage, msgId }: { readonly storage: Storage; readonly msgId: string },
): Promise<void> {
  const handle = await storage.open(() => {}, SPACE)
  const { outbox } = await handle.read()
  const rejection: Rejection = {
    ...{ v: WIRE_VERSION, space: SPACE, eid: SPACE, epoch: 1, reviewerId: SPACE, at: 0 },
    ...{ msgId, hash: 'A'.repeat(43), reason: 'unauthorised', sig: 'A'.repeat(86) },
  }
  const text = reviewerFrame('rejected', { rejections: [rejection] })
  const record = { kind: 'rejections', ids: [msgId], text, check: checksum(text) } as const
  await handle.write({
    durability: 'strict',
    segments: [{ key: `rejected:${msgId}`, ...record }],
    outboxRemove: outbox.filter((key) => key.startsWith(sessionId)),
  })
}

/** The seq of the checkpoint. Its rank is an epoch and a seq, and these tests have one epoch only. */
async function checkpointSeq(storage: Storage): Promise<number | undefined> {
  const handle = await storage.open(() => undefined)
  const { checkpoint } = await handle.read()
  await handle.close()
  return checkpoint && checkpoint.rank % 2 ** 36
}

interface Gate {
  readonly over: (honest: Transport) => Transport
  /** Holds the frames for the store back, from the next one of that kind on. */
  hold(kind: string): void
  waiting(kind: string): boolean
  /** Delivers the held frames, up to the first one of that kind. */
  passThrough(kind: string): void
}

function gate(): Gate {
  let from: string | undefined
  let held = false
  const frames: { text: string; deliver(): void }[] = []
  const firstOf = (kind: string): number =>
    frames.findIndex(({ text }) => text.startsWith(`["${kind}"`))
  return {
    over: (honest) => ({
      connect: (events) =>
        honest.connect({
          open: () => events.open(),
          closed: (reason) => events.closed(reason),
          frame: (text) => {
            held ||= from !== undefined && text.startsWith(`["${from}"`)
            if (held) frames.push({ text, deliver: () => events.frame(text) })
            else events.frame(text)
          },
        }),
    }),
    hold: (kind) => (from = kind),
    waiting: (kind) => firstOf(kind) >= 0,
    passThrough: (kind) => {
      for (const frame of frames.splice(0, firstOf(kind) + 1)) frame.deliver()
    },
  }
}
