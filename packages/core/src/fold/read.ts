/**
 * Reads the value of a write in the reader's version. Nearly every write has that version, and
 * costs one comparison of numbers.
 */
import type { Json } from '../base/json.ts'
import type { Lenses } from '../schema/lens/path.ts'
import type { Write } from '../history/entry.ts'
import type { Base } from '../facts/message.ts'
import type { Entity } from '../schema/entity.ts'
import { decodeField } from '../schema/field.ts'
import { isRedacted } from '../schema/redacted.ts'
import { isUnset } from '../schema/unset.ts'
import { operationIn } from '../schema/operations.ts'
import type { Reg } from '../schema/registers.ts'
import { Unreadable } from '../schema/unreadable.ts'

/** The reader: a build's declaration of the type, and all it knows of other versions. */
export interface Reader {
  readonly entity: Entity
  /** The entity's own lenses, or longer ones once steps of newer versions are known. */
  readonly lenses: Lenses
}

/** The value in the app's form; undefined if the write unset it, did not write it, or it was erased. */
export function readValue(write: Write, reg: Reg, reader: Reader): unknown {
  const stored = write.values[reg]
  return stored === undefined
    ? undefined
    : readStored(stored, { reg, version: write.version }, reader)
}

/** The value of stored JSON that some version wrote to a register. */
export function readStored(
  stored: Json,
  { reg, version }: { readonly reg: Reg; readonly version: number },
  { entity, lenses }: Reader,
): unknown {
  if (isUnset(stored) || isRedacted(stored)) return undefined
  if (operationIn(stored)) return stored // as its author wrote it, in every version
  if (version === entity.currentVersion || entity.each)
    return decodeField(entity.fieldAt(reg), stored)
  const seen = lenses.path(reg, version, entity.currentVersion).translate(stored)
  if (seen.kind === 'value') return decodeField(entity.fieldAt(reg), seen.value)
  if (seen.kind === 'unset' || seen.kind === 'absent') return undefined
  const needs = seen.kind === 'opaque' ? seen.needs : version
  return new Unreadable(seen.kind, stored, { version, needs })
}

/** The base of a conflict in the app's form; undefined for nothing and for unknown. */
export function readBase(base: Base, reg: Reg, reader: Reader): unknown {
  if (base === 'nothing' || base === 'unknown') return undefined
  return readStored(base.value, { reg, version: base.version }, reader)
}

/**
 * Whether the reader's version lacks the field of a stored value: it was removed, or added later.
 */
export function isAbsent(
  stored: Json,
  { reg, version }: { readonly reg: Reg; readonly version: number },
  { entity, lenses }: Reader,
): boolean {
  if (version === entity.currentVersion || entity.each) return false
  return lenses.path(reg, version, entity.currentVersion).translate(stored).kind === 'absent'
}

/** The value as JSON, to compare two writes; undefined: they unset it, or it was erased. */
export function comparable(write: Write, reg: Reg, { entity, lenses }: Reader): Json | undefined {
  const stored = write.values[reg]
  if (stored === undefined || isUnset(stored) || isRedacted(stored)) return undefined
  if (write.version === entity.currentVersion || entity.each) return stored
  const seen = lenses.path(reg, write.version, entity.currentVersion).translate(stored)
  if (seen.kind === 'value') return seen.value
  if (seen.kind === 'unset') return undefined
  return { $unreadable: stored, version: write.version }
}

/**
 * The same for two writes of one field, also where it is encrypted. Never write it anywhere: it is
 * decrypted.
 */
export function compared(write: Write, reg: Reg, reader: Reader): Json | undefined {
  const json = comparable(write, reg, reader)
  const hidden = reader.entity.fieldAt(reg)?.codec?.hidden
  return hidden && json !== undefined ? hidden.plain(json) : json
}

/** The value that the reader's version shows for a register that was never written. */
export function defaultValue(reg: Reg, { entity, lenses }: Reader): unknown {
  const value = lenses.defaultOf(reg, entity.currentVersion)
  return value === undefined ? undefined : decodeField(entity.fieldAt(reg), value)
}
