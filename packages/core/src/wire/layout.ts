/**
 * The layout of a batch: the role of each line of its text, with its hash. Parses nothing beyond
 * the first line, so a reader that gets only hashes computes the same chain.
 *
 *   first line
 *   of each flush      session number, or session line; head line; a line or a hash in each place
 *   of each reviewed   review line, or hash; a line or a hash for each value of a base
 *
 * A hash is a JSON string. In an erased place stands an object: under the hash of the line that was
 * there, what is left of it. A session line gets the next number.
 */
import { type Hash, isHash } from '../base/hash.ts'
import { isLongerThan } from '../base/size.ts'
import { headHash, lineHash } from '../facts/hashes.ts'
import { linesOf, parseLine } from '../facts/line.ts'
import { refuse } from '../facts/malformed.ts'
import { innerCountOf } from '../facts/message-lines.ts'
import { sessionOf } from '../facts/session-line.ts'
import type { Session } from '../facts/types.ts'
import type { BatchBounds } from './bounds.ts'
import { type FirstLine, type FlushEntry, firstLineOf } from './first-line.ts'
import { baseHash, chainAfter, firstHash, reviewHash } from './hashes.ts'
import { reviewOf } from './review-line.ts'
import type { FlushLayout, Place, Review } from './types.ts'

export interface ReviewLayout {
  /** Offset of the message from `fromSeq`. */
  readonly offset: number
  readonly place: Place
  /** Parsed; null for a hash. */
  readonly review: Review | null
  /** The values of the bases with a value's hash, in their order; empty if the review is a hash. */
  readonly values: readonly Place[]
}

/** A batch split into its lines, each with its hash: the source of chain and messages. */
export interface BatchLayout {
  readonly firstText: string
  readonly first: FirstLine
  readonly flushes: readonly FlushLayout[]
  readonly reviews: readonly ReviewLayout[]
  readonly newSessions: readonly Session[]
}

/** The chain after a batch. */
export function chainOfLayout(
  { firstText, flushes, reviews }: Omit<BatchLayout, 'newSessions' | 'first'>,
  before: Hash,
): Hash {
  const links = [firstHash(firstText)]
  for (const flush of flushes) links.push(flush.headHash, ...flush.places.map(({ hash }) => hash))
  links.push(...reviews.map(({ place }) => place.hash))
  return chainAfter(before, links)
}

/** The hashes of the accepted messages, in the order of their seq. */
export function acceptedHashes(flushes: readonly FlushLayout[]): readonly Hash[] {
  return flushes.flatMap(({ entry, places }) => entry.taken.map((at) => places[at]!.hash))
}

/**
 * The place of the first line of the message whose last line is at `end`; `end` itself for a hash,
 * which does not show the number of lines of the message.
 */
export function startOf(
  places: readonly Place[],
  end: number,
  parsed: (line: string) => readonly unknown[] = parsedLine,
): number {
  const line = places[end]?.line
  if (line === undefined) return end
  const inner = innerCountOf(parsed(line))
  return inner <= end ? end - inner : refuse('batch: a message starts before its part of the flush')
}

function parsedLine(line: string): readonly unknown[] {
  return parseLine(line, 'line of a message', 'verified')
}

/** Parses the layout of an untrusted batch. `sessions` have numbers already. @throws Malformed */
export function layOut(
  text: string,
  sessions: readonly Session[],
  bounds: BatchBounds,
): BatchLayout {
  if (isLongerThan(text, bounds.batchBytesMax))
    refuse(`a batch has at most ${bounds.batchBytesMax} bytes`, 'too_large')
  if (!text.isWellFormed()) refuse('batch: the text holds half of a surrogate pair')
  const lines = linesOf(text)
  const first = firstLineOf(lines[0] ?? '', lines.length, bounds)
  const cursor = new Cursor(lines, sessions)
  const flushes = first.flushes.map((entry) => flushAt(cursor, entry))
  const hashes = acceptedHashes(flushes)
  const reviews = first.reviewed.map((offset) =>
    reviewAt(cursor, { offset, message: hashes[offset]! }, bounds),
  )
  cursor.end()
  return { firstText: lines[0] ?? '', first, flushes, reviews, newSessions: cursor.newSessions }
}

/** Reads the lines of a batch in order. */
class Cursor {
  readonly newSessions: Session[] = []
  readonly #lines: readonly string[]
  readonly #sessions: readonly Session[]
  #at = 1

  constructor(lines: readonly string[], sessions: readonly Session[]) {
    this.#lines = lines
    this.#sessions = sessions
  }

  next(): string {
    return this.#lines[this.#at++] ?? refuse('batch: the text ends early')
  }

  /** A line hashed by `hashOf`, or the hash that replaces it. */
  place(hashOf: (line: string) => Hash): Place {
    const text = this.next()
    if (text.startsWith('{')) return erasedPlace(text)
    if (!text.startsWith('"')) return { hash: hashOf(text), line: text }
    const hash = text.slice(1, -1)
    return isHash(hash) && text.endsWith('"')
      ? { hash }
      : refuse('place: neither a line nor a hash')
  }

  session(): Session {
    const text = this.next()
    if (text.startsWith('[')) {
      const session = sessionOf(text)
      this.newSessions.push(session)
      return session
    }
    if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) return refuse('session: neither a number nor a line')
    const no = Number(text) - this.#sessions.length
    const session = no < 0 ? this.#sessions[Number(text)] : this.newSessions[no]
    return session ?? refuse(`session: unknown number ${text}`)
  }

  end(): void {
    if (this.#at !== this.#lines.length) refuse('batch: lines are left over')
  }
}

/** The text of an erased place. */
export function erasedText(hash: Hash, line: string): string {
  return `{"${hash}":${line}}`
}

const HASH_CHARACTERS = 43
/** The first character of the line in an erased place. */
const LINE_AT = 2 + HASH_CHARACTERS + 2

/** Parses the text of an erased place. @throws Malformed */
function erasedPlace(text: string): Place {
  const hash = text.slice(2, 2 + HASH_CHARACTERS)
  const line = text.slice(LINE_AT, -1)
  return isHash(hash) && line.startsWith('[') && text === erasedText(hash, line)
    ? { hash, line, isErased: true }
    : refuse('place: neither a line nor a hash')
}

function flushAt(cursor: Cursor, entry: FlushEntry): FlushLayout {
  const session = cursor.session()
  const head = cursor.next()
  const hash = headHash(session.hash, head)
  let before = entry.hashBefore
  const places: Place[] = []
  for (let i = 0; i < entry.places; i++) {
    const at = before
    const place = cursor.place((line) => lineHash(hash, at, line))
    places.push(place)
    before = place.hash
  }
  return { entry, session, head, headHash: hash, places }
}

function reviewAt(
  cursor: Cursor,
  { offset, message }: { readonly offset: number; readonly message: Hash },
  bounds: BatchBounds,
): ReviewLayout {
  const place = cursor.place((line) => reviewHash(message, line))
  if (place.line === undefined) return { offset, place, review: null, values: [] }
  const review = reviewOf(place.line, bounds, place.isErased)
  const values = review.bases
    .filter(({ valueHash }) => valueHash !== undefined)
    .map(({ valueHash }) => {
      const value = cursor.place(baseHash)
      return value.hash === valueHash
        ? value
        : refuse('review: the value of a base does not match its hash')
    })
  return { offset, place, review, values }
}
