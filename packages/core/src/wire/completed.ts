/** A batch in the form of its log, from the form that an author gets, and what the author has written. */
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
  const authored = new Map(own.map((flush) => [startOf(flush), linesOf(flush).slice(2)]))
  const lines = linesOf(text)
  const sessions: string[] = []
  let at = 1
  for (const entry of firstLineOf(lines[0] ?? '', lines.length, bounds).flushes) {
    const named = lines[at] ?? ''
    if (named.startsWith('[')) sessions.push(named)
    const session = named.startsWith('[') ? named : sessions[Number(named)]
    const written = authored.get(`${session}\n${lines[at + 1]}`) ?? []
    if (!fill(lines, at + 2, { entry, written })) return undefined
    at += 2 + entry.places
  }
  return textOfLines(lines)
}

/** Writes own lines into the places of the accepted messages of a flush; false where one is missing. */
function fill(
  lines: string[],
  from: number,
  { entry, written }: { readonly entry: FlushEntry; readonly written: readonly string[] },
): boolean {
  const put = (place: number): boolean => {
    if (!lines[from + place]?.startsWith('"')) return true
    const line = written[entry.lineBefore + place]
    if (line !== undefined) lines[from + place] = line
    return line !== undefined
  }
  return entry.taken.every((end) => {
    if (!put(end)) return false
    const inner = innerCountOf(parseLine(lines[from + end] ?? '', 'line of a message', 'verified'))
    return Array.from({ length: inner }, (_, i) => end - inner + i).every(put)
  })
}

/** Session line and head line, which name a flush. */
function startOf(flush: string): string {
  return flush.slice(0, flush.indexOf('\n', flush.indexOf('\n') + 1))
}
