/**
 * A reviewer whose data were lost, or are an older copy: the stores that have read what it had accepted
 * hand it back, the result is the same in all stores, and no person has to act.
 */
import { cpSync, rmSync } from 'node:fs'
import {
  type FollowedScope,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  followed,
  memoryStorage,
} from '@countersign/core'
import { allPages } from '@countersign/core/ports'
import type {
  KeyPair,
  Page,
  SpaceStores,
  Storage,
  StorageHandle,
  StoredState,
  Transport,
} from '@countersign/core/ports'
import { type ReviewerFrame, parseReviewerFrame, reviewerFrame } from '@countersign/core/protocol'
import {
  type Reviewer,
  type ReviewerEvent,
  type ReviewerOptions,
  createReviewer,
  sequence,
} from '@countersign/core/reviewer'
import { sqliteSpaces } from '@countersign/reviewer'
import { rulesFor } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { freshFolder } from '../contract/fresh-folders.ts'
import { SPACE, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), points: z.number().default(0) }))
const Bill = entity('bill', z.object({ to: z.string(), number: z.number().optional() })).assigned(
  'number',
)
const { signer, clock, random } = defaultPlatform()

let folder: string
let keys: KeyPair
let spaces: SpaceStores
let current: Reviewer
let events: ReviewerEvent[]
let stop: () => Promise<void>
/** Options of all reviewers of a test. */
let deployed: Pick<ReviewerOptions, 'entities' | 'assign'>
const stores: SyncStore[] = []

beforeEach(async () => {
  folder = freshFolder()
  keys = await signer.generate()
  events = []
  deployed = {}
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await stop()
})

/** A reviewer on the data of that folder. */
async function start(restored = false): Promise<void> {
  spaces = sqliteSpaces(folder)
  const onEvent = (event: ReviewerEvent): void => void events.push(event)
  current = await createReviewer({
    ...{ space: SPACE, spaces, keys, signer, clock, random, restored, onEvent },
    ...deployed,
    rules: rulesFor(['task'], (_, { values }) => values['title'] !== 'bomb' || 'no bombs'),
  })
  const [started, opened] = [current, spaces]
  stop = async () => {
    await started.close()
    await opened.close()
  }
}

/** The data as they are now, for later. */
async function copied(): Promise<string> {
  await stop()
  const copy = freshFolder()
  cpSync(folder, copy, { recursive: true })
  await start()
  return copy
}

/** Stops the reviewer, and starts it again on a copy of the data, or on none. */
async function fallBack(copy: string | undefined, restored = false): Promise<void> {
  await stop()
  rmSync(folder, { recursive: true, force: true })
  if (copy) cpSync(copy, folder, { recursive: true })
  await start(restored)
}

const transport: Transport = { connect: (link) => wireTo(current).connect(link) }

async function open(
  storage = memoryStorage(),
  over = transport,
  scope?: FollowedScope,
  checkpointSteps = 512,
): Promise<SyncStore> {
  const store = createSyncStore({
    checkpointSteps,
    ...{ server: true, space: SPACE, entities: [Task, Bill], storage, transports: [over], scope },
  })
  stores.push(store)
  await store.ready
  return store
}

/** A store that has read what is there, and has it as a checkpoint only: it hands none of it back. */
async function opensWithCheckpoint(other: SyncStore): Promise<SyncStore> {
  const storage = memoryStorage()
  const early = await open(storage, transport, undefined, 0)
  await settled(other, early)
  await vi.waitFor(async () => {
    const { checkpoint, segments } = await stateOf(storage)
    expect(checkpoint && segments.filter(({ kind }) => kind === 'tail')).toEqual([])
  })
  await early.close()
  return open(storage)
}

/** The key in the record of a store's session, as the reviewer has stored it. */
async function storedKeyOf(store: SyncStore): Promise<string> {
  const [record] = await spaces.open(SPACE).sessions([status(store).sessionId!]) // it is ready
  if (!record?.text.ok) throw new Error('a session with a verdict is stored')
  return (JSON.parse(record.text.value) as { readonly publicKey: string }).publicKey
}

const status = (store: SyncStore) => store.status.getState()
/** What is the same in all stores: not the shown candidate of a conflict, which depends on the reader. */
const told = (store: SyncStore) =>
  store
    .query(Task)
    .rows.map((row) => ({
      ...{ id: row.id, points: row.points, heads: row.$heads, key: row.$orderKey },
      state: row.$state,
      titles: row.$conflicts.title?.candidates.map(({ value }) => value) ?? [row.title],
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

/** Checks that every store is at the head and shows the same. */
async function settled(...all: readonly SyncStore[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const store of all) {
        expect(status(store)).toMatchObject({ connection: 'online', outboxMessages: 0 })
        expect(status(store).position?.seq).toBe(current.state.seq)
      }
    },
    { timeout: 8_000, interval: 10 },
  )
  for (const store of all) expect(told(store)).toEqual(told(all[0]!))
}

const seen = (type: ReviewerEvent['type']) => events.filter((event) => event.type === type)

describe('a reviewer restored from a copy', () => {
  it('LOSS1 REV6 gives no value twice that it had assigned in what came back', async () => {
    deployed = { entities: [Task, Bill], assign: { bill: { number: sequence() } } }
    await start()
    const ann = await open()
    ann.create(Bill, { to: 'one' })
    await settled(ann)
    const copy = await copied()
    await settled(ann)
    for (const to of ['two', 'three']) ann.create(Bill, { to })
    await settled(ann)
    await fallBack(copy, true)
    await settled(ann)
    // Opened again from the store, so that nothing that came back is in memory.
    await stop()
    await start()
    ann.create(Bill, { to: 'four' })
    await settled(ann)
    const numbers = ann.query(Bill).rows.map(({ to, number }) => `${to} ${number}`)
    expect(numbers.sort()).toEqual(['four 4', 'one 1', 'three 3', 'two 2'])
  })

  it('LOSS1 gets its tail back as it was, where nothing was accepted since: seqs kept', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    const first = ann.create(Task, { title: 'before' }).id
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    for (let n = 0; n < 20; n++) ann.create(Task, { title: `ann ${n}` })
    bob.update(Task, first, { points: 3 })
    await settled(ann, bob)
    const before = told(ann)
    const { seq } = current.state
    await fallBack(copy, true)
    await settled(ann, bob)
    expect(told(ann)).toEqual(before)
    expect(current.state.seq).toBe(seq)
    expect(seen('adopted').at(-1)).toMatchObject({ toSeq: seq })
    // The first commit is on an epoch of its own.
    bob.create(Task, { title: 'after' })
    await settled(ann, bob)
    expect(seen('epoch_opened')).toHaveLength(1)
    expect(current.state).toMatchObject({ epoch: 2, seq: seq + 2 })
    const carl = await open()
    await settled(ann, bob, carl)
  })

  it('LOSS2 gets back what was accepted before it went on without it', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    const row = ann.create(Task, { title: 'before' }).id
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    ann.setOnline(false)
    for (let n = 0; n < 20; n++) bob.create(Task, { title: `bob ${n}` })
    bob.update(Task, row, { title: 'by bob' })
    await settled(bob)
    bob.setOnline(false)
    await fallBack(copy, true)
    ann.update(Task, row, { title: 'by ann' })
    ann.setOnline(true)
    await settled(ann)
    expect(ann.query(Task).rows).toHaveLength(1)
    bob.setOnline(true)
    await settled(ann, bob)
    expect(bob.query(Task).rows).toHaveLength(21)
    // Neither had seen the other's write, and no write is lost.
    expect(told(ann).find(({ id }) => id === row)?.titles).toEqual(['by ann', 'by bob'])
    const carl = await open()
    await settled(ann, bob, carl)
  })

  it('LOSS2 gets back each batch once from a store that was told some of them twice', async () => {
    await start()
    const ann = await open(memoryStorage(), overlapping())
    const bob = await open(memoryStorage(), unreturning)
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    for (const title of ['one', 'two', 'three']) {
      bob.create(Task, { title })
      await settled(ann, bob)
    }
    const before = told(ann)
    bob.setOnline(false)
    await fallBack(copy, true)
    await settled(ann)
    expect(seen('strike')).toEqual([])
    expect(seen('adopted')).not.toEqual([])
    bob.setOnline(true)
    await settled(ann, bob)
    expect(told(ann)).toEqual(before)
  })

  it('SEEN8 a row of a lost lineage is named by its seq, where a crash left only the record of the next one', async () => {
    await start()
    const stored = memoryStorage()
    const ann = await open(crashingAt('lineage', stored))
    const bob = await open()
    const row = ann.create(Task, { title: 'before' }).id
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    bob.update(Task, row, { title: 'lost' })
    await settled(ann, bob)
    for (const store of [ann, bob]) store.setOnline(false)
    const before = (await stateOf(stored)).meta.get('lineage')
    await fallBack(copy, true)
    const carl = await open()
    carl.create(Task, { title: 'since' })
    await settled(carl)
    ann.setOnline(true)
    await settled(ann, carl)
    await ann.close()
    expect((await stateOf(stored)).meta.get('lineage')).not.toEqual(before)
    let isThere = false
    const again = await open(stored, {
      connect: (link) => (isThere ? transport : unreachable).connect(link),
    })
    const edit = again.update(Task, row, { points: 5 })
    isThere = true
    await settled(again, carl)
    expect(edit.state).toBe('accepted')
    expect(seen('strike')).toEqual([])
    expect(told(carl).find(({ id }) => id === row)).toMatchObject({ points: 5, titles: ['lost'] })
  })

  it('SEEN7 rows of an earlier epoch are written in a later one, by their authors too', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    const row = ann.create(Task, { title: 'before' }).id
    await settled(ann, bob)
    const copy = await copied()
    await fallBack(copy, true)
    // The first commit opens the epoch, and the rows are read in it.
    bob.create(Task, { title: 'after' })
    await settled(ann, bob)
    expect(status(ann).position).toMatchObject({ epoch: 2 })
    const byAnn = ann.update(Task, row, { points: 1 })
    await settled(ann, bob)
    const byBob = bob.update(Task, row, { points: 2 })
    await settled(ann, bob)
    expect([byAnn.state, byBob.state]).toEqual(['accepted', 'accepted'])
    expect(told(ann).find(({ id }) => id === row)).toMatchObject({ points: 2 })
    expect(ann.query(Task).rows.find(({ id }) => id === row)?.$conflicts).toEqual({})
    expect(seen('strike')).toEqual([])
  })

  it('EPO8, LOSS3 its data deleted and its key kept', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    for (let n = 0; n < 20; n++) ann.create(Task, { title: `ann ${n}` })
    await settled(ann, bob)
    const [{ id } = { id: '' }] = bob.query(Task).rows
    bob.update(Task, id, { title: 'by bob' })
    await settled(ann, bob)
    const before = told(ann)
    await fallBack(undefined)
    await settled(ann, bob)
    expect(told(ann)).toEqual(before)
    const carl = await open()
    await settled(ann, bob, carl)
  })
})

describe('a store that follows parts of the space', () => {
  const follower = async (): Promise<SyncStore> => {
    const store = await open(memoryStorage(), transport, followed)
    await store.follow(Task).ready
    return store
  }

  it('VIEW13, LOSS1 LOSS6 shows what the reviewer has after it fell back, and nothing else', async () => {
    await start()
    const ann = await open()
    const bob = await follower()
    const { id } = ann.create(Task, { title: 'before' })
    ann.create(Task, { title: 'stays' })
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    ann.update(Task, id, { title: 'after' })
    bob.create(Task, { title: 'of Bob' })
    await settled(ann, bob)
    const values = (store: SyncStore) => told(store).map(({ id, titles }) => [id, titles])
    const before = values(ann)
    await fallBack(copy, true)
    // Ann hands back what she has read, and Bob offers his own again: in any order.
    await settled(ann, bob)
    expect(values(bob)).toEqual(before)
    expect(bob.query(Task).complete).toBe(true)
    expect(bob.refused.snapshot()).toEqual([])
  })

  it('LOSS6 its own messages that no store hands back are pending again', async () => {
    await start()
    const ann = await open()
    const bob = await follower()
    const { id } = ann.create(Task, { title: 'before' })
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    ann.update(Task, id, { title: 'lost with Ann' })
    await settled(ann, bob)
    bob.update(Task, id, { points: 3 })
    bob.create(Task, { title: 'of Bob' })
    await settled(ann, bob)
    await ann.close()
    await fallBack(copy, true)
    const eve = await open()
    await settled(bob, eve)
    expect(told(eve).map(({ titles, points }) => [titles[0], points])).toEqual(
      expect.arrayContaining([
        ['before', 3],
        ['of Bob', 0],
      ]),
    )
    expect(bob.refused.snapshot()).toEqual([])
  })
})

describe('a store that has lost something', () => {
  it('LOSS7 opened again after the reviewer fell back: what its storage has is handed back', async () => {
    await start()
    const storage = memoryStorage()
    const first = await open(storage)
    await settled(first)
    const copy = await copied()
    await settled(first)
    for (let n = 0; n < 20; n++) first.create(Task, { title: `ann ${n}` })
    await settled(first)
    const before = told(first)
    await first.close()
    await fallBack(copy, true)
    const again = await open(storage)
    await settled(again)
    expect(told(again)).toEqual(before)
    const carl = await open()
    await settled(again, carl)
  })

  it('LOSS7 its storage is gone: it is a newcomer, and what another store has is back', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    for (let n = 0; n < 20; n++) ann.create(Task, { title: `ann ${n}` })
    await settled(ann, bob)
    const before = told(ann)
    await ann.close()
    bob.setOnline(false)
    await fallBack(copy, true)
    // Both have lost data: Ann all that she had, the reviewer its tail.
    const anew = await open()
    await settled(anew)
    expect(told(anew)).toEqual([])
    bob.setOnline(true)
    await settled(bob, anew)
    expect(told(anew)).toEqual(before)
  })

  it('LOSS6 an older copy of its storage: it writes under another session, and gets the rest', async () => {
    await start()
    const storage = memoryStorage()
    const older = await open(storage)
    older.create(Task, { title: 'before' })
    await settled(older)
    const state = await stateOf(storage)
    for (let n = 0; n < 20; n++) older.create(Task, { title: `ann ${n}` })
    await settled(older)
    const before = told(older)
    const { sessionId } = status(older)
    await older.close()
    const restored = await open(await storageWith(state))
    expect(status(restored).sessionId).not.toBe(sessionId)
    restored.create(Task, { title: 'after' })
    await settled(restored)
    expect(told(restored)).toHaveLength(22)
    expect(told(restored)).toEqual(expect.arrayContaining(before))
    expect(current.state.rejected).toBeLessThan(2) // at most one publication
  })

  it('LOSS6 own messages that no store hands back are pending again, and refused ones stay refused', async () => {
    await start()
    const ann = await open(memoryStorage(), unreturning)
    const row = ann.create(Task, { title: 'before' }).id
    await settled(ann)
    const copy = await copied()
    await settled(ann)
    const rows = Array.from({ length: 20 }, (_, n) => ann.create(Task, { title: `ann ${n}` }))
    const again = ann.update(Task, row, { points: 3 })
    const refused = ann.create(Task, { title: 'bomb' })
    await settled(ann)
    expect(refused.state).toBe('rejected')
    const titles = told(ann).flatMap((one) => one.titles)
    await fallBack(copy, true)
    await settled(ann)
    expect(told(ann).flatMap((one) => one.titles)).toEqual(titles)
    expect(ann.query(Task).rows.find(({ id }) => id === row)).toMatchObject({ points: 3 })
    expect([rows.at(-1)?.state, again.state]).toEqual(['accepted', 'accepted'])
    expect(ann.refused.snapshot()).toMatchObject([{ messageId: refused.messageId }])
    expect(seen('adopted')).toEqual([])
    const carl = await open()
    await settled(ann, carl)
  })

  it('LOSS4 what waits for a row is accepted when the author of that row offers it anew', async () => {
    await start()
    const ann = await open(memoryStorage(), unreturning)
    const row = ann.create(Task, { title: 'one' }).id
    // Bob has only the edit of Carl as a batch.
    const bob = await opensWithCheckpoint(ann)
    const carl = await open()
    await settled(ann, bob, carl)
    carl.update(Task, row, { title: 'two' })
    await settled(ann, bob, carl)
    await carl.close()
    ann.setOnline(false)
    await fallBack(undefined, true)
    await settled(bob)
    expect(told(bob)).toEqual([])
    ann.setOnline(true)
    await vi.waitFor(() => expect(told(bob)[0]?.titles).toContain('two'))
    await settled(ann, bob)
    expect(told(bob)).toMatchObject([{ id: row, titles: ['one', 'two'] }])
  })

  it('LOSS4 WHO5 a session whose messages come back late keeps the key that was stored meanwhile', async () => {
    await start()
    const ann = await open(memoryStorage(), unreturning)
    const row = ann.create(Task, { title: 'one' }).id
    const bob = await opensWithCheckpoint(ann)
    const carl = await open(memoryStorage(), unreturning)
    await settled(ann, bob, carl)
    carl.update(Task, row, { title: 'two' })
    await settled(ann, bob, carl)
    ann.setOnline(false)
    carl.setOnline(false)
    await fallBack(undefined, true)
    // Bob hands back what Carl has written, which waits for the row. Its session has no key.
    await settled(bob)
    expect(told(bob)).toEqual([])
    carl.setOnline(true)
    const other = carl.create(Task, { title: 'other' })
    await vi.waitFor(() => expect(other.state).toBe('accepted'))
    const key = await storedKeyOf(carl)
    expect(key).not.toBe('')
    carl.setOnline(false)
    await vi.waitFor(() => expect(current.state.sessions).toBe(1))
    ann.setOnline(true)
    await vi.waitFor(() => expect(told(bob).find(({ id }) => id === row)?.titles).toContain('two'))
    expect(await storedKeyOf(carl)).toBe(key)
    carl.setOnline(true)
    await settled(ann, bob, carl)
  })

  it('LOSS6 DSK4 what a checkpoint has deleted is stored again with the outbox', async () => {
    await start()
    const storage = memoryStorage()
    let isHeld = false
    const holding: Transport = {
      connect: (events) => {
        const link = unreturning.connect(events)
        const isKept = (text: string): boolean => isHeld && text.startsWith('["offer"')
        return { send: (text) => isKept(text) || link.send(text), close: () => link.close() }
      },
    }
    const ann = await open(storage, holding, undefined, 0)
    ann.create(Task, { title: 'before' })
    await settled(ann)
    const copy = await copied()
    await settled(ann)
    ann.create(Task, { title: 'lost' })
    await settled(ann)
    const ownOf = ({ segments }: Stored): readonly string[] =>
      segments.flatMap(({ kind, key }) => (kind === 'own' ? [key] : []))
    await vi.waitFor(async () => expect(ownOf(await stateOf(storage))).toEqual([]))
    isHeld = true
    await fallBack(copy, true)
    await vi.waitFor(() => expect(status(ann).outboxMessages).toBe(1))
    await ann.flushed()
    const stored = await stateOf(storage)
    expect(stored.outbox).toHaveLength(1)
    expect(ownOf(stored)).toEqual(stored.outbox)
    await ann.close()
    const again = await open(storage)
    await settled(again)
    expect(told(again).flatMap(({ titles }) => titles)).toEqual(
      expect.arrayContaining(['before', 'lost']),
    )
    expect(again.refused.snapshot()).toEqual([])
  })

  it('LOSS4 a value that was decided and lost is not late when it comes back', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    const row = ann.create(Task, { title: 'one' }).id
    await settled(ann, bob)
    ann.setOnline(false)
    const late = ann.update(Task, row, { title: 'late' })
    bob.update(Task, row, { title: 'two' })
    await settled(bob)
    ann.setOnline(true)
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    ann.resolve(Task, row, { title: 'three' })
    await settled(ann, bob)
    // Carl has not read that resolve: the copy that he reads is from when both values were live.
    ann.setOnline(false)
    bob.setOnline(false)
    await fallBack(copy, true)
    const carl = await open()
    await settled(carl)
    carl.resolve(Task, row, { title: 'four' })
    await settled(carl)
    ann.setOnline(true)
    bob.setOnline(true)
    await settled(ann, bob, carl)
    expect(told(carl)).toMatchObject([{ titles: ['four', 'three'] }])
    expect(late.state).toBe('accepted')
    expect([ann, bob, carl].map((store) => store.refused.snapshot())).toEqual([[], [], []])
  })

  it('LOSS5 what was decided on a lost lineage, and waits, is not late: both decisions stand', async () => {
    await start()
    const ann = await open()
    const bob = await open()
    const row = ann.create(Task, { title: 'one' }).id
    await settled(ann, bob)
    const copy = await copied()
    await settled(ann, bob)
    // Ann has read a position that the copy lacks, and resolves on it. She has no verdict on her resolve.
    bob.update(Task, row, { title: 'two' })
    await settled(ann, bob)
    ann.setOnline(false)
    const decided = ann.resolve(Task, row, { title: 'three' })
    bob.setOnline(false)
    await fallBack(copy, true)
    const carl = await open()
    await settled(carl)
    carl.resolve(Task, row, { title: 'four' })
    await settled(carl)
    ann.setOnline(true)
    bob.setOnline(true)
    await settled(ann, bob, carl)
    expect(decided.state).toBe('accepted')
    expect(told(carl)).toMatchObject([{ titles: ['four', 'three'] }])
    expect([ann, bob, carl].map((store) => store.refused.snapshot())).toEqual([[], [], []])
  })
})

/** A wire whose store hands nothing back: the wire answers `held` as if the reviewer had everything. */
const unreturning: Transport = {
  connect: (events) => {
    const link = transport.connect(events)
    return {
      send: (text) =>
        text.startsWith('["held"')
          ? setTimeout(() => events.frame('["back",999]'), 0)
          : link.send(text),
      close: () => link.close(),
    }
  },
}

/** Loses all writes after the second one of a record: the first is of the lineage that a new store follows. */
function crashingAt(record: string, storage: Storage): Storage {
  let writes = 0
  return {
    async open(onTrouble, partition) {
      const handle = await storage.open(onTrouble, partition)
      const write: StorageHandle['write'] = async (batch) => {
        if (writes >= 2) return { order: 0, isCheckpointStored: false }
        if (batch.meta?.some(([key]) => key === record)) writes++
        return handle.write(batch)
      }
      return {
        write,
        read: () => handle.read(),
        pages: (checkpoint, reading) => handle.pages(checkpoint, reading),
        waiting: () => handle.waiting(),
        claim: (key, value) => handle.claim(key, value),
        erase: () => handle.erase(),
        close: () => handle.close(),
      }
    },
  }
}

/** Each tail begins with the batches of the tail before it. */
function overlapping(): Transport {
  return {
    connect: (events) => {
      let before: (ReviewerFrame & { readonly kind: 'tail' }) | undefined
      return transport.connect({
        ...events,
        frame: (text) => {
          const frame = parseReviewerFrame(text)
          if (!frame.ok || frame.value.kind !== 'tail') return events.frame(text)
          const { batches, texts, position } = frame.value
          const all = [...(before?.batches ?? []), ...batches]
          const twice = before ? `${before.texts}\n${texts}` : texts
          before = frame.value
          events.frame(reviewerFrame('tail', { batches: all, position }, twice))
        },
      })
    },
  }
}

const unreachable: Transport = {
  connect: (link) => {
    setTimeout(() => link.closed('nobody is there'), 0)
    return { send: () => {}, close: () => {} }
  },
}

interface Stored extends StoredState {
  /** Of the checkpoint. */
  readonly pages: readonly Page[]
}

/** The records of a storage as they are now. */
async function stateOf(storage: Storage): Promise<Stored> {
  const handle = await storage.open(() => {}, SPACE)
  const state = await handle.read()
  const pages = state.checkpoint && (await allPages(handle, state.checkpoint.name))
  await handle.close()
  return structuredClone({ ...state, pages: pages ?? [] })
}

async function storageWith({
  segments,
  outbox,
  settled: ranks,
  meta,
  advance,
  checkpoint,
  pages,
}: Stored): Promise<Storage> {
  const storage = memoryStorage()
  const handle = await storage.open(() => {}, SPACE)
  for (const segment of segments)
    await handle.write({
      ...{ durability: 'strict', segments: [segment] },
      ...(segment.kind === 'tail' && { advance: { rank: segment.rank!, fromRank: 0, text: '' } }),
    })
  const position = advance && { ...advance, rank: advance.rank + 1, fromRank: 0 }
  await handle.write({
    ...{ durability: 'strict', outboxAdd: outbox, meta: [...meta] },
    settled: [...ranks].map(([key, rank]) => ({ key, rank })),
    ...(position && { advance: position }),
    ...(checkpoint && { checkpoint: { ...checkpoint, pages } }),
  })
  await handle.close()
  return storage
}
