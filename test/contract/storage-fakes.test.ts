/**
 * The faulty disk under the storage contract, at its best and at its slowest; and what it alone
 * can show: a power cut, a tab that dies in the middle of a write, and a forced closing.
 */
import { FaultyDisk, ProcessClock, SeededRandom, VirtualClock } from '@countersign/core/testing'
import type { DiskFaults } from '@countersign/core/testing'
import { describe, expect, test } from 'vitest'
import { expectTrouble, keysOf, noTrouble, run, segmentsOf, strict } from './storage-kit.ts'
import type { StorageFaults, StorageFixture } from './storage-kit.ts'
import { storageContract } from './storage.ts'
import { runByItself, settle } from './virtual-time.ts'

let newest: FaultyDisk | undefined

function fixtureWith(faults: () => Partial<DiskFaults>): () => StorageFixture {
  return () => {
    const clock = new VirtualClock()
    runByItself(clock)
    const disk = new FaultyDisk({ clock, faults: faults() })
    newest = disk
    return { storage: disk.storage(), again: () => disk.storage() }
  }
}

const tearing: StorageFaults = { tearWriteAfter: (records) => newest!.tearWriteAfter(records) }

storageContract(
  'faulty disk without faults',
  fixtureWith(() => ({})),
  tearing,
)

storageContract(
  'faulty disk, slow and uneven',
  fixtureWith(() => {
    const random = new SeededRandom(7)
    return { latencyMs: () => random.unit() * 20, syncMs: () => random.unit() * 50 }
  }),
  tearing,
)

/** A disk whose time the test moves. */
function disk(faults: Partial<DiskFaults> = {}): {
  clock: VirtualClock
  disk: FaultyDisk
  settle: () => Promise<void>
} {
  const clock = new VirtualClock()
  return { clock, disk: new FaultyDisk({ clock, faults }), settle: () => settle(clock) }
}

async function opened(
  world: ReturnType<typeof disk>,
  process = new ProcessClock(world.clock),
): Promise<Awaited<ReturnType<ReturnType<FaultyDisk['storage']>['open']>>> {
  const opening = world.disk.storage(process).open(noTrouble)
  await world.settle()
  return opening
}

describe('faulty disk', () => {
  test('a power cut takes a suffix of the relaxed writes, and no strict one', async () => {
    const world = disk({ spared: (transactions) => transactions - 2 })
    const handle = await opened(world)
    void handle.write(run(1, 'a'))
    void handle.write(strict({ segments: segmentsOf('own') }))
    void handle.write(run(2, 'b'))
    void handle.write(run(3, 'c'))
    void handle.write(run(4, 'd'))
    await world.settle()
    expect(world.disk.unsynced).toBe(3)
    expect(world.disk.cutPower()).toBe(2)
    expect(keysOf(world.disk.content.segments)).toEqual(['a', 'own', 'b'])
    expect(world.disk.content.advance?.rank).toBe(2)
  })

  test('a strict write that was answered survives every power cut', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = new SeededRandom(seed)
      const below = (count: number): number => Math.floor(random.unit() * (count + 1))
      const world = disk({ syncMs: () => 5, latencyMs: () => below(3), spared: below })
      const handle = await opened(world)
      const answered: string[] = []
      for (let i = 0; i < 20; i++) {
        const key = `s${i}`
        const batch = {
          segments: segmentsOf(key),
          durability: i % 3 ? 'relaxed' : 'strict',
        } as const
        void handle.write(batch).then(() => {
          if (batch.durability === 'strict') answered.push(key)
        })
      }
      for (let events = below(60); events > 0; events--) {
        world.clock.step()
        await new Promise(setImmediate)
      }
      world.disk.cutPower()
      const left = keysOf(world.disk.content.segments)
      expect(left).toEqual(Array.from({ length: left.length }, (_, i) => `s${i}`))
      expect(left).toEqual(expect.arrayContaining(answered))
    }
  })

  test.for([true, false])(
    'a tab that dies leaves a prefix of its writes (%s)',
    async (outlives) => {
      const world = disk({ latencyMs: () => 10, outlives: () => outlives })
      const process = new ProcessClock(world.clock)
      const handle = await opened(world, process)
      let answers = 0
      for (const key of ['a', 'b', 'c']) {
        void handle.write(strict({ segments: segmentsOf(key) })).then(() => answers++)
      }
      world.clock.step()
      process.kill()
      await world.settle()
      expect(answers).toBe(0)
      expect(keysOf(world.disk.content.segments)).toEqual(outlives ? ['a', 'b', 'c'] : ['a'])
    },
  )

  test('a forced close is reported, and rejects batches that were not applied', async () => {
    const world = disk({ latencyMs: () => 10 })
    const troubles: string[] = []
    const opening = world.disk.storage().open((trouble) => troubles.push(trouble))
    await world.settle()
    const handle = await opening
    const late = handle.write(strict({ segments: segmentsOf('a') }))
    world.disk.forceClose()
    const refused = expectTrouble(late, 'closed')
    await world.settle()
    await refused
    await expectTrouble(handle.write(strict({ segments: segmentsOf('b') })), 'closed')
    expect(troubles).toEqual(['closed'])
    expect(world.disk.content.segments).toEqual([])
  })

  test('a rotten record differs in one letter', async () => {
    const world = disk()
    const handle = await opened(world)
    void handle.write(strict({ segments: segmentsOf('a') }))
    await world.settle()
    const [before] = world.disk.content.segments
    expect(world.disk.rot('own', (below) => below - 1)).toBe('a')
    const [after] = world.disk.content.segments
    expect(after!.text).not.toBe(before!.text)
    expect(after!.text.slice(0, -1)).toBe(before!.text.slice(0, -1))
    expect(world.disk.rot('checkpoint', () => 0)).toBeUndefined()
  })

  test('keys of the outbox, positions and records of meta rot, too', async () => {
    const world = disk()
    const handle = await opened(world)
    const session = { keys: { publicKey: 'abc' }, at: 5 }
    const meta = [
      ['session:a', { sig: 'sig' }],
      ['whoami', session],
    ] as const
    void handle.write(strict({ segments: segmentsOf('a'), outboxAdd: ['a'], meta }))
    void handle.write(run(1, 't'))
    await world.settle()
    const before = world.disk.content
    const first = (): number => 0
    expect(
      (['outbox', 'advance', 'session', 'identity'] as const).map((kind) =>
        world.disk.rot(kind, first),
      ),
    ).toEqual(['a', 'advance', 'session:a', 'whoami'])
    const after = world.disk.content
    expect(after.outbox).not.toEqual(before.outbox)
    expect(after.advance!.text).not.toBe(before.advance!.text)
    expect(after.meta.get('session:a')).not.toEqual(before.meta.get('session:a'))
    expect(after.meta.get('whoami')).toMatchObject({ at: 5 })
    expect(after.meta.get('whoami')).not.toEqual(session)
    expect(world.disk.rot('draft', first)).toBeUndefined()
  })
})
