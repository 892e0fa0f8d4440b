/**
 * Many rows as many messages. Rows are checked before the first is written, so a wrong one
 * changes nothing; messages then go out in slices that leave the page responsive.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entity } from '../schema/entity.ts'
import { encodeField } from '../schema/field.ts'
import type { Input } from '../schema/types.ts'
import type { ImportOptions, ImportReport, SyncStore } from './store.ts'

/** Rows of one message: far under the bounds of a message, and cheap to seal. */
const MESSAGE_ROWS = 128
/** Rows looked at in one go before the page gets its turn. */
const CHECKED_ROWS = 1_024

type ImportRow = object & { readonly id?: Uuid }

export async function importRows(
  store: Pick<SyncStore, 'create' | 'transact'>,
  yieldTurn: () => Promise<void>,
  { entity, rows, options }: { entity: Entity; rows: readonly ImportRow[]; options: ImportOptions },
): Promise<ImportReport> {
  for (const [i, row] of rows.entries()) {
    checkRow(entity, row, i)
    if ((i + 1) % CHECKED_ROWS === 0) await yieldTurn()
  }
  let messages = 0
  let done = 0
  while (done < rows.length && !options.signal?.aborted) {
    const part = rows.slice(done, done + MESSAGE_ROWS)
    store.transact(() => {
      for (const { id, ...input } of part)
        store.create(entity, input as Input<Entity>, id === undefined ? {} : { id })
    })
    messages++
    done += part.length
    options.onProgress?.(done, rows.length)
    await yieldTurn()
  }
  return { messages, rows: done }
}

function checkRow(entity: Entity, { id, ...row }: ImportRow, index: number): void {
  const at = `row ${index + 1}`
  if (id !== undefined && entity.options.idPolicy !== 'supplied') {
    throw new CountersignError('invalid', `${at}: ids of ${entity.name} are minted; leave id out`, {
      entity: entity.name,
      id,
    })
  }
  const given = row as Readonly<Record<string, unknown>>
  const names = entity.each
    ? Object.keys(given)
    : new Set([...entity.fields.keys(), ...Object.keys(given)])
  for (const name of names) {
    const field = entity.fieldOf(name)
    if (!field)
      throw new CountersignError('invalid', `${at}: ${entity.name} has no field ${name}`, {
        entity: entity.name,
        field: name,
      })
    const checked = encodeField(field, given[name])
    if (checked.ok) continue
    const reason = checked.error.message
    throw new CountersignError('invalid', `${at}: ${entity.name}.${name}: ${reason}`, {
      entity: entity.name,
      field: name,
      reason,
    })
  }
}
