/**
 * Edits on history that a reader has let go: the states of those rows are asked for, in bounds; what
 * does not fit, or is asked for in vain, becomes a snapshot. Until then the reader is not `online`.
 */
import { type SyncStore, entity } from '@countersign/core'
import type { FaultyDisk, Limits } from '@countersign/core/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Task = entity('task', z.object({ title: z.string(), n: z.number().default(0) }))
const entities = [Task]
const ROWS = 24
/** Bob keeps little, so that what Cy edited offline stands on what Bob has let go. */
const KEEPS_LITTLE = { retainedMessagesMax: 4, retainedSlackMax: 4 }

let scene: VirtualScene

afterEach(() => scene.close())

interface Play {
  readonly ann: SyncStore
  readonly bob: SyncStore
  readonly cy: SyncStore
  readonly line: Line
  readonly disk: FaultyDisk
  readonly ids: readonly string[]
}

/** Ann, Bob and Cy have all rows; Cy is offline and has edited them, Ann has edited them twice since. */
async function play(title: string, limits: Partial<Limits> = {}): Promise<Play> {
  scene = await VirtualScene.open({ limits })
  const ann = await scene.page(scene.line(), { entities })
  const cy = await scene.page(scene.line(), { entities })
  const line = scene.line()
  const disk = scene.disk()
  const bob = await scene.page(line, { entities, disk, limits: { ...KEEPS_LITTLE, ...limits } })
  await scene.until(() => [ann, bob, cy].every(isOnline), 2_000)
  const ids = Array.from({ length: ROWS }, () => ann.create(Task, { title }).id)
  await scene.until(
    () => [ann, bob, cy].every((store) => store.query(Task).rows.length === ROWS),
    9_000,
  )
  await scene.until(() => outbox(ann) === 0, 5_000)
  for (const id of ids) ann.update(Task, id, { n: 1 })
  await scene.until(() => outbox(ann) === 0 && isThere(bob) && isThere(cy), 9_000)
  cy.setOnline(false)
  for (const round of [2, 3]) for (const id of ids) ann.update(Task, id, { n: round })
  await scene.until(() => outbox(ann) === 0 && seq(bob) === scene.reviewer.state.seq, 9_000)
  return { ann, bob, cy, line, disk, ids }
}

const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const seq = (store: SyncStore): number => store.status.getState().position?.seq ?? 0
const isThere = (store: SyncStore): boolean =>
  isOnline(store) && seq(store) === scene.reviewer.state.seq

function pictureOf(store: SyncStore, ids: readonly string[]): unknown {
  return ids.map((id) => {
    const row = store.read(Task, id)!
    const candidates = row.$conflicts.n?.candidates.map(({ msgId, value }) => [msgId, value])
    return [row.title, row.n, candidates, row.$heads]
  })
}

const wantedSnapshots = ({ line }: Play): number =>
  line.sent.filter(({ text }) => text.startsWith('["want","snapshot"')).length

/** What Bob was sent and asked for since then stays within a few frames. */
async function sees(
  { ann, bob, line, ids }: Play,
  sinceMs: number,
  mostWants: number,
): Promise<void> {
  await scene.until(() => isThere(bob) && isThere(ann), 90_000)
  expect(pictureOf(bob, ids)).toEqual(pictureOf(ann, ids))
  expect(line.count('want', sinceMs)).toBeLessThanOrEqual(mostWants)
  await scene.pass(120_000)
  expect(line.sent.filter(({ atMs }) => atMs >= sinceMs).length).toBeLessThan(4 * ROWS)
}

it('§19 mend: one want for the rows of one message, and while it is unanswered the reader is not online', async () => {
  const on = await play('a')
  const sinceMs = scene.clock.monotonic()
  on.line.loses = (_, text) => text.startsWith('["want",["')
  on.cy.transact(() => on.ids.forEach((id) => on.cy.update(Task, id, { n: 7 })))
  on.cy.setOnline(true)
  await scene.until(() => on.line.count('want', sinceMs) === 1, 5_000)
  await scene.pass(10)
  for (let i = 0; i < 4; i++) {
    on.ann.create(Task, { title: 'meanwhile' })
    await scene.pass(2_000)
    expect(isOnline(on.bob)).toBe(false)
  }
  expect(on.line.count('want', sinceMs)).toBe(1)
  on.line.loses = () => false
  await sees(on, sinceMs, 3)
})

it('§19 mend: more rows than one want may name become a snapshot', async () => {
  const on = await play('a', { wantIdsMax: 8 })
  const sinceMs = scene.clock.monotonic()
  on.cy.transact(() => on.ids.forEach((id) => on.cy.update(Task, id, { n: 7 })))
  on.cy.setOnline(true)
  await sees(on, sinceMs, 1)
  expect(wantedSnapshots(on)).toBe(1)
})

it('§19 mend: rows that are larger than an answer become a snapshot', async () => {
  const on = await play('x'.repeat(20_000), { reviewerFrameBytesMax: 400_000 })
  const sinceMs = scene.clock.monotonic()
  on.cy.transact(() => on.ids.forEach((id) => on.cy.update(Task, id, { n: 7 })))
  on.cy.setOnline(true)
  await sees(on, sinceMs, 1)
  expect(on.line.count('page', sinceMs)).toBeGreaterThan(1)
})

it('§19 mend: more runs than may wait for one become a snapshot', async () => {
  const on = await play('a', { waitingRunsMax: 3 })
  const sinceMs = scene.clock.monotonic()
  on.line.loses = (_, text) => text.startsWith('["want",["')
  on.cy.update(Task, on.ids[0]!, { n: 7 })
  on.cy.setOnline(true)
  await scene.until(() => on.line.count('want', sinceMs) === 1, 5_000)
  for (let i = 0; i < 6; i++) {
    on.ann.create(Task, { title: 'meanwhile' })
    await scene.pass(200)
  }
  await sees(on, sinceMs, 2)
})

it('§19 mend: asked for in vain, it becomes a snapshot; a lost snapshot is asked for again', async () => {
  const on = await play('a')
  const sinceMs = scene.clock.monotonic()
  let lost = 0
  on.line.loses = (_, text) =>
    text.startsWith('["want",["') || (text.startsWith('["want","snapshot"') && ++lost === 1)
  on.cy.update(Task, on.ids[0]!, { n: 7 })
  on.cy.setOnline(true)
  await scene.until(() => lost === 1, 90_000)
  expect(isOnline(on.bob)).toBe(false)
  await sees(on, sinceMs, 9)
})

it('§19 mend: what waited for one over an older link is not stored with that of the next', async () => {
  const on = await play('a')
  on.line.loses = (_, text) => text.startsWith('["want",["')
  const sinceMs = scene.clock.monotonic()
  on.cy.update(Task, on.ids[0]!, { n: 7 })
  on.cy.setOnline(true)
  await scene.until(() => on.line.count('want', sinceMs) === 1, 5_000)
  on.line.loses = () => false
  on.line.cut()
  await sees(on, sinceMs, 3)
  const texts = on.disk.content.segments
    .filter(({ kind }) => kind === 'tail')
    .map(({ text }) => text)
  expect(texts.at(-1)!.match(/\[\\?"tail\\?"/g)).toHaveLength(1)
  await scene.result(on.bob.close())
  await reads(on, KEEPS_LITTLE)
})

it('§15 restore: a page that keeps more history than the one that stored a mend has all rows', async () => {
  const on = await play('a')
  on.cy.update(Task, on.ids[0]!, { n: 7 })
  on.cy.setOnline(true)
  await scene.until(() => on.line.count('entities') === 1 && isThere(on.bob), 5_000)
  await scene.result(on.bob.close())
  await reads(on, {})
})

/** What Bob's disk holds is what everybody sees. */
async function reads({ ann, disk, ids }: Play, limits: Partial<Limits>): Promise<void> {
  const again = await scene.page(scene.line(), { entities, disk, online: false, limits })
  expect(pictureOf(again, ids)).toEqual(pictureOf(ann, ids))
}

it('§19 mend: states at a later position do not stand in for a run that was lost on the way there', async () => {
  const on = await play('a')
  const sinceMs = scene.clock.monotonic()
  on.line.bytesPerMs = { up: 1, down: Infinity }
  on.cy.transact(() => on.ids.forEach((id) => on.cy.update(Task, id, { n: 7 })))
  on.cy.setOnline(true)
  await scene.until(() => on.line.count('want', sinceMs) === 1, 5_000)
  // While the want is on its way.
  on.line.loses = (_, text) => text.startsWith('["tail"')
  const { id } = on.ann.create(Task, { title: 'meanwhile' })
  await scene.until(() => outbox(on.ann) === 0, 500)
  on.line.loses = () => false
  await sees(on, sinceMs, 4)
  expect(on.bob.read(Task, id)?.title).toBe('meanwhile')
})
