/**
 * The first line of a batch: `["batch", fromSeq, at, flushes, reviewed?]`. It determines how the
 * rest is parsed, so no part of it can change under a signed chain.
 *
 *   flush     [places, taken?, names?, cut?]
 *   taken     places of last lines of accepted messages, ascending; absent: every place
 *   names     [[line, entity]…]   entities in lines that are rejected or before the cut, if an
 *                                 accepted message names them by number
 *   cut       [lines before, hash of the line before]   absent: the flush from its first line on
 *   reviewed  offsets from fromSeq of the messages with a review line; absent: none
 */
import { canonical } from '../base/canonical.ts'
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { trimmed } from '../facts/change.ts'
import { longId, shortId } from '../facts/ids.ts'
import { parseLine } from '../facts/line.ts'
import { ascendingOf, countOf, hashOf, listOf, refuse, tupleOf } from '../facts/malformed.ts'
import type { BatchBounds } from './bounds.ts'

/** A part of a flush, in the first line. */
export interface FlushEntry {
  readonly places: number
  /** Ascending; at least one. */
  readonly taken: readonly number[]
  /** By line, ascending. */
  readonly names: readonly NamedLine[]
  /** Lines of the flush before this part. */
  readonly lineBefore: number
  /** Hash of the last of them; '' if there is none. */
  readonly hashBefore: Hash
}

export interface NamedLine {
  /** Number in the flush, counted from 0. */
  readonly line: number
  readonly entityId: Uuid
}

export interface FirstLine {
  readonly fromSeq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly flushes: readonly FlushEntry[]
  /** Offsets from `fromSeq`, ascending. */
  readonly reviewed: readonly number[]
}

/** The first line of a batch, in canonical JSON. */
export function composeFirstLine({ fromSeq, at, flushes, reviewed }: FirstLine): string {
  const entries = flushes.map(entryJson)
  return canonical(
    trimmed(['batch', fromSeq, at, entries, reviewed.length > 0 ? reviewed : undefined]),
  )
}

function entryJson({ places, taken, names, lineBefore, hashBefore }: FlushEntry): Json {
  return trimmed([
    places,
    taken.length < places ? taken : undefined,
    names.length > 0 ? names.map(({ line, entityId }) => [line, shortId(entityId)]) : undefined,
    lineBefore > 0 ? [lineBefore, hashBefore] : undefined,
  ])
}

/** Parses the untrusted first line of a batch with this number of lines. @throws Malformed */
export function firstLineOf(line: string, lines: number, bounds: BatchBounds): FirstLine {
  const list = tupleOf(parseLine(line, 'first line'), 'first line', { min: 4, max: 5 })
  if (list[0] !== 'batch') refuse('first line: not of a batch')
  const fromSeq = countOf(list[1], 'fromSeq', 1)
  const at = countOf(list[2], 'at')
  const entries = listOf(list[3], 'flushes', { min: 1, max: bounds.batchMessagesMax })
  if (entries.reduce((sum: number, entry) => sum + placesOf(entry), 0) >= lines)
    refuse('places: more than the batch has lines')
  const flushes = entries.map(entryOf)
  const messages = flushes.reduce((sum, { taken }) => sum + taken.length, 0)
  if (messages > bounds.batchMessagesMax)
    refuse(`a batch has at most ${bounds.batchMessagesMax} messages`, 'too_large')
  if (!Number.isSafeInteger(fromSeq + messages)) refuse('fromSeq: too high')
  const reviewed =
    list[4] === undefined ? [] : ascendingOf(list[4], 'reviewed', { above: -1, below: messages })
  if (list[4] !== undefined && reviewed.length === 0)
    refuse('reviewed: an empty list must be omitted')
  return { fromSeq, at, flushes, reviewed }
}

function placesOf(entry: unknown): number {
  return countOf(Array.isArray(entry) ? entry[0] : undefined, 'places', 1)
}

function entryOf(value: unknown): FlushEntry {
  const list = tupleOf(value, 'flush', { min: 1, max: 4 })
  const places = placesOf(value)
  const [lineBefore, hashBefore] = cutOf(list[3])
  return {
    places,
    taken: takenOf(list[1], places),
    names: namesOf(list[2], lineBefore + places),
    lineBefore,
    hashBefore,
  }
}

function takenOf(value: unknown, places: number): readonly number[] {
  if (value === undefined || value === null) return Array.from({ length: places }, (_, i) => i)
  const taken = ascendingOf(value, 'taken', { above: -1, below: places })
  if (taken.length === 0 || taken.length === places)
    refuse('taken: must have at least one place, and be omitted for all places')
  return taken
}

function namesOf(value: unknown, below: number): readonly NamedLine[] {
  if (value === undefined || value === null) return []
  const names = listOf(value, 'names', { min: 1, max: below }).map((item) => {
    const [line, entityId] = listOf(item, 'names', { min: 2, max: 2 })
    return { line: line as number, entityId: longId(entityId, 'names') }
  })
  const lines = names.map(({ line }) => line)
  ascendingOf(lines, 'names', { above: -1, below })
  return names
}

function cutOf(value: unknown): readonly [number, Hash] {
  if (value === undefined || value === null) return [0, '']
  const [lines, before] = listOf(value, 'cut', { min: 2, max: 2 })
  return [countOf(lines, 'cut', 1), hashOf(before, 'cut')]
}
