/**
 * How canonical facts reach the repo: batches of the tail in seq order, and snapshots. One call is
 * one step: all of its messages are taken in, or none, and subscribers are called once.
 *
 *   a batch that is known   skipped           a batch beyond the next seq     a gap: ask again
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { messageId } from '../facts/hashes.ts'
import type { AuthoredMessage, Message, Session } from '../facts/types.ts'
import { isForked } from '../fold/apply.ts'
import { PageLoader } from '../fold/snapshot.ts'
import { Entry, type SessionRef, applyAssigned, giveReview } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import { HeldChains } from '../history/held-chains.ts'
import type { StepWatcher } from '../history/step-watcher.ts'
import type { Position, Review } from '../facts/message.ts'
import type { Repo } from '../rows/repo.ts'
import type { Reg } from '../schema/registers.ts'
import type { BatchBounds } from '../wire/bounds.ts'
import { type ReviewerFrame, linesInParts } from '../wire/frames.ts'
import { type PageEntity, readPage } from '../wire/pages.ts'
import { readBatch, spanOfBatch } from '../wire/read-batch.ts'
import { keptReview } from '../wire/reviews.ts'
import type { Accepted, Batch } from '../wire/types.ts'

/** Who reviews, as the present epoch record says. */
export interface Reviewing {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  /** The chain before the first review. */
  readonly chain: Hash
}

/** Taken in. */
export interface TailApplied {
  readonly kind: 'applied'
  /** In canonical order. */
  readonly entries: readonly Entry[]
  /** Own entries that got their review. */
  readonly settled: readonly Entry[]
}

/** What became of a batch. Nothing of it was taken in unless it is `applied`. */
export type TailOutcome =
  | TailApplied
  /** All of it was known. */
  | { readonly kind: 'known' }
  /** Something before it is missing: ask for everything since the position. */
  | { readonly kind: 'gap' }
  | Malformed

interface Malformed {
  readonly kind: 'malformed'
  readonly message: string
}

export interface SnapshotApplied {
  readonly kind: 'applied'
  /** Page by page. */
  readonly pages: readonly (readonly PageEntity[])[]
  readonly settled: readonly Entry[]
}

/** An own message by its id: still in the outbox, or kept by storage. */
export type FindOwn = (id: Uuid) => Entry | AuthoredMessage | undefined

interface Step {
  readonly entry: Entry
  readonly accepted: Accepted
  readonly batch: Batch
  /** It is shown as pending. */
  readonly isPending: boolean
}

/** A batch that was read, and the own messages that it has as hashes. */
interface ReadOne {
  readonly batch: Batch
  readonly own: OwnMessages
}

export interface TailParts {
  readonly findOwn: FindOwn
  /** The entry of an own message without a verdict, shown or not. */
  readonly findWaiting: (sessionId: Uuid, clientSeq: number) => Entry | undefined
  readonly space: Uuid
  readonly bounds: BatchBounds
  /** Positions whose chain is held, to be compared with what authors have seen. */
  readonly heldChainsMax: number
  /** An accepted message whose author had seen another history at a position that this replica knows. */
  readonly onOtherHistory: (messageId: Uuid, seq: number) => void
  /** A batch was taken in. */
  readonly onTaken: (text: string, batch: Batch) => void
}

/** Takes in batches and snapshots, in seq order, and knows the position after them. */
export class TailReader {
  watcher: StepWatcher | undefined
  readonly #repo: Repo
  readonly #parts: TailParts
  readonly #sessions = new Map<Uuid, SessionRef>()
  #position: Position | null = null
  #chains: HeldChains

  constructor(repo: Repo, parts: TailParts) {
    this.#repo = repo
    this.#parts = parts
    this.#chains = new HeldChains(parts.heldChainsMax)
  }

  get position(): Position | null {
    return this.#position
  }

  /** Forgets where it is; the next thing must be a snapshot or a tail from the start. */
  reset(): void {
    this.#position = null
    this.#chains = new HeldChains(this.#parts.heldChainsMax)
  }

  /** Batches in seq order, up to the position of the frame. */
  tail(frame: ReviewerFrame & { kind: 'tail' }, by: Reviewing): TailOutcome {
    const { position } = frame
    const texts = linesInParts(frame.texts, frame.batches)
    if (!texts || position.eid !== by.eid)
      return malformed('a tail that is not of its lines, or of another lineage')
    const fresh: string[] = []
    let next = (this.#position?.seq ?? 0) + 1
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
    const read = this.#read(fresh, by)
    if ('kind' in read) return read
    // What is not the reviewer's leaves no trace: no session, no table is made of it.
    const end = read.at(-1)?.batch
    assert(end, 'a tail with texts has batches')
    if (position.seq !== end.throughSeq || position.chain !== end.chain)
      return malformed('a tail that does not end at its position')
    const steps = this.#planned(read)
    if ('kind' in steps) return steps
    this.#compare(steps, by)
    const settled = steps.flatMap((step) => this.#apply(step, by) ?? [])
    assert(position.seq >= first, 'a tail moves the position forward')
    this.#position = position
    for (const [i, { batch }] of read.entries()) this.#parts.onTaken(fresh[i]!, batch)
    this.#repo.emit()
    return { kind: 'applied', entries: steps.map(({ entry }) => entry), settled }
  }

  /**
   * Everything at a position, in the place of all canonical state. `settled`: pending entries that
   * it contains though it names them nowhere, because others have followed them.
   */
  snapshot(
    pages: readonly string[],
    { position, settled }: { position: Position; settled: ReadonlyMap<Entry, Review> },
  ): SnapshotApplied | Malformed {
    const all: (readonly PageEntity[])[] = []
    for (const page of pages) {
      const read = readPage(page)
      if (!read.ok) return malformed(read.error.message)
      all.push(read.value)
    }
    const entities = all.flat()
    const present = new Set(entities.map((entity) => entity.id))
    for (const table of this.#repo.tables()) {
      const gone = [...table.rows()].filter((row) => !present.has(row.id))
      for (const row of gone) table.replaceCanonical(row.id, undefined)
    }
    const acked = this.#replace(entities, settled)
    this.#position = position
    this.#repo.emit()
    this.watcher?.snapshot(position)
    return { kind: 'applied', pages: all, settled: acked }
  }

  /** Shows these states; pending entries that turn out to be in them are settled. */
  #replace(
    entities: readonly PageEntity[],
    settled: ReadonlyMap<Entry, Review> = new Map(),
  ): Entry[] {
    const { messages } = this.#repo
    const loader = new PageLoader()
    const acked = new Map([...settled].filter(([entry]) => !entry.review))
    for (const { message } of entities.flatMap(({ writes }) => writes)) {
      const { id, sessionId, clientSeq, review } = message
      messages.noteCanonical(id)
      const entry =
        messages.find(sessionId, clientSeq) ?? this.#parts.findWaiting(sessionId, clientSeq)
      if (entry) acked.set(entry, review)
      else messages.noteAccepted(sessionId, clientSeq)
    }
    for (const [entry, review] of acked) this.#repo.acceptContained(entry, review)
    for (const entity of entities) {
      const { registers } = this.#repo.tableNamed(entity.type)
      this.#repo.replaceCanonical(entity.type, entity.id, loader.state(entity, registers))
    }
    return [...acked.keys()]
  }

  /** The batches of these texts, one behind the other. Changes nothing here, whatever they say. */
  #read(texts: readonly string[], by: Reviewing): readonly ReadOne[] | TailOutcome {
    const all: ReadOne[] = []
    let before = { seq: this.#position?.seq ?? 0, chain: this.#position?.chain ?? by.chain }
    for (const text of texts) {
      const own = new OwnMessages(this.#parts.findOwn)
      const read = readBatch(text, {
        space: this.#parts.space,
        before,
        sessions: [],
        own: own.own,
        redacted: () => undefined,
        bounds: this.#parts.bounds,
      })
      // It is told in full to who asks for it.
      if (!read.ok && own.isMissing) return { kind: 'gap' }
      if (!read.ok) return malformed(read.error.message)
      const batch = read.value
      all.push({ batch, own })
      before = { seq: batch.throughSeq, chain: batch.chain }
    }
    return all
  }

  /** What is to be done, without anything of it being done. */
  #planned(read: readonly ReadOne[]): readonly Step[] | TailOutcome {
    const steps: Step[] = []
    for (const { batch, own } of read) {
      for (const accepted of batch.accepted) {
        const found = this.#found(accepted, own)
        if (typeof found === 'string') return malformed(found)
        const fault = this.#assignedFault(found.entry, accepted)
        if (fault) return malformed(fault)
        steps.push({ ...found, accepted, batch })
      }
    }
    return steps
  }

  /**
   * Every author signs how far it had read, and the chain there. A reviewer that tells two histories
   * cannot accept a message without showing it to those who know the other one.
   */
  #compare(steps: readonly Step[], { eid }: Reviewing): void {
    for (const { accepted, batch } of steps) {
      const { seen, id } = accepted
      if (seen.eid === eid && !this.#chains.mayBe(seen.seq, seen.chain))
        this.#parts.onOtherHistory(id, seen.seq)
      this.#chains.note(batch.throughSeq, batch.chain)
    }
  }

  /** The entry of an accepted message; a text says what is wrong with it. */
  #found(
    { id, hash, session, seen, message, isOwn }: Accepted,
    reading: OwnMessages,
  ): Pick<Step, 'entry' | 'isPending'> | string {
    const own = isOwn ? reading.found.get(hash) : undefined
    const numbered = own ?? message
    if (!numbered) return `message ${id} has a line that is missing`
    const { sessionId } = session.facts
    const { clientSeq } = numbered
    const { messages } = this.#repo
    if (messages.isAccepted(sessionId, clientSeq)) return `message ${id} is reviewed twice`
    const shown = messages.find(sessionId, clientSeq)
    if (shown?.id === id) return { entry: shown, isPending: true }
    // Refused here once, and accepted now, or never shown: it joins like any other.
    if (own instanceof Entry) return { entry: own, isPending: false }
    assert(own || message, 'a message that is read is of the outbox or of the batch')
    const authored = own ?? { ...(message as Message), id, hash, session, seen }
    const entry = toEntry(authored, {
      session: this.#session(session),
      arrival: 0,
      tableOf: (type) => this.#repo.tableNamed(type).registers,
    })
    return { entry, isPending: false }
  }

  /**
   * A reviewer assigns what a type declares as assigned, and never writes what is an author's to
   * write. A register that this build does not know is one of a newer version, and kept.
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

  /** Returns the own entry that has its verdict by this, if it is one. */
  #apply({ entry, accepted, batch, isPending }: Step, by: Reviewing): Entry | undefined {
    const { messages } = this.#repo
    const regs = entry.writes.map((write) => write.regs.names)
    const forked = entry.writes.some((write) =>
      isForked(this.#repo.tableNamed(write.type).canonical(write.entityId), write),
    )
    const review = keptReview(accepted, { ...by, at: batch.at }, { regs, forked })
    assert(review.seq > (this.#position?.seq ?? 0), 'what is applied is above the position')
    applyAssigned(entry, review, (type) => this.#repo.tableNamed(type).registers)
    messages.noteCanonical(entry.id)
    if (isPending) {
      this.#repo.accept(entry, review)
      return entry
    }
    giveReview(entry, review)
    const { sessionId } = entry.session
    const waiting = this.#parts.findWaiting(sessionId, entry.clientSeq)
    messages.noteAccepted(sessionId, entry.clientSeq)
    this.#repo.addCanonical(entry)
    if (waiting?.id !== entry.id) return undefined
    // It could not be shown before its verdict.
    giveReview(waiting, review)
    return waiting
  }
}

/** Own messages that a batch has as hashes. */
class OwnMessages {
  readonly found = new Map<Hash, Entry | AuthoredMessage>()
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

function malformed(message: string): Malformed {
  return { kind: 'malformed', message }
}
