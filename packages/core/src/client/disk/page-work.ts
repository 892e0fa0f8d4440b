/**
 * Encodes the pages of a checkpoint incrementally: a generator that yields where the work may pause.
 * Its input states are immutable, so the result is consistent however long it takes.
 */
import { NO_BYTES, addBytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import { PageWriter } from '../../fold/snapshot.ts'
import { stateBytesAtMost } from '../../fold/state-size.ts'
import type { EntityState } from '../../fold/state.ts'
import type { Page } from '../../ports/storage.ts'
import type { Table } from '../../rows/table.ts'
import { pageText } from '../../wire/pages.ts'
import { pageOf } from './checkpoint.ts'
import {
  type RowPlace,
  type RowPage,
  type StoredPages,
  comparePlaces,
  placeOf,
} from './stored-pages.ts'

export interface HeldRow extends RowPlace {
  readonly id: Uuid
  readonly state: EntityState
}

/** Rows of one type to write, in any order. */
export interface PageJob {
  readonly table: Table
  /** The page that has these rows, except new ones; undefined where all are new. */
  readonly page: RowPage | undefined
  readonly rows: readonly HeldRow[]
}

/** A page ends with the row that reaches one of these bounds. */
export type PageBounds = Pick<Limits, 'storedPageEntitiesMax' | 'storedPageBytesAim'>

/** Rows sorted without a pause, which takes a few ms. */
const RUN_ROWS = 8_192

/** A row with its place in the page order. */
export function heldRow(id: Uuid, state: EntityState): HeldRow {
  return { id, state, ...placeOf(state) }
}

/** Encodes the rows as pages, and updates `stored`. Returns the pages to write. */
export function* writePages(
  jobs: readonly PageJob[],
  stored: StoredPages,
  bounds: PageBounds,
): Generator<void, readonly Page[], void> {
  const pages: Page[] = []
  for (const { table, page, rows } of jobs) {
    const made: RowPage[] = []
    const runs = yield* sortedRuns(rows)
    for (const onPage of rowsByPage(merged(runs), table, bounds)) {
      const no = made.length === 0 && page ? page.no : stored.newNo()
      const record = pageOf(no, textOf(onPage, table), [{ table, rows: onPage }])
      pages.push(record)
      // `rowsByPage` yields no empty list.
      const { seq, index } = onPage[0]!
      made.push({ no, check: record.check, first: { seq, index }, ids: onPage.map(({ id }) => id) })
      yield
    }
    stored.replace(table.entity.name, page, made)
  }
  return pages
}

function textOf(rows: readonly HeldRow[], { entity, registers }: Table): string {
  const writer = new PageWriter()
  return pageText(
    rows.map(({ id, state }) => writer.entity(entity.name, id, { state, table: registers })),
  )
}

/** Splits rows into pages. */
function* rowsByPage(
  rows: Iterable<HeldRow>,
  { registers }: Table,
  { storedPageEntitiesMax, storedPageBytesAim }: PageBounds,
): Generator<readonly HeldRow[], void, void> {
  let onPage: HeldRow[] = []
  let bytes = NO_BYTES
  for (const row of rows) {
    onPage.push(row)
    bytes = addBytes(bytes, stateBytesAtMost(row.state, registers))
    if (onPage.length < storedPageEntitiesMax && bytes < storedPageBytesAim) continue
    yield onPage
    onPage = []
    bytes = NO_BYTES
  }
  if (onPage.length > 0) yield onPage
}

function* sortedRuns(
  rows: readonly HeldRow[],
): Generator<void, readonly (readonly HeldRow[])[], void> {
  const runs: HeldRow[][] = []
  for (let at = 0; at < rows.length; at += RUN_ROWS) {
    runs.push(rows.slice(at, at + RUN_ROWS).sort(comparePlaces))
    yield
  }
  return runs
}

/** Merges sorted runs; there are few, so a linear search for the least head is enough. */
function* merged(runs: readonly (readonly HeldRow[])[]): Generator<HeldRow, void, void> {
  const next = runs.map(() => 0)
  for (;;) {
    let least: HeldRow | undefined
    let from = 0
    for (const [i, run] of runs.entries()) {
      const head = run[next[i]!]
      if (!head || (least && comparePlaces(least, head) <= 0)) continue
      least = head
      from = i
    }
    if (!least) return
    next[from]!++
    yield least
  }
}
