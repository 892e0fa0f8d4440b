/** Folded row states, for devtools: names of heads and of live writes, with their values or totals. */
import type { Json } from '../../base/json.ts'
import { nameOf } from '../../inspect/event-ring.ts'
import type { LiveValue, StateRecord } from '../../inspect/records.ts'
import { ANSWER_STATES_MAX } from '../../inspect/requests.ts'
import { type EntityState, headsOf, liveOf, totalOf, writesOf } from '../../fold/state.ts'
import type { Write } from '../../history/entry.ts'
import type { Table } from '../../rows/table.ts'
import type { Reg } from '../../schema/registers.ts'
import type { Replica } from '../replica.ts'

/** The states of all rows, without system types, whose names start with `$`. */
export function statesOf({ repo }: Replica): StateRecord[] {
  const found: StateRecord[] = []
  for (const table of repo.tables()) {
    if (table.entity.name.startsWith('$')) continue
    for (const { id } of table.rows()) {
      if (found.length >= ANSWER_STATES_MAX) return found
      const state = table.state(id)
      if (state) found.push(stateOf(state, table, id))
    }
  }
  return found
}

function stateOf(state: EntityState, { entity, registers }: Table, id: string): StateRecord {
  const live: Record<Reg, LiveValue[]> = {}
  for (const [slot, reg] of registers.names.entries()) {
    const writes = writesOf(liveOf(state, slot))
    if (writes.length === 0) continue
    const total = totalOf(state, slot)
    const valueOf = ({ values }: Write): Json =>
      total ? (total.value ?? total.waiting ?? null) : values[reg]!
    live[reg] = writes.map((write) => ({ node: nameOf(write.entry), value: valueOf(write) }))
  }
  return { type: entity.name, id, heads: headsOf(state).map(({ entry }) => nameOf(entry)), live }
}
