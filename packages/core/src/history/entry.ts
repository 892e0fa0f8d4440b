/**
 * A message as one replica stores it (`Entry`), and its change of each entity (`Write`). Both
 * contain the author's view as numbers (`saw.ts`); only a message that is pending here has parents.
 *
 * An entry gets its id on first use: a write of the app must not wait for a hash.
 * Only the verdict of an entry changes after construction.
 */
import type { Hash } from '../base/hash.ts'
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ChangeKind, Expectation, Names, OwnSpan, Seen } from '../facts/types.ts'
import type {
  Assigned,
  Bases,
  FinalReason,
  MessageState,
  OtherPlace,
  ProvisionalReview,
  Review,
  Standing,
} from '../facts/message.ts'
import type { Reg, RegSet, RegisterTable } from '../schema/registers.ts'

/** One session of one author, shared by all its entries. */
export interface SessionRef {
  readonly authorId: Uuid
  readonly sessionId: Uuid
}

export interface Refusal {
  /** `damaged` is not a verdict: the storage lost data that is needed to send the message. */
  readonly reason: FinalReason | 'damaged'
  readonly detail: string | undefined
  /** With `stale` and `contested`: the live writes of the registers that it wrote. */
  readonly standing: readonly Standing[]
}

/** How far an author had read lineages that its `seen` does not name. */
export interface Readings {
  /** On the lineage that is followed; 0: nothing was read. */
  readonly here: number
  /** Others, by id, ascending. */
  readonly others: readonly OtherPlace[]
}

export interface EntryFacts {
  readonly session: SessionRef
  readonly clientSeq: number
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  /** Order of arrival at this replica; orders entries without a verdict. */
  readonly arrival: number
  /** Absent while the message is being written. */
  readonly seen?: Seen | undefined
  readonly expect?: readonly Expectation[] | undefined
  /** Computes id and hash of an entry of this session, on first use. */
  readonly identifier?: ((entry: Entry) => void) | undefined
}

/** One message at one replica, from its first draft to its verdict. */
export class Entry {
  readonly session: SessionRef
  readonly clientSeq: number
  readonly timestamp: number
  /** Changes only with the place that a provisional review gives it (`Repo.reorder`). */
  arrival: number
  /** Entities that must not have changed since its author saw them. */
  expect: readonly Expectation[] | undefined
  /** In the order of the message's changes; a change withheld from this replica has no write. */
  writes: Write[] = []
  /** The author's view; undefined while it is being written, on top of all that is shown. */
  seen: Seen | undefined
  /** The seq up to which unverified messages were shown when it was written here; absent: none were. */
  writtenAt: number | undefined
  /**
   * While it has no review: how far its author had read the lineage that is followed here, and
   * others; undefined if `seen` suffices.
   */
  readings: Readings | undefined
  /** The countersignature, once there is one. */
  review: Review | null = null
  /** While it has none: what a peer has reviewed. */
  provisional: ProvisionalReview | undefined
  /** Why it was rejected for good, if it was. */
  rejection: Refusal | undefined
  state: MessageState
  #identifier: ((entry: Entry) => void) | undefined
  #id: Uuid | undefined
  #hash: Hash | undefined

  constructor(facts: EntryFacts) {
    this.session = facts.session
    this.clientSeq = facts.clientSeq
    this.timestamp = facts.timestamp
    this.arrival = facts.arrival
    this.seen = facts.seen
    this.expect = facts.expect
    this.#identifier = facts.identifier
    this.state = facts.identifier ? 'draft' : 'accepted'
  }

  get identified(): boolean {
    return this.#id !== undefined
  }

  get id(): Uuid {
    if (this.#id === undefined) this.#identifier?.(this)
    assert(this.#id !== undefined, 'an entry without an identifier must be given its id')
    return this.#id
  }

  /** The full hash of a message without a verdict; empty if it has one, or if only its id is known. */
  get hash(): Hash {
    if (this.#id === undefined) this.#identifier?.(this)
    return this.#hash ?? ''
  }

  identify(id: Uuid, hash: Hash | undefined): void {
    assert(this.#id === undefined || this.#id === id, 'an entry cannot change its id')
    this.#id = id
    this.#hash ??= hash
    this.#identifier = undefined
  }

  /** Called with the verdict: from then on the id is enough, and rows keep their newest messages. */
  forgetHash(): void {
    this.#hash = undefined
  }
}

export interface WriteFacts {
  /** Index among the changes of its message. */
  readonly index: number
  readonly type: string
  readonly entityId: Uuid
  readonly kind: ChangeKind
  readonly version: number
  readonly regs: RegSet
  /** Of a pending write only: the heads that it was written on, as far as they are known here. */
  readonly parents?: readonly Write[]
  /** Of a pending write only: its parents as its message names them. */
  readonly named?: Names | undefined
  /** The seq up to which its author knew the entity, if it is less than `Seen.seq`. */
  readonly cut?: number | undefined
  /** All spans, including those that its parents name. */
  readonly own?: readonly OwnSpan[] | undefined
  readonly keep?: ReadonlyMap<Reg, KeptWrites> | undefined
}

/**
 * Writes that stay live although this write follows them: as writes while it is written, then by
 * number.
 */
export type KeptWrites = readonly Write[] | Names

const NO_WRITES: readonly Write[] = Object.freeze([])

/** The change that one message made to one entity. */
export class Write {
  readonly entry: Entry
  readonly index: number
  readonly type: string
  readonly entityId: Uuid
  readonly kind: ChangeKind
  readonly version: number
  /**
   * The registers that it writes: those of its author's message, and those that the reviewer
   * assigned.
   */
  regs: RegSet
  /**
   * Heads that a pending write was written on; empty after the verdict, so no history is retained.
   */
  parents: readonly Write[]
  /** The parents by number, as its message names them. */
  named: Names | undefined
  /** The seq up to which its author knew the entity, if it is less than `Seen.seq`. */
  cut: number | undefined
  /** Pending messages of other sessions in its author's view of the entity. */
  own: readonly OwnSpan[] | undefined
  keep: ReadonlyMap<Reg, KeptWrites> | undefined
  /**
   * The values that its author had seen in the registers that it writes, if they were stated: by
   * the review, or with the pending message.
   */
  bases: Bases | undefined
  /** By register. May be the row that this write made, which then holds the same values. */
  values: Readonly<Record<Reg, Json>>

  constructor(entry: Entry, facts: WriteFacts, values: Readonly<Record<Reg, Json>>) {
    this.entry = entry
    this.index = facts.index
    this.type = facts.type
    this.entityId = facts.entityId
    this.kind = facts.kind
    this.version = facts.version
    this.regs = facts.regs
    this.parents = facts.parents ?? NO_WRITES
    this.named = facts.named
    this.cut = facts.cut
    this.own = facts.own
    this.keep = facts.keep
    this.bases = undefined
    this.values = values
  }

  /**
   * Adds the values that the reviewer assigned: the write then writes these registers, too. The
   * message, its id and its hash do not change.
   */
  assign(assigned: Assigned, table: RegisterTable): void {
    const missing = Object.keys(assigned).filter((reg) => !this.regs.names.includes(reg))
    if (missing.length === 0) return
    assert(this.kind === 'create', 'a reviewer assigns values to creations alone')
    const values: Record<Reg, Json> = {}
    for (const reg of this.regs.names) values[reg] = this.values[reg]!
    for (const reg of missing) values[reg] = assigned[reg]!
    this.regs = table.set([...this.regs.names, ...missing].sort())
    this.values = values
  }
}

/** The review of a canonical entry. */
export function reviewIn({ review }: Entry): Review {
  assert(review !== null, 'a canonical message has its review')
  return review
}

/** Sets the review of an entry, which is then no longer pending and has no parents. */
export function giveReview(entry: Entry, review: Review): void {
  const { review: before } = entry
  const isMoved = before !== null && before.eid === review.eid && before.seq !== review.seq
  assert(!isMoved, 'a message keeps its seq on a lineage')
  entry.review = review
  entry.state = 'accepted'
  entry.forgetHash()
  for (const write of entry.writes) {
    write.parents = NO_WRITES
    write.named = undefined
    write.bases = review.bases?.[write.index]
  }
}

/** Adds the values that a review assigned to the writes of its entry. */
export function applyAssigned(
  { writes }: Entry,
  { assigned }: Pick<Review, 'assigned'>,
  tableOf: (type: string) => RegisterTable,
): void {
  if (!assigned) return
  for (const write of writes) write.assign(assigned[write.index] ?? {}, tableOf(write.type))
}
