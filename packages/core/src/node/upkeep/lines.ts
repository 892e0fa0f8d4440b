/**
 * The lines of an exported space, one JSON list each:
 *
 *   [sum, "space", version, {space, head, genesis, …counts}]     first
 *   [sum, "session", text]                                       in the order of their numbers
 *   [sum, "person", author id, text]                             private: only where it was asked for
 *   [sum, "refused", session id, clientSeq]                      a number whose rejection was deleted
 *   [sum, "batch", fromSeq, toSeq, text, seals]                  in their order
 *   [sum, "rejection", message id, session id, clientSeq, text]
 *   [sum, "proof", text]
 *   [sum, "end", number of the lines before]                     last
 *
 * The sum covers the line and the sum of the line before it, so a line that is changed, missing or in
 * another place is found where it stands. Sums find damage; signatures find forgery.
 */
import { checksum } from '../../base/checksum.ts'
import type { Json } from '../../base/json.ts'
import { type Outcome, fail, ok } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'

/** The version of the format. */
export const EXPORT_VERSION = 1

/** What the first line says of an exported space. */
export interface ExportStart {
  readonly space: Uuid
  /** The end of the space, as the reviewer stores it: the signed position, and what goes with it. */
  readonly head: string
  /** The genesis, as the reviewer stores it. */
  readonly genesis: string
  readonly epoch: number
  readonly seq: number
  readonly sessions: number
  /** Whether the private table of persons is in it, and the personal ids of sessions. */
  readonly persons: boolean
}

/** A record of an exported space, without the sum. */
export type ExportRecord =
  | readonly ['space', version: number, start: ExportStart]
  | readonly ['session', text: string]
  | readonly ['person', authorId: Uuid, text: string]
  | readonly ['refused', sessionId: Uuid, clientSeq: number]
  | readonly ['batch', fromSeq: number, toSeq: number, text: string, seals: string]
  | readonly ['rejection', msgId: Uuid, sessionId: Uuid, clientSeq: number, text: string]
  | readonly ['proof', text: string]
  | readonly ['end', lines: number]

/** The types of the values of each record. */
const SHAPES: ReadonlyMap<string, readonly string[]> = new Map<ExportRecord[0], readonly string[]>([
  ['space', ['number', 'object']],
  ['session', ['string']],
  ['person', ['string', 'string']],
  ['refused', ['string', 'number']],
  ['batch', ['number', 'number', 'string', 'string']],
  ['rejection', ['string', 'string', 'number', 'string']],
  ['proof', ['string']],
  ['end', ['number']],
])

/** Makes lines of records, and records of lines, in their order. */
export class ExportLines {
  #sum = ''
  count = 0

  /** The next line, without its end. */
  line(record: ExportRecord): string {
    const body = JSON.stringify(record)
    return `["${this.#next(body)}",${body.slice(1)}`
  }

  /** The next record. Error: `invalid`, with what is wrong with the line. */
  record(line: string): Outcome<ExportRecord> {
    const [sum, ...record] = listIn(line) ?? []
    const isWhole = sum === this.#next(JSON.stringify(record))
    if (!isWhole)
      return fail(
        'invalid',
        'it is damaged, or a line before it is missing: its sum is another one',
      )
    const [kind, ...values] = record
    const shape = typeof kind === 'string' ? SHAPES.get(kind) : undefined
    const isRecord =
      shape?.length === values.length && shape.every((type, i) => typeof values[i] === type)
    return isRecord
      ? ok(record as unknown as ExportRecord)
      : fail('invalid', `it is no record of an exported space: ${JSON.stringify(kind)}`)
  }

  #next(body: string): string {
    this.count++
    this.#sum = checksum(`${this.#sum} ${body}`)
    return this.#sum
  }
}

function listIn(line: string): readonly Json[] | undefined {
  try {
    const value = JSON.parse(line) as Json
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
