/**
 * Edit histories as files: one JSON a line, first a head with counts, then the messages,
 * parents before children, then what a correct library must answer. Parses such a text into
 * plain data for the oracle and writes one; everything that does not fit is an error that
 * names its line.
 *
 *   {trace: 1, messages, rows, authors, changesWithSeveralParents, conflicts, fieldsInConflict}
 *   {id, author, timestamp, changes: [{row, kind, parents, set?, unset?}]}     one a message
 *   {expectConflicts: [{at, row, conflicts: {field: [{by, value} or {by, unset}]}}]}
 *   {expectRows: {row: {fields, heads, open?}}}
 */
import { type OracleChange, type OracleMessage, UNSET } from './oracle.ts'

/** The register that archives a row; an `archive` writes `true` into it. */
export const ARCHIVED = '$archived'

export type TraceKind = 'create' | 'update' | 'resolve' | 'archive'

export interface TraceChange extends OracleChange {
  readonly kind: TraceKind
}

export interface TraceMessage extends OracleMessage {
  readonly author: string
  readonly timestamp: number
  readonly changes: readonly TraceChange[]
}

/** By field, the writes that stand in it; a value is JSON or `UNSET`. */
export type ExpectedConflicts = ReadonlyMap<string, readonly { by: string; value: unknown }[]>

/** The row as seen by whoever has seen `at`: these fields are in conflict, and no others. */
export interface ExpectedPlace {
  readonly at: readonly string[]
  readonly row: string
  readonly conflicts: ExpectedConflicts
}

export interface ExpectedRow {
  readonly fields: ReadonlyMap<string, unknown>
  readonly heads: readonly string[]
  /** Fields still in conflict; they are not in `fields`, or stand there with one of the candidates. */
  readonly open: ExpectedConflicts
}

export interface TraceCounts {
  readonly messages: number
  readonly rows: number
  readonly authors: number
  readonly changesWithSeveralParents: number
  readonly conflicts: number
  readonly fieldsInConflict: number
}

export interface Trace {
  readonly counts: TraceCounts
  readonly messages: readonly TraceMessage[]
  readonly expectConflicts: readonly ExpectedPlace[]
  readonly expectRows: ReadonlyMap<string, ExpectedRow>
}

/** A file that is no trace: which line, and what is wrong with it. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`)
  }
}

/** @throws TraceError where the text is not a trace, or not one that can be played. */
export function readTrace(text: string): Trace {
  const reader = new Reader(text.trimEnd().split('\n'))
  const trace = reader.read()
  const counted = countsOf(trace)
  for (const key of Object.keys(counted) as (keyof TraceCounts)[]) {
    if (counted[key] !== trace.counts[key]) {
      throw new TraceError(1, `${key} is ${trace.counts[key]}, the lines say ${counted[key]}`)
    }
  }
  return trace
}

export function writeTrace(trace: Trace): string {
  const lines: unknown[] = [{ trace: 1, ...trace.counts }]
  for (const { id, author, timestamp, changes } of trace.messages) {
    lines.push({ id, author, timestamp, changes: changes.map(changeJson) })
  }
  lines.push({
    expectConflicts: trace.expectConflicts.map(({ at, row, conflicts }) => ({
      at,
      row,
      conflicts: conflictsJson(conflicts),
    })),
  })
  const rows = [...trace.expectRows].map(([row, { fields, heads, open }]) => [
    row,
    {
      fields: Object.fromEntries(fields),
      heads,
      ...(open.size > 0 && { open: conflictsJson(open) }),
    },
  ])
  lines.push({ expectRows: Object.fromEntries(rows) })
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** What the head of a trace says of the rest. */
export function countsOf(trace: Omit<Trace, 'counts'>): TraceCounts {
  const changes = trace.messages.flatMap((message) => message.changes)
  const fields = trace.expectConflicts.map(({ conflicts }) => conflicts.size)
  return {
    messages: trace.messages.length,
    rows: new Set(changes.map(({ entity }) => entity)).size,
    authors: new Set(trace.messages.map(({ author }) => author)).size,
    changesWithSeveralParents: changes.filter(({ parents }) => parents.length > 1).length,
    conflicts: trace.expectConflicts.length,
    fieldsInConflict: fields.reduce((a, b) => a + b, 0),
  }
}

function changeJson({ entity, kind, parents, set }: TraceChange): object {
  const written = Object.entries(set).filter(([field]) => kind !== 'archive' || field !== ARCHIVED)
  const values = written.filter(([, value]) => value !== UNSET)
  const unset = written.filter(([, value]) => value === UNSET).map(([field]) => field)
  return {
    row: entity,
    kind,
    parents,
    ...(values.length > 0 && { set: Object.fromEntries(values) }),
    ...(unset.length > 0 && { unset }),
  }
}

function conflictsJson(conflicts: ExpectedConflicts): object {
  const fields = [...conflicts].map(([field, candidates]) => [
    field,
    candidates.map(({ by, value }) => (value === UNSET ? { by, unset: true } : { by, value })),
  ])
  return Object.fromEntries(fields)
}

class Reader {
  readonly #lines: readonly string[]
  readonly #rowsOf = new Map<string, ReadonlySet<string>>()
  /** Number of the line being read, from 1; errors name it. */
  #at = 0

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  read(): Trace {
    if (this.#lines.length < 3) this.#bad('a trace has a head, messages, and two lines of answers')
    const { trace, ...counts } = this.#next()
    if (trace !== 1) this.#bad('the first line is no head of a trace of version 1')
    const messages: TraceMessage[] = []
    while (this.#at < this.#lines.length - 2) messages.push(this.#message(this.#next()))
    const places = this.#list(this.#next()['expectConflicts']).map((place) => this.#place(place))
    const rows = Object.entries(this.#object(this.#next()['expectRows']))
    return {
      counts: counts as unknown as TraceCounts,
      messages,
      expectConflicts: places,
      expectRows: new Map(rows.map(([row, expected]) => [row, this.#row(row, expected)])),
    }
  }

  #next(): Readonly<Record<string, unknown>> {
    const line = this.#lines[this.#at++] ?? this.#bad('ends too soon')
    try {
      return this.#object(JSON.parse(line))
    } catch (error) {
      if (error instanceof TraceError) throw error
      return this.#bad('is no JSON')
    }
  }

  #message(json: Readonly<Record<string, unknown>>): TraceMessage {
    const id = this.#text(json['id'])
    const author = this.#text(json['author'])
    const { timestamp } = json
    if (this.#rowsOf.has(id)) this.#bad(`the message ${id} comes twice`)
    if (!Number.isSafeInteger(timestamp)) this.#bad('a timestamp is milliseconds since 1970')
    const changes = this.#list(json['changes']).map((change) => this.#change(change))
    const rows = new Set(changes.map(({ entity }) => entity))
    if (changes.length === 0) this.#bad('a message changes something')
    if (rows.size !== changes.length) this.#bad('a message changes a row once')
    this.#rowsOf.set(id, rows)
    return { id, author, timestamp: timestamp as number, changes }
  }

  #change(json: unknown): TraceChange {
    const { row, kind, parents, set, unset } = this.#object(json)
    const entity = this.#text(row)
    const known = ['create', 'update', 'resolve', 'archive'] as const
    const kindOf = known.find((name) => name === kind) ?? this.#bad(`no such kind: ${String(kind)}`)
    const ids = this.#ids(parents, entity)
    if ((kindOf === 'create') !== (ids.length === 0)) this.#bad('a create, and only it, is a root')
    if (new Set(ids).size !== ids.length) this.#bad('a parent is named twice')
    const written: Record<string, unknown> = { ...this.#object(set ?? {}) }
    for (const field of this.#list(unset ?? [])) {
      const name = this.#text(field)
      if (Object.hasOwn(written, name)) this.#bad(`${name} is both set and unset`)
      written[name] = UNSET
    }
    if (kindOf === 'archive') written[ARCHIVED] = true
    return { entity, kind: kindOf, parents: ids, set: written }
  }

  #place(json: unknown): ExpectedPlace {
    const { at, row, conflicts } = this.#object(json)
    const name = this.#text(row)
    const ids = this.#ids(at, name)
    const fields = this.#conflicts(conflicts)
    if (ids.length === 0 || fields.size === 0) this.#bad('a place has messages and conflicts')
    return { at: ids, row: name, conflicts: fields }
  }

  #row(row: string, json: unknown): ExpectedRow {
    const { fields, heads, open } = this.#object(json)
    return {
      fields: new Map(Object.entries(this.#object(fields))),
      heads: this.#ids(heads, row),
      open: this.#conflicts(open ?? {}),
    }
  }

  #conflicts(json: unknown): ExpectedConflicts {
    const fields = Object.entries(this.#object(json)).map(([field, list]) => {
      const candidates = this.#list(list).map((candidate) => {
        const { by, value, unset } = this.#object(candidate)
        if ((value === undefined) !== (unset === true)) this.#bad('a candidate has a value or none')
        return { by: this.#text(by), value: unset === true ? UNSET : value }
      })
      if (candidates.length < 2) this.#bad(`${field} has fewer than two candidates`)
      return [field, candidates] as const
    })
    return new Map(fields)
  }

  /** Messages that came before and changed this row. */
  #ids(json: unknown, row: string): string[] {
    return this.#list(json).map((id) => {
      const known = this.#rowsOf.get(this.#text(id)) ?? this.#bad(`${String(id)} has not come yet`)
      if (!known.has(row)) this.#bad(`${String(id)} did not change ${row}`)
      return id as string
    })
  }

  #object(json: unknown): Readonly<Record<string, unknown>> {
    const fits = typeof json === 'object' && json !== null && !Array.isArray(json)
    return fits
      ? (json as Readonly<Record<string, unknown>>)
      : this.#bad('no object where one must be')
  }

  #list(json: unknown): readonly unknown[] {
    return Array.isArray(json) ? json : this.#bad('no list where one must be')
  }

  #text(json: unknown): string {
    return typeof json === 'string' && json !== '' ? json : this.#bad('no text where one must be')
  }

  #bad(what: string): never {
    throw new TraceError(Math.max(this.#at, 1), what)
  }
}
