/**
 * Rows of one type that are stored and not read yet, known by the values that declared indexes sort
 * by. Tells which pages of the storage can change the answer to a query: while there are none, the
 * rows that are here give the exact answer.
 *
 * Invariant: a row is absent or in the table, never both; what is known of it here is what the table
 * will show.
 */
import type { AnyRow } from '../schema/types.ts'
import type { Filter } from './filter.ts'
import { type Request, isInMode } from './request.ts'
import { PICKED_ROWS_MAX, firstRows } from './sort-rows.ts'

/** The number of the page that has the row. A symbol, because an app may have a field of any name. */
const PAGE = Symbol('page')

/** What is known of an absent row: its id, whether it is archived, and the values of some fields. */
export type KnownRow = Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly $archived: boolean
}

type AbsentRow = AnyRow & { readonly [PAGE]: number }

export class AbsentRows {
  /** The fields that are known of each row. */
  readonly #fields: ReadonlySet<string>
  readonly #pages = new Map<number, readonly AbsentRow[]>()
  /** Pages with rows of which nothing is known. */
  readonly #unknown = new Set<number>()

  constructor(fields: ReadonlySet<string>) {
    this.#fields = fields
  }

  /** Adds a page. `isWhole`: all of its rows of the type are among `rows`. */
  add(no: number, rows: readonly KnownRow[], isWhole: boolean): void {
    this.#pages.set(
      no,
      rows.map((row) => Object.assign(row, { [PAGE]: no }) as unknown as AbsentRow),
    )
    if (!isWhole) this.#unknown.add(no)
  }

  /** Called when the rows of the page are in the table. */
  delete(no: number): void {
    this.#pages.delete(no)
    this.#unknown.delete(no)
  }

  /**
   * The pages without which the answer may be wrong. `entries`: the answer of the rows that are
   * here, in order; `request` reads these and absent ones.
   */
  pagesFor(request: Request, entries: readonly AnyRow[]): ReadonlySet<number> {
    const { limit, matches, archived, compare, filter, plan } = request
    if (this.#pages.size === 0 || request.matchesNothing || limit === 0) return new Set()
    const fields = [...fieldsIn(filter), ...plan.order.map(({ field }) => field)]
    if (!fields.every((field) => this.#fields.has(field))) return new Set(this.#pages.keys())
    const found: AbsentRow[] = []
    for (const rows of this.#pages.values())
      for (const row of rows) if (isInMode(archived, row.$archived) && matches(row)) found.push(row)
    const needed = new Set(this.#unknown)
    const first = limit === undefined ? found : this.#within(found, entries, { limit, compare })
    for (const row of first) needed.add(row[PAGE])
    return needed
  }

  /** Those of `found` that are among the first rows, together with the ordered `entries`. */
  #within(
    found: AbsentRow[],
    entries: readonly AnyRow[],
    { limit, compare }: { readonly limit: number; readonly compare: Request['compare'] },
  ): readonly AbsentRow[] {
    const first =
      limit <= PICKED_ROWS_MAX
        ? (firstRows(found, limit, compare) as AbsentRow[])
        : found.sort(compare).slice(0, limit)
    let at = 0
    for (let taken = 0; taken < limit && at < first.length; taken++) {
      const entry = entries[taken - at]
      if (!entry || compare(first[at]!, entry) < 0) at++
    }
    return first.slice(0, at)
  }
}

function fieldsIn(filter: Filter): readonly string[] {
  return 'parts' in filter ? filter.parts.flatMap(fieldsIn) : [filter.field]
}
