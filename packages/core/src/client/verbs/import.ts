/**
 * Imports many rows as several messages. All rows are validated before the first write, so an
 * invalid row changes nothing; messages are then written in slices that keep the page responsive.
 * Only durable rows are counted, so that an interrupted import can be resumed.
 */
import { jsonEqual } from '../../base/json.ts'
import { CountersignError } from '../../base/outcome.ts'
import type { Bytes } from '../../base/size.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import type { Draft } from '../../rows/draft.ts'
import type { Table } from '../../rows/table.ts'
import { encodeField } from '../../schema/field-input.ts'
import { type Registers, encodeCreate } from '../../schema/input.ts'
import type { AnyRow } from '../../schema/types.ts'
import { assertWritable, newId } from './guards.ts'
import type { Replica } from '../replica.ts'
import { changeBytes, sliceEnd, yieldTurn } from './slices.ts'
import type { ImportOptions, ImportReport, Receipt } from '../store.ts'
import type { Writer } from './writer.ts'

/** Maximum rows in a message: keeps sealing and a rejection cheap. */
const MESSAGE_ROWS_MAX = 128
/** A row of at most this many bytes is within every limit of a message and of an entity. */
const SURE_BYTES = 16_384
/** Rows validated before yielding to the page. */
const CHECKED_ROWS = 1_024
/** Maximum messages that are written and not durable yet. */
const AHEAD_MESSAGES_MAX = 32

/** A validated row. */
interface CheckedRow {
  readonly index: number
  readonly id: Uuid | undefined
  readonly registers: Registers
  readonly bytes: Bytes
}

interface Parts {
  readonly replica: Replica
  readonly writer: Writer
}

/** Validates all rows, then writes them as messages of bounded size, yielding in between. */
export async function importRows(
  table: Table,
  rows: readonly unknown[],
  { from = 0, onProgress, signal, ...parts }: ImportOptions & Parts,
): Promise<ImportReport> {
  const checked = await checkedRows(table, rows, { from, ...parts })
  const { replica } = parts
  /** Messages not known to be durable, with the index of the row after each. */
  const ahead: { readonly receipt: Receipt | undefined; readonly upTo: number }[] = []
  let messages = 0
  let skipped = 0
  let done = Math.min(from, rows.length)
  const noteDurable = (): void => {
    const before = done
    // Not empty: checked in the loop condition.
    while (ahead[0] && ahead[0].receipt?.state !== 'draft') done = ahead.shift()!.upTo
    if (done > before) onProgress?.(done, rows.length)
  }
  try {
    for (let at = 0; at < checked.length && !signal?.aborted;) {
      assertWritable(replica)
      const end = sliceEnd(checked, at, { itemsMax: MESSAGE_ROWS_MAX, limits: replica.limits })
      const slice = checked.slice(at, end)
      const missing = slice.filter((row) => !isThere(table, row))
      const receipt = writeRows(table, missing, parts)
      if (receipt) messages++
      skipped += slice.length - missing.length
      at = end
      ahead.push({ receipt, upTo: slice.at(-1)!.index + 1 })
      await yieldTurn(replica.clock)
      noteDurable()
      if (ahead.length >= AHEAD_MESSAGES_MAX) await replica.flushed()
    }
    await replica.flushed()
    noteDurable()
  } catch (error) {
    await replica.flushed()
    noteDurable()
    throw stopped(error, done, rows.length)
  }
  return { messages, rows: done, skipped }
}

/** Writes one message with these rows; undefined without rows. */
function writeRows(
  table: Table,
  rows: readonly CheckedRow[],
  { replica, writer }: Parts,
): Receipt | undefined {
  const write = (draft: Draft): void => {
    for (const { id, registers } of rows)
      draft.add(table, newId(replica, table, id), 'create', registers)
  }
  return writer.message(write, { rehearsed: true })
}

async function checkedRows(
  table: Table,
  rows: readonly unknown[],
  { from, replica, writer }: Parts & { readonly from: number },
): Promise<readonly CheckedRow[]> {
  if (!Number.isSafeInteger(from) || from < 0)
    throw new CountersignError('invalid', `import: \`from\` is ${from}, not a number of rows`)
  const checked: CheckedRow[] = []
  const indexes = new Map<Uuid, number>()
  for (let index = from; index < rows.length; index++) {
    try {
      const row = checkedRow(table, rows[index], { index, indexes })
      if (!isThere(table, row)) assertWritableRow(table, row, writer)
      checked.push(row)
    } catch (error) {
      throw named(error, index)
    }
    if (checked.length % CHECKED_ROWS === 0) await yieldTurn(replica.clock)
  }
  return checked
}

function checkedRow(
  table: Table,
  given: unknown,
  { index, indexes }: { readonly index: number; readonly indexes: Map<Uuid, number> },
): CheckedRow {
  const { entity, registers: known } = table
  if (typeof given !== 'object' || given === null)
    throw new CountersignError('invalid', `${entity.name}: the row is not an object`, {
      entity: entity.name,
    })
  const { id, ...input } = given as { readonly id?: Uuid }
  if (id !== undefined) {
    assertSuppliedId(table, id)
    const first = indexes.get(id)
    if (first !== undefined)
      throw new CountersignError('entity_exists', `${entity.name} ${id} is also row ${first + 1}`, {
        entity: entity.name,
        id,
      })
    indexes.set(id, index)
  }
  const registers = encodeCreate(entity, known, input)
  return { index, id, registers, bytes: changeBytes(registers) }
}

function assertSuppliedId({ entity }: Table, id: Uuid): void {
  const isMinted = entity.options.idPolicy !== 'supplied'
  if (!isMinted && isUuid(id)) return
  const why = isMinted
    ? `ids of ${entity.name} are minted; leave id out`
    : `${entity.name}: the id ${String(id)} is not a lower-case uuid`
  throw new CountersignError('invalid', why, { entity: entity.name, id: String(id) })
}

/** Checks what valid values can still violate: the rule of the type, and limits. */
function assertWritableRow(table: Table, row: CheckedRow, writer: Writer): void {
  const { registers, id, bytes } = row
  const { options, each } = table.entity
  if (!options.rule && !each && bytes <= SURE_BYTES) return
  writer.rehearse([
    (draft) => draft.add(table, newId(writer.replica, table, id), 'create', registers),
  ])
}

/**
 * Whether a row with that id and these values exists: written by an earlier import.
 * @throws CountersignError `entity_exists` where its values are others.
 */
function isThere(table: Table, { id, registers }: CheckedRow): boolean {
  const row = id === undefined ? undefined : table.row(id)
  if (id === undefined || !row) return false
  if (isSame(table, row, registers)) return true
  const { name } = table.entity
  throw new CountersignError(
    'entity_exists',
    `${name} ${id} exists, with other values; leave it out, or update it`,
    { entity: name, id },
  )
}

function isSame({ entity }: Table, row: AnyRow, { values }: Registers): boolean {
  const names = entity.each
    ? new Set([...Object.keys(row), ...Object.keys(values)])
    : entity.fields.keys()
  for (const name of names) {
    const field =
      name === 'id' || entity.assignedFields.has(name) ? undefined : entity.fieldOf(name)
    if (!field || field.merging) continue // it is written with an operation, which is no value
    const shown = encodeField(field, row[name])
    if (!shown.ok || !jsonEqual(shown.value, values[field.reg])) return false
  }
  return true
}

/** Adds the number of the row to an error. */
function named(error: unknown, index: number): unknown {
  if (!(error instanceof CountersignError)) return error
  const { code, message, entity, id, field, reason } = error
  return new CountersignError(code, `row ${index + 1}: ${message}`, {
    ...{ entity, id, field },
    reason: reason ?? message,
    index,
  })
}

/** Adds the progress of the import to an error. */
function stopped(error: unknown, done: number, all: number): unknown {
  if (!(error instanceof CountersignError)) return error
  const { code, message, entity, id, field, reason } = error
  const how = `${done} of ${all} rows are imported; import the same list with { from: ${done} } to resume`
  return new CountersignError(code, `${message}; ${how}`, {
    entity,
    id,
    field,
    reason,
    index: done,
  })
}
