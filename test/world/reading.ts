/**
 * How one replica reads rows: by the versions its build declares, and by those that it has been
 * told of since. Turns what the oracle knows of registers into fields of that version. Types
 * without versions are read unchanged.
 */
import { type AnyRow, isUnreadable } from '@countersign/core'
import type { Json } from '@countersign/core/message'
import { type OracleWrite, UNSET } from '../model/oracle.ts'
import type { OraclePast } from '../model/policies.ts'
import { type KnownType, type Seen, Versions, knownTogether } from '../model/versions.ts'
import type { EntityHistory, Fact } from './facts.ts'
import { BUILDS, type Build, knownTo } from './versioned.ts'

/** Replaces a value in a row that its reader cannot read. */
export interface Unread {
  readonly unreadable: 'invalid' | 'opaque' | 'locked'
  readonly raw: Json
  readonly version: number | undefined
  readonly needs: number | undefined
}

export interface Reading {
  /** Two readings with the same key read every row alike. */
  readonly key: string
  /** The row after these messages, by field. */
  past(history: EntityHistory, mask: bigint, seq: number): OraclePast
  /** The value that a message gave to a field; undefined: none. */
  given(fact: Fact, history: EntityHistory, field: string): unknown
  /** The values of fields without a write. */
  fallbacks(type: string): ReadonlyMap<string, Json>
}

const NONE: ReadonlyMap<string, Json> = new Map()

/** Of a world in which nothing has versions. */
export const PLAIN: Reading = {
  key: '',
  past: (history, mask, seq) => history.past(mask, seq),
  given: ({ oracle }, { id }, field) =>
    oracle.changes.find(({ entity }) => entity === id)?.set[field],
  fallbacks: () => NONE,
}

/** A value of a row as the oracle has it. */
export function asOracle(value: unknown): unknown {
  if (!isUnreadable(value)) return value
  const { kind, raw, version, needs } = value
  return { unreadable: kind, raw, version, needs } satisfies Unread
}

/** A type as a build has it. */
interface Seeing {
  readonly version: number
  readonly versions: Versions
}

export class VersionedReading implements Reading {
  readonly key: string
  /** Whether it knows more versions than its build declares. */
  readonly isWider: boolean
  readonly #types = new Map<string, Seeing>()

  /** `published`: the rows of `$schema` that are seen. */
  constructor(build: Build, published: readonly AnyRow[]) {
    let isWider = false
    const keys: string[] = [String(build)]
    for (const { name, currentVersion } of BUILDS[build - 1]!) {
      const told = published
        .filter(({ type }) => type === name)
        .map(({ chain }) => chain as unknown)
      // By what is told, not by whose row it is: two builds publish under one id, and who was
      // second learns the chain of the first in its place.
      keys.push(JSON.stringify(told))
      const own = knownTo(build, name)!
      const known = knownTogether(own, told as KnownType[])
      isWider ||= known.versions.some((version, i) => version.steps !== own.versions[i]?.steps)
      this.#types.set(name, { version: currentVersion, versions: new Versions(known) })
    }
    this.isWider = isWider
    this.key = keys.join(' ')
  }

  /** Whether the build may write a field, as far as is known here. */
  mayWrite(type: string, field: string): boolean {
    const { version, versions } = this.#types.get(type)!
    const reg = versions.fieldsIn(version).get(field)
    return reg === undefined || versions.mayWrite(reg, version)
  }

  /** The register of a field as the build has it. */
  registerOf(type: string, field: string): string {
    const { version, versions } = this.#types.get(type)!
    return versions.fieldsIn(version).get(field) ?? field
  }

  past(history: EntityHistory, mask: bigint, seq: number): OraclePast {
    const past = history.past(mask, seq)
    const seeing = this.#types.get(history.type)
    if (!seeing) return past
    const fields = seeing.versions.fieldsIn(seeing.version)
    const live = new Map<string, readonly OracleWrite[]>()
    for (const field of [...fields.keys(), '$archived']) {
      const writes = past.row.live.get(fields.get(field) ?? field)
      if (writes) live.set(field, this.#translated(history, field, writes))
    }
    const seen = new Set([...fields.values(), '$archived'])
    return {
      row: { heads: past.row.heads, live },
      hidden: [...past.row.live].flatMap(([reg, writes]) => (seen.has(reg) ? [] : writes)),
      hasSeen: (id, other) => past.hasSeen(id, other),
      before: (field) => {
        const { writes, isKnown } = past.before(fields.get(field) ?? field)
        return { writes: this.#translated(history, field, writes), isKnown }
      },
    }
  }

  given(fact: Fact, history: EntityHistory, field: string): unknown {
    const seeing = this.#types.get(history.type)
    if (!seeing) return PLAIN.given(fact, history, field)
    const reg = seeing.versions.fieldsIn(seeing.version).get(field) ?? field
    const value = PLAIN.given(fact, history, reg)
    return value === undefined ? undefined : this.#read(fact, history, { reg, value })
  }

  fallbacks(type: string): ReadonlyMap<string, Json> {
    const seeing = this.#types.get(type)
    if (!seeing) return NONE
    const { version, versions } = seeing
    const found = [...versions.fieldsIn(version)].flatMap(([field, reg]) => {
      const value = versions.fallback(reg, version)
      return value === undefined ? [] : [[field, value] as const]
    })
    return new Map(found)
  }

  #translated(
    history: EntityHistory,
    field: string,
    writes: readonly OracleWrite[],
  ): readonly OracleWrite[] {
    const { version, versions } = this.#types.get(history.type)!
    const reg = versions.fieldsIn(version).get(field)
    if (reg === undefined) return writes
    return writes.map(({ by, value }) => {
      const fact = history.facts.find(({ message }) => message.id === by)!
      return { by, value: this.#read(fact, history, { reg, value }) }
    })
  }

  #read(
    fact: Fact,
    history: EntityHistory,
    { reg, value }: { readonly reg: string; readonly value: unknown },
  ): unknown {
    if (value === UNSET) return UNSET
    const { version, versions } = this.#types.get(history.type)!
    const from = writtenIn(fact, history)
    return inWords(versions.seen(reg, value as Json, [from, version]), value as Json, from)
  }
}

/** The version in which a message wrote an entity. */
export function writtenIn({ message }: Fact, { id }: EntityHistory): number {
  return message.changes.find(({ entityId }) => entityId === id)!.shape.schemaVersion
}

function inWords(seen: Seen, raw: Json, version: number): unknown {
  if (seen.kind === 'value') return seen.value
  if (seen.kind === 'unset' || seen.kind === 'absent') return UNSET
  const needs = seen.kind === 'opaque' ? seen.needs : version
  return { unreadable: seen.kind, raw, version, needs } satisfies Unread
}
