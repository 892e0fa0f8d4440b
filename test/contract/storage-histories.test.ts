/**
 * Two adapters, one history: after every step of a random history the Dexie store and the
 * memory store read the same. So tests that run on memory tell the truth about the disk.
 */
import 'fake-indexeddb/auto'
import { memoryStorage } from '@countersign/core'
import type { Segment, StorageHandle, StoredState, WriteBatch } from '@countersign/core/ports'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dexieFixture } from './storage-dexie.ts'
import { noTrouble, readWhole, type StorageFixture } from './storage-kit.ts'

interface Step {
  readonly tab: number
  readonly reopen: boolean
  readonly claim: string | undefined
  readonly batch: WriteBatch
}

const tabs = 2

test('handles: two adapters read the same after every step of a history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep(), { maxLength: 12 }), async (steps) => {
      const memory = memoryStorage()
      const worlds = await Promise.all([
        worldOf({ storage: memory, again: () => memory }),
        worldOf(dexieFixture()),
      ])
      for (const step of steps) {
        const [expected, found] = await Promise.all(worlds.map((world) => world.run(step)))
        expect(found).toEqual(expected)
      }
      await Promise.all(worlds.map((world) => world.close()))
    }),
    { numRuns: 25 },
  )
}, 30_000)

interface World {
  run(step: Step): Promise<unknown>
  close(): Promise<void>
}

async function worldOf(fixture: StorageFixture): Promise<World> {
  const handles: StorageHandle[] = []
  for (let tab = 0; tab < tabs; tab++) handles.push(await fixture.storage.open(noTrouble))
  return {
    async run({ tab, reopen, claim, batch }) {
      if (reopen) {
        await handles[tab]!.close()
        handles[tab] = await fixture.again().open(noTrouble)
      }
      const handle = handles[tab]!
      const { order, isCheckpointStored } = await handle.write(batch)
      const claimed = claim === undefined ? undefined : await handle.claim(claim, `by ${tab}`)
      const state = await readWhole(handles[(tab + 1) % tabs]!)
      return {
        claimed,
        place: placeOf(order, state),
        isCheckpointStored,
        state: withoutOrders(state),
      }
    },
    async close() {
      await Promise.all(handles.map((handle) => handle.close()))
    },
  }
}

/** Where the order stands among those stored; -1 when dropped at once, or 0. */
function placeOf(order: number, { segments }: Pick<StoredState, 'segments'>): number {
  return segments.findIndex((segment) => segment.order === order)
}

/** Orders are each adapter's own, and may have gaps. */
function withoutOrders({ segments, ...rest }: Pick<StoredState, 'segments'>): unknown {
  return { ...rest, segments: segments.map(({ order: _order, ...segment }) => segment) }
}

function anyStep(): fc.Arbitrary<Step> {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const keys = fc.array(key, { maxLength: 2 })
  const rank = fc.nat({ max: 6 })
  const record = {
    key,
    ids: fc.array(fc.string(), { maxLength: 2 }),
    text: fc.string(),
    check: fc.constant('c'),
  }
  const segment: fc.Arbitrary<Segment> = fc.oneof(
    fc.record({ ...record, kind: fc.constantFrom('own' as const, 'rejections' as const) }),
    fc.record({ ...record, kind: fc.constant('tail' as const), rank }),
  )
  const check = fc.constant('c')
  const page = fc.record(
    {
      no: fc.nat({ max: 3 }),
      text: fc.string(),
      check,
      keys: fc.record({ text: fc.string(), check }),
    },
    { requiredKeys: ['no', 'text', 'check'] },
  )
  const batch = fc.record(
    {
      durability: fc.constantFrom('strict' as const, 'relaxed' as const),
      segments: fc.array(segment, { maxLength: 3 }),
      outboxAdd: keys,
      outboxRemove: keys,
      settled: fc.array(fc.record({ key, rank }), { maxLength: 2 }),
      meta: fc.array(fc.tuple(key, fc.jsonValue()), { maxLength: 2 }),
      metaRemove: keys,
      advance: fc.record({ rank, fromRank: rank, text: fc.string() }),
      checkpoint: fc.record(
        {
          rank,
          name: fc.constantFrom('one', 'two', 'three'),
          base: fc.constantFrom('one', 'two'),
          head: fc.string(),
          check: fc.constant('c'),
          pages: fc.uniqueArray(page, { maxLength: 2, selector: ({ no }) => no }),
        },
        { requiredKeys: ['rank', 'name', 'head', 'check', 'pages'] },
      ),
      reset: fc.boolean(),
    },
    { requiredKeys: ['durability'] },
  )
  return fc.record({
    tab: fc.nat({ max: tabs - 1 }),
    reopen: fc.boolean(),
    claim: fc.option(key, { nil: undefined }),
    batch,
  })
}
