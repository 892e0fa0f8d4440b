/**
 * Two to five persons resolve the same conflict at once, over Socket.IO, two thousand times: one of
 * them wins each time, and every other gets the winner's value with the rejection.
 */
import { type Receipt, type SyncStore, createSyncStore, entity } from '@countersign/core'
import { memorySpaces } from '@countersign/core/ports'
import { type RunningReviewer, startReviewer } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'

const RACES = 2_000
const RACES_AT_ONCE = 50
const SEED = 9_410
const PEOPLE = 5
const Task = entity('task', z.object({ title: z.string() }))

let reviewer: RunningReviewer | undefined
const stores: SyncStore[] = []

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await reviewer?.close()
})

async function person(): Promise<SyncStore> {
  const store = createSyncStore({
    server: true,
    space: reviewer!.space,
    entities: [Task],
    transports: [socketIo(reviewer!.url)],
  })
  stores.push(store)
  await store.ready
  return store
}

/** Waits until all stores have all verdicts and everything that the reviewer has. */
async function settled(): Promise<void> {
  await expect
    .poll(
      () =>
        stores.every((store) => {
          const { position, outboxMessages, connection } = store.status.getState()
          if (connection === 'offline') return true
          return outboxMessages === 0 && position?.seq === reviewer!.reviewer.open[0]?.state.seq
        }),
      { timeout: 60_000, interval: 10 },
    )
    .toBe(true)
}

it(
  'S10 resolve progress: 2,000 races of two to five, one winner each, and the others get a stale verdict',
  { timeout: 240_000 },
  async () => {
    const random = new Random(SEED)
    reviewer = await startReviewer({ spaces: memorySpaces(), host: '127.0.0.1', port: 0 })
    const people = await Promise.all(Array.from({ length: PEOPLE }, person))
    const [ann, bob] = people as [SyncStore, SyncStore]
    await ann.import(
      Task,
      Array.from({ length: RACES }, (_, i) => ({ title: `${i}` })),
    )
    const ids = ann.query(Task, { orderBy: ['$createdOrderKey'] }).rows.map(({ id }) => id)
    await ann.flushed()
    await settled()
    ann.setOnline(false)
    bob.setOnline(false)
    for (const id of ids) {
      ann.update(Task, id, { title: `ann ${id}` })
      bob.update(Task, id, { title: `bob ${id}` })
    }
    ann.setOnline(true)
    bob.setOnline(true)
    await Promise.all([ann.flushed(), bob.flushed()])
    await settled()
    for (const store of people) expect(store.conflicts().snapshot()).toHaveLength(RACES)

    const races: { readonly id: string; readonly said: readonly (readonly [string, Receipt])[] }[] =
      []
    while (races.length < RACES) {
      for (const id of ids.slice(races.length, races.length + RACES_AT_ONCE)) {
        const first = random.below(PEOPLE)
        const runners = [...people, ...people].slice(first, first + 2 + random.below(PEOPLE - 1))
        const said = runners.map((store) => {
          const title = `${people.indexOf(store)} decided ${id}`
          return [title, store.resolve(Task, id, { title })] as const
        })
        races.push({ id, said })
      }
      await new Promise((resolve) => setTimeout(resolve, random.below(5)))
    }
    let losers = 0
    for (const { id, said } of races) {
      const verdicts = await Promise.all(
        said.map(async ([title, receipt]) => [title, await receipt.settled()] as const),
      )
      const winners = verdicts.filter(([, { verdict }]) => verdict === 'accepted')
      expect(winners, id).toHaveLength(1)
      for (const [title, verdict] of verdicts) {
        if (title === winners[0]![0]) continue
        losers++
        expect(verdict).toMatchObject(told(id, winners[0]![0]))
      }
    }
    await settled()
    expect(losers).toBeGreaterThan(RACES)
    for (const store of people) {
      expect(store.conflicts().snapshot()).toEqual([])
      for (const { id } of races) expect(store.read(Task, id)).toEqual(ann.read(Task, id))
    }
  },
)

function told(id: string, value: string): object {
  return { verdict: 'rejected', reason: 'stale', standing: [{ id, field: 'title', value }] }
}
