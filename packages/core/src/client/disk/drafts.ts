/**
 * Draft records: the lines of own messages, stored in the turn of the write, before hashing and
 * sealing. The sealed flush replaces them (§6).
 *
 *   first line   [author, session, commitment or "", lineage or null, clientSeq of the first message
 *                of the flush, number of the first line here, [[line, entity]…] spelled before, bases]
 *   then         the head line as it is so far, and the lines
 *
 * The lines of one flush may be in several records. Each record can be read by itself, so a damaged
 * one does not affect the others.
 */
import { checksum } from '../../base/checksum.ts'
import type { Hash } from '../../base/hash.ts'
import type { Json } from '../../base/json.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import { linesOf, textOfLines } from '../../facts/line.ts'
import type { Entry } from '../../history/entry.ts'
import type { Bases } from '../../facts/message.ts'
import { isCount } from '../../facts/parse.ts'
import { packBases, readBases } from '../../wire/bases.ts'
import { DRAFT_KEYS, type StoredState } from '../../ports/storage.ts'
import { parsed } from './sound-state.ts'

/** The commitment in a record that was written before the personal id was known. */
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
  /** For each message, the register values that its author saw; not part of the message. */
  readonly bases: readonly Json[]
  readonly head: string
  readonly lines: readonly string[]
}

export interface StoredDrafts extends DraftRecord {
  readonly key: string
}

/** Encodes a draft record: a first line of JSON, the head line, then the lines of the messages. */
export function recordText(record: DraftRecord): string {
  const { authorId, sessionId, personalCommit, eid, flushSeq, firstLine, names, bases } = record
  const first = [authorId, sessionId, personalCommit, eid, flushSeq, firstLine, names, bases]
  return textOfLines([JSON.stringify(first), record.head, ...record.lines])
}

/** Parses a draft record, except for its lines; undefined where it is malformed. */
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

/** Encodes the register values that the author saw under each write; 0 where there are none. */
export function basesJson({ writes }: Entry): Json {
  const all = writes.map(({ bases }) => bases ?? NO_BASES)
  return all.some((bases) => Object.keys(bases).length > 0) ? packBases(all) : 0
}

/** Decodes the output of `basesJson` for a message of that many changes; undefined where it is 0 or damaged. */
export function readStoredBases(packed: unknown, changes: number): readonly Bases[] | undefined {
  return packed === 0 ? undefined : readBases(packed, changes)
}

const NO_BASES: Bases = Object.freeze({})

/** The key of a draft record, by the clientSeq of its first message. */
export function draftKey(sessionId: Uuid, clientSeq: number): string {
  return `${DRAFT_KEYS}${sessionId}:${clientSeq}`
}

/** The session of a draft record, by its key; undefined for other keys. */
export function draftSessionOf(key: string): Uuid | undefined {
  return key.startsWith(DRAFT_KEYS) ? key.slice(DRAFT_KEYS.length, key.lastIndexOf(':')) : undefined
}

/** The draft records whose checksum is right. */
export function readDrafts({ segments }: StoredState): StoredDrafts[] {
  return segments.flatMap(({ kind, key, text, check }) => {
    const record = kind === 'draft' && checksum(text) === check ? readRecord(text) : undefined
    return record ? [{ ...record, key }] : []
  })
}
