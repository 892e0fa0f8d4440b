/**
 * The provisional record of own messages: their lines, stored in the very turn of the write, before
 * anything is hashed or sealed. The flush that seals them takes its place (§6).
 *
 *   first line   [author, session, commitment or "", lineage or null, clientSeq of the first message
 *                of the flush, number of the first line here, [[line, entity]…] spelled before, bases]
 *   then         the head line as it is so far, and the lines
 *
 * The lines of one flush may stand in several records. A record says all that it takes to read its
 * own lines, so one that is damaged takes no other with it.
 */
import { checksum } from '../../base/checksum.ts'
import type { Hash } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import { linesOf, textOfLines } from '../../facts/line.ts'
import { basesUnder } from '../../fold/base.ts'
import type { Entry } from '../../history/entry.ts'
import type { Bases } from '../../facts/message.ts'
import { isCount } from '../../facts/parse.ts'
import { packBases, readBases } from '../../wire/bases.ts'
import { DRAFT_KEYS, type StoredState } from '../../ports/storage.ts'
import { parsed } from './sound-state.ts'

/** The commitment of a record that was written before its author's personal id was known. */
export const UNBOUND = ''

export interface DraftRecord {
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly personalCommit: Hash
  readonly eid: Uuid | null
  /** clientSeq of the first message of the flush. */
  readonly flushSeq: number
  /** Number, in the flush, of the first line here. */
  readonly firstLine: number
  readonly names: readonly (readonly [line: number, entityId: Uuid])[]
  /** Of each message, what its author saw in the registers; not part of the message. */
  readonly bases: readonly Json[]
  readonly head: string
  readonly lines: readonly string[]
}

export interface StoredDrafts extends DraftRecord {
  readonly key: string
}

/** A first line of JSON, the head line, then the lines of the messages; `readRecord` reads it. */
export function recordText(record: DraftRecord): string {
  const { authorId, sessionId, personalCommit, eid, flushSeq, firstLine, names, bases } = record
  const first = [authorId, sessionId, personalCommit, eid, flushSeq, firstLine, names, bases]
  return textOfLines([JSON.stringify(first), record.head, ...record.lines])
}

/** A record of the storage; undefined where it is none. Its lines are read by who seals them. */
export function readRecord(text: string): DraftRecord | undefined {
  const [first = '', head, ...lines] = linesOf(text)
  const fields = parsed(first)
  if (!Array.isArray(fields) || head === undefined || lines.length === 0) return undefined
  const [authorId, sessionId, personalCommit, eid, flushSeq, firstLine, names, bases] =
    fields as unknown[]
  if (!isUuid(authorId) || !isUuid(sessionId) || typeof personalCommit !== 'string')
    return undefined
  if ((eid !== null && !isUuid(eid)) || !isCount(flushSeq) || !isCount(firstLine)) return undefined
  if (!Array.isArray(names) || !names.every(isName) || !Array.isArray(bases)) return undefined
  const place = { authorId, sessionId, personalCommit, eid, flushSeq, firstLine }
  return { ...place, names, bases: bases as readonly Json[], head, lines }
}

function isName(name: unknown): name is readonly [number, Uuid] {
  return Array.isArray(name) && isCount(name[0]) && isUuid(name[1])
}

/** What is known of the registers before them, as it is stored beside pending writes; 0 where nothing is. */
export function basesJson({ writes }: Entry): Json {
  const all = writes.map((write) => basesUnder(write) ?? NO_BASES)
  return all.some((bases) => Object.keys(bases).length > 0) ? packBases(all) : 0
}

/** What `basesJson` wrote, for a message of so many changes; undefined where it is damaged or nothing. */
export function readStoredBases(packed: unknown, changes: number): readonly Bases[] | undefined {
  return packed === 0 ? undefined : readBases(packed, changes)
}

const NO_BASES: Bases = Object.freeze({})

/** The key of the record whose first message has that clientSeq. */
export function draftKey(sessionId: Uuid, clientSeq: number): string {
  return `${DRAFT_KEYS}${sessionId}:${clientSeq}`
}

/** The session that a record of this key belongs to; undefined when it is not one. */
export function draftSessionOf(key: string): Uuid | undefined {
  return key.startsWith(DRAFT_KEYS) ? key.slice(DRAFT_KEYS.length, key.lastIndexOf(':')) : undefined
}

/** The records of drafts that check. */
export function readDrafts({ segments }: StoredState): StoredDrafts[] {
  return segments.flatMap(({ kind, key, text, check }) => {
    const record = kind === 'draft' && checksum(text) === check ? readRecord(text) : undefined
    return record ? [{ ...record, key }] : []
  })
}
