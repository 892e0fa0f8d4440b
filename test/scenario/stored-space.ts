/**
 * Reads the store of a space without a reviewer: the ids of its messages in their order. Checks that the
 * chain, the head, the ledger and the states fit them.
 */
import { setSha256 } from '@countersign/core/message'
import { bytesOf } from '@countersign/core/ports'
import type { Signer, SpaceStore } from '@countersign/core/ports'
import { type SpaceFault, verifySpace } from '@countersign/core/upkeep'
import { nodeSigner } from '@countersign/reviewer'
import { readBatch, readPosition } from '@countersign/core/protocol'
import { expect } from 'vitest'
import { hash } from 'node:crypto'

const READ = bytesOf(1_000_000)

/** Of all accepted messages, in their order. */
export async function storedIds(
  store: SpaceStore,
  space: string,
  signer: Signer = nodeSigner(),
): Promise<string[]> {
  setSha256((text) => hash('sha256', text, 'base64url'))
  const head = await store.head()
  const epoch = JSON.parse((await store.meta('epoch'))!) as { readonly chain: string }
  const ids: string[] = []
  /** By session and number. */
  const places = new Map<string, Map<number, number>>()
  const changes = new Map<string, number[]>()
  let chain = epoch.chain
  let at = 0
  while (at < head.seq) {
    const found = await store.batches(at, READ)
    expect(found.length, `batches after seq ${at} of ${head.seq}`).toBeGreaterThan(0)
    for (const { fromSeq, toSeq, text } of found) {
      if (!text.ok) throw new Error(text.error.message)
      const end = text.value.lastIndexOf('\n')
      const read = readBatch(text.value.slice(0, end), {
        ...{ space, before: { seq: at, chain }, sessions: [] },
        own: () => undefined,
      })
      if (!read.ok) throw new Error(read.error.message)
      const { accepted, throughSeq } = read.value
      expect([fromSeq, toSeq]).toEqual([at + 1, throughSeq])
      at = throughSeq
      chain = read.value.chain
      // The position after the batch, which is its last line, has the chain to compare with.
      const position = readPosition(JSON.parse(text.value.slice(end + 1)))
      expect(position).toMatchObject({ seq: toSeq, chain })
      for (const { id, seq, session, message } of accepted) {
        ids.push(id)
        const { sessionId } = session.facts
        const numbers = places.get(sessionId) ?? new Map<number, number>()
        places.set(sessionId, numbers)
        expect(numbers.has(message!.clientSeq), `${sessionId} ${message!.clientSeq}`).toBe(false)
        numbers.set(message!.clientSeq, seq)
        for (const { entityId } of message!.changes)
          changes.set(entityId, [...(changes.get(entityId) ?? []), seq])
      }
    }
  }
  await checkLedger(store, places)
  await checkBehind(store, head.through, changes)
  const faults: string[] = []
  const onFault = ({ place, what }: SpaceFault): void => void faults.push(`${place}: ${what}`)
  await verifySpace({ store, space, signer, onFault })
  expect(faults).toEqual([])
  return ids
}

async function checkLedger(
  store: SpaceStore,
  places: ReadonlyMap<string, ReadonlyMap<number, number>>,
): Promise<void> {
  for (const [sessionId, numbers] of places) {
    const keys = [...numbers.keys()]
    for (let from = 0; from < keys.length; from += 4_096) {
      const asked = keys.slice(from, from + 4_096)
      const answers = await store.ledger(sessionId, asked)
      expect(answers).toEqual(asked.map((key) => ({ kind: 'accepted', seq: numbers.get(key) })))
    }
  }
}

/** Every entity has a state as of `through`, and its changes up to there. */
async function checkBehind(
  store: SpaceStore,
  through: number,
  changes: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  const expected = new Map(
    [...changes]
      .map(([id, seqs]) => [id, seqs.filter((seq) => seq <= through)] as const)
      .filter(([, seqs]) => seqs.length > 0),
  )
  const scan = await store.scan()
  expect([scan.through, scan.entities]).toEqual([through, expected.size])
  for (let after: string | undefined; ;) {
    const { states, next } = await scan.page(after, READ)
    for (const { entity, seq, text } of states) {
      expect([text.ok, seq]).toEqual([true, expected.get(entity)?.at(-1)])
      const rows = await store.changes(entity, through + 1, { count: 100_000, bytes: READ })
      expect(rows.map((row) => row.seq).toReversed()).toEqual(expected.get(entity))
    }
    if (next === undefined) break
    after = next
  }
  await scan.close()
}
