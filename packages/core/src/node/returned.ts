/**
 * Batches that a reviewer has lost, and gets back from stores that have read them: batches of its
 * log under a position that it has signed, which covers all of them.
 *
 *   they continue the head            adopted: as they were, seqs kept
 *   the lineage went on without them  judged again, in their order, each with its old place
 *   peers have reviewed them          judged for the first time (`brought.ts`)
 */
import type { Uuid } from '../base/uuid.ts'
import { chainPrefix } from '../facts/ids.ts'
import type { Position } from '../facts/message.ts'
import type { KeyPair } from '../ports/signer.ts'
import type { Decision, Offer } from '../review/decision.ts'
import type { SessionRecord } from '../review/ledger.ts'
import {
  type ReturnedBatch,
  countOf,
  returnedFlushes,
  unboundRecord,
} from '../review/returned-flush.ts'
import { readSession } from '../review/stored.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import type { ErasedValues } from '../wire/erase-batch.ts'
import { type AuthorFrame, linesInParts, reviewerFrame } from '../wire/frames.ts'
import { readBatch, readLayout, spanOfBatch } from '../wire/read-batch.ts'
import type { RedactRecord } from '../wire/records.ts'
import { positionBytes } from '../wire/signed.ts'
import type { Batch } from '../wire/types.ts'
import { BroughtHome, type BroughtParts } from './brought.ts'
import type { Connection } from './connection.ts'

export interface ReturnedParts extends Omit<BroughtParts, 'onDecided'> {
  readonly keys: KeyPair
  /** Erases values once more whose erasure was lost. */
  readonly erase: (values: ErasedValues) => Promise<unknown>
  /** Runs a job between two decisions. */
  readonly between: (job: () => Promise<unknown>) => void
  /** Called after it. */
  readonly onTaken: () => unknown
}

type Held = AuthorFrame & { readonly kind: 'held' }
type Start = Pick<Position, 'seq' | 'chain'>

/** Flushes that could not be judged, because their parents are missing here. */
const PARKED_MAX = 1_024

export class Returned {
  readonly #parts: ReturnedParts
  /** The seq up to which the log of a lost epoch was handed back, without a gap. */
  readonly #taken = new Map<Uuid, number>()
  readonly #brought: BroughtHome
  #parked: Offer<Connection>[] = []

  constructor(parts: ReturnedParts) {
    this.#parts = parts
    this.#brought = new BroughtHome({ ...parts, onDecided: (decision) => this.again(decision) })
  }

  /** Takes the batches of a frame between two decisions. */
  async heard(connection: Connection, frame: Held): Promise<void> {
    const { between, onTaken } = this.#parts
    const job = frame.seals
      ? await this.#brought.checked(connection, frame)
      : () => this.#take(connection, frame)
    if (job) between(() => job().then(onTaken))
  }

  /** Applies the batches of one frame, and answers how far the log is complete. */
  async #take(connection: Connection, frame: Held): Promise<void> {
    const { desk, space, keys, signer } = this.#parts
    const { position, epochs } = frame
    const isSigned = await signer.verify(
      keys.publicKey,
      positionBytes(space, position),
      position.sig ?? '',
    )
    if (!isSigned) {
      connection.strike('what is handed back is not signed by this reviewer')
      return
    }
    // Another process on the store may have it.
    if (!this.#has(position)) await desk.resync()
    // A forged one harms only its author, whose messages then saw less than they state.
    const ours = epochs.filter((one) => one.space === space && one.reviewerKey === keys.publicKey)
    desk.open.lineage = desk.open.lineage.knowing(ours)
    const seq = this.#has(position) ? position.seq : await this.#back(connection, frame)
    if (seq !== undefined) connection.send(reviewerFrame('back', { seq, why: null }))
  }

  /**
   * Judges again what waits for a row that was written now: authors offer anew what they have
   * written themselves, and others have written on it. Runs between two decisions.
   */
  async again(decision: Decision<Connection> | undefined): Promise<void> {
    if (!decision?.stored || this.#parked.length === 0) return
    const writes = decision.batch.entries.flatMap((entry) => entry.writes)
    const written = new Set(writes.map(({ entityId }) => entityId))
    const isDue = ({ flush }: Offer<Connection>): boolean =>
      flush.messages.some(({ changes }) => changes.some(({ entityId }) => written.has(entityId)))
    const due = this.#parked.filter(isDue)
    this.#parked = this.#parked.filter((one) => !isDue(one))
    if (due.length > 0 && !(await this.#judge(due))) this.#parked = [...due, ...this.#parked]
  }

  /** Whether the log here has a position, as far as its chain is known. */
  #has(position: Position): boolean {
    const { lineage, head, space } = this.#parts.desk.open
    const isHere = lineage.has(position) && position.seq <= head.seq
    return isHere && space.chains.mayBe(position.seq, chainPrefix(position.chain))
  }

  /** The seq up to which the log is complete; undefined for a frame that no honest client sends. */
  async #back(connection: Connection, frame: Held): Promise<number | undefined> {
    const { position, batches } = frame
    const { lineage, head } = this.#parts.desk.open
    const common = Math.min(lineage.common(position), head.seq)
    const known = Math.max(common, this.#taken.get(position.eid) ?? 0)
    if (batches.length === 0) return known
    const read = this.#read(frame)
    if (!read) {
      connection.strike('batches that are not those of their position')
      return undefined
    }
    if (await this.#takeIn(read)) {
      const isGapless = frame.from.seq <= known
      if (isGapless) this.#taken.set(position.eid, Math.max(known, position.seq))
      return position.seq
    }
    return undefined // the store does not answer: it is handed back again
  }

  /** The batches of a frame, if they lead to its position. */
  #read({ from, position, batches, texts }: Held): readonly ReturnedBatch[] | undefined {
    const { space, limits } = this.#parts
    const bounds = batchReadingBounds(limits)
    const found: Omit<ReturnedBatch, 'eid' | 'epoch'>[] = []
    let before: Start = from
    for (const text of linesInParts(texts, batches) ?? []) {
      const span = spanOfBatch(text, bounds)
      const own = (): undefined => undefined
      const read = span.ok && readBatch(text, { space, before, sessions: [], own, bounds })
      if (!read || !read.ok) return undefined
      found.push({ text, batch: read.value, before })
      before = { seq: read.value.throughSeq, chain: read.value.chain }
    }
    if (before.seq !== position.seq || before.chain !== position.chain) return undefined
    // From the end, as the position names the last epoch, and each record the one before.
    let term: { readonly eid: Uuid; readonly epoch: number } = position
    return found
      .toReversed()
      .map((one): ReturnedBatch | undefined => {
        const { epoch: record } = one.batch
        if (record && record.eid !== term.eid) return undefined
        const { eid, epoch } = term
        if (record?.prev) term = record.prev
        return { ...one, eid, epoch }
      })
      .toReversed()
      .filter((one) => one !== undefined)
  }

  /** False where the store fails. */
  async #takeIn(read: readonly ReturnedBatch[]): Promise<boolean> {
    const { desk } = this.#parts
    const { head } = desk.open
    const isAtHead = ({ before }: ReturnedBatch): boolean =>
      before.seq === head.seq && before.chain === head.chain
    const first = read.findIndex(isAtHead)
    if (first >= 0) return desk.adopt(read.slice(first), (batch) => this.#records(batch))
    const lost = read.filter((one) => !this.#isHere(one))
    // Two histories under one epoch: a copy of the data was opened in place of the original.
    if (lost.some(({ eid }) => eid === head.eid)) await desk.lost()
    let offers: Offer<Connection>[] = []
    for (const one of lost) {
      if (!one.batch.redact) offers.push(...(await this.#offers(one)))
      else {
        if (!(await this.#judge(offers))) return false
        await this.#eraseAgain(one.eid, one.batch.redact)
        offers = []
      }
    }
    return this.#judge(offers)
  }

  /** Carries out a record that was lost with its lineage, once: others hand it back, too. */
  async #eraseAgain(eid: Uuid, { entityId, regs, seq }: RedactRecord): Promise<void> {
    const { store, erase } = this.#parts
    const key = `erased again ${eid} ${seq}`
    if ((await store.meta(key)) !== undefined) return
    await erase({ entityId, regs })
    await store.claimMeta(key, '')
  }

  /** Whether a batch is in the log here. */
  #isHere({ batch, eid }: ReturnedBatch): boolean {
    const { throughSeq: seq, chain } = batch
    const { head, lineage } = this.#parts.desk.open
    return this.#has({ eid, epoch: lineage.at(seq).epoch, seq, chain }) && seq <= head.seq
  }

  async #offers({ text, batch, eid }: ReturnedBatch): Promise<readonly Offer<Connection>[]> {
    if (batch.epoch || batch.redact) return []
    const layout = readLayout(text, [], batchReadingBounds(this.#parts.limits))
    if (!layout.ok) return []
    const records = await this.#records(batch)
    return returnedFlushes(layout.value, batch, eid).map((returned) => {
      const { session } = returned.layout
      // Each session of the batch has a record.
      const record = records.get(session.facts.sessionId)!
      const person = { id: record.personalId, proved: false, claims: undefined }
      const { flush } = returned
      return {
        connection: null,
        session,
        flush,
        sig: null,
        record,
        person,
        may: new Set(),
        returned,
      }
    })
  }

  /** The sessions of a batch: as they are bound or stored, or as their lines say. */
  async #records({ accepted }: Batch): Promise<ReadonlyMap<Uuid, SessionRecord>> {
    const { store, desk } = this.#parts
    const of = new Map(accepted.map((one) => [one.session.facts.sessionId, one]))
    const ids = [...of.keys()]
    const stored = await store.sessions(ids)
    return new Map(
      ids.map((id, i) => {
        const kept = stored[i] && readSession(stored[i], id)
        const known = desk.open.ledger.session(id) ?? kept
        // `ids` are the keys of `of`.
        return [id, known ?? unboundRecord(of.get(id)!)]
      }),
    )
  }

  /** Judges flushes in their order, then again those that waited for one of them. */
  async #judge(offers: readonly Offer<Connection>[]): Promise<boolean> {
    let waiting = offers
    while (waiting.length > 0) {
      const part = waiting.slice(0, countOf(waiting, this.#parts.limits))
      waiting = waiting.slice(part.length)
      const decision = await this.#parts.desk.batch(part)
      if (!decision) return false
      const unjudged = part.filter((_, i) => decision.answers[i]!.nacks.length > 0)
      if (decision.stored) {
        waiting = [...waiting, ...this.#parked]
        this.#parked = []
      }
      this.#parked = [...this.#parked, ...unjudged].slice(-PARKED_MAX)
    }
    return true
  }
}
