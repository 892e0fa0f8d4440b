/** Bases in a review: a reviewer has every change of an entity, and computes them by folding. */
import { type Json, jsonBytes } from '../base/json.ts'
import { type Entry, Write, reviewIn } from '../history/entry.ts'
import { keeps, saw } from '../history/saw.ts'
import { operationIn } from '../schema/operations.ts'
import { ARCHIVED, type Reg, type RegisterTable } from '../schema/registers.ts'
import { apply } from './apply.ts'
import type { StatedBase, StatedBases } from '../wire/reviews.ts'
import { baseIn } from './base.ts'
import { type EntityState, type LiveSet, liveOf } from './state.ts'

/** Maximum bytes of all bases of one review; beyond it all of them are `unknown`. */
const BASES_BYTES_MAX = 16_384

export interface BaseParts {
  /** The states of the entry's entities before it, aligned with its writes. */
  readonly before: readonly (EntityState | undefined)[]
  /**
   * Every accepted write of an entity, in canonical order; undefined if there are too many to read.
   */
  readonly changesOf: (entityId: string) => readonly Write[] | undefined
  readonly tableOf: (type: string) => RegisterTable
}

/**
 * The bases for the review of an entry: for each register that gets its second live write, the
 * value that its author had seen. An empty list if they exceed the bound of a review.
 */
export function basesFor({ writes }: Entry, parts: BaseParts): readonly StatedBases[] | undefined {
  let bytes = 0
  let any = false
  const all: StatedBases[] = []
  for (const [i, write] of writes.entries()) {
    const bases = basesLeftBy(write, parts.before[i], parts)
    if (Object.keys(bases).length > 0) {
      any = true
      bytes += jsonBytes(bases as unknown as Json)
    }
    if (bytes > BASES_BYTES_MAX) return []
    all.push(bases)
  }
  return any ? all : undefined
}

function basesLeftBy(
  write: Write,
  before: EntityState | undefined,
  { changesOf, tableOf }: BaseParts,
): StatedBases {
  const bases: Record<Reg, StatedBase> = {}
  if (!before) return bases
  let seen: EntityState | undefined
  const table = tableOf(write.type)
  for (const reg of write.regs.names) {
    const live = liveOf(before, table.slot(reg))
    const isSecond = live instanceof Write && (!saw(write, live) || keeps(write, reg, live))
    if (reg === ARCHIVED || !isSecond || operationIn(write.values[reg])) continue
    // Rare, so the fold of the writes that its author had seen runs on demand.
    const changes = changesOf(write.entityId)
    if (!changes) {
      bases[reg] = { base: 'unknown', seq: null }
      continue
    }
    seen ??= changes
      .filter((other) => saw(write, other))
      .reduce<EntityState | undefined>(apply, undefined)
    bases[reg] = statedBase(seen && liveOf(seen, table.slot(reg)), reg)
  }
  return bases
}

function statedBase(live: LiveSet | undefined, reg: Reg): StatedBase {
  const base = baseIn(live, reg)
  if (base === 'nothing') return { base, seq: 0 }
  return { base, seq: live instanceof Write ? reviewIn(live.entry).seq : null }
}
