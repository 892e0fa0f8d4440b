/**
 * The stored record of a sealed flush of own messages: the signed text, its signature, and the
 * register values that the author saw.
 *
 *   first line   [signature, bases of each message or 0, [lines, checksum] of each message,
 *                [line, entity] of entities named by number]
 *   then         session line, head line, lines
 *
 * With names, and checksums of the head line with the lines of each message, a message can be read
 * when another one of its flush is damaged.
 */
import { checksum } from '../../base/checksum.ts'
import type { Json } from '../../base/json.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import type { FactBounds } from '../../facts/bounds.ts'
import { EntityNames } from '../../facts/entity-names.ts'
import { authoredIn, readFlush, readPart } from '../../facts/flush.ts'
import { linesOf, textOfLines } from '../../facts/line.ts'
import { readSession } from '../../facts/session-line.ts'
import type { AuthoredMessage, Flush, Session } from '../../facts/types.ts'
import { isCount } from '../../facts/parse.ts'
import { parsed } from './sound-state.ts'

/** What is needed to read records of own messages. */
export interface OwnReading {
  readonly space: Uuid
  readonly bounds: FactBounds
}

export interface OwnRecord {
  readonly sig: string
  /** For each message, the output of `basesJson`. */
  readonly bases: readonly unknown[]
  /** Session line, head line, lines. */
  readonly text: string
  readonly messages: readonly AuthoredMessage[]
}

/** The metadata of one message in a record. */
export interface OwnMessageFacts {
  /** The output of `basesJson`. */
  readonly bases: Json
  readonly lines: number
  /** The entities of its changes, in order. */
  readonly entities: readonly Uuid[]
  /** Entities that it expects unchanged. */
  readonly expects: readonly Uuid[]
}

/** Encodes the record of a flush: its text and signature, and a checksum for each message. */
export function ownText(
  { text, sig }: { readonly text: string; readonly sig: string },
  messages: readonly OwnMessageFacts[],
): string {
  const [, head = '', ...lines] = linesOf(text)
  let at = 0
  const checks = messages.map((message) => {
    const own = lines.slice(at, at + message.lines)
    at += message.lines
    return [message.lines, checkOf(head, own)]
  })
  const bases = messages.map((message) => message.bases)
  return `${JSON.stringify([sig, bases, checks, namedByNumber(messages)])}\n${text}`
}

/** Encodes the record of a sealed flush that was read; `bases` of each message, or 0. */
export function ownTextOf(
  flush: Pick<Flush, 'messages'>,
  sealed: { readonly text: string; readonly sig: string },
  bases: readonly Json[],
): string {
  const messages = flush.messages.map(({ salts, changes, expect = [] }, i) => ({
    bases: bases[i] ?? 0,
    lines: salts.length,
    entities: changes.map(({ entityId }) => entityId),
    expects: expect.map(({ entityId }) => entityId),
  }))
  return ownText(sealed, messages)
}

/** The head line has the types and fields that the lines of a message name by number. */
function checkOf(head: string, own: readonly string[]): string {
  return checksum(textOfLines([head, ...own]))
}

/** The entities that occur more than once, each with the line that spells out its id. */
function namedByNumber(messages: readonly OwnMessageFacts[]): readonly (readonly [number, Uuid])[] {
  const spelled = new Map<Uuid, number>()
  const again = new Set<Uuid>()
  let line = 0
  for (const { entities, expects, lines } of messages) {
    for (const [i, id] of entities.entries())
      if (spelled.has(id)) again.add(id)
      else spelled.set(id, line + i)
    for (const id of expects) if (spelled.has(id)) again.add(id)
    line += lines
  }
  return [...again].map((id) => [spelled.get(id)!, id] as const)
}

/** Parses the record of a flush; undefined where it is malformed. */
export function readOwnText(stored: string, reading: OwnReading): OwnRecord | undefined {
  const { first, text } = partsOf(stored)
  const [sig, bases] = Array.isArray(first) ? (first as unknown[]) : []
  const messages = messagesOf(text, reading)
  if (typeof sig !== 'string' || !Array.isArray(bases) || !messages) return undefined
  return { sig, bases: bases as unknown[], text, messages }
}

/** The messages of a damaged record that are still as their author wrote them. `ids`: all its messages. */
export function salvagedFrom(
  stored: string,
  ids: readonly Uuid[],
  reading: OwnReading,
): readonly AuthoredMessage[] {
  const { first, text } = partsOf(stored)
  const whole = messagesOf(text, reading)
  // Ids are hashes over the lines before, so messages before the first damaged line have the right id.
  const sound = whole?.filter(({ id }) => ids.includes(id)) ?? []
  if (sound.length === ids.length) return sound
  const [sessionLine, head, ...lines] = linesOf(text)
  const session = readSession(sessionLine ?? '')
  const [, , checks, names] = Array.isArray(first) ? (first as unknown[]) : []
  if (!session.ok || session.value.facts.space !== reading.space || head === undefined) return sound
  if (!Array.isArray(checks) || !checks.every(isCheck) || checks.length !== ids.length) return sound
  const named = Array.isArray(names) ? names.filter(isName) : []
  return salvaged(session.value, { head, lines, checks, ids, named }, reading)
}

type Check = readonly [lines: number, check: string]

function isCheck(value: unknown): value is Check {
  return Array.isArray(value) && isCount(value[0]) && typeof value[1] === 'string'
}

function isName(value: unknown): value is readonly [number, Uuid] {
  return Array.isArray(value) && isCount(value[0]) && isUuid(value[1])
}

function salvaged(
  session: Session,
  {
    head,
    lines,
    checks,
    ids,
    named,
  }: {
    readonly head: string
    readonly lines: readonly string[]
    readonly checks: readonly Check[]
    readonly ids: readonly Uuid[]
    readonly named: readonly (readonly [line: number, entityId: Uuid])[]
  },
  { bounds }: OwnReading,
): readonly AuthoredMessage[] {
  const found: AuthoredMessage[] = []
  let firstLine = 0
  for (const [i, [count, check]] of checks.entries()) {
    const own = lines.slice(firstLine, firstLine + count)
    const entities = new EntityNames()
    for (const [line, entityId] of named) if (line < firstLine) entities.spell(line, entityId)
    const part =
      checkOf(head, own) === check
        ? readPart(session.facts, { head, lines: own }, { firstLine, entities, bounds })
        : undefined
    // Its hash needs the lines before it; it stays empty, because the message is never sent.
    if (part?.ok)
      for (const message of part.value.messages)
        found.push({ ...message, id: ids[i]!, hash: '', session, seen: part.value.seen })
    firstLine += count
  }
  return found
}

function partsOf(stored: string): { readonly first: unknown; readonly text: string } {
  const end = stored.indexOf('\n')
  return end < 0
    ? { first: undefined, text: stored }
    : { first: parsed(stored.slice(0, end)), text: stored.slice(end + 1) }
}

/** Parses the messages of a session line and a flush; undefined where it is malformed or of another space. */
function messagesOf(
  text: string,
  { space, bounds }: OwnReading,
): readonly AuthoredMessage[] | undefined {
  const end = text.indexOf('\n')
  const session = readSession(text.slice(0, Math.max(0, end)))
  if (!session.ok || session.value.facts.space !== space) return undefined
  const flush = readFlush(session.value, text.slice(end + 1), bounds)
  return flush.ok ? authoredIn(flush.value, session.value) : undefined
}
