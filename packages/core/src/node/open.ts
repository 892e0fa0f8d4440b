/**
 * Opens a space from its store, or creates it with its first epoch. Reads only the head; batches whose
 * states were not written behind are replayed.
 */
import { bytesOf } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { EntityState } from '../fold/state.ts'
import { EPOCHS_MAX, Lineage } from '../history/lineage.ts'
import { type Epoch, epochIn, epochOf, readEpoch } from '../wire/records.ts'
import { positionBytes } from '../wire/signed.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { SpaceMark, SpaceMarks } from '../ports/space-marks.ts'
import type { SpaceHead, SpaceStore } from '../ports/space-store.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { Caches, SpaceUse } from '../review/caches.ts'
import { Ledger } from '../review/ledger.ts'
import { SpaceSource } from './source.ts'
import { Persons } from '../review/persons.ts'
import { Revocations } from '../review/revocations.ts'
import { type AssignedLast, type FoldsOf, SpaceState } from '../review/space.ts'
import { type Erasure, NOTHING_ERASED, readHead, readStoredBatch } from '../review/stored.ts'

const READ_BYTES = bytesOf(4_194_304)
/** The least that a store reads: one row. */
const ONE = bytesOf(1)

export interface OpenSpace {
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly persons: Persons
  readonly revocations: Revocations
  readonly source: SpaceSource
  /** While it is held, the caches of the space are not trimmed. */
  readonly use: SpaceUse
  /** Its epochs; the last one is the present. */
  lineage: Lineage
  /**
   * The data may be an older copy: an epoch is opened before the first commit, so that no seq of the
   * present one is given twice.
   */
  mustOpenEpoch: boolean
  head: Position
  /** What of the log is erased. */
  erasure: Erasure
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
  /** Whether the data may be older than the last commit. */
  readonly restored: boolean
  readonly marks: SpaceMarks | undefined
  /** Of a provisional reviewer: what it continues, whatever its store says. */
  readonly continues?: Continued | undefined
  /** Called when a stored state was damaged, and is folded again from the messages of its entity. */
  readonly onRefolded: (entityId: Uuid) => void
}

/** What a provisional reviewer continues: the lineage of home, and the newest position after it. */
export interface Continued {
  readonly lineage: Lineage
  readonly head: Position
  /** The number of the epoch that it opens. */
  readonly epoch: number
}

/** Rejects when the store cannot be read, is damaged, or belongs to another key or space. */
export async function openSpace(options: OpenOptions): Promise<OpenSpace> {
  const { store, space: spaceId, limits, caches, foldsOf, onRefolded, marks, continues } = options
  const start = continues
    ? {
        ...{ ...continues, stored: await store.head(), assigned: [], mustOpenEpoch: false },
        erasure: NOTHING_ERASED,
      }
    : await storedStart(options)
  const { head, assigned, erasure, lineage, mustOpenEpoch, stored } = start
  const revocations = new Revocations(stored.hasRevocations ? await store.revocations() : [])
  const use = { isHeld: true }
  const { heldChainsMax } = limits
  const space = new SpaceState({ budget: caches.states, use, heldChainsMax, foldsOf, assigned })
  const ledger = new Ledger(spaceId, { limits, caches, use })
  const persons = new Persons(caches.authors, use)
  const source = new SpaceSource({
    ...{ spaceId, store, limits, space, ledger, persons, onRefolded },
    lineage: () => open.lineage,
    erasedSeq: () => open.erasure.newest,
    isErasing: (id) => open.erasure.left.some(({ entityId }) => entityId === id),
  })
  const { commits, through } = stored
  const open: OpenSpace = {
    ...{ space, ledger, persons, revocations, source, use, head, erasure, commits, through },
    ...{ lineage, mustOpenEpoch },
  }
  try {
    await replay(open, { after: through, head }, store)
    space.assignedAre(assigned)
    space.endBatch(head.seq, head.chain)
  } catch (error) {
    leaveCaches(open)
    throw error
  }
  trimCaches(open)
  if (marks) await marks.put(spaceId, { epoch: open.lineage.present.epoch, head: null })
  return open
}

type Start = Pick<OpenSpace, 'lineage' | 'head' | 'erasure' | 'mustOpenEpoch'> & {
  readonly assigned: readonly AssignedLast[]
  readonly stored: SpaceHead
}

/** Where the stored space ends; a new one begins with its first epoch. */
async function storedStart(options: OpenOptions): Promise<Start> {
  const { store, keys, space, marks } = options
  const known = await store.meta(GENESIS)
  const mark = marks && (await marks.get(space))
  const begun = known ?? (await begin(options, (mark?.epoch ?? 0) + 1))
  const { sig, ...genesis } = JSON.parse(begun) as Genesis
  if (genesis.space !== space)
    throw new Error(`the store holds the space ${genesis.space}, not ${space}`)
  if (genesis.reviewerKey !== keys.publicKey)
    throw new Error('the store belongs to a reviewer with another key')
  const stored = await store.head()
  const { text } = stored
  const { eid, epoch, chain } = genesis
  const past =
    text === undefined
      ? {
          position: { eid, epoch, seq: 0, chain, sig },
          ...{ assigned: [], epochs: [], parted: [], erasure: NOTHING_ERASED },
        }
      : readHead(text)
  const later = await Promise.all(past.epochs.map((seq) => epochAt(seq, store)))
  const epochs = [genesis, ...later].slice(-EPOCHS_MAX)
  const { position: head, assigned, erasure } = past
  return {
    ...{ head, assigned, erasure, stored },
    lineage: new Lineage(epochs, past.parted.map(epochIn)),
    mustOpenEpoch:
      known !== undefined && (options.restored || (marks && !isAsLeft(head, mark))) === true,
  }
}

/** Whether the data end where the last orderly shutdown left them. */
function isAsLeft({ seq, chain }: Position, mark: SpaceMark | undefined): boolean {
  return mark?.head?.seq === seq && mark.head.chain === chain
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
  open: Pick<OpenSpace, 'space' | 'source' | 'lineage'>,
  { after, head }: { readonly after: number; readonly head: Position },
  store: SpaceStore,
): Promise<void> {
  const { space, source } = open
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
      if (batch.epoch && !open.lineage.isOn(batch.epoch.eid))
        open.lineage = open.lineage.with(batch.epoch)
      const ids = batch.accepted.flatMap(({ message }) =>
        // The stored text has every line.
        message!.changes.map(({ entityId }) => entityId),
      )
      await source.entities(batch.redact ? [batch.redact.entityId] : ids)
      if (batch.redact) space.redact(batch.redact)
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

/** The key of the genesis in `meta`. */
export const GENESIS = 'epoch'

/** The first epoch of the space, and the signature of the position at its record. */
export type Genesis = Epoch & { readonly sig: string }

/** The text of the genesis of a new space; the stored one, if another process was first. */
async function begin(options: OpenOptions, epoch: number): Promise<string> {
  const { keys, signer, space, store } = options
  const record = newEpoch(options, { seq: 0, epoch, why: 'genesis', prev: null })
  const sig = await signer.sign(keys, positionBytes(space, record))
  return store.claimMeta(GENESIS, JSON.stringify({ ...record, sig }))
}

/** A record of this reviewer, now. */
export function newEpoch(
  { space, keys, clock }: Pick<OpenOptions, 'space' | 'keys' | 'clock'>,
  term: Pick<Epoch, 'seq' | 'epoch' | 'why' | 'prev'>,
): Epoch {
  const reviewerKey = keys.publicKey
  const who = { space, reviewerKey, reviewerId: whoamiId(reviewerKey) }
  return epochOf({ kind: 'epoch', at: clock.now(), ...who, ...term })
}

async function epochAt(seq: number, store: SpaceStore): Promise<Epoch> {
  const [stored] = await store.batches(seq - 1, ONE)
  const record = stored && readEpoch(readStoredBatch(stored).text)
  if (!record?.ok || record.value.seq !== seq)
    throw new Error(`the store has no record of an epoch at seq ${seq}`)
  return record.value
}
