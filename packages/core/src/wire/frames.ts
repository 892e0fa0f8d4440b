/**
 * The wire on one page: every frame, in both directions, in one table. A frame is a text. Its first
 * line is a JSON list: the kind, then the fields in the order of the table; null fields at the end
 * are omitted. The rest, if any, is texts in the form of their authors.
 *
 *   author ──▶ reviewer                              reviewer ──▶ author
 *   hello  v, space, position                        welcome  v, lineage, position, credits
 *   bind   openings of own sessions, a token         bound    session ids, capabilities
 *                                                    me       author ids of the person
 *   offer  seal; session line and flush              tail     position, lines of each batch; batches
 *                                                    accepted of a message offered again: its review
 *                                                    rejected signed rejections
 *                                                    nack     no verdict; retry later
 *   want   all since a position                      tail*, then through; or a snapshot:
 *                                                    page*, kept, settled*, then through with their
 *                                                    number
 *   held   batches that the reviewer has lost, or     back     what of them it has now
 *          that peers have reviewed without it
 *   follow  scopes instead of all                    states   of rows of these scopes
 *   reach  how far the next rows of scopes are       reach    the value that ends them
 *   history  of an entity                            history  its messages with their reviews, in parts
 *   seal   of the flush with a seq                   seal     its author's key and signature
 *   erase  values of an entity                       erased   nothing of them is left, or why not
 *   bye    reason                                    bye      reason
 *
 * A frame that exceeds the bound of a transport is sent in parts, both ways: `wire/parts.ts`.
 * A frame may be repeated, delayed or lost: frames carry no request numbers.
 */
import type { Json } from '../base/json.ts'
import { type Outcome, fail } from '../base/outcome.ts'
import { isLongerThan } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { CAPABILITIES, type Capability } from '../facts/capabilities.ts'
import { outcomeOf, refuse } from '../facts/malformed.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import {
  type NackReason,
  type Position,
  type Rejection,
  type SessionOpening,
  WIRE_VERSION,
} from '../facts/message.ts'
import { isCount } from '../facts/parse.ts'
import type { Epoch } from './records.ts'
import {
  type AcceptedAgain,
  acceptedAgain,
  epochField,
  nackReason,
  positionField,
  shortText,
} from './forms.ts'
import { BACK_FIELDS, type BackFields, HELD_FIELDS, type HeldFields } from './held-frame.ts'
import { ERASED_FIELDS, ERASE_FIELDS, type EraseFields, type ErasedFields } from './erase-frame.ts'
import { rejectionList } from './rejection.ts'
import {
  REACHED_FIELDS,
  REACH_FIELDS,
  type ReachFields,
  type ReachedFields,
} from './reach-frame.ts'
import { PAGE_NAME_CHARACTERS } from './signed.ts'
import {
  FOLLOW_FIELDS,
  type FollowFields,
  STATES_FIELDS,
  type StatesFields,
} from './states-frame.ts'
import {
  type FieldForm,
  count,
  flag,
  id,
  listOfAll,
  notEmpty,
  nullable,
  oneOf,
  orNull,
  textUpTo,
  tuple,
  words,
} from './fields.ts'

/** Maximum characters of the proof of a person: a token. */
const AUTH_CHARACTERS_MAX = 8_192
const pageNameField = textUpTo(PAGE_NAME_CHARACTERS)
const may = nullable(listOfAll(oneOf(...CAPABILITIES)))

/** An opening, with a proof that the sender on this link has its key. */
export interface ProvedOpening extends SessionOpening {
  /** Signature over `bindBytes`. */
  readonly proof: string
}

const opening: FieldForm<ProvedOpening> = tuple({
  authorId: id,
  publicKey: shortText,
  sessionId: id,
  personalId: shortText,
  salt: shortText,
  sig: shortText,
  proof: shortText,
})

/** Maximum that an author may have sent without an answer. */
export interface Credits {
  readonly messages: number
  /** UTF-8 bytes of flushes. */
  readonly bytes: number
}
const credits: FieldForm<Credits> = tuple({ messages: count, bytes: count })

/** Messages clientSeq, clientSeq + 1, … of a session have seq, seq + 1, … */
export interface AcceptedRun {
  readonly clientSeq: number
  readonly count: number
  readonly seq: number
}
const acceptedRun: FieldForm<AcceptedRun> = tuple({ clientSeq: count, count, seq: count })

/** The number of `settled` frames of a snapshot. */
export interface Settled {
  readonly lists: number
  /** Signature over `settledBytes`. */
  readonly sig: string
}
const settled: FieldForm<Settled> = tuple({ lists: count, sig: shortText })

/** The reviewer's term of a part of a history. */
export interface Term {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
}
const term: FieldForm<Term> = tuple({ reviewerId: id, eid: id, epoch: count })

const told: FieldForm<{ readonly term: number; readonly lines: number }> = tuple({
  term: count,
  lines: count,
})

/** The fields of each frame from an author. */
export interface AuthorFrames {
  /** `nonce`: 128 random bits, which the answer signs. */
  readonly hello: {
    readonly v: number
    readonly space: Uuid
    readonly nonce: string
    readonly position: Position | null
  }
  /**
   * `auth`: for the login of the deployment, which decides who binds them. `keeps`: others may bring
   * messages of these sessions, so the reviewer is to store them before the first one.
   */
  readonly bind: {
    readonly sessions: readonly ProvedOpening[]
    readonly auth: string | null
    readonly keeps: boolean
  }
  /**
   * Texts: the session line and a flush. `sig`: its seal. `rejections`: of messages of the flush, which
   * the reviewer may have lost; null for none.
   */
  readonly offer: { readonly sig: string; readonly rejections: readonly Rejection[] | null }
  /**
   * Requests everything since a position, by batches or by a snapshot, whichever is shorter. `pages`:
   * names of pages that are here, from a snapshot that did not end.
   */
  readonly want: { readonly have: Position | null; readonly pages: readonly string[] | null }
  readonly held: HeldFields
  readonly follow: FollowFields
  readonly reach: ReachFields
  readonly history: { readonly entityId: Uuid }
  /** Of the flush of an accepted message. */
  readonly seal: { readonly seq: number }
  readonly erase: EraseFields
  readonly bye: { readonly reason: string }
}

/** The fields of each frame from a reviewer. */
export interface ReviewerFrames {
  readonly welcome: {
    readonly v: number
    /** The newest epochs of the lineage, in order; the last one is the present. */
    readonly lineage: readonly Epoch[]
    readonly position: Position
    readonly credits: Credits
    /** 128 random bits, which proofs of sessions sign. */
    readonly nonce: string
    /** The reviewer's clock, ms since 1970. */
    readonly at: number
    /** Signature over `welcomeBytes`. */
    readonly sig: string
  }
  /**
   * `forMs`: the lifetime of the login, null without an end. `why`: the reason for sessions of the
   * frame that are not named, where an honest author may have sent them.
   */
  readonly bound: {
    readonly sessionIds: readonly Uuid[]
    readonly forMs: number | null
    readonly why: string | null
    /** The login's capabilities; null: not stated. */
    readonly may: readonly Capability[] | null
  }
  /** All author ids of the person that the login proves. `sig`: over `meBytes`. */
  readonly me: { readonly authorIds: readonly Uuid[]; readonly sig: string }
  readonly back: BackFields
  /** Texts: batches. `batches`: number of lines of each. `position`: after them. */
  readonly tail: { readonly batches: readonly number[]; readonly position: Position }
  /** `sig`: over `acceptedBytes`. */
  readonly accepted: {
    readonly sessionId: Uuid
    readonly reviews: readonly AcceptedAgain[]
    readonly sig: string
  }
  readonly rejected: { readonly rejections: readonly Rejection[] }
  readonly nack: {
    readonly reason: NackReason
    readonly sessionId: Uuid
    readonly clientSeqs: readonly number[]
    readonly detail: string
    /** Concerns these messages only: later ones may be offered meanwhile. */
    readonly alone: boolean
    /** Signature over `nackBytes` if it names messages, which it does if it is `alone`. */
    readonly sig: string | null
  }
  /** Part of the snapshot at that seq. Texts: the page. */
  readonly page: { readonly snapshot: number }
  /** Further pages of that snapshot, by the names under which a `want` had them. */
  readonly kept: { readonly snapshot: number; readonly pages: readonly string[] }
  /**
   * Own messages that the snapshot contains, visible in it or not. `at`: the reviewer's clock when
   * it sent this, ms since 1970.
   */
  readonly settled: {
    readonly sessionId: Uuid
    readonly runs: readonly AcceptedRun[]
    readonly at: number
    readonly snapshot: number
  }
  /**
   * `pages`: of the snapshot; 0 for none. `sig`: over `snapshotBytes` for a snapshot, else over
   * `liveBytes` with `at`: the reviewer's clock when the position was its newest, ms since 1970.
   * `settled`: the frames about own messages that follow the pages.
   */
  readonly through: {
    readonly position: Position
    readonly pages: number
    readonly snapshot: number
    readonly sig: string
    readonly at: number | null
    readonly settled: Settled | null
  }
  /** Texts: a page, or nothing. */
  readonly states: StatesFields
  readonly reach: ReachedFields
  /**
   * Texts: messages in the form of `told.ts`. Parts are sent newest first; inside a part the order
   * is canonical.
   */
  readonly history: {
    readonly entityId: Uuid
    readonly asOfSeq: number
    readonly part: number
    readonly end: HistoryEnd
    readonly terms: readonly Term[]
    /** The index of its term, and its number of lines. */
    readonly messages: readonly { readonly term: number; readonly lines: number }[]
    /** Signature over `historyBytes`. */
    readonly sig: string
  }
  /** The author's key and signature, null where there are none. `sig`: over `keptBytes`. */
  readonly seal: {
    readonly seq: number
    readonly publicKey: string | null
    readonly seal: string | null
    readonly sig: string
  }
  readonly erased: ErasedFields
  readonly bye: { readonly reason: string; readonly code: ByeCode | null }
}

/** Whether more parts follow, and if not, whether the history is complete. */
export type HistoryEnd = 'more' | 'whole' | 'cut'

/** Why a reviewer closes a link that it would close again after a reconnect. */
export type ByeCode = 'wrong_space' | 'wrong_version' | 'unauthorised'

/** The fields of each frame, in the order of its first line. */
type Table<Frames> = {
  readonly [K in keyof Frames]: { readonly [F in keyof Frames[K]]: FieldForm<Frames[K][F]> }
}

const AUTHOR_FRAMES: Table<AuthorFrames> = {
  hello: { v: count, space: id, nonce: shortText, position: nullable(positionField) },
  bind: {
    sessions: listOfAll(opening),
    auth: nullable(textUpTo(AUTH_CHARACTERS_MAX)),
    keeps: orNull(flag),
  },
  offer: { sig: shortText, rejections: nullable(rejectionList) },
  want: { have: nullable(positionField), pages: nullable(listOfAll(pageNameField)) },
  held: HELD_FIELDS,
  follow: FOLLOW_FIELDS,
  reach: REACH_FIELDS,
  history: { entityId: id },
  seal: { seq: count },
  erase: ERASE_FIELDS,
  bye: { reason: words },
}

const REVIEWER_FRAMES: Table<ReviewerFrames> = {
  welcome: {
    v: count,
    lineage: notEmpty(listOfAll(epochField)),
    position: positionField,
    credits,
    nonce: shortText,
    at: count,
    sig: shortText,
  },
  bound: { sessionIds: listOfAll(id), forMs: nullable(count), why: nullable(words), may },
  me: { authorIds: listOfAll(id), sig: shortText },
  back: BACK_FIELDS,
  tail: { batches: listOfAll(count), position: positionField },
  accepted: { sessionId: id, reviews: listOfAll(acceptedAgain), sig: shortText },
  rejected: { rejections: rejectionList },
  nack: {
    reason: nackReason,
    sessionId: id,
    clientSeqs: listOfAll(count),
    detail: words,
    alone: flag,
    sig: nullable(shortText),
  },
  page: { snapshot: count },
  kept: { snapshot: count, pages: listOfAll(pageNameField) },
  settled: { sessionId: id, runs: listOfAll(acceptedRun), at: count, snapshot: count },
  through: {
    position: positionField,
    pages: count,
    snapshot: count,
    sig: shortText,
    at: nullable(count),
    settled: nullable(settled),
  },
  states: STATES_FIELDS,
  reach: REACHED_FIELDS,
  history: {
    entityId: id,
    asOfSeq: count,
    part: count,
    end: oneOf('more', 'whole', 'cut'),
    terms: listOfAll(term),
    messages: listOfAll(told),
    sig: shortText,
  },
  seal: { seq: count, publicKey: nullable(shortText), seal: nullable(shortText), sig: shortText },
  erased: ERASED_FIELDS,
  bye: { reason: words, code: nullable(oneOf('wrong_space', 'wrong_version', 'unauthorised')) },
}

type FrameOf<Frames> = {
  readonly [K in keyof Frames]: { readonly kind: K; readonly texts: string } & Frames[K]
}[keyof Frames]

/** A frame from an author; `texts` follows its first line. */
export type AuthorFrame = FrameOf<AuthorFrames>
/** A frame from a reviewer; `texts` follows its first line. */
export type ReviewerFrame = FrameOf<ReviewerFrames>

export type { AcceptedAgain }

type AnyTable = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** The text of a frame from an author: one line of JSON, then `texts`. The caller checks bounds. */
export function authorFrame<K extends keyof AuthorFrames>(
  kind: K,
  values: AuthorFrames[K],
  texts?: string,
): string {
  return composed(AUTHOR_FRAMES, kind, { values, texts })
}

/**
 * The text of a frame from a reviewer: one line of JSON, then `texts`. The caller checks bounds.
 */
export function reviewerFrame<K extends keyof ReviewerFrames>(
  kind: K,
  values: ReviewerFrames[K],
  texts?: string,
): string {
  return composed(REVIEWER_FRAMES, kind, { values, texts })
}

function composed(
  table: AnyTable,
  kind: string,
  { values, texts }: { readonly values: unknown; readonly texts: string | undefined },
): string {
  const fields = tuple(table[kind]!).write(values as never) as readonly Json[]
  const first = JSON.stringify([kind, ...fields])
  return texts === undefined ? first : `${first}\n${texts}`
}

/** Parses a frame from an author. Never throws. */
export function parseAuthorFrame(text: string, limits: Limits = LIMITS): Outcome<AuthorFrame> {
  return parsed<AuthorFrame>(AUTHOR_FRAMES, text, limits.authorFrameBytesMax)
}

/** Parses a frame from a reviewer. Never throws. */
export function parseReviewerFrame(text: string, limits: Limits = LIMITS): Outcome<ReviewerFrame> {
  return parsed<ReviewerFrame>(REVIEWER_FRAMES, text, limits.reviewerFrameBytesMax)
}

function parsed<F>(table: AnyTable, text: string, bytesMax: number): Outcome<F> {
  if (isLongerThan(text, bytesMax))
    return fail('malformed', `a frame has at most ${bytesMax} bytes`)
  const end = text.indexOf('\n')
  const first = end < 0 ? text : text.slice(0, end)
  const read = outcomeOf(() => {
    const [kind, ...fields] = listIn(first)
    const known = typeof kind === 'string' && Object.hasOwn(table, kind) ? table[kind] : undefined
    if (!known) return refuse('a frame of an unknown kind')
    // The other fields of a greeting of another version cannot be parsed.
    if (
      (kind === 'hello' || kind === 'welcome') &&
      isCount(fields[0]) &&
      fields[0] !== WIRE_VERSION
    )
      return { kind, texts: '', v: fields[0] } as F
    const values = tuple(known).read(fields, kind as string)
    return { kind, texts: end < 0 ? '' : text.slice(end + 1), ...(values as object) } as F
  })
  return read.ok ? read : fail('malformed', read.error.message)
}

function listIn(first: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(first)
  } catch {
    return refuse('a frame begins with a JSON list')
  }
  return Array.isArray(value) ? (value as unknown[]) : refuse('a frame begins with a JSON list')
}

/**
 * Parses untrusted JSON as a position, in the form of the storage; undefined if it is malformed.
 */
export function readPosition(value: unknown): Position | undefined {
  const read = outcomeOf(() => positionField.read(value, 'position'))
  return read.ok ? read.value : undefined
}

/** A position as JSON, in the form of the storage and of frames. */
export function positionJson(position: Position): Json {
  return positionField.write(position)
}

/**
 * The texts of a frame, split into parts of the given numbers of lines; undefined if they do not
 * match.
 */
export function linesInParts(texts: string, parts: readonly number[]): string[] | undefined {
  const found: string[] = []
  let at = 0
  for (const lines of parts) {
    let end = at - 1
    for (let n = 0; n < lines; n++) {
      if (end >= texts.length) return undefined
      const next = texts.indexOf('\n', end + 1)
      end = next < 0 ? texts.length : next
    }
    if (end < at) return undefined
    found.push(texts.slice(at, end))
    at = end + 1
  }
  return at > texts.length || (parts.length === 0 && texts === '') ? found : undefined
}

/** Reviews in the form that `acceptedBytes` signs. */
export function reviewRows(
  reviews: readonly AcceptedAgain[],
): readonly (readonly [number, number, number, number])[] {
  return reviews.map(
    ({ clientSeq, seq, at, forked }) => [clientSeq, seq, at, forked ? 1 : 0] as const,
  )
}
