/**
 * The fold's one step: applies a write to the state of its entity, in canonical order, with pending
 * writes after all reviewed ones. Pure.
 *
 *   live'(r) = {m} ∪ {w ∈ live(r) : not saw(m, w) or w ∈ keep_m(r)}   for each r that m writes
 *   heads'   = {m} ∪ {h ∈ heads : not saw(m, h)}
 *   total'(r) = total(r) with the operation of m, for each r that m writes by an operation
 */
import { assert } from '../base/assert.ts'
import { Write } from '../history/entry.ts'
import { keeps, saw } from '../history/saw.ts'
import type { Base } from '../facts/message.ts'
import { type AppFold, type Operation, folded, operationIn } from '../schema/operations.ts'
import { ARCHIVED } from '../schema/registers.ts'
import { baseSeenBy } from './base.ts'
import {
  type EntityState,
  type Fold,
  type LiveSet,
  createdOf,
  hasOperations,
  headsOf,
  isLinear,
  liveBySlot,
  writesOf,
} from './state.ts'

const NOTHING_MERGED: Pick<Fold, 'bases' | 'totals'> = { bases: undefined, totals: undefined }

/** The state after `write`, which is later than all writes in the state. */
export function apply(state: EntityState | undefined, write: Write): EntityState {
  if (!state && !hasOperations(write)) return write
  const beside = state ? headsOf(state).filter((head) => !saw(write, head)) : []
  const live = liveBySlot(state)
  let { bases, totals } = state && !(state instanceof Write) ? state : NOTHING_MERGED
  for (let i = 0; i < write.regs.slots.length; i++) {
    const slot = write.regs.slots[i]!
    const reg = write.regs.names[i]! // aligned with `slots`
    const operation = operationIn(write.values[reg])
    if (operation || totals)
      totals = totalsAfter(totals, operation, {
        slot,
        fold: write.regs.folds?.[i],
        of: write.entry,
      })
    if (operation) {
      // Operations are never overwritten and never in conflict: the newest write is the live one.
      live[slot] = write
      if (bases?.has(slot)) bases = without(bases, slot)
      continue
    }
    const before = live[slot]
    const standing = joined(before, write, reg)
    if (bases || !(standing instanceof Write))
      bases = basesAfter(bases, { slot, reg }, { before, standing, write })
    live[slot] = standing
  }
  const after: Fold = {
    heads: beside.length === 0 ? [write] : [...beside, write],
    live,
    created: state ? createdOf(state) : write,
    last: write,
    // A kept write remains concurrent with this one. An author who had read a head on a lost
    // lineage may have read more of that lineage than is known here.
    linear:
      (!state || isLinear(state)) && beside.length === 0 && !write.keep && hasReplaced(write, live),
    bases,
    totals,
    redacted: state instanceof Write ? undefined : state?.redacted,
  }
  assert(after.heads.at(-1) === write, 'a write is the newest head of its entity')
  return after
}

/**
 * Counts each operation once, whatever its author had seen. A value, from a faulty client, ends the
 * total.
 */
function totalsAfter(
  totals: Fold['totals'],
  operation: Operation | undefined,
  {
    slot,
    fold,
    of,
  }: { readonly slot: number; readonly fold: AppFold | undefined; readonly of: object },
): Fold['totals'] {
  if (!operation) return totals?.has(slot) ? without(totals, slot) : totals
  return new Map(totals).set(slot, folded(totals?.get(slot), operation, { fold, of }))
}

/** Whether nothing else is live in the registers that a write writes. */
function hasReplaced({ regs }: Write, live: Fold['live']): boolean {
  return regs.slots.every((slot) => live[slot] instanceof Write)
}

/** Whether a write is concurrent with a head of the state before it. */
export function isForked(before: EntityState | undefined, write: Write): boolean {
  return before !== undefined && !headsOf(before).every((head) => saw(write, head))
}

function joined(live: LiveSet | undefined, write: Write, reg: string): LiveSet {
  if (live === undefined) return write
  if (live instanceof Write)
    return !saw(write, live) || keeps(write, reg, live) ? [live, write] : write
  const left = live.filter((other) => !saw(write, other) || keeps(write, reg, other))
  return left.length === 0 ? write : [...left, write]
}

/** Records a base at the second live write of a register, and keeps it while there are two. */
function basesAfter(
  bases: Fold['bases'],
  { slot, reg }: { readonly slot: number; readonly reg: string },
  {
    before,
    standing,
    write,
  }: { readonly before: LiveSet | undefined; readonly standing: LiveSet; readonly write: Write },
): Fold['bases'] {
  if (standing instanceof Write) return bases?.has(slot) ? without(bases, slot) : bases
  if (reg === ARCHIVED || writesOf(before).length > 1) return bases
  return new Map<number, Base>(bases).set(slot, baseSeenBy(write, reg))
}

function without<T>(map: ReadonlyMap<number, T>, slot: number): ReadonlyMap<number, T> | undefined {
  if (map.size === 1) return undefined
  const left = new Map(map)
  left.delete(slot)
  return left
}
