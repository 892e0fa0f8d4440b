/**
 * Merges several live writes of a register by the policies of its type: to a value, or to a
 * conflict that a person must resolve. Pure, at read time: nothing here writes, and two
 * readers with the same messages get the same result (SPEC.md, section 9).
 */
import type { Json } from '../base/json.ts'
import { areBeside, saw } from '../history/saw.ts'
import { Write } from '../history/entry.ts'
import { compareOrder } from '../history/order.ts'
import type { Base } from '../facts/message.ts'
import type { Entity } from '../schema/entity.ts'
import { encodeValue } from '../schema/field.ts'
import { CONFLICT, type MergeFunction } from '../schema/policies.ts'
import { ARCHIVED, type Reg, type RegisterTable } from '../schema/registers.ts'
import { isUnreadable } from '../schema/unreadable.ts'
import { baseOf } from './base.ts'
import { type Reader, readBase, readValue } from './read.ts'
import { candidatesOf, tellingOf } from './shown.ts'
import { type EntityState, headsOf, isLinear, liveOf, totalOf, writesOf } from './state.ts'

/** The merged register. `conflict`: in canonical order, one write for each different value. */
export type Merged =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'conflict'; readonly candidates: readonly Write[] }

/** Merges the live writes of one register of a state, by its policy. */
export function mergeRegister(
  state: EntityState,
  { reg, slot }: { readonly reg: Reg; readonly slot: number },
  reader: Reader,
): Merged {
  // Called for registers with a write only.
  const live = liveOf(state, slot)!
  const candidates = candidatesOf(live, reg, reader)
  if (candidates.length === 1) return { kind: 'write', write: candidates[0]! }
  const policy = reader.entity.policies.fields.get(reg) ?? 'ask'
  if (policy === 'first') return { kind: 'write', write: candidates[0]! }
  if (policy === 'last')
    // Live writes are never empty.
    return { kind: 'write', write: [...writesOf(tellingOf(live, reg))].sort(compareOrder).at(-1)! }
  if (policy === 'ask') return { kind: 'conflict', candidates }
  return mergedBy(policy, { candidates, reg, base: baseOf(state, slot), reader })
}

/**
 * Calls the app's merge function, if the base is known. If it throws, returns `CONFLICT` or returns
 * an invalid value, the conflict stays open.
 */
function mergedBy(
  merge: MergeFunction<Json>,
  parts: {
    readonly candidates: readonly Write[]
    readonly reg: Reg
    readonly base: Base
    readonly reader: Reader
  },
): Merged {
  const { candidates, reg, base, reader } = parts
  const open: Merged = { kind: 'conflict', candidates }
  const field = reader.entity.fieldAt(reg)
  const values = candidates.map((write) => readValue(write, reg, reader))
  // An unset is a decision of its own, and an unreadable value cannot be merged.
  if (!field || values.some((value) => value === undefined || isUnreadable(value))) return open
  // Without the base a function can only guess.
  if (base === 'unknown') return open
  try {
    const value: unknown = merge(readBase(base, reg, reader) as Json, values as Json[])
    if (value === CONFLICT || value === undefined) return open
    return encodeValue(field, value).ok ? { kind: 'value', value } : open
  } catch {
    return open
  }
}

/**
 * Registers with concurrent writes that are in conflict although one live write is left: in a type
 * of scope `row`, or in a merged row that breaks the rule of its type.
 */
export function contestedRegisters(
  state: EntityState,
  { table, ...reader }: Reader & { readonly table: RegisterTable },
  isContested: () => boolean,
): ReadonlyMap<Reg, { readonly candidates: readonly Write[]; readonly base: Base }> {
  const found = new Map<Reg, { candidates: readonly Write[]; base: Base }>()
  const heads = headsOf(state)
  if (heads.length < 2 || !isContested()) return found
  const isSeenByAll = (write: Write): boolean =>
    heads.every((head) => head === write || saw(head, write))
  for (const [slot, reg] of table.names.entries()) {
    const live = writesOf(liveOf(state, slot))
    if (totalOf(state, slot)) continue // it merges, and needs no decision
    if (reg === ARCHIVED || live.every(isSeenByAll)) continue
    found.set(reg, { candidates: candidatesOf(live, reg, reader), base: baseOf(state, slot) })
  }
  return found
}

/** Whether the row counts as archived, and the writes that disagree. */
export interface ArchivedState {
  readonly archived: boolean
  /** A write that archived, and a concurrent edit: a conflict until it is resolved. */
  readonly conflict: { readonly archive: Write; readonly edit: Write } | undefined
}

const NOT_ARCHIVED: ArchivedState = { archived: false, conflict: undefined }
const IS_ARCHIVED: ArchivedState = { archived: true, conflict: undefined }

/** Whether the row is archived, by its policy, and whether there is a conflict about it. */
export function archivedState(
  state: EntityState,
  entity: Entity,
  table: RegisterTable,
): ArchivedState {
  const slot = table.slotIfKnown(ARCHIVED)
  const written = slot < 0 ? undefined : liveOf(state, slot)
  if (written === undefined) return NOT_ARCHIVED
  const live = writesOf(written)
  const archives = live.filter((write) => write.values[ARCHIVED] === true).sort(compareOrder)
  if (archives.length === 0) return NOT_ARCHIVED
  const policy = entity.policies.archived
  if (policy === 'archive-wins' || isLinear(state)) return IS_ARCHIVED
  const restore = live.filter((write) => write.values[ARCHIVED] !== true).sort(compareOrder)[0]
  for (const archive of archives) {
    const edit = restore ?? editBeside(archive, state, slot)
    if (!edit) continue
    return policy === 'edit-wins' ? NOT_ARCHIVED : { archived: false, conflict: { archive, edit } }
  }
  return IS_ARCHIVED
}

/** The newest live write of a field that is concurrent with the archiving. */
function editBeside(archive: Write, state: EntityState, archivedSlot: number): Write | undefined {
  if (state instanceof Write) return undefined
  const edits = new Set<Write>()
  for (const [slot, live] of state.live.entries()) {
    if (slot !== archivedSlot) for (const write of writesOf(live)) edits.add(write)
  }
  edits.delete(archive)
  return [...edits]
    .filter((edit) => areBeside(edit, archive))
    .sort(compareOrder)
    .at(-1)
}
