/**
 * From offers to one database transaction: verdicts on every message, the chain continued, the text
 * of the batch made once. Pure but for signatures; the reviewer commits what comes out of here, and
 * only then says a word.
 */
import { assert } from '../base/assert.ts'
import { type Bytes, NO_BYTES, addBytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { toBase64url } from '../base/bytes.ts'
import { authoredIn } from '../facts/flush.ts'
import type { Salt } from '../facts/ids.ts'
import { lineBytes } from '../facts/line.ts'
import type { AuthoredMessage, Flush, Session } from '../facts/types.ts'
import type { EntityState } from '../fold/state.ts'
import { type Entry, giveReview } from '../history/entry.ts'
import { numberName } from '../history/names.ts'
import { rejectionBytes } from '../wire/signed.ts'
import type { Limits } from '../message/limits.ts'
import {
  type EpochOpen,
  type NackReason,
  type Position,
  type Rejection,
  WIRE_VERSION,
} from '../message/message.ts'
import type { Random } from '../ports/random.ts'
import type { StoredRun } from '../ports/reviewer-store.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { Entity } from '../schema/entity.ts'
import { batchBounds } from '../wire/bounds.ts'
import { type ComposedBatch, composeBatch } from '../wire/compose-batch.ts'
import type { AcceptedAgain } from '../wire/frames.ts'
import { composeReview, reviewSizeFault } from '../wire/review-line.ts'
import { keptReview, reviewOf } from '../wire/reviews.ts'
import type { JudgedFlush, JudgedMessage, Review } from '../wire/types.ts'
import { type AdmitContext, type Admission, admit } from './admit.ts'
import type { Assigners } from './assign.ts'
import { ownText, storedText } from './batch-text.ts'
import type { Connection } from './connection.ts'
import type { Ledger, SessionRecord, SessionVerdicts } from './ledger.ts'
import type { SpaceRows } from './rows.ts'
import type { ReviewerRules, RuleFailure } from './rules.ts'
import { Batch, type SpaceState } from './space.ts'

/** A verified flush that waits for its verdicts. */
export interface Offer {
  readonly connection: Connection
  readonly session: Session
  readonly flush: Flush
  readonly sig: string
}

export interface Answers {
  readonly connection: Connection
  readonly messages: number
  /** Known already, with the review they have. */
  readonly again: { readonly sessionId: Uuid; readonly review: AcceptedAgain }[]
  /** Accepted now. */
  readonly accepted: AcceptedAgain[]
  readonly sessionId: Uuid
  readonly rejections: Rejection[]
  readonly nacks: {
    readonly sessionId: Uuid
    readonly clientSeq: number
    readonly reason: NackReason
    readonly detail: string
    /** It concerns this message and no other. */
    readonly alone: boolean
  }[]
}

/** Everything one transaction will hold, and everything that will be said after it. */
export interface Prepared {
  readonly batch: Batch
  /** undefined where nothing was accepted. */
  readonly stored: StoredRun | undefined
  /** The text of the batch for a connection: without the lines of the messages that it offered. */
  readonly textFor: (connection: Connection) => string
  readonly answers: readonly Answers[]
  /** Rejections of this batch, each with its message. */
  readonly refused: readonly { readonly rejection: Rejection; readonly message: AuthoredMessage }[]
  /** Of all messages with a verdict, as they were bound when it was found. */
  readonly sessions: ReadonlyMap<Uuid, SessionRecord>
  readonly head: Position
}

export interface CommitContext {
  readonly spaceId: Uuid
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly limits: Limits
  readonly types: ReadonlyMap<string, Entity> | undefined
  readonly epoch: EpochOpen
  readonly head: Position
  readonly now: number
  readonly keys: KeyPair
  readonly signer: Signer
  readonly random: Random
  readonly rows: SpaceRows
  readonly rules: ReviewerRules
  readonly assigners: Assigners
  readonly onRuleFailure: (failure: RuleFailure, message: AuthoredMessage) => void
}

export async function prepare(offers: readonly Offer[], context: CommitContext): Promise<Prepared> {
  const work = new Work(context)
  for (const offer of offers) await work.offer(offer)
  return work.prepared()
}

const SALT_BYTES = 12

class Work {
  readonly #context: CommitContext
  readonly #batch: Batch
  readonly #judged: JudgedFlush[] = []
  /** Of the judged flushes, aligned with them. */
  readonly #offers: Offer[] = []
  readonly #answers: Answers[] = []
  readonly #refused: { rejection: Rejection; message: AuthoredMessage }[] = []
  readonly #refusedIds = new Map<Uuid, Rejection>()
  readonly #decided = new Map<string, 'accepted' | 'refused'>()
  readonly #sessions = new Map<Uuid, SessionRecord>()
  #accepted = 0
  /** Of the lines and reviews that were accepted. */
  #bytes = NO_BYTES

  constructor(context: CommitContext) {
    this.#context = context
    this.#batch = new Batch(context.space)
  }

  prepared(): Prepared {
    const composed = this.#judged.length > 0 ? this.#composed() : undefined
    return {
      batch: this.#batch,
      stored: composed && this.#stored(composed),
      textFor: (connection) => {
        assert(composed, 'who asks for the text of a batch knows that there is one')
        const isOwn = (session: Session): boolean =>
          this.#offers.some(
            (offer) => offer.connection === connection && offer.session.line === session.line,
          )
        return ownText(composed.layout, isOwn)
      },
      answers: this.#answers,
      refused: this.#refused,
      sessions: this.#sessions,
      head: composed ? this.#headAfter(composed) : this.#context.head,
    }
  }

  async offer(offer: Offer): Promise<void> {
    const answers: Answers = {
      connection: offer.connection,
      messages: offer.flush.messages.length,
      again: [],
      accepted: [],
      sessionId: offer.session.facts.sessionId,
      rejections: [],
      nacks: [],
    }
    const verdicts: JudgedMessage[] = []
    for (const message of authoredIn(offer.flush, offer.session))
      verdicts.push(await this.#judge(message, offer, answers))
    this.#answers.push(answers)
    if (!verdicts.some(({ accepted }) => accepted)) return
    const { session, flush } = offer
    this.#judged.push({ session, flush, first: 0, end: verdicts.length, verdicts })
    this.#offers.push(offer)
  }

  async #judge(message: AuthoredMessage, offer: Offer, answers: Answers): Promise<JudgedMessage> {
    const { clientSeq, session } = message
    const { sessionId } = session.facts
    const refused: JudgedMessage = { accepted: false }
    if (this.#known(message, answers)) return refused
    if (this.#isFull) {
      const detail = 'it goes into the next commit'
      answers.nacks.push({ sessionId, clientSeq, reason: 'busy', detail, alone: false })
      return refused
    }
    const bytes = bytesOf(message, offer.flush)
    const verdict = this.#withReview(message, admit(message, bytes, this.#admitContext()))
    if (verdict.kind === 'struck') offer.connection.strike(verdict.why)
    else if (verdict.kind === 'nack') {
      const { reason, detail } = verdict
      answers.nacks.push({ sessionId, clientSeq, reason, detail, alone: true })
    } else {
      // A session may be freed while the batch is written; what is stored of it is this.
      this.#sessions.set(sessionId, this.#context.ledger.session(sessionId)!)
      if (verdict.kind === 'rejected') await this.#refuse(message, verdict, answers)
      else {
        this.#accept(message, verdict, answers)
        this.#bytes = addBytes(this.#bytes, bytes)
        return { accepted: true, review: verdict.review }
      }
    }
    return refused
  }

  /** Whether what follows belongs into another batch: what a review adds has a bound of its own. */
  get #isFull(): boolean {
    const { reviewerFrameBytesMax, batchMessagesMax } = this.#context.limits
    return this.#accepted >= batchMessagesMax * 2 || this.#bytes > reviewerFrameBytesMax / 4
  }

  /** A message whose review is above its bounds is refused. */
  #withReview(
    message: AuthoredMessage,
    admission: Admission,
  ): Exclude<Admission, { kind: 'accepted' }> | AcceptedWithReview {
    if (admission.kind !== 'accepted') return admission
    const { random, limits } = this.#context
    const salt = (): Salt => toBase64url(random.bytes(SALT_BYTES))
    const review = reviewOf(message, admission, salt)
    if (!review) return { ...admission, review }
    const text = composeReview(review)
    const fault = reviewSizeFault(text, batchBounds(limits))
    if (fault) return { kind: 'rejected', reason: 'too_large', detail: fault }
    for (const { line } of [text, ...text.values])
      if (line !== undefined) this.#bytes = addBytes(this.#bytes, lineBytes(line))
    return { ...admission, review }
  }

  /** Counts from now on for what follows in the batch. */
  #accept(
    message: AuthoredMessage,
    { entry, states, forked, review }: AcceptedWithReview,
    answers: Answers,
  ): void {
    const { epoch, now, head, rows } = this.#context
    const { clientSeq, changes } = message
    const seq = head.seq + ++this.#accepted
    const regs = changes.map(({ shape }) => shape.regs)
    const place = { reviewerId: epoch.reviewerId, eid: epoch.eid, epoch: epoch.epoch, at: now }
    giveReview(entry, keptReview({ seq, review: review ?? null }, place, { regs, forked }))
    this.#batch.add(entry, states)
    for (const [i, { type, entityId }] of entry.writes.entries())
      rows.put(type, entityId, states[i]!)
    this.#decide(message, 'accepted')
    answers.accepted.push({ clientSeq, seq, at: now, forked })
  }

  async #refuse(
    message: AuthoredMessage,
    verdict: Admission & { kind: 'rejected' },
    answers: Answers,
  ): Promise<void> {
    const rejection = await this.#rejection(message, verdict)
    this.#decide(message, 'refused')
    this.#refusedIds.set(message.id, rejection)
    this.#refused.push({ rejection, message })
    answers.rejections.push(rejection)
  }

  #decide({ session, clientSeq }: AuthoredMessage, verdict: 'accepted' | 'refused'): void {
    this.#decided.set(numberName(session.facts.sessionId, clientSeq), verdict)
  }

  #admitContext(): AdmitContext {
    return { ...this.#context, batch: this.#batch, decided: this.#decided }
  }

  /** Same id, same answer: the message is here already, or was refused already. */
  #known({ id, session, clientSeq }: AuthoredMessage, answers: Answers): boolean {
    const refused = this.#refusedIds.get(id) ?? this.#context.ledger.rejection(id)
    if (refused) {
      answers.rejections.push(refused)
      return true
    }
    const review = this.#batch.entry(id)?.review
    if (!review) return false
    const { seq, at, forked } = review
    const { sessionId } = session.facts
    answers.again.push({ sessionId, review: { clientSeq, seq, at, forked } })
    return true
  }

  #composed(): ComposedBatch {
    const { head, now, limits } = this.#context
    const draft = { fromSeq: head.seq + 1, at: now, judged: this.#judged }
    const composed = composeBatch(draft, head.chain, batchBounds(limits))
    assert(composed.ok, 'every review of a batch was measured')
    return composed.value
  }

  #stored({ layout, throughSeq }: ComposedBatch): StoredRun {
    return {
      fromSeq: layout.first.fromSeq,
      toSeq: throughSeq,
      ids: this.#batch.entries.map((entry: Entry) => entry.id),
      text: storedText(layout),
      seals: JSON.stringify(this.#offers.map(({ sig }) => sig)),
    }
  }

  #headAfter({ throughSeq, chain }: ComposedBatch): Position {
    const { eid, epoch } = this.#context.epoch
    return { eid, epoch, seq: throughSeq, chain }
  }

  async #rejection(
    message: AuthoredMessage,
    { reason, detail, standing }: Admission & { kind: 'rejected' },
  ): Promise<Rejection> {
    const { epoch, now, spaceId, keys, signer } = this.#context
    const body = {
      v: WIRE_VERSION,
      space: spaceId,
      eid: epoch.eid,
      epoch: epoch.epoch,
      reviewerId: epoch.reviewerId,
      msgId: message.id,
      hash: message.hash,
      reason,
      detail,
      ...(standing && { standing }),
      at: now,
    } as const
    return { ...body, sig: await signer.sign(keys, rejectionBytes(body)) }
  }
}

interface AcceptedWithReview {
  readonly kind: 'accepted'
  readonly entry: Entry
  readonly states: readonly EntityState[]
  readonly forked: boolean
  readonly review: Review | undefined
}

/** Of the lines of a message, with the head of its flush. */
function bytesOf(message: AuthoredMessage, { messages, text, bytes }: Flush): Bytes {
  if (messages.length === 1) return bytes
  let line = 0
  for (const other of messages) {
    if (other.clientSeq === message.clientSeq) break
    line += other.salts.length
  }
  return [text.head, ...text.lines.slice(line, line + message.salts.length)]
    .map(lineBytes)
    .reduce(addBytes, NO_BYTES)
}

/** How many messages of each session were accepted, and which were refused. */
export function verdictsBySession({
  batch,
  refused,
}: Prepared): ReadonlyMap<Uuid, SessionVerdicts> {
  const found = new Map<Uuid, { accepted: number; readonly refused: Rejection[] }>()
  const of = (id: Uuid): { accepted: number; readonly refused: Rejection[] } => {
    const known = found.get(id) ?? { accepted: 0, refused: [] }
    found.set(id, known)
    return known
  }
  for (const { session } of batch.entries) of(session.sessionId).accepted++
  for (const { message, rejection } of refused)
    of(message.session.facts.sessionId).refused.push(rejection)
  return found
}
