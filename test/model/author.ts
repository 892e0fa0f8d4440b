/**
 * One author at message level: a key, sessions, a link, and messages with the parents that a
 * trace names. Goes past the store on purpose, which would choose parents by itself; uses the
 * doors core/message and core/protocol, as a second implementation would. Everything it draws
 * comes from a seed, so that ids are the same in every run: never do that with a real key.
 *
 * A trace lets an author write on any moment of the past, beside what it wrote itself. Numbers of
 * one session cannot say all of that, so it then writes in another session, as in another tab.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import {
  type AuthoredMessage,
  authoredIn,
  type Flush,
  grantBytes,
  type Json,
  type Message,
  sealBytes,
  type Seen,
  type Session,
  type SessionOpening,
  toBase64url,
  type Uuid,
  uuid4,
  whoamiId,
  WIRE_VERSION,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  authorFrame,
  parseReviewerFrame,
  type ProvedOpening,
  type ReviewerFrame,
} from '@countersign/core/protocol'
import { seenOwn } from '@countersign/core/testing'
import { socketIo } from '@countersign/transport-socketio'
import { type Ancestry, changeOf, type Written } from './ancestry.ts'
import {
  bindBytesOf,
  changeByHand,
  commitOf,
  flushOf,
  offerOf,
  saltsFor,
  sessionOf,
} from './by-hand.ts'
import { Manifest } from './manifest.ts'
import { UNSET } from './oracle.ts'
import type { Random } from './random.ts'
import type { TraceChange, TraceMessage } from './trace.ts'

/** What is heard of an author's own messages. */
export interface AuthorEvents {
  accepted(sessionId: Uuid, clientSeq: number): void
  rejected(id: string, reason: string): void
  /** No verdict: offer again later. */
  nacked(sessionId: Uuid, clientSeq: number, reason: string): void
  /** The link has ended; nothing more will be heard. */
  lost(reason: string): void
}

/** Names of the trace as the wire knows them. */
export interface Names {
  /** The uuid of a row. */
  readonly row: (name: string) => string
  /** A message that was made before. */
  readonly message: (name: string) => Written
  /** What was made before, by whomever. */
  readonly ancestry: Ancestry
}

/** A message that is in no flush yet, so it has no id. */
export interface Draft extends Message {
  readonly session: Session
  /** By entity: all that its author had seen of it. */
  readonly views: Views
}

type Views = ReadonlyMap<Uuid, ReadonlySet<Written>>

/** A flush, and its messages with their ids. */
export interface AuthoredFlush {
  readonly session: Session
  readonly flush: Flush
  readonly messages: readonly AuthoredMessage[]
}

interface OwnSession {
  readonly session: Session
  readonly opening: SessionOpening
  readonly written: Draft[]
}

/** DER of a PKCS #8 Ed25519 key, up to its 32 secret bytes. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SESSIONS_PER_BIND_MAX = 64

export class Author {
  readonly #space: string
  readonly #personalId: string
  readonly #random: Random
  readonly #key: KeyObject
  readonly #publicKey: string
  readonly #sessions: OwnSession[] = []
  #link: Link | undefined

  constructor(space: string, personalId: string, random: Random) {
    this.#space = space
    this.#personalId = personalId
    this.#random = random
    const der = Buffer.concat([PKCS8_HEAD, bytesOf(random, 32)])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.#publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x!
    this.#open()
  }

  /** What proves its first session over a link whose reviewer drew that nonce. */
  proved(nonce: string): ProvedOpening {
    return this.#proved(this.#sessions[0]!.opening, nonce)
  }

  /** The message with the next number of a session. A `resolve` of a trace was never compare-and-set. */
  write({ timestamp, changes }: TraceMessage, names: Names): Draft {
    const views = new Map(
      changes.map(({ entity, parents }) => {
        const entityId = names.row(entity)
        return [entityId, names.ancestry.seenBy(entityId, parents.map(names.message))] as const
      }),
    )
    const own = this.#sessions.find((one) => fits(one, changes, { views, names })) ?? this.#open()
    const { session, written } = own
    const { sessionId } = session.facts
    const made = changes.map(({ entity, kind, parents, set, keep }) =>
      changeByHand(
        sessionId,
        {
          type: Manifest.name,
          entityId: names.row(entity),
          kind: kind === 'create' ? 'create' : 'update',
          set: Object.fromEntries(Object.entries(set).map(([reg, value]) => [reg, json(value)])),
          parents: parents.map(names.message),
          keep: Object.fromEntries(
            Object.entries(keep ?? {}).map(([reg, kept]) => [reg, kept.map(names.message)]),
          ),
        },
        views.get(names.row(entity))!,
      ),
    )
    const draft = {
      session,
      views,
      clientSeq: written.length + 1,
      time: timestamp,
      changes: made,
      salts: saltsFor(made, (count) => bytesOf(this.#random, count)),
    }
    written.push(draft)
    names.ancestry.note(draft)
    return draft
  }

  /** Drafts of one session in one flush; undefined where one `seen` cannot stand for all of them. */
  flush(drafts: readonly Draft[]): AuthoredFlush | undefined {
    const { session } = drafts[0]!
    const own = this.#sessions.find((one) => one.session === session)!
    const seen = drafts.every((draft) => draft.session === session)
      ? seenOf(drafts, own.written)
      : undefined
    if (!seen) return undefined
    const messages = drafts.map(({ clientSeq, time, changes, salts }): Message => {
      return { clientSeq, time, changes, salts }
    })
    const flush = flushOf(session, seen, messages)
    return { session, flush, messages: authoredIn(flush, session) }
  }

  /** The message in a flush of its own. */
  message(trace: TraceMessage, names: Names): AuthoredMessage {
    return this.flush([this.write(trace, names)])!.messages[0]!
  }

  /** Resolves when the reviewer knows all of its sessions. */
  async connect(url: string, events: AuthorEvents): Promise<void> {
    const openings = this.#sessions.map(({ opening }) => opening)
    let nonce = ''
    const bindNext = (): boolean => {
      const sessions = openings
        .splice(0, SESSIONS_PER_BIND_MAX)
        .map((opening) => this.#proved(opening, nonce))
      if (sessions.length > 0)
        this.#link!.send(authorFrame('bind', { sessions, auth: null, keeps: false }))
      return sessions.length > 0
    }
    await new Promise<void>((resolve, reject) => {
      const lost = (reason: string): void => {
        reject(new Error(`link lost: ${reason}`))
        events.lost(reason)
      }
      const hello = { v: WIRE_VERSION, space: this.#space, nonce: 'model', position: null }
      this.#link = socketIo(url).connect({
        open: () => this.#link!.send(authorFrame('hello', hello)),
        frame: (text) => {
          const parsed = parseReviewerFrame(text)
          if (!parsed.ok) lost(`the reviewer sent a frame that is ${parsed.error.message}`)
          else if (parsed.value.kind === 'welcome') {
            nonce = parsed.value.nonce
            bindNext()
          } else if (parsed.value.kind !== 'bound') heard(parsed.value, events, lost)
          else if (!bindNext()) resolve()
        },
        closed: lost,
      })
    })
  }

  /** One flush: one signature over all of it. */
  offer({ session, flush }: AuthoredFlush): void {
    this.#link!.send(offerOf(session, flush, this.#sign(sealBytes(flush.hashes))))
  }

  close(): void {
    this.#link?.close()
  }

  #proved(opening: SessionOpening, nonce: string): ProvedOpening {
    const proof = this.#sign(bindBytesOf(this.#space, opening.sessionId, nonce))
    return { ...opening, proof }
  }

  #open(): OwnSession {
    const random = this.#random
    const authorId = whoamiId(this.#publicKey)
    const unsigned = {
      authorId,
      publicKey: this.#publicKey,
      sessionId: uuid4(bytesOf(random, 16)),
      personalId: this.#personalId,
      salt: toBase64url(bytesOf(random, 16)),
      sig: '',
    }
    const { sessionId } = unsigned
    const commit = commitOf(this.#space, unsigned)
    const sig = this.#sign(grantBytes(this.#space, authorId, { sessionId, commit }))
    const opening = { ...unsigned, sig }
    const own = { session: sessionOf(this.#space, opening), opening, written: [] }
    this.#sessions.push(own)
    return own
  }

  #sign(bytes: Uint8Array): string {
    return sign(null, bytes, this.#key).toString('base64url')
  }
}

/**
 * Whether numbers of this session can say what a message has seen. And no register gets two live
 * writes of one session, as who keeps both could name one of them only.
 */
function fits(
  { session, written }: OwnSession,
  changes: readonly TraceChange[],
  { views, names }: { readonly views: Views; readonly names: Names },
): boolean {
  const isKept = (draft: Draft): boolean =>
    changes.some(({ keep }) =>
      Object.values(keep ?? {}).some((kept) =>
        kept.some((name) => isSame(names.message(name), draft)),
      ),
    )
  const isBeside = (draft: Draft): boolean =>
    changes.some(({ entity, set }) => {
      const entityId = names.row(entity)
      const change = changeOf(draft, entityId)
      return (
        change !== undefined &&
        !views.get(entityId)!.has(draft) &&
        change.shape.regs.some((reg) => Object.hasOwn(set, reg))
      )
    })
  const next = { session, clientSeq: written.length + 1, views }
  return (
    seenOf([next], written) !== undefined && !written.some((one) => isKept(one) || isBeside(one))
  )
}

/**
 * What messages of one flush say of the session's messages before them; undefined where they cannot
 * say it together, as it stands once for all of their entities.
 */
function seenOf(
  drafts: readonly Pick<Draft, 'clientSeq' | 'views'>[],
  written: readonly Draft[],
): Seen | undefined {
  const first = drafts[0]!.clientSeq
  const own: number[] = []
  for (const before of written) {
    const views = drafts
      .filter(({ clientSeq }) => clientSeq > before.clientSeq)
      .flatMap((draft) => before.changes.flatMap(({ entityId }) => draft.views.get(entityId) ?? []))
      .map((view) => view.has(before))
    const isSeen = views.includes(true)
    if (isSeen && views.includes(false)) return undefined
    // Inside of one flush each message sees those before it.
    if (before.clientSeq >= first && views.includes(false)) return undefined
    if (before.clientSeq < first && isSeen) own.push(before.clientSeq)
  }
  return seenOwn(first, own)
}

function isSame(a: Written, b: Written): boolean {
  return a.session.line === b.session.line && a.clientSeq === b.clientSeq
}

function heard(frame: ReviewerFrame, events: AuthorEvents, lost: (reason: string) => void): void {
  if (frame.kind === 'accepted')
    for (const { clientSeq } of frame.reviews) events.accepted(frame.sessionId, clientSeq)
  else if (frame.kind === 'nack')
    for (const seq of frame.clientSeqs) events.nacked(frame.sessionId, seq, frame.reason)
  else if (frame.kind === 'rejected')
    for (const { msgId, reason, detail } of frame.rejections)
      events.rejected(msgId, detail === undefined ? reason : `${reason}: ${detail}`)
  else if (frame.kind === 'bye') lost(frame.reason)
}

function json(value: unknown): Json {
  return value === UNSET ? { $unset: true } : (value as Json)
}

export function bytesOf(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256))
}
