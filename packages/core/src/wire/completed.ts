/** The log form of a batch, from the form that an author receives and the author's own messages. */
import type { Hash } from '../base/hash.ts'
import { flushHashes, sessionHash } from '../facts/hashes.ts'
import { linesOf, parseLine, textOfLines } from '../facts/line.ts'
import { innerCountOf } from '../facts/message-lines.ts'
import { BATCH_BOUNDS, type BatchBounds } from './bounds.ts'
import { type FlushEntry, firstLineOf } from './first-line.ts'
import { isRecord } from './records.ts'

/**
 * The batch with the lines of own messages in the places of their hashes. `own`: texts of flushes,
 * each with its session line. undefined where a line of an accepted message is missing.
 *
 * @throws Malformed
 */
export function completedBatch(
  text: string,
  own: readonly string[],
  bounds: BatchBounds = BATCH_BOUNDS,
): string | undefined {
  if (isRecord(text)) return text
  const written = linesByHash(own)
  const lines = linesOf(text)
  let at = 1
  for (const entry of firstLineOf(lines[0] ?? '', lines.length, bounds).flushes) {
    if (!fill(lines, at + 2, { entry, written })) return undefined
    at += 2 + entry.places
  }
  return textOfLines(lines)
}

/** By hash, because two flushes of one moment may have the same head. */
function linesByHash(own: readonly string[]): ReadonlyMap<Hash, string> {
  const found = new Map<Hash, string>()
  for (const flush of own) {
    const [session = '', head = '', ...lines] = linesOf(flush)
    const hashes = flushHashes(sessionHash(session), { head, lines }).lines
    for (const [i, line] of lines.entries()) found.set(hashes[i]!, line) // one for each line
  }
  return found
}

/** Writes own lines into the places of the accepted messages of a flush; false where one is missing. */
function fill(
  lines: string[],
  from: number,
  { entry, written }: { readonly entry: FlushEntry; readonly written: ReadonlyMap<Hash, string> },
): boolean {
  const put = (place: number): boolean => {
    const found = lines[from + place]
    if (!found?.startsWith('"')) return true
    const line = written.get(found.slice(1, -1))
    if (line !== undefined) lines[from + place] = line
    return line !== undefined
  }
  return entry.taken.every((end) => {
    if (!put(end)) return false
    const inner = innerCountOf(parseLine(lines[from + end] ?? '', 'line of a message', 'verified'))
    return Array.from({ length: inner }, (_, i) => end - inner + i).every(put)
  })
}
