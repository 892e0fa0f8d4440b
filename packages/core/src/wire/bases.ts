/**
 * Bases in pages and stored drafts: `[version, value]`, `[]` where there was no value, 0 where it
 * is unknown.
 */
import { jsonFault } from '../base/json.ts'
import type { Json } from '../base/json.ts'
import type { Base, Bases } from '../facts/message.ts'
import { isCount, regFault } from '../facts/parse.ts'

/** Encodes a base: 0 if it is unknown, an empty list if there was no value. */
export function packBase(base: Base): Json {
  if (base === 'unknown') return 0
  return base === 'nothing' ? [] : [base.version, base.value]
}

/** Parses untrusted JSON as a base; undefined if it is malformed. */
export function readBase(packed: unknown): Base | undefined {
  if (packed === 0) return 'unknown'
  if (!Array.isArray(packed)) return undefined
  const [version, value, ...more] = packed as unknown[]
  if (packed.length === 0) return 'nothing'
  if (!isCount(version) || value === undefined || more.length > 0) return undefined
  return jsonFault(value) === undefined ? { version, value: value as Json } : undefined
}

/** The bases of each change of one message; 0 for a change without any. */
export function packBases(changes: readonly Bases[]): Json {
  return changes.map((bases) => {
    const packed = Object.entries(bases).map(([reg, base]) => [reg, packBase(base)] as const)
    return packed.length > 0 ? Object.fromEntries(packed) : 0
  })
}

const NONE: Bases = Object.freeze({})

/** Parses untrusted JSON as the bases of a message; undefined if it is malformed. */
export function readBases(packed: unknown, changes: number | undefined): Bases[] | undefined {
  if (!Array.isArray(packed)) return undefined
  if (packed.length > 0 && changes !== undefined && packed.length !== changes) return undefined
  const read = (packed as unknown[]).map((bases) => (bases === 0 ? NONE : basesOfChange(bases)))
  return read.every((bases) => bases !== undefined) ? read : undefined
}

function basesOfChange(packed: unknown): Bases | undefined {
  if (typeof packed !== 'object' || packed === null || Array.isArray(packed)) return undefined
  const bases: Record<string, Base> = {}
  for (const [reg, value] of Object.entries(packed)) {
    const base = regFault(reg) === undefined ? readBase(value) : undefined
    if (base === undefined) return undefined
    bases[reg] = base
  }
  return bases
}
