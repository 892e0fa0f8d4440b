/** A space as its store has it: read run by run at start, or begun with a first epoch. */
import type { Uuid } from '../base/uuid.ts'
import { applyAssigned, giveReview } from '../history/entry.ts'
import { epochIdentity, positionBytes } from '../message/chain.ts'
import { whoamiId } from '../message/ids.ts'
import type { Limits } from '../message/limits.ts'
import { type EpochOpen, type Position, type Rejection, WIRE_VERSION } from '../message/message.ts'
import { intake } from '../messaging/materialize.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { ReviewerStore } from '../ports/reviewer-store.ts'
import { readPosition } from '../protocol/frames.ts'
import { readRun } from '../protocol/runs.ts'
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
  const head = readPosition(stored.head === undefined ? opening(epoch) : JSON.parse(stored.head))
  if (!head) throw new Error('the stored head is not a position')
  const ledger = new Ledger(spaceId, options.limits)
  for (const { text } of stored.sessions) ledger.restore(JSON.parse(text) as StoredRecord)
  for (const { sessionId, text } of stored.rejections) {
    const { rejection, clientSeq } = JSON.parse(text) as { rejection: Rejection; clientSeq: number }
    ledger.rejected(sessionId, clientSeq, rejection)
  }
  const space = new SpaceState(options.limits.heldChainsMax, options.foldsOf)
  const { loadRunsMax } = options.limits
  await replay(space, ledger, { epoch, head, store, spaceId, loadRunsMax })
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
    loadRunsMax,
  }: {
    epoch: EpochOpen
    head: Position
    store: ReviewerStore
    spaceId: Uuid
    loadRunsMax: number
  },
): Promise<void> {
  let after = 0
  while (after < head.seq) {
    const runs = await store.readRuns(after, loadRunsMax)
    if (runs.length === 0)
      throw new Error(`the store ends at seq ${after}, and its head says ${head.seq}`)
    for (const stored of runs) {
      if (stored.fromSeq > head.seq) return // committed by another process since the head was read
      const run = readRun(JSON.parse(stored.text), spaceId)
      if (!run.ok || run.value.body.kind !== 'messages' || run.value.fromSeq !== after + 1) {
        throw new Error(`the stored run from seq ${stored.fromSeq} is damaged`)
      }
      for (const [i, message] of run.value.body.messages.entries()) {
        const { authorId, sessionId, clientSeq } = message.header
        if (message.id !== stored.ids[i])
          throw new Error(`the stored message at seq ${after + i + 1} is damaged`)
        const entry = intake(message, {
          session: { authorId, sessionId },
          arrival: 0,
          tableOf: (type) => space.registers(type),
        })
        const assigned = run.value.assigned?.get(i)
        const bases = run.value.bases?.get(i)
        const review = {
          reviewerId: epoch.reviewerId,
          eid: epoch.eid,
          epoch: epoch.epoch,
          seq: run.value.fromSeq + i,
          forked: run.value.forked.includes(i),
          at: run.value.at,
          ...(assigned && { assigned }),
          ...(bases && { bases }),
        }
        applyAssigned(entry, review, (type) => space.registers(type))
        giveReview(entry, review)
        space.commit([entry])
        ledger.accepted(sessionId, clientSeq)
      }
      space.endRun(stored.toSeq, run.value.chain)
      after = stored.toSeq
    }
  }
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
