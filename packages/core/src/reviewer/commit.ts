/**
 * From offers to one database transaction: verdicts on every message, the chain continued,
 * texts made once. Pure but for signatures; the reviewer commits what comes out of here, and
 * only then says a word.
 */
import type { Hash } from '../base/hash.ts'
import { jsonBytes } from '../base/json.ts'
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { chainAfter, rejectionBytes } from '../message/chain.ts'
import type { EntityState } from '../fold/state.ts'
import { type Entry, giveReview } from '../history/entry.ts'
import type { Limits } from '../message/limits.ts'
import {
  type Assigned,
  type Bases,
  type EpochOpen,
  type Message,
  type NackReason,
  type Position,
  type Rejection,
  type Review,
  WIRE_VERSION,
} from '../message/message.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { StoredRun } from '../ports/reviewer-store.ts'
import type { AcceptedAgain } from '../protocol/frames.ts'
import { packBases } from '../protocol/bases.ts'
import { packMessages } from '../protocol/pack.ts'
import { ownRunText, runText } from '../protocol/runs.ts'
import type { Entity } from '../schema/entity.ts'
import { type AdmitContext, type Admission, admit, seqName } from './admit.ts'
import type { Assigners } from './assign.ts'
import type { Connection } from './connection.ts'
import type { Ledger, SessionRecord, SessionVerdicts } from './ledger.ts'
import type { SpaceRows } from './rows.ts'
import type { ReviewerRules, RuleFailure } from './rules.ts'
import { Batch, type SpaceState } from './space.ts'

/** A verified flush that waits for its verdicts. */
export interface Offer {
  readonly connection: Connection
  readonly messages: readonly Message[]
  readonly sig: string
  readonly publicKey: string
  /** Of the frame. */
  readonly bytes: Bytes
}

/** The accepted messages of one offer, as one run. */
export interface CommittedRun {
  readonly connection: Connection
  readonly stored: StoredRun
  readonly ownText: string
  readonly sessionId: Uuid
  readonly again: readonly AcceptedAgain[]
  readonly chain: Hash
}

export interface Answers {
  readonly connection: Connection
  readonly messages: number
  /** Known already, with the review they have. */
  readonly again: { readonly sessionId: Uuid; readonly review: AcceptedAgain }[]
  readonly rejections: Rejection[]
  readonly nacks: {
    readonly sessionId: Uuid
    readonly clientSeq: number
    readonly reason: NackReason
    readonly detail: string
  }[]
}

/** Everything one transaction will hold, and everything that will be said after it. */
export interface Prepared {
  readonly batch: Batch
  readonly runs: readonly CommittedRun[]
  readonly answers: readonly Answers[]
  /** Rejections of this batch, with the number of their message. */
  readonly refused: readonly { readonly rejection: Rejection; readonly message: Message }[]
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
  readonly rows: SpaceRows
  readonly rules: ReviewerRules
  readonly assigners: Assigners
  readonly onRuleFailure: (failure: RuleFailure, message: Message) => void
}

/** An accepted message, with what its review says. */
interface Accepted {
  readonly message: Message
  /** As it is packed alone. */
  readonly bytes: Bytes
  readonly forked: boolean
  readonly assigned: readonly Assigned[] | undefined
  readonly bases: readonly Bases[] | undefined
}

export async function prepare(offers: readonly Offer[], context: CommitContext): Promise<Prepared> {
  const work = new Work(context)
  for (const offer of offers) await work.offer(offer)
  return work.prepared()
}

/**
 * How much larger a message can be when it is packed again, alone: 1e20 becomes 21 digits, and
 * -1, which names another message of the offer, becomes an id.
 */
const REPACKED_TIMES_MAX = 20

class Work {
  readonly #context: CommitContext
  readonly #batch: Batch
  readonly #runs: CommittedRun[] = []
  readonly #answers: Answers[] = []
  readonly #refused: { rejection: Rejection; message: Message }[] = []
  readonly #refusedIds = new Map<Uuid, Rejection>()
  readonly #answered = new Set<string>()
  readonly #sessions = new Map<Uuid, SessionRecord>()
  #head: Position

  constructor(context: CommitContext) {
    this.#context = context
    this.#batch = new Batch(context.space)
    this.#head = context.head
  }

  prepared(): Prepared {
    return {
      batch: this.#batch,
      runs: this.#runs,
      answers: this.#answers,
      refused: this.#refused,
      sessions: this.#sessions,
      head: this.#head,
    }
  }

  async offer(offer: Offer): Promise<void> {
    const answers: Answers = {
      connection: offer.connection,
      messages: offer.messages.length,
      again: [],
      rejections: [],
      nacks: [],
    }
    const accepted: Accepted[] = []
    for (const message of offer.messages) {
      const known = this.#known(message, answers)
      if (known) continue
      const bytes = this.#bytesOf(message, offer)
      const verdict = admit(message, bytes, this.#admitContext())
      if (verdict.kind === 'struck') {
        offer.connection.strike(verdict.why)
        continue
      }
      if (verdict.kind !== 'nack') this.#noteSession(message)
      if (verdict.kind === 'accepted') {
        const { forked, assigned, bases } = verdict
        const stated = bases ? jsonBytes(packBases(bases)) : NO_BYTES
        accepted.push({ message, bytes: addBytes(bytes, stated), forked, assigned, bases })
        giveReview(verdict.entry, this.#review(accepted.length, accepted.at(-1)!))
        this.#accept(verdict.entry, verdict.states)
        this.#answered.add(seqName(message))
      } else if (verdict.kind === 'rejected') {
        const rejection = await this.#reject(message, verdict)
        this.#answered.add(seqName(message))
        this.#refusedIds.set(message.id, rejection)
        this.#refused.push({ rejection, message })
        answers.rejections.push(rejection)
      } else {
        const { sessionId, clientSeq } = message.header
        answers.nacks.push({ sessionId, clientSeq, reason: verdict.reason, detail: verdict.detail })
      }
    }
    const { messageBytesMax } = this.#context.limits
    for (const group of inRuns(accepted, messageBytesMax)) this.#run(offer, group)
    this.#answers.push(answers)
  }

  /** A session may be freed while the batch is written; what is stored of it is this. */
  #noteSession({ header: { sessionId } }: Message): void {
    this.#sessions.set(sessionId, this.#context.ledger.session(sessionId)!)
  }

  /** Counts from now on for what follows in the batch. */
  #accept(entry: Entry, states: readonly EntityState[]): void {
    this.#batch.add(entry, states)
    for (const [i, { type, entityId }] of entry.writes.entries())
      this.#context.rows.put(type, entityId, states[i]!)
  }

  /** Of the text that will be sent. Measured only where the frame is large enough for it to matter. */
  #bytesOf(message: Message, offer: Offer): Bytes {
    const most = offer.bytes * REPACKED_TIMES_MAX
    if (most > this.#context.limits.messageBytesMax) return utf8Bytes(packMessages([message]))
    return bytesOf(Math.ceil(most / offer.messages.length)) // all of them together fit one run
  }

  #admitContext(): AdmitContext {
    return {
      ...this.#context,
      batch: this.#batch,
      refused: this.#refusedIds,
      answered: this.#answered,
    }
  }

  /** Same id, same answer: the message is here already, or was refused already. */
  #known(message: Message, answers: Answers): boolean {
    const { sessionId, clientSeq } = message.header
    const refused = this.#refusedIds.get(message.id) ?? this.#context.ledger.rejection(message.id)
    if (refused) {
      answers.rejections.push(refused)
      return true
    }
    const review = this.#batch.entry(message.id)?.review
    if (!review) return false
    answers.again.push({
      sessionId,
      review: [clientSeq, review.seq, review.at, review.forked ? 1 : 0],
    })
    return true
  }

  #review(offset: number, { forked, assigned, bases }: Accepted): Review {
    const { epoch, now } = this.#context
    return {
      reviewerId: epoch.reviewerId,
      eid: epoch.eid,
      epoch: epoch.epoch,
      seq: this.#head.seq + offset,
      forked,
      at: now,
      ...(assigned && { assigned }),
      ...(bases && { bases }),
    }
  }

  #run(offer: Offer, accepted: readonly Accepted[]): void {
    const { epoch, now, spaceId } = this.#context
    const fromSeq = this.#head.seq + 1
    let { chain } = this.#head
    for (const [i, { message, forked, assigned }] of accepted.entries()) {
      chain = chainAfter(chain, {
        space: spaceId,
        reviewerId: epoch.reviewerId,
        eid: epoch.eid,
        epoch: epoch.epoch,
        seq: fromSeq + i,
        msgId: message.id,
        hash: message.hash,
        forked,
        assigned,
        at: now,
      })
    }
    const messages = accepted.map(({ message }) => message)
    const head = {
      fromSeq,
      at: now,
      forked: accepted.flatMap(({ forked }, i) => (forked ? [i] : [])),
      chain,
      assigned: new Map(
        accepted.flatMap(({ assigned }, i) => (assigned ? [[i, assigned] as const] : [])),
      ),
      bases: new Map(accepted.flatMap(({ bases }, i) => (bases ? [[i, bases] as const] : []))),
    }
    const sessionId = messages[0]!.header.sessionId
    const toSeq = fromSeq + messages.length - 1
    this.#runs.push({
      connection: offer.connection,
      stored: {
        fromSeq,
        toSeq,
        ids: messages.map((message) => message.id),
        text: runText(head, packMessages(messages)),
        seals: JSON.stringify({
          sig: offer.sig,
          publicKey: offer.publicKey,
          hashes: offer.messages.map((message) => message.hash),
        }),
      },
      ownText: ownRunText(
        head,
        sessionId,
        messages.map((message) => message.header.clientSeq),
      ),
      sessionId,
      again: accepted.map(({ message, forked }, i): AcceptedAgain => [
        message.header.clientSeq,
        fromSeq + i,
        now,
        forked ? 1 : 0,
      ]),
      chain,
    })
    this.#head = { eid: epoch.eid, epoch: epoch.epoch, seq: toSeq, chain }
  }

  async #reject(
    message: Message,
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

/**
 * An offer speaks for one session at a time in practice; a run always does. Where values grow when
 * they are written again, a run is as large as one message may be, or one message.
 */
function inRuns(accepted: readonly Accepted[], bytesMax: number): Accepted[][] {
  const groups: Accepted[][] = []
  let bytes = bytesOf(0)
  for (const item of accepted) {
    const group = groups.at(-1)
    bytes = addBytes(bytes, item.bytes)
    const { sessionId } = item.message.header
    const fits = group?.[0]?.message.header.sessionId === sessionId && bytes <= bytesMax
    if (group && fits) group.push(item)
    else {
      groups.push([item])
      bytes = item.bytes
    }
  }
  return groups
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
  for (const { message, rejection } of refused) of(message.header.sessionId).refused.push(rejection)
  return found
}
