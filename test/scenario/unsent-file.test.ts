/** Unsent work as a file: exported in one browser, imported in another, under another key. */
import { type SyncStore, createSyncStore, entity, memoryStorage } from '@countersign/core'
import { defaultPlatform } from '@countersign/core'
import { type Storage, checksum, memorySpaces } from '@countersign/core/ports'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import { rulesFor } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { SPACE, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), points: z.number().default(0) }))
const { signer, clock, random } = defaultPlatform()

let reviewer: Reviewer
const stores: SyncStore[] = []

beforeEach(async () => {
  reviewer = await createReviewer({
    ...{ space: SPACE, spaces: memorySpaces(), keys: await signer.generate() },
    ...{ signer, clock, random },
    rules: rulesFor(['task'], (_, { values }) => values['title'] !== 'bomb' || 'no bombs'),
  })
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await reviewer.close()
})

async function open(online: boolean, storage: Storage = memoryStorage()): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Task], storage },
    transports: [{ connect: (link) => wireTo(reviewer).connect(link) }],
  })
  stores.push(store)
  store.setOnline(online)
  await store.ready
  if (online) await settled(store)
  return store
}

async function settled(...all: readonly SyncStore[]): Promise<void> {
  await vi.waitFor(
    () => {
      for (const store of all) {
        const { connection, outboxMessages, position, caughtUp } = store.status.getState()
        expect([connection, outboxMessages, caughtUp]).toEqual(['online', 0, true])
        expect(position?.seq).toBe(reviewer.state.seq)
      }
    },
    { timeout: 8_000, interval: 10 },
  )
}

const titles = (store: SyncStore): readonly string[] =>
  store
    .query(Task)
    .rows.map(({ title, points }) => `${title} ${points}`)
    .sort()

/** A store with a row of another author, which then writes without a network. */
async function writtenAway(): Promise<{ readonly ann: SyncStore; readonly shared: string }> {
  const bob = await open(true)
  const shared = bob.create(Task, { title: 'shared' }).id
  await settled(bob)
  const ann = await open(true)
  ann.setOnline(false)
  const mine = ann.create(Task, { title: 'mine' }).id
  ann.update(Task, mine, { points: 2 })
  ann.update(Task, shared, { points: 5 })
  ann.transact(() => {
    ann.create(Task, { title: 'two' })
    ann.create(Task, { title: 'three' })
  })
  return { ann, shared }
}

const WRITTEN = ['mine 2', 'shared 5', 'three 0', 'two 0']

describe('UNS1 the text of unsent work', () => {
  it('is written anew in another browser, under another author, and only once', async () => {
    const { ann } = await writtenAway()
    const text = await ann.export()
    const storage = memoryStorage()
    const eve = await open(true, storage)
    const [report, twice] = await Promise.all([eve.importUnsent(text), eve.importUnsent(text)])
    expect(report).toEqual({ written: 4, skipped: 0, left: [] })
    expect(twice).toEqual({ written: 0, skipped: 4, left: [] })
    expect(titles(eve)).toEqual(WRITTEN)
    expect(eve.query(Task).rows.filter((row) => row.$mine)).toHaveLength(3)
    expect(eve.status.getState().authorId).not.toBe(ann.status.getState().authorId)
    expect(await eve.importUnsent(text)).toEqual({ written: 0, skipped: 4, left: [] })
    await settled(eve)
    expect(await eve.importUnsent(text)).toMatchObject({ written: 0, skipped: 4 })
    await eve.close()
    // Also after a reload.
    const again = await open(true, storage)
    expect(await again.importUnsent(text)).toMatchObject({ written: 0, skipped: 4 })
    expect(titles(again)).toEqual(WRITTEN)
  })

  it('has refused messages, and none that were accepted', async () => {
    const ann = await open(true)
    ann.create(Task, { title: 'accepted' })
    await settled(ann)
    expect((await ann.export()).split('\n')).toHaveLength(2)
    await ann.create(Task, { title: 'bomb' }).settled()
    const text = await ann.export()
    expect(text).toContain('bomb')
    expect(text).not.toContain('accepted')
    expect(await ann.importUnsent(text)).toEqual({ written: 0, skipped: 1, left: [] })
  })

  it('has what was written in a tab that is gone, and what cannot be stored', async () => {
    const storage = memoryStorage()
    const gone = await open(false, storage)
    gone.create(Task, { title: 'of another tab' })
    await gone.close()
    const store = await open(false, storage)
    store.create(Task, { title: 'of this one' })
    const text = await store.export()
    expect(text.split('\n')).toHaveLength(4)
    const volatile = createSyncStore({ server: true, space: SPACE, entities: [Task] })
    stores.push(volatile)
    await volatile.ready
    volatile.create(Task, { title: 'in memory only' })
    expect(await volatile.export()).toContain('in memory only')
    // Without a connection the store cannot ask, and no message was sent.
    expect(await volatile.importUnsent(text)).toMatchObject({ written: 2, left: [] })
  })
})

describe('UNS2 what was accepted meanwhile is not written again', () => {
  it('because the first browser got online after all', async () => {
    const { ann } = await writtenAway()
    const text = await ann.export()
    ann.setOnline(true)
    await settled(ann)
    const eve = await open(true)
    eve.query(Task).rows.forEach(({ id, title }) => eve.update(Task, id, { title: `${title}!` }))
    await settled(eve)
    expect(await eve.importUnsent(text)).toEqual({ written: 0, skipped: 4, left: [] })
    expect(titles(eve)).toEqual(['mine! 2', 'shared! 5', 'three! 0', 'two! 0'])
    // Also in the store that wrote it.
    expect(await ann.importUnsent(text)).toMatchObject({ written: 0, skipped: 4 })
  })

  it('so the reviewer must be reached', async () => {
    const { ann } = await writtenAway()
    const text = await ann.export()
    const eve = await open(false)
    await expect(eve.importUnsent(text)).rejects.toMatchObject({ code: 'unavailable' })
    expect(eve.query(Task).rows).toEqual([])
  })
})

it('UNS3 what cannot be written is left with its reason, and tried again by the next import', async () => {
  const { ann, shared } = await writtenAway()
  const text = await ann.export()
  const other = text.replaceAll(shared, shared.replace(/^......../, '00000000'))
  const lines = other.slice(other.indexOf('\n') + 1)
  const first = JSON.parse(other.slice(0, other.indexOf('\n'))) as object
  const eve = await open(true)
  const changed = `${JSON.stringify({ ...first, sum: checksum(lines) })}\n${lines}`
  const report = await eve.importUnsent(changed)
  expect(report).toMatchObject({ written: 3, skipped: 0 })
  expect(report.left.map(({ why }) => why)).toEqual([
    expect.stringMatching(/^there is no task 0000/),
  ])
  expect(await eve.importUnsent(changed)).toMatchObject({ written: 0, skipped: 3 })
  expect(titles(eve)).toEqual(['mine 2', 'shared 0', 'three 0', 'two 0'])
})

describe('UNS4 a text that does not hold writes nothing', () => {
  it('damaged, cut, of another space, of another version, or no export at all', async () => {
    const { ann } = await writtenAway()
    const text = await ann.export()
    const eve = await open(true)
    const before = titles(eve)
    for (const [wrong, why] of [
      [text.replace('"mine"', '"mime"'), 'damaged, or not whole'],
      [text.slice(0, -10), 'damaged, or not whole'],
      [text.split('\n').slice(0, 3).join('\n'), 'damaged, or not whole'],
      [text.replace(`"space":"${SPACE}"`, '"space":"other"'), 'of the space other'],
      [text.replace('"version":1', '"version":9'), 'of version 9'],
      ['a diary', 'not the text of an export'],
      ['', 'not the text of an export'],
    ] as const) {
      const call = eve.importUnsent(wrong)
      await expect(call).rejects.toMatchObject({ code: 'invalid' })
      await expect(call).rejects.toThrow(why)
    }
    expect(titles(eve)).toEqual(before)
    expect(eve.status.getState().outboxMessages).toBe(0)
  })
})
