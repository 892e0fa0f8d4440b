// Owns: the texts of reviewers (BATCH): reading a batch with its reviews, and the chain after it.

import { longId, textHash, uuid8, valueHash } from './encode.ts'
import {
  type Head,
  type Message,
  type Placed,
  type Seen,
  type Session,
  headHash,
  lineHash,
  readHead,
  readMessages,
  readSessionLine,
} from './flush.ts'
import { readRecord } from './verify.ts'
import { type Json, count, counts, demand, list, object, parse, text } from './refusal.ts'

export interface Base {
  change: number
  register: number
  /** 0: nothing was there; null: several, or not known. */
  seq: number | null
  value?: { schemaVersion: number; value: Json }
}
/** A seq on another lineage. */
export interface OtherPlace {
  eid: string
  seq: number
}
export interface Review {
  bases: Base[]
  assigned: { change: number; values: { [register: string]: Json } }[]
  places: OtherPlace[]
  reads: OtherPlace[]
}
export interface Accepted {
  id: string
  hash: string
  seq: number
  at: number
  session: Session
  seen: Seen
  /** Null where a hash stands in the place of its last line (BATCH6). */
  message: Message | null
  review: Review | null
}
export interface Batch {
  fromSeq: number
  chain: string
  accepted: Accepted[]
  /** Of the record of an epoch, which stands in the place of a batch. */
  opens?: { eid: string; epoch: number }
}

/** Takes lines one after the other, and refuses a text that has too few. */
class Lines {
  readonly #lines: readonly string[]
  #next = 0

  constructor(content: string) {
    this.#lines = content.split('\n')
  }

  take(): string {
    const line = this.#lines[this.#next]
    demand(line !== undefined, 'BATCH9', 'a line is missing')
    this.#next += 1
    return line
  }

  end(): void {
    demand(this.#next === this.#lines.length, 'BATCH9', 'lines are left over')
  }
}

const NO_REVIEW: Review = { bases: [], assigned: [], places: [], reads: [] }

/** A batch that is complete in itself (CATCH5), or whose reader has these session lines. */
export function readBatch(
  content: string,
  chainBefore: string,
  sessionLines: readonly string[] = [],
): Batch {
  if (content.startsWith('["epoch"')) {
    const { seq, eid, epoch, prev, chain } = readRecord(content)
    demand(prev?.chain === chainBefore, 'BATCH12', 'an epoch that continues another chain')
    return { fromSeq: seq, chain, accepted: [], opens: { eid, epoch } }
  }
  const lines = new Lines(content)
  const first = lines.take()
  const [word, from, when, flushes, reviewed] = list(parse(first, 'BATCH1'), 'BATCH1', 5)
  demand(word === 'batch', 'BATCH1', 'not a batch')
  const [fromSeq, at] = [count(from, 'BATCH1'), count(when, 'BATCH1')]
  const links = [textHash('cs/first', first)]
  const sessions = [...sessionLines]
  const accepted: Accepted[] = []
  for (const flush of list(flushes, 'BATCH1')) {
    const read = readFlush(lines, list(flush, 'BATCH1', 4), sessions)
    links.push(...read.links)
    for (const { session, seen, message, hash } of read.taken) {
      const seq = fromSeq + accepted.length
      accepted.push({ id: uuid8(hash), hash, seq, at, session, seen, message, review: null })
    }
  }
  for (const offset of counts(reviewed ?? [], 'BATCH4')) {
    const of = accepted[offset]
    demand(of !== undefined, 'BATCH4', 'a review of no message')
    const review = readReview(lines, of.hash)
    of.review = review.review
    links.push(review.link)
  }
  lines.end()
  return { fromSeq, chain: valueHash('cs/chain', [chainBefore, ...links]), accepted }
}

interface ReadFlush {
  links: string[]
  taken: { session: Session; seen: Seen; message: Message | null; hash: string }[]
}

function readFlush(lines: Lines, [places, taken, names, cut]: Json[], known: string[]): ReadFlush {
  const line = sessionLineOf(lines.take(), known)
  const headLine = lines.take()
  const session = readSessionLine(line)
  const head = readHead(session, headLine)
  const [before, hashBefore] = Array.isArray(cut)
    ? [count(cut[0], 'BATCH5'), text(cut[1], 'BATCH5')]
    : [0, '']
  const spelled = new Map<number, string>()
  for (const named of list(names ?? [], 'BATCH5')) {
    const [at, entity] = list(named, 'BATCH5', 2)
    spelled.set(count(at, 'BATCH5'), longId(entity, 'FACT2'))
  }
  const links = [headHash(line, headLine)]
  const bodies: (string | null)[] = []
  for (let place = 0; place < count(places, 'BATCH1'); place += 1) {
    const next = lines.take()
    const hash = hashIn(next)
    bodies.push(hash === undefined ? next : null)
    const previous = place === 0 ? hashBefore : links.at(-1)!
    links.push(hash ?? lineHash(links[0]!, previous, next))
  }
  const placed = readMessages(head, bodies, spelled, before)
  const judged = takenPlaces(taken, { head, placed, bodies, before })
  return {
    links,
    taken: judged.map(({ place, message }) => ({
      session,
      seen: head.seen,
      message,
      hash: links[place + 1]!,
    })),
  }
}

interface Judged {
  head: Head
  placed: readonly Placed[]
  bodies: readonly (string | null)[]
  before: number
}

/** BATCH6: the hash that stands in the place of a line; with what is left of it, it is in an object. */
function hashIn(place: string): string | undefined {
  if (place.startsWith('{'))
    return text(Object.keys(object(parse(place, 'BATCH8'), 'BATCH8'))[0], 'BATCH8')
  return place.startsWith('"') ? text(parse(place, 'BATCH6'), 'BATCH6') : undefined
}

/** The places of the last lines of accepted messages: those that are named, or every place. */
function takenPlaces(
  taken: Json | undefined,
  { placed, bodies, before }: Judged,
): { place: number; message: Message | null }[] {
  const byPlace = new Map(placed.map(({ message, end }) => [end - before, message]))
  const every = taken === undefined || taken === null
  return (every ? [...bodies.keys()] : counts(taken, 'BATCH1')).map((place) => {
    const message = byPlace.get(place) ?? null
    const hashed = bodies[place] === null
    demand(message !== null || hashed, 'BATCH1', 'a place where no message ends')
    return { place, message }
  })
}

/** BATCH3: a session line takes the next number, and a number stands for it afterwards. */
function sessionLineOf(line: string, known: string[]): string {
  if (/^\d+$/.test(line)) {
    const session = known[Number(line)]
    demand(session !== undefined, 'BATCH3', 'a number for which no line was sent')
    return session
  }
  if (!known.includes(line)) known.push(line)
  return line
}

function readReview(lines: Lines, of: string): { link: string; review: Review } {
  const line = lines.take()
  const hash = hashIn(line)
  if (hash !== undefined) return { link: hash, review: NO_REVIEW }
  const [bases, assigned, places, , reads] = list(parse(line, 'BATCH4'), 'BATCH4', 5)
  const review: Review = {
    bases: list(bases, 'BATCH4').map((base) => readBase(lines, list(base, 'BATCH4', 4))),
    assigned: list(assigned, 'BATCH4').map((each) => {
      const [change, values] = list(each, 'BATCH4', 2)
      return { change: count(change, 'BATCH4'), values: object(values, 'BATCH4') }
    }),
    places: readPlaces(places),
    reads: readPlaces(reads),
  }
  return { link: textHash('cs/review', of, line), review }
}

function readPlaces(places: Json | undefined): OtherPlace[] {
  return list(places ?? [], 'BATCH4').map((each) => {
    const [eid, seq] = list(each, 'BATCH4', 2)
    return { eid: longId(eid, 'BATCH4'), seq: count(seq, 'BATCH4') }
  })
}

function readBase(lines: Lines, [change, register, seq, hash]: Json[]): Base {
  const base = {
    change: count(change, 'BATCH4'),
    register: count(register, 'BATCH4'),
    seq: seq === undefined || seq === null ? null : count(seq, 'BATCH4'),
  }
  if (hash === undefined) return base
  const line = lines.take()
  if (line.startsWith('"')) return base
  demand(textHash('cs/base', line) === hash, 'BATCH7', 'another value line than was reviewed')
  const [version, value] = list(parse(line, 'BATCH7'), 'BATCH7', 3)
  return {
    ...base,
    value: { schemaVersion: count(version, 'BATCH7'), value: value ?? null },
  }
}

/** BATCH11: the link of a record, which takes one seq. */
export function chainAfterRecord(content: string, chainBefore: string): string {
  return valueHash('cs/chain', [chainBefore, textHash('cs/first', content)])
}
