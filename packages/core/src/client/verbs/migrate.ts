/**
 * Migration: rewrites rows in a newer version of their type, as reviewed messages, for lens steps
 * that lose information when read through. A row shows the same before and after. Compare-and-set:
 * a run that loses a race skips rows that are done, so an interrupted run can be repeated.
 */
import type { Json } from '../../base/json.ts'
import type { Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import { Write } from '../../history/entry.ts'
import { type EntityState, headsOf, liveOf, totalOf } from '../../fold/state.ts'
import { describeStep, lossOf } from '../../schema/lens/step.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Draft } from '../../rows/draft.ts'
import type { Table } from '../../rows/table.ts'
import type { Registers } from '../../schema/input.ts'
import { UNSET } from '../../schema/unset.ts'
import { ARCHIVED, type Reg } from '../../schema/registers.ts'
import { assertWritable } from './guards.ts'
import type { Replica } from '../replica.ts'
import { changeBytes, sliceEnd, yieldTurn } from './slices.ts'
import type { MigrateOptions, MigrationReport } from '../store.ts'
import type { Writer } from './writer.ts'

/** Maximum rows in a message: one row that loses a race makes the others of its message retry. */
const MESSAGE_ROWS_MAX = 32
/** An upper bound of the bytes of a message without its changes. */
const MESSAGE_BYTES = 512
/** Maximum passes; each later one retries rows that lost a race. */
const PASSES_MAX = 8

/** The values of a row from older versions, in the newest version. */
interface Rewriting {
  readonly id: Uuid
  /** As many as fit into one message; a later pass finds the others. */
  readonly registers: Registers
  readonly bytes: Bytes
}

/** Computes the report of a run, without writing. */
export function planMigration(table: Table, limits: Limits): MigrationReport {
  const { entity } = table
  const { rows, unreadable, inConflict } = survey(table, limits)
  const steps = entity.lenses.chain.versions.flatMap(({ steps: own }, i) =>
    own.filter((step) => lossOf(step).up).map((step) => `version ${i + 1}: ${describeStep(step)}`),
  )
  return {
    to: entity.currentVersion,
    rows: rows.length,
    messages: slicesOf(rows, limits).length,
    unreadable,
    inConflict,
    lossySteps: steps,
  }
}

/** Rewrites rows in the newest version, one message at a time; ends early when one is rejected. */
export async function runMigration(
  table: Table,
  { onProgress, signal }: MigrateOptions,
  { replica, writer }: { readonly replica: Replica; readonly writer: Writer },
): Promise<MigrationReport> {
  const { limits } = replica
  const plan = planMigration(table, limits)
  const done = new Set<Uuid>()
  let messages = 0
  for (let pass = 0; pass < PASSES_MAX && !signal?.aborted; pass++) {
    const { rows } = survey(table, limits)
    if (rows.length === 0) break
    const before = messages
    for (const slice of slicesOf(rows, limits)) {
      if (signal?.aborted) break
      // Reads the rows again: they may have been written since the survey.
      const part = slice.flatMap(({ id }) => rewriting(table, id, limits) ?? [])
      if (part.length === 0) continue
      // The store may have been closed while the previous message waited for its verdict.
      assertWritable(replica)
      const write = (draft: Draft): void => {
        for (const { id, registers } of part) draft.add(table, id, 'migrate', registers)
      }
      // The message has changes, so there is a receipt.
      const receipt = writer.message(write, { undoable: false })!
      const verdict = await receipt.settled()
      if (verdict.verdict === 'accepted') {
        messages++
        for (const { id } of part) done.add(id)
      } else {
        replica.dismiss([receipt.messageId])
        if (verdict.reason !== 'stale')
          return { ...plan, rows: done.size, refused: verdict.detail ?? verdict.reason }
      }
      onProgress?.(done.size, plan.rows)
      await yieldTurn(replica.clock)
    }
    if (messages === before && pass > 0) break
  }
  return { ...plan, rows: done.size, messages }
}

function slicesOf(rows: readonly Rewriting[], limits: Limits): readonly (readonly Rewriting[])[] {
  const bounds = { itemsMax: MESSAGE_ROWS_MAX, limits }
  const slices: (readonly Rewriting[])[] = []
  for (let at = 0, end = 0; at < rows.length; at = end) {
    end = sliceEnd(rows, at, bounds)
    slices.push(rows.slice(at, end))
  }
  return slices
}

function survey(
  table: Table,
  limits: Limits,
): { rows: Rewriting[]; unreadable: number; inConflict: number } {
  const rows: Rewriting[] = []
  let unreadable = 0
  let inConflict = 0
  for (const { id } of table.rows()) {
    // Every row has a state.
    const state = table.state(id)!
    const found = outdated(table, state, limits)
    if (found === 'unreadable') unreadable++
    else if (found === 'conflict') inConflict++
    else if (found) rows.push({ id, ...found })
  }
  return { rows, unreadable, inConflict }
}

function rewriting(table: Table, id: Uuid, limits: Limits): Rewriting | undefined {
  const state = table.state(id)
  const found = state && outdated(table, state, limits)
  return typeof found === 'object' ? { id, ...found } : undefined
}

/** The registers whose value was written in an older version, with that value in the newest. */
function outdated(
  table: Table,
  state: EntityState,
  limits: Limits,
): Omit<Rewriting, 'id'> | 'unreadable' | 'conflict' | undefined {
  const { entity, registers, reader } = table
  const values: Record<string, Json> = {}
  for (const [slot, reg] of registers.names.entries()) {
    const live = liveOf(state, slot)
    if (totalOf(state, slot)) continue // operations are the same in every version
    if (live === undefined || reg === ARCHIVED || !entity.fieldAt(reg)) continue
    if (!(live instanceof Write)) return 'conflict' // must be resolved first
    if (live.version >= entity.currentVersion) continue
    const path = reader.lenses.path(reg, live.version, entity.currentVersion)
    if (path.identity) continue
    const seen = path.translate(live.values[reg]!)
    if (seen.kind === 'value') values[reg] = seen.value
    else if (seen.kind === 'unset') values[reg] = UNSET
    else return 'unreadable'
  }
  const names = Object.keys(values).sort()
  return names.length > 0 ? fitting({ names, values }, { table, state, limits }) : undefined
}

/** As many of the registers as fit into one message; `unreadable` where not even one fits. */
function fitting(
  { names, values }: { readonly names: readonly Reg[]; readonly values: Record<Reg, Json> },
  {
    table: { registers },
    state,
    limits,
  }: { readonly table: Table; readonly state: EntityState; readonly limits: Limits },
): Omit<Rewriting, 'id'> | 'unreadable' {
  const parents = headsOf(state).length
  for (let count = names.length; count > 0; count = Math.floor(count / 2)) {
    const some = { regs: registers.set(names.slice(0, count)), values }
    const bytes = changeBytes(some, parents)
    if (bytes + MESSAGE_BYTES <= limits.messageBytesMax) return { registers: some, bytes }
  }
  return 'unreadable'
}
