/**
 * Rewriting rows in a newer version of their type, as reviewed messages: for steps that reading
 * through cannot say in full. What a row shows does not change by it. Compare-and-set: who loses
 * a race finds the work done, so a run that was cut short goes on where it was.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { Write } from '../log/entry.ts'
import { type EntityState, liveOf } from '../fold/state.ts'
import { describeStep, lossOf } from '../lens/steps.ts'
import type { Table } from '../repo/table.ts'
import { type Registers, UNSET } from '../schema/input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Replica } from './replica.ts'
import type { MigrateOptions, MigrationReport } from './store.ts'
import type { Writer } from './writer.ts'

/** Rows of one message: a race costs the others of its message another try. */
const MESSAGE_ROWS = 32
/** Runs over what others took before us, at the most. */
const PASSES_MAX = 8

/** What a row holds in older versions, in the newest; undefined when there is nothing to rewrite. */
interface Rewriting {
  readonly id: Uuid
  readonly registers: Registers
}

/** What a run would do, without doing it. */
export function planMigration(table: Table): MigrationReport {
  const { entity } = table
  const { rows, unreadable, inConflict } = survey(table)
  const steps = entity.lenses.chain.versions.flatMap(({ steps: own }, i) =>
    own.filter((step) => lossOf(step).up).map((step) => `version ${i + 1}: ${describeStep(step)}`),
  )
  return {
    to: entity.currentVersion,
    rows: rows.length,
    messages: Math.ceil(rows.length / MESSAGE_ROWS),
    unreadable,
    inConflict,
    lossySteps: steps,
  }
}

export async function runMigration(
  table: Table,
  { onProgress, signal }: MigrateOptions,
  { replica, writer }: { readonly replica: Replica; readonly writer: Writer },
): Promise<MigrationReport> {
  const plan = planMigration(table)
  let done = 0
  for (let pass = 0; pass < PASSES_MAX && !signal?.aborted; pass++) {
    const { rows } = survey(table)
    if (rows.length === 0) break
    const before = done
    for (let at = 0; at < rows.length && !signal?.aborted; at += MESSAGE_ROWS) {
      // Somebody may have written a row since it was looked at.
      const part = rows.slice(at, at + MESSAGE_ROWS).flatMap(({ id }) => rewriting(table, id) ?? [])
      if (part.length === 0) continue
      const draft = writer.begin()
      for (const { id, registers } of part) draft.add(table, id, 'migrate', registers)
      const receipt = writer.commit(draft, { undoable: false })
      const verdict = await receipt.settled()
      if (verdict.verdict === 'accepted') done += part.length
      else {
        replica.dismiss([receipt.messageId])
        if (verdict.reason !== 'stale')
          return { ...plan, rows: done, refused: verdict.detail ?? verdict.reason }
      }
      onProgress?.(done, plan.rows)
      await replica.yieldTurn()
    }
    if (done === before && pass > 0) break
  }
  return { ...plan, rows: done, messages: Math.ceil(done / MESSAGE_ROWS) }
}

function survey(table: Table): { rows: Rewriting[]; unreadable: number; inConflict: number } {
  const rows: Rewriting[] = []
  let unreadable = 0
  let inConflict = 0
  for (const { id } of table.rows()) {
    const state = table.state(id)!
    const found = outdated(table, state)
    if (found === 'unreadable') unreadable++
    else if (found === 'conflict') inConflict++
    else if (found) rows.push({ id, registers: found })
  }
  return { rows, unreadable, inConflict }
}

function rewriting(table: Table, id: Uuid): Rewriting | undefined {
  const state = table.state(id)
  const found = state && outdated(table, state)
  return typeof found === 'object' ? { id, registers: found } : undefined
}

/** The registers whose value stands in an older version, with that value in the newest. */
function outdated(
  table: Table,
  state: EntityState,
): Registers | 'unreadable' | 'conflict' | undefined {
  const { entity, registers, reader } = table
  const values: Record<string, Json> = {}
  for (const [slot, reg] of registers.names.entries()) {
    const live = liveOf(state, slot)
    if (live === undefined || reg === ARCHIVED || !entity.fieldAt(reg)) continue
    if (!(live instanceof Write)) return 'conflict' // somebody decides it first
    if (live.version >= entity.currentVersion) continue
    const path = reader.lenses.path(reg, live.version, entity.currentVersion)
    if (path.identity) continue
    const seen = path.translate(live.values[reg]!)
    if (seen.kind === 'value') values[reg] = seen.value
    else if (seen.kind === 'unset') values[reg] = UNSET
    else return 'unreadable'
  }
  const names = Object.keys(values).sort()
  return names.length > 0 ? { regs: registers.set(names), values } : undefined
}
