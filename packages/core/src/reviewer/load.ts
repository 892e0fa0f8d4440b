/** A space as its store has it: read batch by batch at start, or begun with a first epoch. */
import type { Uuid } from '../base/uuid.ts'
import { sawAll } from '../fold/apply.ts'
import { headsOf } from '../fold/state.ts'
import { type Entry, applyAssigned, giveReview } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import { epochIdentity, positionBytes } from '../wire/signed.ts'
import { whoamiId } from '../message/ids.ts'
import type { Limits } from '../message/limits.ts'
import { type EpochOpen, type Position, type Rejection, WIRE_VERSION } from '../message/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { ReviewerStore } from '../ports/reviewer-store.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { positionJson, readPosition } from '../wire/frames.ts'
import { readBatch } from '../wire/read-batch.ts'
import { keptReview } from '../wire/reviews.ts'
import type { Accepted } from '../wire/types.ts'
import { Ledger, type StoredRecord } from './ledger.ts'
import { type FoldsOf, SpaceState } from './space.ts'

export interface Loaded {
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly epoch: EpochOpen
  readonly head: Position
}

export interface LoadOptions {
  readonly space: Uuid
  readonly store: ReviewerStore
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly limits: Limits
  readonly foldsOf: FoldsOf
}

/** Rejects when the store cannot be read, is damaged, or belongs to another key or space. */
export async function loadSpace(options: LoadOptions): Promise<Loaded> {
  const { store, keys, space: spaceId } = options
  const stored = await store.load()
  const epochText =
    stored.meta.get('epoch') ??
    (await store.claimMeta('epoch', JSON.stringify(await genesis(options))))
  const epoch = JSON.parse(epochText) as EpochOpen
  if (epoch.space !== spaceId)
    throw new Error(`the store holds the space ${epoch.space}, not ${spaceId}`)
  if (epoch.reviewerKey !== keys.publicKey)
    throw new Error('the store belongs to a reviewer with another key')
  const head = readPosition(
    stored.head === undefined ? positionJson(opening(epoch)) : JSON.parse(stored.head),
  )
  if (!head) throw new Error('the stored head is not a position')
  const ledger = new Ledger(spaceId, options.limits)
  for (const { text } of stored.sessions) ledger.restore(JSON.parse(text) as StoredRecord)
  for (const { sessionId, text } of stored.rejections) {
    const { rejection, clientSeq } = JSON.parse(text) as { rejection: Rejection; clientSeq: number }
    ledger.rejected(sessionId, clientSeq, rejection)
  }
  const space = new SpaceState(options.limits.heldChainsMax, options.foldsOf)
  const { limits } = options
  await replay(space, ledger, { epoch, head, store, spaceId, limits })
  return { space, ledger, epoch, head }
}

async function replay(
  space: SpaceState,
  ledger: Ledger,
  {
    epoch,
    head,
    store,
    spaceId,
    limits,
  }: {
    epoch: EpochOpen
    head: Position
    store: ReviewerStore
    spaceId: Uuid
    limits: Limits
  },
): Promise<void> {
  let before = { seq: 0, chain: epoch.chain }
  while (before.seq < head.seq) {
    const stored = await store.readRuns(before.seq, limits.loadRunsMax)
    if (stored.length === 0)
      throw new Error(`the store ends at seq ${before.seq}, and its head says ${head.seq}`)
    for (const { fromSeq, text, ids } of stored) {
      if (fromSeq > head.seq) return // committed by another process since the head was read
      const read = readBatch(text, {
        space: spaceId,
        before,
        sessions: [],
        own: () => undefined,
        redacted: () => undefined,
        bounds: batchReadingBounds(limits),
      })
      if (!read.ok) throw new Error(`the stored batch from seq ${fromSeq} is damaged`)
      const batch = read.value
      for (const [i, accepted] of batch.accepted.entries()) {
        if (accepted.id !== ids[i])
          throw new Error(`the stored message at seq ${accepted.seq} is damaged`)
        const entry = replayed(accepted, { space, epoch, at: batch.at })
        space.commit([entry])
        ledger.accepted(entry.session.sessionId, entry.clientSeq)
      }
      before = { seq: batch.throughSeq, chain: batch.chain }
      space.endBatch(before.seq, before.chain)
    }
  }
}

function replayed(
  accepted: Accepted,
  { space, epoch, at }: { space: SpaceState; epoch: EpochOpen; at: number },
): Entry {
  const { id, hash, seen, message, session } = accepted
  const { authorId, sessionId } = session.facts
  const entry = toEntry(
    { ...message!, id, hash, seen, session },
    { session: { authorId, sessionId }, arrival: 0, tableOf: (type) => space.registers(type) },
  )
  const regs = entry.writes.map((write) => write.regs.names)
  const forked = entry.writes.some((write) => {
    const state = space.entity(write.entityId)?.state
    return state !== undefined && !sawAll(write, headsOf(state))
  })
  const { reviewerId, eid, epoch: term } = epoch
  const review = keptReview(accepted, { reviewerId, eid, epoch: term, at }, { regs, forked })
  applyAssigned(entry, review, (type) => space.registers(type))
  giveReview(entry, review)
  return entry
}

function opening({ eid, epoch, chain }: EpochOpen): Position {
  return { eid, epoch, seq: 0, chain }
}

async function genesis({ space, keys, signer, clock }: LoadOptions): Promise<EpochOpen> {
  const body = {
    v: WIRE_VERSION,
    space,
    reviewerId: whoamiId(keys.publicKey),
    epoch: 1,
    seq: 0,
    prev: null,
    reviewerKey: keys.publicKey,
    why: 'genesis',
    at: clock.now(),
  } as const
  const identity = epochIdentity(body)
  const sig = await signer.sign(keys, positionBytes(space, { ...identity, epoch: 1, seq: 0 }))
  return { ...body, ...identity, sig }
}
