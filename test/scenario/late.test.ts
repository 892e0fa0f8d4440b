/**
 * Writes of an author who was offline for long, on states that all others have replaced: they merge with
 * the same result in all stores, however much history each of them still has, and no store fetches
 * anything for it.
 */
import { type SyncStore, entity } from '@countersign/core'
import type { ReviewerOptions } from '@countersign/core/reviewer'
import { type FaultyDisk, rulesFor } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Task = entity('task', z.object({ title: z.string(), n: z.number().default(0) }))
const entities = [Task]
const ROWS = 12

let scene: VirtualScene

afterEach(() => scene.close())

interface Play {
  readonly ann: SyncStore
  readonly bob: SyncStore
  readonly cy: SyncStore
  readonly lines: Readonly<Record<'bob' | 'cy', Line>>
  readonly disks: Readonly<Record<'bob' | 'cy', FaultyDisk>>
  readonly ids: readonly string[]
}

/** All have the rows with `n` of 1. Cy is offline since then, and Ann has edited them twice. */
async function play(title = 'a', options: Partial<ReviewerOptions> = {}): Promise<Play> {
  scene = await VirtualScene.open(options)
  const lines = { bob: scene.line(), cy: scene.line() }
  const disks = { bob: scene.disk(), cy: scene.disk() }
  const ann = await scene.page(scene.line(), { entities })
  const cy = await scene.page(lines.cy, { entities, disk: disks.cy })
  const bob = await scene.page(lines.bob, { entities, disk: disks.bob })
  await scene.until(() => [ann, bob, cy].every(isOnline), 2_000)
  const ids = Array.from({ length: ROWS }, () => ann.create(Task, { title }).id)
  for (const id of ids) ann.update(Task, id, { n: 1 })
  await scene.until(
    () => outbox(ann) === 0 && bob.query(Task).rows.length === ROWS && [bob, cy].every(isThere),
    20_000,
  )
  cy.setOnline(false)
  for (const round of [2, 3]) for (const id of ids) ann.update(Task, id, { n: round })
  await scene.until(() => outbox(ann) === 0 && isThere(bob), 20_000)
  return { ann, bob, cy, lines, disks, ids }
}

const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const seq = (store: SyncStore): number => store.status.getState().position?.seq ?? 0
const isThere = (store: SyncStore): boolean =>
  isOnline(store) && seq(store) === scene.reviewer.state.seq
const isDone = (store: SyncStore): boolean => isThere(store) && outbox(store) === 0

function pictureOf(store: SyncStore, ids: readonly string[]): unknown {
  return ids.map((id) => {
    const row = store.read(Task, id)!
    const conflict = row.$conflicts.n
    const candidates = conflict?.candidates.map(({ msgId, value }) => [msgId, value])
    // In a conflict each author is shown its own value.
    const n = conflict ? undefined : row.n
    return { title: row.title, n, heads: row.$heads, base: conflict?.base, candidates }
  })
}

async function everybodyHasTheSame(
  stores: readonly SyncStore[],
  ids: readonly string[],
): Promise<void> {
  await scene.until(() => stores.every(isDone), 60_000)
  const [first, ...others] = stores.map((store) => pictureOf(store, ids))
  for (const other of others) expect(other).toEqual(first)
}

/** The conflict that Cy's write of 7, made on 1, is with Ann's 3. */
const late = {
  base: 1,
  candidates: [{ value: 3 }, { value: 7 }],
}

describe('a late writer', () => {
  it('§4 late: edits of all rows in one message join at all replicas, without further requests', async () => {
    const { ann, bob, cy, lines, ids } = await play()
    const sinceMs = scene.clock.monotonic()
    const { seq: before } = scene.reviewer.state
    cy.transact(() => ids.forEach((id) => cy.update(Task, id, { n: 7 })))
    cy.setOnline(true)
    let isAlwaysOnline = true
    await scene.until(() => {
      isAlwaysOnline &&= isOnline(bob)
      return [ann, bob, cy].every(isDone) && scene.reviewer.state.seq === before + 1
    }, 20_000)
    await everybodyHasTheSame([ann, bob, cy], ids)
    expect(bob.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
    expect(isAlwaysOnline).toBe(true)
    expect(lines.bob.count('want', sinceMs)).toBe(0)
    expect(lines.bob.count('page', sinceMs)).toBe(0)
  })

  it('§4 late: of its several messages the last one is live, beside the writes that it had not seen', async () => {
    const { ann, bob, cy, ids } = await play()
    for (const n of [5, 6, 7]) cy.update(Task, ids[0]!, { n })
    cy.update(Task, ids[1]!, { title: 'cy' })
    cy.setOnline(true)
    await everybodyHasTheSame([ann, bob, cy], ids)
    expect(ann.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
    expect(ann.read(Task, ids[1]!)).toMatchObject({ title: 'cy', n: 3, $conflicts: {} })
  })

  it('§15 late: its page was closed and opened again before it was online', async () => {
    const { ann, bob, cy, disks, ids } = await play()
    cy.update(Task, ids[0]!, { n: 6 })
    cy.update(Task, ids[0]!, { n: 7 })
    await scene.result(cy.flushed())
    await scene.result(cy.close())
    const again = await scene.page(scene.line(), { entities, disk: disks.cy, online: false })
    expect(again.read(Task, ids[0]!)).toMatchObject({ n: 7, $conflicts: {} })
    again.update(Task, ids[1]!, { n: 8 })
    again.setOnline(true)
    await everybodyHasTheSame([ann, bob, again], ids)
    expect(ann.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
    expect(ann.read(Task, ids[1]!)!.$conflicts.n).toMatchObject({ base: 1 })
  })

  it('§4 late: it sees the conflict, with its base, as soon as it has the others’ writes', async () => {
    const { ann, bob, cy, lines, ids } = await play()
    cy.update(Task, ids[0]!, { n: 7 })
    lines.cy.loses = (direction, text) => direction === 'up' && text.includes('"offer"')
    cy.setOnline(true)
    await scene.until(() => isThere(cy), 10_000)
    expect(outbox(cy)).toBe(1)
    const { $conflicts } = cy.read(Task, ids[0]!)!
    expect($conflicts.n).toMatchObject(late)
    expect($conflicts.n!.candidates.map(({ pending }) => pending)).toEqual([false, true])
    lines.cy.loses = () => false
    lines.cy.cut()
    await everybodyHasTheSame([ann, bob, cy], ids)
    expect(cy.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
  })
})

/** Time in which links may join a snapshot. */
const SHARED_MS = 600_000

describe('who takes late writes in', () => {
  it.each(['before the late write', 'after the late write'])(
    '§9 base: a newcomer by snapshot %s has the same conflict and base as everybody',
    async (when) => {
      const { ann, bob, cy, ids } = await play('a', { limits: { tailChangesMax: 2 } })
      const line = scene.line()
      const newcomer = async (): Promise<SyncStore> => {
        const store = await scene.page(line, { entities })
        await scene.until(() => isThere(store), 10_000)
        expect(line.count('page')).toBeGreaterThan(0)
        expect(line.count('tail')).toBe(0)
        return store
      }
      const early = when.startsWith('before') ? await newcomer() : undefined
      cy.transact(() => ids.forEach((id) => cy.update(Task, id, { n: 7 })))
      cy.setOnline(true)
      await scene.until(() => [ann, bob, cy].every(isDone), 20_000)
      // Cy has read a snapshot, which a newcomer would join; the late write comes after it.
      if (!early) await scene.pass(SHARED_MS)
      const dan = early ?? (await newcomer())
      await everybodyHasTheSame([ann, bob, cy, dan], ids)
      expect(dan.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
      dan.resolve(Task, ids[0]!, { n: 7 })
      ann.update(Task, ids[1]!, { n: 9 })
      await everybodyHasTheSame([ann, bob, cy, dan], ids)
      expect(cy.read(Task, ids[0]!)).toMatchObject({ n: 7, $conflicts: {} })
    },
  )

  it.each(['the tail that brings them', 'a tail before it'])(
    '§19 late: a reader who loses %s has all rows in the end',
    async (lost) => {
      const { ann, bob, cy, lines, ids } = await play()
      let tails = 0
      lines.bob.loses = (direction, text) => {
        if (direction === 'down' && text.startsWith('["tail"')) tails++
        return direction === 'down' && tails === 1 && text.startsWith('["tail"')
      }
      if (lost === 'a tail before it') {
        ann.create(Task, { title: 'lost' })
        await scene.until(() => outbox(ann) === 0, 5_000)
      }
      cy.update(Task, ids[0]!, { n: 7 })
      cy.setOnline(true)
      await scene.until(() => isDone(cy), 10_000)
      ann.create(Task, { title: 'meanwhile' })
      await everybodyHasTheSame([ann, bob, cy], ids)
      expect(bob.read(Task, ids[0]!)!.$conflicts.n).toMatchObject(late)
    },
  )

  it('§15 restore: a reader’s stored state of them equals that of all others, offline and after it reconnects', async () => {
    const { ann, bob, cy, disks, ids } = await play()
    cy.transact(() => ids.forEach((id) => cy.update(Task, id, { n: 7 })))
    cy.setOnline(true)
    await everybodyHasTheSame([ann, bob, cy], ids)
    await scene.result(bob.flushed())
    await scene.result(bob.close())
    // From the stored steps, and from the checkpoint that replaces them.
    for (const checkpointStepsMax of [1_000, 0, 0]) {
      const limits = { checkpointStepsMax }
      const again = await scene.page(scene.line(), {
        entities,
        disk: disks.bob,
        online: false,
        limits,
      })
      expect(pictureOf(again, ids)).toEqual(pictureOf(ann, ids))
      again.setOnline(true)
      await scene.until(() => isThere(again), 10_000)
      ann.create(Task, { title: 'next' })
      await everybodyHasTheSame([ann, cy, again], ids)
      await scene.pass(1_000)
      await scene.result(again.close())
    }
  })
})

describe('a crowded conflict', () => {
  it('ADM24 one candidate too many is refused with what stands on it, and written anew when somebody has resolved', async () => {
    const { ann, bob, cy, ids } = await play('a', { limits: { liveWritesMax: 2 } })
    const [id, other] = ids as [string, string]
    cy.setOnline(true)
    await scene.until(() => isThere(cy), 10_000)
    const stores = [ann, bob, cy]
    for (const store of stores) store.setOnline(false)
    for (const [i, store] of stores.entries()) store.update(Task, id, { n: 10 + i })
    cy.update(Task, id, { title: 'on top' })
    const receipt = cy.update(Task, other, { title: 'cy' })
    for (const store of [ann, bob]) store.setOnline(true)
    await scene.until(() => isDone(ann) && isDone(bob), 10_000)
    cy.setOnline(true)
    expect(await scene.result(receipt.settled())).toMatchObject({ verdict: 'accepted' })
    await everybodyHasTheSame(stores, ids)
    expect(ann.read(Task, id)!.$conflicts.n!.candidates.map(({ value }) => value)).toEqual([10, 11])
    const [refused, behind] = cy.refused.snapshot()
    expect(refused).toMatchObject({
      state: 'rejected',
      reason: 'contested',
      standing: [10, 11].map((value) => ({ entity: 'task', id, field: 'n', value })),
      descendants: [behind!.messageId],
    })
    expect(behind).toMatchObject({ state: 'blocked', changes: [{ values: { title: 'on top' } }] })

    ann.resolve(Task, id, { n: 10 })
    await everybodyHasTheSame(stores, ids)
    const again = cy.reauthor(refused!.messageId)
    for (const each of again)
      expect(await scene.result(each.settled())).toMatchObject({ verdict: 'accepted' })
    await everybodyHasTheSame(stores, ids)
    expect(ann.read(Task, id)).toMatchObject({ n: 12, title: 'on top', $conflicts: {} })
    expect(cy.refused.snapshot()).toEqual([])
  })

  it('ADM24 whoever has one too many waits for nobody: it is written anew on what stands', async () => {
    const { ann, bob, cy, ids } = await play('a', { limits: { liveWritesMax: 1 } })
    const [id] = ids as [string]
    cy.setOnline(true)
    await scene.until(() => isThere(cy), 10_000)
    const stores = [ann, bob, cy]
    for (const store of stores) store.setOnline(false)
    for (const [i, store] of stores.entries()) store.update(Task, id, { n: 10 + i })
    for (const store of stores) store.setOnline(true)
    await everybodyHasTheSame(stores, ids)
    const losers = stores.filter(({ refused }) => refused.snapshot().length > 0)
    expect(losers).toHaveLength(2)
    for (const loser of losers) {
      await everybodyHasTheSame(stores, ids)
      const [refused] = loser.refused.snapshot()
      const [receipt] = loser.reauthor(refused!.messageId)
      expect(await scene.result(receipt!.settled())).toMatchObject({ verdict: 'accepted' })
    }
    await everybodyHasTheSame(stores, ids)
    expect(ann.read(Task, id)).toMatchObject({ n: 12, $conflicts: {} })
  })
})

describe('a flush of which a message waits', () => {
  it('§15 in part: what was accepted of it stays so, however often the page opens', async () => {
    const { cy, id, other, disk } = await half()
    await scene.result(cy.close())
    let { seq: at } = cy.status.getState().position!
    for (const title of ['second', 'third']) {
      const again = await scene.page(scene.line(), { entities, disk, online: false })
      const { position, storage, damaged } = again.status.getState()
      expect([position?.seq, storage, damaged]).toEqual([at, 'ok', []])
      // Shown as pending, it would be in conflict with what followed it.
      expect(again.read(Task, other)).toMatchObject({ $state: 'canonical', $conflicts: {} })
      expect(again.read(Task, id)!.$state).toBe('pending')
      again.setOnline(true)
      again.update(Task, other, { title })
      await scene.until(() => isThere(again) && outbox(again) === 1, 20_000)
      at = seq(again)
      await scene.result(again.close())
    }
  })

  it('§15 in part: a page that has lost its canonical state takes in anew what was accepted of it', async () => {
    const { ann, bob, cy, id, other, disk, undecided, ids } = await half()
    await scene.result(cy.close())
    disk.rot('advance', () => 0)
    const first = await scene.page(scene.line(), { entities, disk, online: false })
    expect(first.status.getState().position).toBeNull()
    await scene.result(first.close())
    const again = await scene.page(scene.line(), { entities, disk, online: false })
    again.setOnline(true)
    await scene.until(() => isThere(again), 20_000)
    expect(again.read(Task, other)).toMatchObject({ title: 'cy', $state: 'canonical' })
    expect(outbox(again)).toBe(1)
    undecided.clear()
    await everybodyHasTheSame([ann, bob, again], ids)
    expect(ann.read(Task, id)).toMatchObject({ n: 12 })
  })

  /** Cy has written two rows in one flush: the reviewer's rule fails at one message, and the other is accepted. */
  async function half(): Promise<
    Play & { id: string; other: string; disk: FaultyDisk; undecided: Set<unknown> }
  > {
    const undecided = new Set<unknown>([12])
    const rules = rulesFor(['task'], (_, { values }) => {
      if (undecided.has(values['n'])) throw new Error('not today')
      return true
    })
    const play_ = await play('a', { rules })
    const { cy, disks, ids } = play_
    const [id, other] = ids as [string, string]
    cy.setOnline(true)
    await scene.until(() => isThere(cy), 10_000)
    cy.update(Task, id, { n: 12 })
    const receipt = cy.update(Task, other, { title: 'cy' })
    await scene.result(receipt.settled())
    await scene.until(() => isThere(cy), 10_000)
    return { ...play_, id, other, disk: disks.cy, undecided }
  }
})
