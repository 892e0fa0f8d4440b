/**
 * Opens a space from its store, or creates it with its first epoch. Reads only the head; batches whose
 * states were not written behind are replayed.
 */
import { bytesOf } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { EntityState } from '../fold/state.ts'
import { epochIdentity, positionBytes } from '../wire/signed.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { Limits } from '../facts/limits.ts'
import { type EpochOpen, type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { Caches, SpaceUse } from '../review/caches.ts'
import { Ledger } from '../review/ledger.ts'
import { SpaceSource } from './source.ts'
import { Persons } from '../review/persons.ts'
import { type FoldsOf, SpaceState } from '../review/space.ts'
import { readHead, readStoredBatch } from '../review/stored.ts'

const READ_BYTES = bytesOf(4_194_304)

export interface OpenSpace {
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly persons: Persons
  readonly source: SpaceSource
  /** While it is held, the caches of the space are not trimmed. */
  readonly use: SpaceUse
  readonly epoch: EpochOpen
  head: Position
  /** Number of commits in the store. */
  commits: number
  /** The seq up to which the store has states. */
  readonly through: number
}

export interface OpenOptions {
  readonly space: Uuid
  readonly store: SpaceStore
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly limits: Limits
  /** Shared by the reviewers of the process. */
  readonly caches: Caches
  readonly foldsOf: FoldsOf
  /** Called when a stored state was damaged, and is folded again from the messages of its entity. */
  readonly onRefolded: (entityId: Uuid) => void
}

/** Rejects when the store cannot be read, is damaged, or belongs to another key or space. */
export async function openSpace(options: OpenOptions): Promise<OpenSpace> {
  const { store, keys, space: spaceId, limits, caches, foldsOf, onRefolded } = options
  const epoch = await epochOf(options)
  if (epoch.space !== spaceId)
    throw new Error(`the store holds the space ${epoch.space}, not ${spaceId}`)
  if (epoch.reviewerKey !== keys.publicKey)
    throw new Error('the store belongs to a reviewer with another key')
  const stored = await store.head()
  const { eid, epoch: term, chain } = epoch
  const { position: head, assigned } =
    stored.text === undefined
      ? { position: { eid, epoch: term, seq: 0, chain, sig: epoch.sig }, assigned: [] }
      : readHead(stored.text)
  const use = { isHeld: true }
  const { heldChainsMax } = limits
  const space = new SpaceState({ budget: caches.states, use, heldChainsMax, foldsOf, assigned })
  const ledger = new Ledger(spaceId, { limits, caches, use })
  const persons = new Persons(caches.authors, use)
  const known = { space, ledger, persons }
  const source = new SpaceSource({ spaceId, store, epoch, limits, ...known, onRefolded })
  const { commits, through } = stored
  const open: OpenSpace = {
    ...{ space, ledger, persons, source, use, epoch, head, commits, through },
  }
  try {
    await replay(open, through, store)
    space.endBatch(head.seq, head.chain)
  } catch (error) {
    leaveCaches(open)
    throw error
  }
  trimCaches(open)
  return open
}

/** Releases the caches of a space, and trims them to their budgets. */
export function trimCaches({ space, ledger, persons, source, use }: OpenSpace): void {
  use.isHeld = false
  space.trim()
  ledger.trim()
  persons.trim()
  source.trim()
}

/** Removes a closed space from the caches. */
export function leaveCaches({
  space,
  ledger,
  persons,
}: Pick<OpenSpace, 'space' | 'ledger' | 'persons'>): void {
  space.leave()
  ledger.leave()
  persons.leave()
}

/**
 * Applies the stored batches after a seq, up to the head: those not written behind, or those of another
 * process.
 */
export async function replay(
  { space, source, head }: Pick<OpenSpace, 'space' | 'source' | 'head'>,
  after: number,
  store: SpaceStore,
): Promise<void> {
  let seq = after
  let chain: string | undefined
  while (seq < head.seq) {
    const found = await store.batches(seq, READ_BYTES)
    if (found.length === 0)
      throw new Error(`the store ends at seq ${seq}, and its head says ${head.seq}`)
    for (const stored of found) {
      const text = readStoredBatch(stored)
      if (text.toSeq > head.seq) return // committed by another process since the head was read
      const batch = source.read(text, chain)
      if (chain !== undefined && batch.chain !== text.position.chain)
        throw new Error(`the stored batch from seq ${text.fromSeq} breaks the chain`)
      const ids = batch.accepted.flatMap(({ message }) =>
        // The stored text has every line.
        message!.changes.map(({ entityId }) => entityId),
      )
      await source.entities(ids)
      for (const accepted of batch.accepted) {
        const stateOf = (id: Uuid): EntityState | undefined => space.entity(id)?.state
        space.commit([source.entry(batch, accepted.seq, stateOf)])
      }
      seq = text.toSeq
      chain = text.position.chain
      space.endBatch(seq, chain)
    }
  }
  if (chain !== undefined && chain !== head.chain)
    throw new Error(`the stored batches up to seq ${head.seq} are not those that its head signs`)
}

async function epochOf(options: OpenOptions): Promise<EpochOpen> {
  const { store } = options
  const known =
    (await store.meta('epoch')) ??
    (await store.claimMeta('epoch', JSON.stringify(await genesis(options))))
  return JSON.parse(known) as EpochOpen
}

async function genesis({ space, keys, signer, clock }: OpenOptions): Promise<EpochOpen> {
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
