/**
 * Reads frames of the tail: their batches, the position that they continue, and the entries of
 * their messages. It changes no row, no position and no outbox; `tail.ts` and `unverified.ts` do.
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { messageId } from '../facts/hashes.ts'
import type { Position } from '../facts/message.ts'
import type { AuthoredMessage, Message, Session } from '../facts/types.ts'
import { Entry, type SessionRef } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Repo } from '../rows/repo.ts'
import type { Reg } from '../schema/registers.ts'
import type { BatchBounds } from '../wire/bounds.ts'
import { type ReviewerFrame, linesInParts } from '../wire/frames.ts'
import { readBatch, spanOfBatch } from '../wire/read-batch.ts'
import type { Accepted, Batch } from '../wire/types.ts'

/** One term of a reviewer. An `Epoch` is one. */
export interface EpochTerm {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  /** The chain after its record. */
  readonly chain: Hash
}

/** The terms of the reviewer by its greeting: the present one, and those before it. */
export interface Reviewing extends Omit<EpochTerm, 'chain'> {
  readonly lineage: Lineage
}

/** A frame of the tail. */
export type TailFrame = ReviewerFrame & { readonly kind: 'tail' }

/** After which seq and chain a batch continues. */
export interface TailEnd {
  readonly seq: number
  readonly chain: Hash
}

/** Why a frame of the tail is not applied. */
export type NotTaken =
  /** All of it was known. */
  | { readonly kind: 'known' }
  /** A batch before it is missing: request everything since the position. */
  | { readonly kind: 'gap' }
  | Malformed

export interface Malformed {
  readonly kind: 'malformed'
  readonly message: string
}

/** An own message by its id: still in the outbox, or kept by storage. */
export type FindOwn = (id: Uuid) => Entry | AuthoredMessage | undefined

/** The context in which a frame is read. */
export interface PlanParts {
  readonly findOwn: FindOwn
  readonly space: Uuid
  readonly bounds: BatchBounds
}

/** The effect of one accepted message. */
export interface Acceptance {
  readonly entry: Entry
  readonly accepted: Accepted
  readonly batch: Batch
  readonly term: EpochTerm
  /** It is shown as pending. */
  readonly isPending: boolean
}

/** A batch that was read, and the own messages that it has as hashes. */
export interface ReadOne {
  readonly text: string
  readonly batch: Batch
  readonly own: OwnMessages
  /** The place before it. */
  readonly before: TailEnd
  /** That of its messages. */
  readonly term: EpochTerm
}

/** The effect of a frame of the tail. */
export interface PlannedTail {
  readonly kind: 'planned'
  readonly read: readonly ReadOne[]
  /** In canonical order. */
  readonly acceptances: readonly Acceptance[]
  /** The place before it, and its term. */
  readonly from: TailEnd
  readonly start: EpochTerm
  /** The position after it, and its term. */
  readonly position: Position
  readonly end: EpochTerm
}

export class TailPlan {
  readonly #repo: Repo
  readonly #parts: PlanParts
  readonly #sessions = new Map<Uuid, SessionRef>()

  constructor(repo: Repo, parts: PlanParts) {
    this.#repo = repo
    this.#parts = parts
  }

  /**
   * The batches of a frame that follow that place, in seq order, up to the position of the frame.
   * `start`: the term of that place.
   */
  read(frame: TailFrame, start: EpochTerm, after: TailEnd): readonly ReadOne[] | NotTaken {
    const { position } = frame
    const texts = linesInParts(frame.texts, frame.batches)
    if (!texts) return malformed('a tail that is not of its lines')
    const fresh: string[] = []
    let next = after.seq + 1
    const first = next
    for (const text of texts) {
      const span = spanOfBatch(text, this.#parts.bounds)
      if (!span.ok) return malformed(span.error.message)
      const { fromSeq, throughSeq } = span.value
      if (throughSeq < next) continue
      if (fromSeq !== next) return { kind: 'gap' }
      fresh.push(text)
      next = throughSeq + 1
    }
    if (fresh.length === 0) return position.seq >= first ? { kind: 'gap' } : { kind: 'known' }
    const read = this.#batches(fresh, start, after)
    if ('kind' in read) return read
    // A forged frame leaves no trace: it creates no session and no table.
    const end = read.at(-1)
    assert(end, 'a tail with texts has batches')
    const isAt = position.eid === end.term.eid && position.seq === end.batch.throughSeq
    return isAt && position.chain === end.batch.chain
      ? read
      : malformed('a tail that does not end at its position')
  }

  /** Reads the successive batches of these texts. Changes no state, with any content. */
  #batches(
    texts: readonly string[],
    start: EpochTerm,
    after: TailEnd,
  ): readonly ReadOne[] | NotTaken {
    const all: ReadOne[] = []
    let before = after
    let term = start
    for (const text of texts) {
      const own = new OwnMessages(this.#parts.findOwn)
      const read = readBatch(text, {
        space: this.#parts.space,
        before,
        sessions: [],
        own: own.own,
        bounds: this.#parts.bounds,
      })
      // A store that requests it gets all lines.
      if (!read.ok && own.isMissing) return { kind: 'gap' }
      if (!read.ok) return malformed(read.error.message)
      const batch = read.value
      term = batch.epoch ?? term
      all.push({ text, batch, own, before, term })
      before = { seq: batch.throughSeq, chain: batch.chain }
    }
    return all
  }

  /** The effect of a frame that follows that place, of the term `start`. */
  frame(frame: TailFrame, start: EpochTerm, from: TailEnd): PlannedTail | NotTaken {
    const read = this.read(frame, start, from)
    if ('kind' in read) return read
    const acceptances: Acceptance[] = []
    for (const one of read) {
      for (const accepted of one.batch.accepted) {
        const step = this.step(accepted, one)
        if ('kind' in step) return step
        acceptances.push(step)
      }
    }
    const end = read.at(-1)?.term ?? start
    return { kind: 'planned', read, acceptances, from, start, position: frame.position, end }
  }

  /** The effect of one of them. `arrival`: of its entry, where it is shown before its verdict. */
  step(accepted: Accepted, { batch, own, term }: ReadOne, arrival = 0): Acceptance | Malformed {
    const found = this.#found(accepted, own, arrival)
    if (typeof found === 'string') return malformed(found)
    const fault = this.#assignedFault(found.entry, accepted)
    return fault ? malformed(fault) : { ...found, accepted, batch, term }
  }

  /** The entry of an accepted message; or its fault, as text. */
  #found(
    { id, hash, session, seen, message, isOwn }: Accepted,
    reading: OwnMessages,
    arrival: number,
  ): Pick<Acceptance, 'entry' | 'isPending'> | string {
    const own = isOwn ? reading.found.get(hash) : undefined
    const numbered = own ?? message
    if (!numbered) return `message ${id} has a line that is missing`
    const { sessionId } = session.facts
    const { clientSeq } = numbered
    const { messages } = this.#repo
    if (messages.isAccepted(sessionId, clientSeq)) return `message ${id} is reviewed twice`
    const shown = messages.find(sessionId, clientSeq)
    if (shown?.id === id) return { entry: shown, isPending: true }
    // A message that was refused here earlier, or never shown, is added like any other.
    if (own instanceof Entry) return { entry: own, isPending: false }
    assert(own || message, 'a message that is read is of the outbox or of the batch')
    const authored = own ?? { ...(message as Message), id, hash, session, seen }
    const entry = toEntry(authored, {
      session: this.#session(session),
      arrival,
      tableOf: (type) => this.#repo.tableNamed(type).registers,
    })
    return { entry, isPending: false }
  }

  /**
   * A reviewer assigns fields that the type declares as assigned, and no field of the author. A
   * register that is unknown to this build is of a newer version, and kept.
   */
  #assignedFault(entry: Entry, { review, id }: Accepted): string | undefined {
    const { writes } = entry
    for (const { change, reg } of review?.bases ?? [])
      if (writes[change]?.regs.names[reg] === undefined)
        return `a base of message ${id} names a register that it does not write`
    for (const { change, values } of review?.assigned ?? []) {
      const write = writes[change]
      if (write?.kind !== 'create') return `values assigned to no creation of message ${id}`
      const { entity } = this.#repo.tableNamed(write.type)
      const isAuthors = (reg: Reg): boolean =>
        write.regs.names.includes(reg) || (!entity.each && entity.fieldAt(reg) !== undefined)
      const wrong = Object.keys(values).find((reg) => !entity.assigns(reg) && isAuthors(reg))
      if (wrong !== undefined) return `${write.type}.${wrong} assigned, which its author writes`
    }
    return undefined
  }

  #session({ facts: { authorId, sessionId } }: Session): SessionRef {
    let session = this.#sessions.get(sessionId)
    if (!session) this.#sessions.set(sessionId, (session = { authorId, sessionId }))
    return session
  }
}

/** Own messages that a batch has as hashes. */
class OwnMessages {
  readonly found: Map<Hash, Entry | AuthoredMessage> = new Map<Hash, Entry | AuthoredMessage>()
  isMissing = false
  readonly #find: FindOwn

  constructor(find: FindOwn) {
    this.#find = find
  }

  readonly own = (hash: Hash): { readonly changes: readonly { entityId: Uuid }[] } | undefined => {
    const own = this.#find(messageId(hash))
    this.isMissing ||= !own
    if (!own) return undefined
    this.found.set(hash, own)
    return own instanceof Entry ? { changes: own.writes } : own
  }
}

/** The place after a position, or before the first review. */
export function endOf(position: Position | null, first: EpochTerm): TailEnd {
  return position ?? { seq: 0, chain: first.chain }
}

/** A frame that breaks a rule, as a phrase. */
export function malformed(message: string): Malformed {
  return { kind: 'malformed', message }
}
