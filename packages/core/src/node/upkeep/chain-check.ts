/**
 * Checks the log of a space from its first batch on, one batch at a time: ids and chain as computed
 * from the lines, the position that the reviewer has signed, sessions, and the seals of authors.
 *
 *   whole ── a batch that cannot be read, or is not under its position ──▶ broken
 *
 * A broken log is checked to its end: each batch from the position of the one before it, which its
 * signature vouches for.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Hash } from '../../base/hash.ts'
import { type Outcome, fail, ok } from '../../base/outcome.ts'
import { sealBytes } from '../../facts/hashes.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import type { SessionFacts } from '../../facts/types.ts'
import { whoamiId } from '../../facts/whoami.ts'
import { Lineage, isLinked } from '../../history/lineage.ts'
import type { Signer } from '../../ports/signer.ts'
import type { BatchText, Stored } from '../../ports/space-store.ts'
import { type SessionRecord, hasKey } from '../../review/ledger.ts'
import { type AssignedLast, LastAssigned } from '../../review/space.ts'
import { type StoredBatch, readStoredBatch } from '../../review/stored.ts'
import { RegisterTable } from '../../schema/registers.ts'
import { storedReadingBounds } from '../../wire/bounds.ts'
import { readLayout } from '../../wire/read-batch.ts'
import { readEpoch } from '../../wire/records.ts'
import { positionBytes } from '../../wire/signed.ts'
import type { Batch, FlushLayout } from '../../wire/types.ts'
import { loggedBatch, loggedEntry } from '../logged.ts'
import type { Genesis } from '../open.ts'
import { type Faults, jsonIn } from './faults.ts'

export interface ChainCheckParts {
  readonly space: Uuid
  readonly genesis: Genesis
  readonly signer: Signer
  readonly limits: Limits
  /** The stored records of sessions, in the order of their ids. */
  readonly sessionsOf: (ids: readonly Uuid[]) => Promise<readonly (SessionRecord | undefined)[]>
  readonly faults: Faults
}

/** A batch under its position, and the offsets of its forked messages, where they are stored. */
export interface CheckedBatch {
  readonly batch: Batch
  readonly forked: readonly number[] | undefined
}

interface Seals {
  readonly seals: readonly (string | null)[]
  readonly forked: readonly number[]
}

export class ChainCheck {
  readonly #parts: ChainCheckParts
  lineage: Lineage
  /** The position after the last batch. */
  position: Position
  /** undefined behind a batch that cannot be read. */
  #chain: Hash | undefined
  /** Whether each batch so far is under its position. */
  isWhole = true
  batches = 0
  /** Number of accepted messages, by session. */
  readonly accepted: Map<Uuid, number> = new Map<Uuid, number>()
  readonly #assigned = new LastAssigned()
  /** The seq of the newest erasure; 0: there is none. */
  erasedSeq = 0
  readonly #table = new RegisterTable()
  /** Messages that were handed back to the reviewer without the seals of their authors. */
  unsealed = 0

  constructor(parts: ChainCheckParts) {
    this.#parts = parts
    const { eid, epoch, chain, sig } = parts.genesis
    this.lineage = new Lineage([parts.genesis])
    this.position = { eid, epoch, seq: 0, chain, sig }
    this.#chain = chain
  }

  /** The next batch; undefined where nothing behind it can be computed from it. */
  async take(
    stored: Stored<BatchText>,
    seals: Stored<BatchText> | undefined,
  ): Promise<CheckedBatch | undefined> {
    const { fromSeq, toSeq } = stored
    const place = placeOf(stored)
    const { faults } = this.#parts
    this.batches++
    const text = this.#text(stored)
    const batch = text && (await this.#batch(text, place))
    this.#chain = text?.position.chain
    this.position = text?.position ?? { ...this.position, seq: toSeq, chain: '' }
    if (!text || !batch) {
      this.isWhole = false
      return undefined
    }
    this.#note(batch)
    const records = await this.#records(batch, place)
    const kept = seals?.fromSeq === fromSeq ? this.#seals(seals) : undefined
    if (seals?.fromSeq !== fromSeq) faults.add(`the seals of ${place}`, 'they are missing')
    if (kept) await this.#checkSeals({ text, batch, kept, records })
    // The forks of an adopted batch are not stored: its fold finds them.
    return { batch, forked: kept && kept.seals.length > 0 ? kept.forked : undefined }
  }

  /** The last values that the reviewer has assigned, by type and register. */
  get assigned(): readonly AssignedLast[] {
    return this.#assigned.all()
  }

  #note(batch: Batch): void {
    this.erasedSeq = batch.redact?.seq ?? this.erasedSeq
    for (const { seq, session, review } of batch.accepted) {
      const { sessionId } = session.facts
      this.accepted.set(sessionId, (this.accepted.get(sessionId) ?? 0) + 1)
      if (!review || review.assigned.length === 0) continue
      const { lineage } = this
      this.#assigned.note(loggedEntry(batch, seq, { lineage, tableOf: () => this.#table }))
    }
  }

  #text(stored: Stored<BatchText>): StoredBatch | undefined {
    const place = placeOf(stored)
    if (this.#parts.faults.text(stored, place) === undefined) return undefined
    try {
      return readStoredBatch(stored)
    } catch {
      this.#parts.faults.add(place, 'its last line is not the position after it')
      return undefined
    }
  }

  async #batch(text: StoredBatch, place: string): Promise<Batch | undefined> {
    const { faults, space, limits } = this.#parts
    const read = loggedBatch(text, { space, limits, chainBefore: this.#chain })
    const fault = read.ok ? await this.#faultOf(read.value, text) : read.error.message
    if (fault === undefined) return read.ok ? read.value : undefined
    faults.add(place, fault)
    return undefined
  }

  /** Why a batch is not the one of its position. Follows an epoch that it opens. */
  async #faultOf(
    batch: Batch,
    { fromSeq, toSeq, position }: StoredBatch,
  ): Promise<string | undefined> {
    const { space, genesis, signer } = this.#parts
    if (fromSeq !== this.position.seq + 1)
      return `it does not follow seq ${this.position.seq}, with which the one before it ends`
    if (batch.throughSeq !== toSeq) return `it ends at seq ${batch.throughSeq}`
    if (this.#chain !== undefined && batch.chain !== position.chain)
      return 'its lines lead to another chain than its position has'
    if (batch.epoch) {
      const { reviewerKey } = batch.epoch
      if (reviewerKey !== genesis.reviewerKey) return 'it is an epoch of another reviewer'
      if (this.#chain !== undefined && !isLinked([this.lineage.present, batch.epoch]))
        return 'it is an epoch that continues another position'
      this.lineage = this.lineage.with(batch.epoch)
    }
    const { eid, epoch } = this.lineage.present
    if (position.eid !== eid || position.epoch !== epoch)
      return `its position is of epoch ${position.epoch}, and the log is in epoch ${epoch}`
    const isSigned = await signer.verify(
      genesis.reviewerKey,
      positionBytes(space, position),
      position.sig ?? '',
    )
    return isSigned ? undefined : 'its position is not signed by the reviewer'
  }

  /** The sessions of a batch, as far as they are stored and are those of its lines. */
  async #records({ accepted }: Batch, place: string): Promise<ReadonlyMap<Uuid, SessionRecord>> {
    const { sessionsOf, faults } = this.#parts
    const of = new Map(accepted.map(({ session }) => [session.facts.sessionId, session.facts]))
    const [ids, facts] = [[...of.keys()], [...of.values()]]
    const records = new Map<Uuid, SessionRecord>()
    for (const [i, record] of (await sessionsOf(ids)).entries()) {
      const id = ids[i]!
      const fault = record
        ? sessionFault(record, facts[i]!)
        : `it is not stored, and ${place} has it`
      if (fault === undefined && record) records.set(id, record)
      else if (fault !== undefined) faults.add(`session ${id}`, fault)
    }
    return records
  }

  #seals(stored: Stored<BatchText>): Seals | undefined {
    const place = `the seals of ${placeOf(stored)}`
    const text = this.#parts.faults.text(stored, place)
    if (text === undefined) return undefined
    const kept = sealsIn(text)
    if (!kept) this.#parts.faults.add(place, 'they are not a record of seals')
    return kept
  }

  async #checkSeals({
    text,
    batch,
    kept,
    records,
  }: {
    readonly text: StoredBatch
    readonly batch: Batch
    readonly kept: Seals
    readonly records: ReadonlyMap<Uuid, SessionRecord>
  }): Promise<void> {
    if (batch.epoch || batch.redact) return
    const { faults, limits } = this.#parts
    const layout = readLayout(text.text, [], storedReadingBounds(limits))
    if (!layout.ok) return // it was read before
    const place = `the seals of ${placeOf(text)}`
    const { flushes } = layout.value
    // A batch that was handed back stands as it was, and has no seals at all.
    if (kept.seals.length === 0) this.unsealed += batch.accepted.length
    else if (kept.seals.length !== flushes.length)
      faults.add(place, `they are ${kept.seals.length}, for ${flushes.length} flushes`)
    if (kept.seals.length !== flushes.length) return
    let seq = text.fromSeq
    for (const [i, flush] of flushes.entries()) {
      const first = seq
      const seal = kept.seals[i] ?? null
      seq += flush.entry.taken.length
      const record = records.get(flush.session.facts.sessionId)
      if (!record) continue // reported
      if (seal !== null && (await this.#hasSigned(flush, seal, record))) continue
      // What was handed back and judged again has its place of before, and no seal.
      const isAgain = (batch.accepted[first - text.fromSeq]?.review?.places.length ?? 0) > 0
      if (seal === null && isAgain) this.unsealed += flush.entry.taken.length
      else
        faults.add(
          place,
          `author ${record.authorId} has not signed the flush with message ${first}`,
        )
    }
  }

  #hasSigned(
    { headHash, places }: FlushLayout,
    seal: string,
    { publicKey }: SessionRecord,
  ): Promise<boolean> {
    const bytes = sealBytes({ head: headHash, lines: places.map(({ hash }) => hash) })
    return this.#parts.signer.verify(publicKey, bytes, seal)
  }
}

/** The words for a batch. */
export function placeOf({ fromSeq, toSeq }: Pick<BatchText, 'fromSeq' | 'toSeq'>): string {
  return `the batch of seqs ${fromSeq} to ${toSeq}`
}

/** Why a stored session is not that of the line with these facts; undefined where it is. */
function sessionFault(record: SessionRecord, facts: SessionFacts): string | undefined {
  if (record.authorId !== facts.authorId)
    return `it is stored as of author ${record.authorId}, and its line says ${facts.authorId}`
  if (record.personalCommit !== facts.personalCommit)
    return 'it is stored with another commitment to its person than its line has'
  return undefined
}

/** Reads a stored session; an error where it is none, or its author is not that of its key. */
export function sessionIn(text: string, sessionId: string): Outcome<SessionRecord> {
  const record = jsonIn(text) as Partial<SessionRecord> | null | undefined
  const isText = (
    ['sessionId', 'authorId', 'publicKey', 'personalCommit', 'personalId'] as const
  ).every((name) => typeof record?.[name] === 'string')
  if (!isText || record?.sessionId !== sessionId) return fail('invalid', 'it is not its record')
  const whole = record as SessionRecord
  if (hasKey(whole) && whoamiId(whole.publicKey) !== whole.authorId)
    return fail('invalid', 'its author id is not that of its key')
  return ok(whole)
}

function sealsIn(text: string): Seals | undefined {
  const record = jsonIn(text) as Partial<Seals> | null | undefined
  const { seals, forked } = record ?? {}
  const isSeals =
    Array.isArray(seals) && seals.every((seal) => seal === null || typeof seal === 'string')
  return isSeals && Array.isArray(forked) ? { seals, forked } : undefined
}

/** Reads the genesis of a space as it is stored, with its signature checked. */
export async function genesisIn(
  text: string,
  { space, signer }: { readonly space: Uuid; readonly signer: Signer },
): Promise<Outcome<Genesis>> {
  const stored = jsonIn(text) as Partial<Genesis> | null | undefined
  const read = readEpoch(typeof stored?.line === 'string' ? stored.line : '')
  if (!read.ok || read.value.why !== 'genesis')
    return fail('invalid', 'it is not the record of a genesis')
  const epoch = read.value
  const genesis = { ...epoch, sig: typeof stored?.sig === 'string' ? stored.sig : '' }
  if (stored?.eid !== epoch.eid || stored.chain !== epoch.chain)
    return fail('invalid', 'its id or its chain is not that of its line')
  if (epoch.space !== space) return fail('invalid', `it is of the space ${epoch.space}`)
  if (whoamiId(epoch.reviewerKey) !== epoch.reviewerId)
    return fail('invalid', 'its reviewer id is not that of its key')
  const isSigned = await signer.verify(epoch.reviewerKey, positionBytes(space, epoch), genesis.sig)
  return isSigned ? ok(genesis) : fail('invalid', 'it is not signed by its reviewer')
}
