/**
 * The value a write gave to a register, as the reader's version sees it. Nearly every write is of
 * that version, and costs a comparison of two numbers.
 */
import type { Json } from '../base/json.ts'
import type { Lenses } from '../schema/lens/path.ts'
import type { Write } from '../history/entry.ts'
import type { Base } from '../facts/message.ts'
import type { Entity } from '../schema/entity.ts'
import { decodeField } from '../schema/field.ts'
import { isUnset } from '../schema/input.ts'
import { operationIn } from '../schema/operations.ts'
import type { Reg } from '../schema/registers.ts'
import { Unreadable } from '../schema/unreadable.ts'

/** Who reads: a build with its declaration of the type, and all it knows of other versions. */
export interface Reader {
  readonly entity: Entity
  /** The entity's own lenses, or wider ones where steps of newer versions have become known. */
  readonly lenses: Lenses
}

/** As the app sees it; undefined where the write unset it, or never wrote it. */
export function readValue(write: Write, reg: Reg, reader: Reader): unknown {
  const stored = write.values[reg]
  return stored === undefined
    ? undefined
    : readStored(stored, { reg, version: write.version }, reader)
}

/** The same of a value that some version wrote to a register. */
export function readStored(
  stored: Json,
  { reg, version }: { readonly reg: Reg; readonly version: number },
  { entity, lenses }: Reader,
): unknown {
  if (isUnset(stored)) return undefined
  if (operationIn(stored)) return stored // as its author wrote it, in every version
  if (version === entity.currentVersion || entity.each)
    return decodeField(entity.fieldAt(reg), stored)
  const seen = lenses.path(reg, version, entity.currentVersion).translate(stored)
  if (seen.kind === 'value') return decodeField(entity.fieldAt(reg), seen.value)
  if (seen.kind === 'unset' || seen.kind === 'absent') return undefined
  const needs = seen.kind === 'opaque' ? seen.needs : version
  return new Unreadable(seen.kind, stored, { version, needs })
}

/** What stood before a conflict; undefined where nothing did, or nobody knows. */
export function readBase(base: Base, reg: Reg, reader: Reader): unknown {
  if (base === 'nothing' || base === 'unknown') return undefined
  return readStored(base.value, { reg, version: base.version }, reader)
}

/** Whether the reader's version has no field for what some version wrote there: it was removed, or came later. */
export function isAbsent(
  stored: Json,
  { reg, version }: { readonly reg: Reg; readonly version: number },
  { entity, lenses }: Reader,
): boolean {
  if (version === entity.currentVersion || entity.each) return false
  return lenses.path(reg, version, entity.currentVersion).translate(stored).kind === 'absent'
}

/** As JSON, to tell whether two writes gave the same value; undefined: they unset it. */
export function comparable(write: Write, reg: Reg, { entity, lenses }: Reader): Json | undefined {
  const stored = write.values[reg]
  if (stored === undefined || isUnset(stored)) return undefined
  if (write.version === entity.currentVersion || entity.each) return stored
  const seen = lenses.path(reg, write.version, entity.currentVersion).translate(stored)
  if (seen.kind === 'value') return seen.value
  if (seen.kind === 'unset') return undefined
  return { $unreadable: stored, version: write.version }
}

/** What the reader's version shows for a register that nobody wrote. */
export function defaultValue(reg: Reg, { entity, lenses }: Reader): unknown {
  const value = lenses.defaultOf(reg, entity.currentVersion)
  return value === undefined ? undefined : decodeField(entity.fieldAt(reg), value)
}
