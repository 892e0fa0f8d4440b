/** What is deleted of ended sessions, while the tabs that wrote in them are closing. */
import { expect, test } from 'vitest'
import type { StoredSegment, StoredState, WriteBatch } from '../../ports/storage.ts'
import type { Disk } from './disk.ts'
import { Sweeper } from './sweep.ts'

const PRESENT = '4ca783ee-293d-4e95-aaa8-39c0dc5a81fe'
const OTHER = '718f2cb3-e0f2-4500-8b7d-5f67b206c03f'
const RECORDS = [`session:${OTHER}`, `opening:${OTHER}`]

/** Only the records of the other session, and this flush of it. */
function stored(flush?: Partial<StoredSegment>): StoredState {
  const name = flush?.kind === 'draft' ? `draft:${OTHER}:4` : `${OTHER}:4`
  const segments = flush ? [{ key: name, ids: ['message'], ...flush }] : []
  return {
    segments: segments as readonly StoredSegment[],
    outbox: [],
    settled: new Map(),
    meta: new Map(RECORDS.map((key) => [key, {}])),
    advance: undefined,
    checkpoint: undefined,
  }
}

/** The keys of `meta` that a sweep deletes. `then`: what is stored when the lock is free. */
async function deleted(then: StoredState, isFree = true): Promise<readonly string[]> {
  const batches: WriteBatch[] = []
  let state = stored()
  const sweeper = new Sweeper({
    disk: {
      read: async () => ({ state }),
      write: async (batch: WriteBatch) => void batches.push(batch),
    } as unknown as Disk,
    locks: {
      hold: async () => {
        state = then
        return isFree
      },
    },
    outbox: { waits: () => false },
    sessionId: () => PRESENT,
  })
  await sweeper.run(state)
  return batches.flatMap(({ metaRemove = [] }) => metaRemove)
}

test('DSK5 the records of an ended session without messages are deleted', async () => {
  expect(await deleted(stored())).toEqual(RECORDS)
  expect(await deleted(stored(), false)).toEqual([])
})

test.each(['own', 'draft'] as const)(
  'DSK5 a session keeps its records when its tab stored a last message while it closed: %s',
  async (kind) => {
    expect(await deleted(stored({ kind }))).toEqual([])
  },
)
