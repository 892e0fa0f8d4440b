/** Sends stored seals to followers that verify that the author of a flush signed it. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { reviewerFrame } from '../wire/frames.ts'
import type { Epoch } from '../wire/records.ts'
import { keptBytes } from '../wire/signed.ts'
import { flushWith } from '../wire/told.ts'
import type { Connection } from './connection.ts'
import { MESSAGE_READ_BYTES } from './history.ts'
import type { SpaceSource } from './source.ts'
import { readSession, textOf } from '../review/stored.ts'

export interface SealParts {
  readonly source: SpaceSource
  readonly store: SpaceStore
  readonly epoch: Epoch
  readonly headSeq: number
  /** An epoch is still to be opened. */
  readonly isRestored: boolean
  readonly limits: Limits
  readonly sign: (bytes: Uint8Array) => Promise<string>
}

interface Kept {
  readonly publicKey: string | null
  readonly seal: string | null
}

const NONE: Kept = { publicKey: null, seal: null }

/**
 * Sends a seal after the answers that were requested before. Ignores a seq above the head; the client
 * retries: another process on the same store may have accepted that message.
 */
export async function answerSeal(
  connection: Connection,
  seq: number,
  parts: () => SealParts,
): Promise<void> {
  const { limits, headSeq } = parts()
  if (seq < 1 || seq > headSeq) return
  const request = { key: seq, pending: connection.seals, max: limits.sealsMax }
  await connection.answerInTurn(request, () => sendSeal(connection, seq, parts()))
}

async function sendSeal(connection: Connection, seq: number, parts: SealParts): Promise<void> {
  connection.charge(MESSAGE_READ_BYTES)
  const kept = await keptOf(seq, parts)
  // The flush may have been handed back without its seal, and no epoch shows that yet.
  if (kept.seal === null && parts.isRestored) return
  const { epoch, sign } = parts
  const bytes = keptBytes(epoch.space, epoch, { seq, ...kept, nonce: connection.nonce })
  connection.send(reviewerFrame('seal', { seq, ...kept, sig: await sign(bytes) }))
}

async function keptOf(seq: number, { source, store }: SealParts): Promise<Kept> {
  const layout = await source.layoutWith(seq)
  if (!layout) return NONE // a record has no seal
  const { flush } = flushWith(layout, seq)
  const stored = await store.seals(seq)
  if (!stored) return NONE
  const { seals } = JSON.parse(
    textOf(stored, `the seals of the batch from seq ${stored.fromSeq}`),
  ) as {
    readonly seals: readonly string[]
  }
  const seal = seals[layout.flushes.indexOf(flush)] ?? null
  // A session that was handed back with its messages has no key.
  return { publicKey: (await keyOf(flush.session.facts.sessionId, store)) || null, seal }
}

async function keyOf(sessionId: Uuid, store: SpaceStore): Promise<string | null> {
  const [stored] = await store.sessions([sessionId])
  return stored ? readSession(stored, sessionId).publicKey : null
}
