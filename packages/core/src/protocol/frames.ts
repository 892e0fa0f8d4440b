/**
 * The wire on one page. A frame is a JSON array, its kind first. All of a connection
 * concerns the one space named in `hello`.
 *
 *   author ──▶ reviewer                              reviewer ──▶ author
 *   hello  v, space, position                        welcome  v, lineage, position, credits
 *   bind   openings of the sessions to speak for     bound    session ids
 *   offer  a flush of sealed messages                tail     runs of reviews with their messages, position
 *                                                    accepted of a message offered again: its review
 *                                                    rejected signed refusals
 *                                                    nack     no verdict; try later
 *   want   all since a position                      tail*, then through; or a snapshot:
 *                                                    page*, settled*, then through with their number
 *   history  of an entity                            history  its messages with their reviews, in parts
 *   bye    reason                                    bye      reason
 *
 * A frame that is larger than a transport carries travels in parts, both ways: `parts.ts`.
 * An answer is a fact that may come twice, late or never: frames carry no request numbers.
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { isHash } from '../base/hash.ts'
import { type Bytes, isLongerThan, utf8Bytes } from '../base/size.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import {
  type EpochOpen,
  type NackReason,
  type Position,
  type Rejection,
  type SessionOpening,
  WIRE_VERSION,
} from '../message/message.ts'
import { LIMITS, type Limits } from '../message/limits.ts'
import { isCount } from '../message/parse.ts'
import { type HistoryPart, readHistoryPart } from './history.ts'
import { isRejection } from './rejection.ts'

/** How much an author may have under way without an answer. */
export interface Credits {
  readonly messages: number
  /** UTF-8 bytes of packed messages. */
  readonly bytes: number
}

/** The verdict on a message that was offered again: its clientSeq, and where it stands. */
export type AcceptedAgain = readonly [clientSeq: number, seq: number, at: number, forked: 0 | 1]

/** Untrusted text, parsed. The inner JSON of runs and pages is checked by their own readers. */
export type AuthorFrame =
  | {
      readonly kind: 'hello'
      readonly v: number
      readonly space: Uuid
      readonly position: Position | null
    }
  | { readonly kind: 'bind'; readonly sessions: readonly SessionOpening[] }
  | {
      readonly kind: 'offer'
      readonly packed: unknown
      readonly sig: string
      readonly publicKey: string
      /** Of the whole frame. */
      readonly bytes: Bytes
    }
  /** Asks for everything since a position, by runs or by a snapshot, whichever is shorter. */
  | { readonly kind: 'want'; readonly have: Position | null }
  | { readonly kind: 'history'; readonly entityId: Uuid }
  | { readonly kind: 'bye'; readonly reason: string }

/** Why a reviewer ends a link that a later one would end again. */
export type ByeCode = 'wrong_space' | 'wrong_version'

export type ReviewerFrame =
  | {
      readonly kind: 'welcome'
      readonly v: number
      readonly lineage: readonly EpochOpen[]
      readonly position: Position
      readonly credits: Credits
    }
  | { readonly kind: 'bound'; readonly sessionIds: readonly Uuid[] }
  | { readonly kind: 'tail'; readonly runs: readonly unknown[]; readonly position: Position }
  | {
      readonly kind: 'accepted'
      readonly sessionId: Uuid
      readonly reviews: readonly AcceptedAgain[]
    }
  | { readonly kind: 'rejected'; readonly rejections: readonly Rejection[] }
  | {
      readonly kind: 'nack'
      readonly reason: NackReason
      readonly sessionId: Uuid
      readonly clientSeqs: readonly number[]
      readonly detail: string
      /** It concerns these messages and no others: what comes after them may be offered meanwhile. */
      readonly alone: boolean
    }
  /** Part of the snapshot at that seq. */
  | { readonly kind: 'page'; readonly page: unknown; readonly seq: number }
  /** Own messages that the snapshot at that seq contains, seen in it or not. */
  | {
      readonly kind: 'settled'
      readonly sessionId: Uuid
      readonly reviews: readonly AcceptedAgain[]
      readonly seq: number
    }
  /** `parts`: pages and lists of settled ones that make up the snapshot; 0 when there is none. */
  | { readonly kind: 'through'; readonly position: Position; readonly parts: number }
  | ({ readonly kind: 'history' } & HistoryPart)
  | { readonly kind: 'bye'; readonly reason: string; readonly code: ByeCode | undefined }

export function helloFrame(space: Uuid, position: Position | null): string {
  return JSON.stringify(['hello', WIRE_VERSION, space, position])
}

export function bindFrame(sessions: readonly SessionOpening[]): string {
  return JSON.stringify(['bind', sessions])
}

/** `packed` is the text of `packMessages`: the same bytes are stored and sent. */
export function offerFrame(packed: string, sig: string, publicKey: string): string {
  return `["offer",${packed},${JSON.stringify(sig)},${JSON.stringify(publicKey)}]`
}

export function wantFrame(have: Position | null): string {
  return JSON.stringify(['want', have])
}

export function byeFrame(reason: string, code?: ByeCode): string {
  return JSON.stringify(code ? ['bye', reason, code] : ['bye', reason])
}

export function welcomeFrame(
  lineage: readonly EpochOpen[],
  position: Position,
  credits: Credits,
): string {
  return JSON.stringify([
    'welcome',
    WIRE_VERSION,
    lineage,
    position,
    [credits.messages, credits.bytes],
  ])
}

export function boundFrame(sessionIds: readonly Uuid[]): string {
  return JSON.stringify(['bound', sessionIds])
}

/** `runs` are texts: each was encoded once, whoever receives it. */
export function tailFrame(runs: readonly string[], position: string): string {
  return `["tail",[${runs.join(',')}],${position}]`
}

export function acceptedFrame(sessionId: Uuid, reviews: readonly AcceptedAgain[]): string {
  return JSON.stringify(['accepted', sessionId, reviews])
}

export function rejectedFrame(rejections: readonly Rejection[]): string {
  return JSON.stringify(['rejected', rejections])
}

export function nackFrame(
  reason: NackReason,
  about: {
    readonly sessionId: Uuid
    readonly clientSeqs: readonly number[]
    readonly alone: boolean
  },
  detail = '',
): string {
  const { sessionId, clientSeqs, alone } = about
  return JSON.stringify(['nack', reason, sessionId, clientSeqs, detail, alone ? 1 : 0])
}

export function pageFrame(page: string, seq: number): string {
  return `["page",${page},${seq}]`
}

export function settledFrame(
  sessionId: Uuid,
  reviews: readonly AcceptedAgain[],
  seq: number,
): string {
  return JSON.stringify(['settled', sessionId, reviews, seq])
}

export function throughFrame(position: string, parts = 0): string {
  return `["through",${position},${parts}]`
}

/** A frame from an author. Never throws. */
export function parseAuthorFrame(text: string, limits: Limits = LIMITS): Outcome<AuthorFrame> {
  const frame = parsed(text, limits.authorFrameBytesMax)
  if (!frame) return malformed(noFrame(limits.authorFrameBytesMax))
  const [kind, a, b, c] = frame
  switch (kind) {
    case 'hello': {
      if (!isCount(a) || !isUuid(b)) return malformed('hello has no version or no space')
      const position = c === null ? null : readPosition(c)
      return position === undefined
        ? malformed('hello has no position')
        : ok({ kind, v: a, space: b, position })
    }
    case 'bind': {
      if (!Array.isArray(a) || a.length > limits.sessionsPerBindMax)
        return malformed('bind has no list of sessions')
      const sessions = a.map(readOpening)
      return sessions.every((s) => s !== undefined)
        ? ok({ kind, sessions })
        : malformed('bind has a malformed session')
    }
    case 'offer':
      if (typeof b !== 'string' || typeof c !== 'string')
        return malformed('an offer has no signature or no key')
      return ok({ kind, packed: a, sig: b, publicKey: c, bytes: utf8Bytes(text) })
    case 'want': {
      const have = a === null ? null : readPosition(a)
      return have === undefined ? malformed('want has no position') : ok({ kind, have })
    }
    case 'history':
      return isUuid(a) ? ok({ kind, entityId: a }) : malformed('a history of nothing')
    case 'bye':
      return ok({ kind, reason: words(a) })
    default:
      return malformed('a frame of an unknown kind')
  }
}

/** What a peer says in words. `String` would call what the peer made of `toString`. */
function words(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 256) : ''
}

/** A frame from a reviewer. Never throws. */
export function parseReviewerFrame(text: string, limits: Limits = LIMITS): Outcome<ReviewerFrame> {
  const frame = parsed(text, limits.reviewerFrameBytesMax)
  if (!frame) return malformed(noFrame(limits.reviewerFrameBytesMax))
  const [kind, a, b, c, d, e] = frame
  switch (kind) {
    case 'welcome': {
      const position = readPosition(c)
      const [messages, bytes] = Array.isArray(d) ? (d as unknown[]) : []
      if (!isCount(a) || !position || !isCount(messages) || !isCount(bytes))
        return malformed('a malformed welcome')
      if (!Array.isArray(b) || b.length === 0 || !b.every(isEpochOpen))
        return malformed('a welcome without lineage')
      return ok({ kind, v: a, lineage: b, position, credits: { messages, bytes } })
    }
    case 'bound':
      return Array.isArray(a) && a.every(isUuid)
        ? ok({ kind, sessionIds: a })
        : malformed('a malformed bound')
    case 'tail': {
      const position = readPosition(b)
      return Array.isArray(a) && position
        ? ok({ kind, runs: a, position })
        : malformed('a malformed tail')
    }
    case 'accepted':
      return isUuid(a) && Array.isArray(b) && b.every(isAcceptedAgain)
        ? ok({ kind, sessionId: a, reviews: b })
        : malformed('a malformed acceptance')
    case 'rejected':
      return Array.isArray(a) && a.every(isRejection)
        ? ok({ kind, rejections: a })
        : malformed('a malformed rejection')
    case 'nack':
      if (typeof a !== 'string' || !isUuid(b) || !Array.isArray(c) || !c.every((n) => isCount(n)))
        return malformed('a malformed nack')
      return ok({
        kind,
        reason: a as NackReason,
        sessionId: b,
        clientSeqs: c,
        detail: words(d),
        alone: e === 1,
      })
    case 'page':
      return isCount(b) ? ok({ kind, page: a, seq: b }) : malformed('a page without its position')
    case 'settled':
      return isUuid(a) && Array.isArray(b) && b.every(isAcceptedAgain) && isCount(c)
        ? ok({ kind, sessionId: a, reviews: b, seq: c })
        : malformed('a malformed list of settled messages')
    case 'through': {
      const position = readPosition(a)
      return position && isCount(b)
        ? ok({ kind, position, parts: b })
        : malformed('a malformed through')
    }
    case 'history': {
      const part = readHistoryPart(frame)
      return part ? ok({ kind, ...part }) : malformed('a malformed history')
    }
    case 'bye':
      return ok({ kind, reason: words(a), code: isByeCode(b) ? b : undefined })
    default:
      return malformed('a frame of an unknown kind')
  }
}

function isByeCode(value: unknown): value is ByeCode {
  return value === 'wrong_space' || value === 'wrong_version'
}

function malformed(what: string): Outcome<never> {
  return fail('malformed', what)
}

function noFrame(bytesMax: number): string {
  return `a frame is a JSON list of at most ${bytesMax} bytes`
}

function parsed(text: string, bytesMax: number): readonly unknown[] | undefined {
  if (isLongerThan(text, bytesMax)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function readPosition(value: unknown): Position | undefined {
  if (!isObject(value)) return undefined
  const { eid, epoch, seq, chain, sig } = value
  if (!isUuid(eid) || !isCount(epoch) || !isCount(seq) || !isHash(chain)) return undefined
  return { eid, epoch, seq, chain, ...(typeof sig === 'string' && { sig }) }
}

function readOpening(value: unknown): SessionOpening | undefined {
  if (!isObject(value)) return undefined
  const { authorId, publicKey, sessionId, personalId, salt, sig } = value
  if (!isUuid(authorId) || !isUuid(sessionId)) return undefined
  const texts = [publicKey, personalId, salt, sig]
  if (!texts.every((text) => typeof text === 'string' && text.length <= 512 && text.isWellFormed()))
    return undefined
  return { authorId, sessionId, publicKey, personalId, salt, sig } as SessionOpening
}

function isAcceptedAgain(value: unknown): value is AcceptedAgain {
  return Array.isArray(value) && value.length === 4 && value.every((n) => isCount(n))
}

function isEpochOpen(value: unknown): value is EpochOpen {
  if (!isObject(value)) return false
  const { space, reviewerId, eid, epoch, reviewerKey, chain, sig } = value
  return (
    isUuid(space) &&
    isUuid(reviewerId) &&
    isUuid(eid) &&
    isCount(epoch) &&
    typeof reviewerKey === 'string' &&
    isHash(chain) &&
    typeof sig === 'string'
  )
}
