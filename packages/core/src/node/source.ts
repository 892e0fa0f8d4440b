/**
 * Reads entities, numbers and messages that decisions need from the store of a space into the caches.
 * All methods reject if the store cannot be read or a record is damaged.
 */
import { bytesOf } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import { redact } from '../fold/redact.ts'
import type { EntityState } from '../fold/state.ts'
import { type Entry, Write } from '../history/entry.ts'
import type { Limits } from '../facts/limits.ts'
import type { Rejection } from '../facts/message.ts'
import type { Lineage } from '../history/lineage.ts'
import {
  STORE_KEYS_MAX,
  type SpaceStore,
  type StateText,
  type Stored,
} from '../ports/space-store.ts'
import { storedReadingBounds } from '../wire/bounds.ts'
import type { BatchLayout } from '../wire/layout.ts'
import { readLayout } from '../wire/read-batch.ts'
import { type RedactRecord, isRecord } from '../wire/records.ts'
import type { Batch } from '../wire/types.ts'
import type { RegisterTable } from '../schema/registers.ts'
import type { Ledger } from '../review/ledger.ts'
import type { Need } from '../review/missing.ts'
import type { Persons } from '../review/persons.ts'
import type { SpaceEntity, SpaceState } from '../review/space.ts'
import { loggedBatch, loggedEntry } from './logged.ts'
import { type StoredBatch, readState, readStoredBatch, stateOf, textOf } from '../review/stored.ts'

/** Size of one read of states or batches. */
const READ_BYTES = bytesOf(1_048_576)
/** The minimum of a read: one row. */
const ONE = bytesOf(1)

export interface SourceParts {
  readonly spaceId: Uuid
  readonly store: SpaceStore
  readonly lineage: () => Lineage
  readonly limits: Limits
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly persons: Persons
  /** The seq of the newest erasure. */
  readonly erasedSeq: () => number
  /** Whether the log may still have erased values of an entity. */
  readonly isErasing: (entityId: Uuid) => boolean
  /** Called when a stored state was damaged, and is folded again. */
  readonly onRefolded: (entityId: Uuid) => void
}

/** Parsed batches that are kept during a decision, and batches that are read at once: a store may be far away. */
const BATCHES_MAX = 16

export class SpaceSource {
  readonly #parts: SourceParts
  /** The last batches read for a decision: conflicting writes are usually in the same few. */
  #batches: Batch[] = []

  constructor(parts: SourceParts) {
    this.#parts = parts
  }

  /** Loads the states of entities that are not in memory, in few calls. */
  async entities(ids: Iterable<Uuid>): Promise<void> {
    const { space, store } = this.#parts
    let wanted = [...new Set(ids)].filter((id) => !space.has(id))
    while (wanted.length > 0) {
      const asked = wanted.slice(0, STORE_KEYS_MAX)
      const erasedSeq = this.#parts.erasedSeq()
      const found = await store.states(asked, READ_BYTES)
      if (this.#parts.erasedSeq() !== erasedSeq) continue // it may have erased values
      for (const [i, stored] of found.entries()) {
        const id = asked[i]!
        if (!stored) space.loaded(id, undefined)
        else await this.#load(stored)
      }
      wanted = wanted.slice(found.length)
    }
  }

  async #load(stored: Stored<StateText>): Promise<void> {
    const { entity: id, type } = stored
    const { space } = this.#parts
    const page = readState(stored)
    if (page) space.loaded(id, { type, state: stateOf(page, space.registers(type)) })
    else {
      const entity = await this.refolded(id)
      space.loaded(id, entity)
      space.rewrite(id, entity)
    }
  }

  /**
   * Folds a damaged state again from the messages of its entity, up to a seq: the batches are the
   * truth. @throws Error if one of these messages is damaged, too.
   */
  async refolded(id: Uuid, through?: number): Promise<SpaceEntity> {
    const belowSeq = (through ?? Number.MAX_SAFE_INTEGER - 1) + 1
    // From the store, because another process may have committed changes, too.
    const seqs = await this.#storedSeqs(id, belowSeq, Number.MAX_SAFE_INTEGER)
    let type: string | undefined
    let state: EntityState | undefined
    for (const seq of seqs.reverse()) {
      const step = await this.#stepAt(seq, id)
      if (step instanceof Write) {
        type ??= step.type
        state = apply(state, step)
      } else if (state && type !== undefined)
        state = redact(state, step, this.#parts.space.registers(type))
    }
    if (!state || type === undefined)
      throw new Error(`the stored state of ${id} is damaged, and no message of it is known`)
    this.#parts.onRefolded(id)
    return { type, state }
  }

  /** Loads the verdicts of numbers of a session that are not in memory. */
  async numbers(sessionId: Uuid, clientSeqs: Iterable<number>): Promise<void> {
    const { ledger, store } = this.#parts
    const wanted = [...new Set(clientSeqs)].filter((no) => !ledger.isKnown(sessionId, no))
    for (let from = 0; from < wanted.length; from += STORE_KEYS_MAX) {
      const asked = wanted.slice(from, from + STORE_KEYS_MAX)
      const answers = await store.ledger(sessionId, asked)
      for (const [i, answer] of answers.entries()) {
        if (answer.kind === 'damaged')
          throw new Error(`the stored ledger is damaged: ${answer.what}`)
        ledger.noteVerdict(sessionId, asked[i]!, answer)
      }
    }
  }

  /** The seq at which the log has a message of which the number was loaded; undefined: it has none. */
  loggedSeq(sessionId: Uuid, clientSeq: number): number | undefined {
    const { ledger, lineage } = this.#parts
    const verdict = ledger.verdictOn(sessionId, clientSeq)
    const isLogged = verdict.kind === 'accepted' && verdict.seq >= lineage().firstLogged
    return isLogged ? verdict.seq : undefined
  }

  /** The persons behind author ids, of each that is not at hand one search. */
  async authors(ids: Iterable<Uuid>): Promise<void> {
    const { persons, store } = this.#parts
    const asked = [...new Set(ids)].filter((id) => !persons.isAtHand(id))
    if (asked.length === 0) return
    for (const [i, stored] of (await store.authors(asked)).entries()) {
      const id = asked[i]!
      persons.loaded(id, stored && textOf(stored, `the stored person of author ${id}`))
    }
  }

  /** Loads what a decision has requested. */
  async need(need: Need, history: Map<Uuid, readonly Write[] | 'long'>): Promise<void> {
    const { ledger, store } = this.#parts
    switch (need.kind) {
      case 'entity':
        await this.entities([need.id])
        break
      case 'type':
        await this.#type(need.type)
        break
      case 'changes':
        history.set(need.id, await this.changes(need.id))
        break
      case 'number':
        await this.numbers(need.sessionId, [need.clientSeq])
        break
      case 'message':
        await this.messages([need.seq])
        break
      case 'author':
        await this.authors([need.id])
        break
      default: {
        const stored = await store.rejection(need.id)
        const text = stored && textOf(stored, `the stored rejection of ${need.id}`)
        ledger.noteRejection(
          need.id,
          text === undefined ? undefined : (JSON.parse(text) as Rejection),
        )
      }
    }
  }

  /** Loads every state of a type. */
  async #type(type: string): Promise<void> {
    const { store, space } = this.#parts
    await space.keepType(type, async () => {
      const scan = await store.scan(type)
      try {
        for (let after: string | undefined; ;) {
          const page = await scan.page(after, READ_BYTES)
          for (const stored of page.states) {
            await this.#load(stored)
          }
          if (page.next === undefined) break
          after = page.next
        }
      } finally {
        await scan.close()
      }
    })
  }

  /** The stored batch that contains a seq. */
  async batchWith(seq: number): Promise<StoredBatch> {
    const [stored] = await this.#parts.store.batches(seq - 1, ONE)
    const batch = stored && readStoredBatch(stored)
    if (!batch || batch.fromSeq > seq) throw new Error(`the store has no batch with seq ${seq}`)
    return batch
  }

  /** The layout of the stored batch that contains a seq; undefined for a record. @throws Error if it is damaged. */
  async layoutWith(seq: number): Promise<BatchLayout | undefined> {
    return this.layoutOf(await this.batchWith(seq))
  }

  /** The layout of a stored batch; undefined for a record. @throws Error if it is damaged. */
  layoutOf({ text, fromSeq }: StoredBatch): BatchLayout | undefined {
    if (isRecord(text)) return undefined
    const layout = readLayout(text, [], storedReadingBounds(this.#parts.limits))
    if (!layout.ok) throw new Error(`the stored batch from seq ${fromSeq} is damaged`)
    return layout.value
  }

  /** Loads the accepted messages at these seqs that are not in memory, each of their batches once. */
  async messages(seqs: Iterable<number>): Promise<void> {
    const { ledger, store } = this.#parts
    let wanted = [...new Set(seqs)].filter((seq) => !ledger.hasMessage(seq)).sort((a, b) => a - b)
    while (wanted.length > 0) {
      const first = wanted[0]!
      const [batch, seals] = await Promise.all([this.#batchOf(first), store.seals(first)])
      if (!seals) throw new Error(`the store has no seals of the batch with seq ${first}`)
      const { accepted, at, fromSeq } = batch
      const what = `the record of seals of the batch from seq ${seals.fromSeq}`
      const { forked } = JSON.parse(textOf(seals, what)) as { readonly forked: readonly number[] }
      const endSeq = fromSeq + accepted.length
      for (const seq of wanted.filter((one) => one < endSeq)) {
        const offset = seq - fromSeq
        const { id } = accepted[offset]!
        ledger.noteMessage(seq, { id, at, forked: forked.includes(offset) })
      }
      wanted = wanted.filter((seq) => seq >= endSeq)
    }
  }

  /** Whether the log may still have erased values of an entity. */
  isErasing(id: Uuid): boolean {
    return this.#parts.isErasing(id)
  }

  /** The accepted writes of an entity in canonical order; `long` if they are too many, or not to be told. */
  async changes(id: Uuid): Promise<readonly Write[] | 'long'> {
    const { limits } = this.#parts
    if (this.isErasing(id)) return 'long'
    const seqs = await this.changeSeqs(id, limits.baseChangesMax + 1)
    if (seqs.length > limits.baseChangesMax) return 'long'
    const writes: Write[] = []
    // The first one alone, because all may be in its batch.
    for (let at = 0, end = 1; at < seqs.length; at = end, end += BATCHES_MAX) {
      const steps = await Promise.all(seqs.slice(at, end).map((seq) => this.#stepAt(seq, id)))
      writes.push(...steps.filter((step) => step instanceof Write))
    }
    return writes
  }

  /** What was done to an entity at a seq: a message changed it, or its values were erased. */
  async #stepAt(seq: number, id: Uuid): Promise<Write | RedactRecord> {
    const batch = await this.#batchOf(seq)
    if (batch.redact) return batch.redact
    const { writes } = this.entry(batch, seq)
    // The store has this seq as a change of the entity.
    return writes.find(({ entityId }) => entityId === id)!
  }

  async #batchOf(seq: number): Promise<Batch> {
    const known = this.#batches.find((one) => one.fromSeq <= seq && seq <= one.throughSeq)
    if (known) return known
    const batch = this.read(await this.batchWith(seq))
    this.#batches = [batch, ...this.#batches.slice(0, BATCHES_MAX - 1)]
    return batch
  }

  /** Called after a decision. */
  trim(): void {
    this.#batches = []
  }

  /**
   * The seqs of the newest changes of an entity, at most `countMax`, in order. Only those up to
   * `through`: the store may have later ones, of another process or of a concurrent commit.
   */
  async changeSeqs(
    id: Uuid,
    countMax: number,
    through: number = Number.MAX_SAFE_INTEGER - 1,
  ): Promise<readonly number[]> {
    const dirty = this.#parts.space.dirtySeqs(id)
    const newer = dirty.filter((seq) => seq <= through)
    const below = Math.min(dirty[0] ?? Infinity, through + 1)
    const older = await this.#storedSeqs(id, below, countMax - newer.length)
    return [...older.reverse(), ...newer].slice(-countMax)
  }

  /** The seqs of the newest changes of an entity in the store, below a seq, the newest first. */
  async #storedSeqs(id: Uuid, belowSeq: number, countMax: number): Promise<number[]> {
    const seqs: number[] = []
    while (seqs.length < countMax) {
      const count = Math.min(256, countMax - seqs.length)
      const found = await this.#parts.store.changes(id, seqs.at(-1) ?? belowSeq, {
        count,
        bytes: READ_BYTES,
      })
      if (found.length === 0) break
      for (const { seq } of found) seqs.push(seq)
    }
    return seqs
  }

  /** Parses a stored batch. @throws Error if it is damaged. */
  read(stored: Pick<StoredBatch, 'fromSeq' | 'text'>, chainBefore?: string): Batch {
    const { spaceId: space, limits } = this.#parts
    const read = loggedBatch(stored, { space, limits, chainBefore })
    if (!read.ok) throw new Error(`the stored batch from seq ${stored.fromSeq} is damaged`)
    return read.value
  }

  /** The entry of an accepted message. `before`: the states of its entities before it, if they are known. */
  entry(batch: Batch, seq: number, before?: (entityId: Uuid) => EntityState | undefined): Entry {
    const { space, lineage } = this.#parts
    const tableOf = (type: string): RegisterTable => space.registers(type)
    return loggedEntry(batch, seq, { lineage: lineage(), tableOf, ...(before && { before }) })
  }
}
