/**
 * Computes one decision from offers: a verdict on every message, the next link of the chain, and the
 * text of the batch. Pure: a missing item is requested (`missing.ts`), and the message that needs it is
 * judged again. The reviewer signs and commits the decision, and only then sends it.
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
import { type Entry, type Write, giveReview, reviewIn } from '../history/entry.ts'
import type { Lineage } from '../history/lineage.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { type OtherPlace, type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Random } from '../ports/random.ts'
import type { Entity } from '../schema/entity.ts'
import { batchBounds } from '../wire/bounds.ts'
import { type ComposedBatch, composeBatch } from '../wire/compose-batch.ts'
import { composeReview, reviewSizeFault } from '../wire/review-line.ts'
import { keptReview, reviewOf } from '../wire/reviews.ts'
import type { JudgedFlush, JudgedMessage, Review } from '../wire/types.ts'
import { type AdmitContext, type Admission, admit } from './admit.ts'
import type { Assigners } from './assign.ts'
import { ownText, storedText } from './batch-text.ts'
import type { Equivocation } from './equivocation.ts'
import type {
  DecidedBatch,
  Decision,
  LinkAnswers,
  Offer,
  RefusedNow,
  UnjudgedMessage,
  UnsignedRejection,
} from './decision.ts'
import { Missing, type Need } from './missing.ts'
import type { Ledger, SessionRecord } from './ledger.ts'
import type { Persons } from './persons.ts'
import type { Revocations } from './revocations.ts'
import { layoutAgain } from './returned-flush.ts'
import type { CanRead } from './read-rights.ts'
import type { SpaceRows } from './rows.ts'
import type { ReviewRule, Rules } from './rules.ts'
import { DecisionBatch, type SpaceState } from './space.ts'

export interface DecideContext {
  readonly spaceId: Uuid
  readonly space: SpaceState
  readonly ledger: Ledger
  readonly persons: Persons
  readonly revocations: Revocations
  readonly limits: Limits
  readonly types: ReadonlyMap<string, Entity> | undefined
  readonly lineage: Lineage
  readonly head: Position
  readonly now: number
  readonly random: Random
  /** Accepted writes of entities that the decision has requested; `long` where they are too many. */
  readonly history: ReadonlyMap<Uuid, readonly Write[] | 'long'>
  readonly rows: SpaceRows
  readonly rules: Rules
  readonly review: ReviewRule | undefined
  readonly canRead: CanRead | undefined
  readonly assigners: Assigners
}

/**
 * Yields each missing item, and continues when it is loaded. When the decision is abandoned or not
 * committed, `rows` has uncommitted states and must be discarded.
 */
export function* decide<Link>(
  offers: readonly Offer<Link>[],
  context: DecideContext,
): Generator<Need, Decision<Link>, void> {
  const work = new Work<Link>(context)
  for (const offer of offers) yield* work.offer(offer)
  return work.decision()
}

/** Maximum items loaded for one message. */
const NEEDS_MAX = 10_000
const SALT_BYTES = 12

class Work<Link> {
  readonly #context: DecideContext
  readonly #batch: DecisionBatch
  readonly #judged: JudgedFlush[] = []
  /** The offers of the judged flushes, aligned with them. */
  readonly #offers: Offer<Link>[] = []
  readonly #answers: LinkAnswers<Link>[] = []
  readonly #refused: RefusedNow[] = []
  readonly #failures: UnjudgedMessage[] = []
  readonly #equivocations: Equivocation[] = []
  readonly #decided = new Map<Uuid, Map<number, 'accepted' | 'refused'>>()
  readonly #byId = new Map<Uuid, Entry>()
  readonly #sessions = new Map<Uuid, SessionRecord>()
  #accepted = 0
  /** The bytes of the accepted lines and reviews. */
  #bytes = NO_BYTES

  constructor(context: DecideContext) {
    this.#context = context
    const { space, history, persons } = context
    this.#batch = new DecisionBatch(space, history, (authorId) => persons.of(authorId))
  }

  decision(): Decision<Link> {
    assert(this.#offers.length === this.#judged.length, 'each judged flush has its offer')
    const composed = this.#judged.length > 0 ? this.#composed() : undefined
    return {
      batch: this.#batch,
      stored: composed && this.#stored(composed),
      textFor: (connection) => {
        assert(composed, 'only a decision with accepted messages has a text')
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
      failures: this.#failures,
      equivocations: this.#equivocations,
    }
  }

  *offer(offer: Offer<Link>): Generator<Need, void, void> {
    const answers: LinkAnswers<Link> = {
      connection: offer.connection,
      messages: offer.flush.messages.length,
      again: [],
      accepted: [],
      sessionId: offer.session.facts.sessionId,
      rejections: [],
      refused: [],
      nacks: [],
    }
    const verdicts: JudgedMessage[] = []
    const sizes = sizesIn(offer.flush)
    const judging = { offer, answers, admitting: this.#admitContext(offer) }
    for (const [i, message] of authoredIn(offer.flush, offer.session).entries()) {
      // A size for each message.
      const place = { bytes: sizes[i]!, places: offer.returned?.places?.[i] }
      verdicts.push(yield* this.#whenAtHand(() => this.#judge(message, place, judging)))
    }
    assert(verdicts.length === answers.messages, 'each message of an offer is judged')
    this.#answers.push(answers)
    if (!verdicts.some(({ accepted }) => accepted)) return
    const { session, flush, returned } = offer
    const isAccepted = verdicts.map(({ accepted }) => accepted)
    this.#judged.push({
      ...{ session, flush, first: 0, end: verdicts.length, verdicts },
      ...(returned && { layout: layoutAgain(returned, isAccepted) }),
    })
    this.#offers.push(offer)
  }

  /** Retries `judge` until nothing is missing: `Missing` is thrown before the message has any effect. */
  *#whenAtHand<T>(judge: () => T): Generator<Need, T, void> {
    for (let needs = 0; needs < NEEDS_MAX; needs++) {
      try {
        return judge()
      } catch (error) {
        if (!(error instanceof Missing)) throw error
        this.#batch.forgetMissed()
        yield error.need
      }
    }
    throw new Error(`the verdict on one message needs more than ${NEEDS_MAX} reads`)
  }

  #judge(
    message: AuthoredMessage,
    { bytes, places }: OfferedPlace,
    { offer, answers, admitting }: Judging<Link>,
  ): JudgedMessage {
    const { clientSeq, session } = message
    const { sessionId } = session.facts
    const refused: JudgedMessage = { accepted: false }
    if (this.#known(message, answers)) return refused
    const before = offer.before?.get(message.id)
    if (before && this.#isFree(message)) {
      this.#sessions.set(sessionId, offer.record)
      this.#refuseAs(message, before, { offer, answers })
      return refused
    }
    if (this.#isFull) {
      const detail = 'the batch is full; the message belongs into the next commit'
      answers.nacks.push({ clientSeq, reason: 'busy', detail, alone: false })
      return refused
    }
    const admission = admit(message, bytes, places ? { ...admitting, places } : admitting)
    const verdict = this.#withReview(message, admission, places)
    if (verdict.kind === 'nack') {
      const { reason, detail } = verdict
      answers.nacks.push({ clientSeq, reason, detail, alone: true })
    } else {
      // Kept here, because the ledger may evict the session before it is stored.
      this.#sessions.set(sessionId, offer.record)
      if (offer.person.proved) this.#batch.persons.set(session.facts.authorId, offer.person.id)
      if (verdict.kind === 'rejected') this.#refuse(message, verdict, { offer, answers })
      else {
        this.#accept(message, verdict, answers)
        this.#bytes = addBytes(this.#bytes, bytes)
        return { accepted: true, review: verdict.review }
      }
    }
    return refused
  }

  /** Whether the next message needs another batch. A review has a size limit of its own. */
  get #isFull(): boolean {
    const { reviewerFrameBytesMax, batchMessagesMax } = this.#context.limits
    // What readers take, whose limits are not lowered.
    const messagesMax = Math.max(batchMessagesMax, LIMITS.batchMessagesMax)
    return this.#accepted >= messagesMax || this.#bytes > reviewerFrameBytesMax / 4
  }

  /** Adds the review; rejects a message whose review exceeds its limits. */
  #withReview(
    message: AuthoredMessage,
    admission: Admission,
    places: readonly OtherPlace[] | undefined,
  ): Exclude<Admission, { kind: 'accepted' }> | AcceptedWithReview {
    if (admission.kind !== 'accepted') return admission
    const { random, limits } = this.#context
    const salt = (): Salt => toBase64url(random.bytes(SALT_BYTES))
    const review = reviewOf(message, { ...admission, places }, salt)
    if (!review) return { ...admission, review }
    const text = composeReview(review)
    const fault = reviewSizeFault(text, batchBounds(limits))
    if (fault) return { kind: 'rejected', reason: 'too_large', detail: fault }
    for (const { line } of [text, ...text.values])
      if (line !== undefined) this.#bytes = addBytes(this.#bytes, lineBytes(line))
    return { ...admission, review }
  }

  /** Applies an accepted message to the batch. */
  #accept(
    message: AuthoredMessage,
    { entry, states, forked, review }: AcceptedWithReview,
    answers: LinkAnswers<Link>,
  ): void {
    const { lineage, now, head, rows } = this.#context
    const { clientSeq, changes } = message
    const seq = head.seq + ++this.#accepted
    const regs = changes.map(({ shape }) => shape.regs)
    const { reviewerId, eid, epoch } = lineage.present
    const place = { reviewerId, eid, epoch, at: now }
    giveReview(entry, keptReview({ seq, review: review ?? null }, place, { regs, forked }))
    this.#batch.add(entry, states)
    this.#byId.set(entry.id, entry)
    for (const [i, { type, entityId }] of entry.writes.entries())
      rows.put(type, entityId, states[i]!)
    this.#decide(message, 'accepted')
    answers.accepted.push({ clientSeq, seq, at: now, forked })
  }

  #refuse(
    message: AuthoredMessage,
    verdict: Admission & { kind: 'rejected' },
    { offer, answers }: { readonly offer: Offer<Link>; readonly answers: LinkAnswers<Link> },
  ): void {
    this.#refuseAs(message, this.#rejection(message, verdict), { offer, answers })
  }

  #refuseAs(
    message: AuthoredMessage,
    rejection: UnsignedRejection,
    { offer, answers }: { readonly offer: Offer<Link>; readonly answers: LinkAnswers<Link> },
  ): void {
    const isFirst = rejection.reason !== 'seq_reused'
    if (isFirst) this.#decide(message, 'refused')
    else this.#equivocates(message, offer)
    this.#refused.push({ rejection, message, isFirst, person: offer.person })
    answers.refused.push(rejection)
  }

  /**
   * The number of a message is used. If the other message was rejected, its id may be deleted
   * already; then there is no evidence.
   */
  #equivocates(message: AuthoredMessage, offer: Offer<Link>): void {
    const { sessionId } = message.session.facts
    const isOther = (entry: Entry): boolean =>
      entry.clientSeq === message.clientSeq && entry.session.sessionId === sessionId
    const now = this.#batch.entries.find(isOther)
    const before = this.#context.ledger.verdictOn(sessionId, message.clientSeq)
    const acceptedSeq = now
      ? reviewIn(now).seq
      : before.kind === 'accepted'
        ? before.seq
        : undefined
    const { session, flush, record, sig, returned } = offer
    // Without all its lines a flush is no evidence.
    if (acceptedSeq !== undefined && sig !== null && !returned)
      this.#equivocations.push({ session, flush, record, sig, message, acceptedSeq })
  }

  /** Whether the number of a message has no verdict. @throws Missing */
  #isFree({ session, clientSeq }: AuthoredMessage): boolean {
    const { sessionId } = session.facts
    const { ledger } = this.#context
    return (
      !this.#decided.get(sessionId)?.has(clientSeq) &&
      ledger.verdictOn(sessionId, clientSeq).kind === 'unknown'
    )
  }

  #decide({ session, clientSeq }: AuthoredMessage, verdict: 'accepted' | 'refused'): void {
    const { sessionId } = session.facts
    let ofSession = this.#decided.get(sessionId)
    if (!ofSession) this.#decided.set(sessionId, (ofSession = new Map()))
    ofSession.set(clientSeq, verdict)
  }

  #admitContext({ record, person, may }: Offer<Link>): AdmitContext {
    return {
      ...this.#context,
      ...{ record, person, may },
      places: undefined,
      batch: this.#batch,
      decided: this.#decided,
      onRuleFailure: (failure, message) => void this.#failures.push({ failure, message, person }),
    }
  }

  /** Answers a message that has a verdict already with that verdict. */
  #known({ id, session, clientSeq }: AuthoredMessage, answers: LinkAnswers<Link>): boolean {
    const { ledger } = this.#context
    const { sessionId } = session.facts
    if (this.#decidedNow(id, answers)) return true
    const verdict = ledger.verdictOn(sessionId, clientSeq)
    if (verdict.kind === 'refused') {
      const refused = ledger.rejection(id)
      if (refused) answers.rejections.push(refused)
      return refused !== undefined
    }
    if (verdict.kind === 'unknown') return false
    const { seq } = verdict
    if (seq < this.#context.lineage.firstLogged) {
      const detail = 'the home reviewer has the verdict on it'
      answers.nacks.push({ clientSeq, reason: 'unavailable', detail, alone: true })
      return true
    }
    const known = ledger.messageAt(seq)
    if (known.id !== id) return false
    const { at, forked } = known
    answers.again.push({ clientSeq, seq, at, forked })
    return true
  }

  /** Answers a message that this batch has judged already, offered by another link. */
  #decidedNow(id: Uuid, answers: LinkAnswers<Link>): boolean {
    const refused = this.#refused.find(({ rejection }) => rejection.msgId === id)
    if (refused) {
      answers.refused.push(refused.rejection)
      return true
    }
    const entry = this.#byId.get(id)
    if (!entry) return false
    const { seq, at, forked } = reviewIn(entry)
    answers.again.push({ clientSeq: entry.clientSeq, seq, at, forked })
    return true
  }

  #composed(): ComposedBatch {
    const { head, now, limits } = this.#context
    const draft = { fromSeq: head.seq + 1, at: now, judged: this.#judged }
    const composed = composeBatch(draft, head.chain, batchBounds(limits))
    assert(composed.ok, 'every review of a batch was measured')
    return composed.value
  }

  #stored({ layout, throughSeq }: ComposedBatch): DecidedBatch {
    const { fromSeq } = layout.first
    assert(throughSeq - fromSeq + 1 === this.#accepted, 'each accepted message takes one seq')
    const { entries } = this.#batch
    const forked = entries.flatMap((entry, i) => (reviewIn(entry).forked ? [i] : []))
    const seals = this.#offers.map(({ sig }) => sig)
    const text = storedText(layout)
    return { fromSeq, toSeq: throughSeq, text, seals: JSON.stringify({ seals, forked }) }
  }

  #headAfter({ throughSeq, chain }: ComposedBatch): Position {
    const { eid, epoch } = this.#context.lineage.present
    return { eid, epoch, seq: throughSeq, chain }
  }

  #rejection(
    message: AuthoredMessage,
    { reason, detail, standing }: Admission & { kind: 'rejected' },
  ): UnsignedRejection {
    const { lineage, now, spaceId } = this.#context
    const epoch = lineage.present
    return {
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
    }
  }
}

/** The size of a message in its offer, and its places on other lineages, where it was returned. */
interface OfferedPlace {
  readonly bytes: Bytes
  readonly places: readonly OtherPlace[] | undefined
}

/** An offer, its answers, and the input of its verdicts. */
interface Judging<Link> {
  readonly offer: Offer<Link>
  readonly answers: LinkAnswers<Link>
  readonly admitting: AdmitContext
}

interface AcceptedWithReview {
  readonly kind: 'accepted'
  readonly entry: Entry
  readonly states: readonly EntityState[]
  readonly forked: boolean
  readonly review: Review | undefined
}

/** The bytes of the lines of each message, with the head of their flush. */
function sizesIn({ messages, text, bytes }: Flush): readonly Bytes[] {
  if (messages.length === 1) return [bytes]
  const headBytes = lineBytes(text.head)
  let line = 0
  return messages.map(({ salts }) => {
    let size = headBytes
    for (const end = line + salts.length; line < end; line++)
      size = addBytes(size, lineBytes(text.lines[line]!)) // a message has a salt for each line
    return size
  })
}
