/**
 * Fields that a function merges: all stores show the same value, whenever they joined, and so does a rule
 * of the reviewer. Where the base of a conflict is unknown, the conflict stays open in all stores.
 */
import { type SyncStore, entity } from '@countersign/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, scene, wireTo } from './wire.ts'

const Counter = entity('counter', { title: z.string(), n: z.number() }).conflicts({
  n: (base, candidates) => candidates.reduce((sum, each) => sum + each - (base ?? 0), base ?? 0),
})

// The machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

/** Waits until all messages of a store have their verdict. */
async function settled(store: SyncStore): Promise<void> {
  await store.flushed()
  const isDone = (): boolean => store.status.getState().outboxMessages === 0
  await vi.waitFor(() => expect(isDone()).toBe(true))
}

/** How many rows show each value. */
function told(store: SyncStore): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { title, n } of store.query(Counter).rows)
    counts[`${title} ${n}`] = (counts[`${title} ${n}`] ?? 0) + 1
  return counts
}

describe('values that were overwritten', () => {
  it('S3: reach a newcomer whose snapshot is being sent, and stay what late writers parted from', async () => {
    open = await scene({ limits: { tailChangesMax: 0 } })
    const entities = [Counter]
    const ann = await open.open({ entities })
    const bob = await open.open({ entities })
    const ids = Array.from({ length: 300 }, () => ann.create(Counter, { title: 'A', n: 10 }).id)
    const late = ids.slice(200)
    await open.settle()
    bob.setOnline(false)
    for (const id of late) bob.update(Counter, id, { n: 13 })

    const { reviewer } = open
    let isFull = true
    let asked = (): void => {}
    const waits = new Promise<void>((resolve) => (asked = resolve))
    const bufferedBytes = (): number => {
      asked()
      return isFull ? 2 ** 21 : 0
    }
    const cy = await open.open({ entities, over: () => wireTo(reviewer, bufferedBytes) })
    await waits // a part of its snapshot is on its way
    for (const id of late) ann.update(Counter, id, { n: 12, title: 'B' })
    await settled(ann)
    expect(cy.query(Counter).rows.length).toBe(0)
    isFull = false
    await open.settle()
    expect(told(cy)).toEqual({ 'A 10': 200, 'B 12': 100 })

    bob.setOnline(true)
    await open.settle()
    for (const store of [ann, bob, cy]) expect(told(store)).toEqual({ 'A 10': 200, 'B 15': 100 })
  })

  it('§7: rules read the canonical row', async () => {
    const seen: unknown[] = []
    const entities = [Counter]
    open = await scene({
      entities,
      rules: {
        counter: {
          update: (_, __, row) => {
            seen.push({ ...row, conflicts: Object.keys(row.$conflicts) })
            return true
          },
        },
      },
      review: (_, rows) => {
        for (const row of rows.rows(Counter)) seen.push({ n: row.n })
        return undefined
      },
    })
    const ann = await open.open({ entities })
    const bob = await open.open({ entities })
    const { id } = ann.create(Counter, { title: 'A', n: 10 })
    await open.settle()
    bob.setOnline(false)
    bob.update(Counter, id, { n: 15 })
    ann.update(Counter, id, { n: 11, title: 'B' })
    await open.settle()
    bob.setOnline(true)
    await open.settle()
    expect([ann, bob].map((store) => store.read(Counter, id)!.n)).toEqual([16, 16])
    seen.length = 0
    ann.update(Counter, id, { title: 'C' })
    await open.settle()
    expect(seen).toEqual([{ id, title: 'B', n: 16, conflicts: [] }, { n: 16 }])
  })
})

describe('what stood before', () => {
  it('§9: rounds of additions side by side end the same everywhere, or open everywhere', async () => {
    for (const writers of [2, 3]) {
      open = await scene({ limits: { tailChangesMax: 0 } })
      const entities = [Counter]
      const stores = await Promise.all(
        Array.from({ length: writers }, () => open!.open({ entities })),
      )
      const { id } = stores[0]!.create(Counter, { title: 'A', n: 0 })
      await open.settle()
      for (let round = 1; round <= 4; round++) {
        for (const store of stores) store.setOnline(false)
        for (const [i, store] of stores.entries()) {
          const { n } = store.read(Counter, id)!
          store.update(Counter, id, { n: n + i + round })
        }
        for (const store of stores) {
          store.setOnline(true)
          await open.settle()
        }
        // One of the newcomers has a snapshot, made while the conflict was open or merged.
        const newcomer = await open.open({ entities })
        await open.settle()
        const views = [...stores, newcomer].map((store) => viewOf(store, id))
        expect(new Set(views).size, views.join(' ')).toBe(1)
        // The base of the first round is 0. The base of later ones is several values.
        expect(views[0]).toContain(round === 1 ? 'merged' : 'open')
      }
      await open.close()
    }
  })
})

/** The merged value, or the candidates and the base of the open conflict. */
function viewOf(store: SyncStore, id: string): string {
  const row = store.read(Counter, id)!
  const conflict = row.$conflicts['n']
  if (!conflict) return `merged ${row.n}`
  const candidates = conflict.candidates.map(({ value }) => value)
  return `open ${JSON.stringify({ candidates, base: conflict.base })}`
}
