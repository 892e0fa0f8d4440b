/**
 * Plays plain messages into core's own fold and reads the rows back as the oracle writes
 * them, so that a test can compare the two. Knows messages by their names: no hashes, no wire.
 */
import {
  apply,
  createdOf,
  Entry,
  type EntityState,
  giveReview,
  headsOf,
  isConflict,
  lastOf,
  liveOf,
  RegisterTable,
  seenNothing,
  spansNaming,
  totalOf,
  UNSET as CORE_UNSET,
  Write,
  writesOf,
} from '@countersign/core/testing'
import { eachKey, entity } from '@countersign/core'
import type { Json, Names } from '@countersign/core/message'
import { z } from 'zod'
import { EVERYBODY } from './operations.ts'
import {
  type OracleChange,
  type OracleMessage,
  type OracleRow,
  type OracleWrite,
  UNSET,
} from './oracle.ts'

/** The histories of these tests are of one version, and any key is a register. */
const type = entity('row', eachKey(z.json()))
const ANYTHING = { entity: type, lenses: type.lenses }

/** Where a message stands in canonical order, 1, 2, 3…; undefined while it has no verdict. */
export type SeqOf = (id: string) => number | undefined

const nobody = '00000000-0000-8000-8000-000000000000'

export class CoreFold {
  readonly table: RegisterTable = new RegisterTable()
  readonly #entries = new Map<string, Entry>()
  readonly #states = new Map<string, EntityState>()
  readonly #known = new Map<string, OracleMessage>()
  readonly #seqOf: SeqOf

  constructor(seqOf: SeqOf = () => undefined) {
    this.#seqOf = seqOf
  }

  /** Adds a message whose parents are here; one that is here already is skipped. */
  deliver(message: OracleMessage): void {
    if (this.has(message.id)) return
    const clientSeq = this.#entries.size + 1
    const entry = new Entry({
      session: { authorId: nobody, sessionId: nobody },
      clientSeq,
      timestamp: 0,
      arrival: clientSeq,
      seen: seenNothing(clientSeq),
    })
    entry.identify(message.id, undefined)
    const seq = this.#seqOf(message.id)
    if (seq !== undefined)
      giveReview(entry, { reviewerId: nobody, eid: nobody, epoch: 1, seq, forked: false, at: 0 })
    this.#known.set(message.id, message)
    for (const [index, change] of message.changes.entries()) {
      entry.writes.push(this.#write(entry, index, change))
    }
    this.#entries.set(message.id, entry)
    for (const write of entry.writes) {
      this.#states.set(write.entityId, apply(this.#states.get(write.entityId), write))
    }
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  state(entity: string): EntityState | undefined {
    return this.#states.get(entity)
  }

  /** Puts another account of an entity in the place of its state. */
  replace(entity: string, state: EntityState): void {
    this.#states.set(entity, state)
  }

  row(entity: string): OracleRow | undefined {
    const state = this.#states.get(entity)
    return state && oracleRow(state, this.table)
  }

  /** Registers that core says are in conflict, sorted. */
  conflicts(entity: string): string[] {
    const state = this.#states.get(entity)
    if (!state) return []
    return this.table.names
      .filter((reg, slot) => isConflict(liveOf(state, slot), reg, ANYTHING))
      .sort()
  }

  /** The first root and the newest write, in canonical order. */
  ends(entity: string): readonly [first: string, last: string] | undefined {
    const state = this.#states.get(entity)
    return state && [createdOf(state).entry.id, lastOf(state).entry.id]
  }

  #write(entry: Entry, index: number, change: OracleChange): Write {
    const regs = this.table.set(Object.keys(change.set).sort())
    const values = Object.entries(change.set).map(([reg, value]) => [reg, coreValue(value)])
    const seen = [...this.#seenBy(change)].map((id) => this.#entries.get(id)!)
    const own = spansNaming(seen.map(({ clientSeq }) => ({ sessionId: nobody, clientSeq })))
    return new Write(
      entry,
      {
        index,
        type: 'any',
        entityId: change.entity,
        kind: change.parents.length === 0 ? 'create' : 'update',
        version: 1,
        regs,
        own,
        keep:
          change.keep &&
          new Map(Object.entries(change.keep).map(([reg, ids]) => [reg, this.#named(ids)])),
      },
      Object.fromEntries(values) as Readonly<Record<string, Json>>,
    )
  }

  /** All messages are of one session here. */
  #named(ids: readonly string[]): Names {
    const own = ids.map((id) => this.#entries.get(id)!.clientSeq).sort((a, b) => a - b)
    return { canonical: [], own, others: [] }
  }

  /** Its parents and all they stand on. */
  #seenBy({ entity, parents }: OracleChange): ReadonlySet<string> {
    const seen = new Set(parents)
    for (const id of seen) {
      const change = this.#known.get(id)?.changes.find((each) => each.entity === entity)
      if (!change) throw new Error(`${id} is named before it came, or does not change ${entity}`)
      for (const parent of change.parents) seen.add(parent)
    }
    return seen
  }
}

/** A state of core as the oracle would write it. */
export function oracleRow(state: EntityState, table: RegisterTable): OracleRow {
  const regs = table.names
    .map((reg, slot) => [reg, writesOf(liveOf(state, slot))] as const)
    .filter(([, writes]) => writes.length > 0)
    .map(([reg, writes]): readonly [string, OracleWrite[]] => {
      const total = totalOf(state, table.slot(reg))
      if (total) return [reg, [{ by: EVERYBODY, value: total.value }]]
      const live = writes.map((write) => ({
        by: write.entry.id,
        value: plainValue(write.values[reg]!),
      }))
      return [reg, live.sort((a, b) => (a.by < b.by ? -1 : 1))]
    })
  return {
    heads: headsOf(state)
      .map((write) => write.entry.id)
      .sort(),
    live: new Map(regs),
  }
}

/** The same row with other names for its messages. */
export function renamed(row: OracleRow, nameOf: (id: string) => string): OracleRow {
  const live = [...row.live].map(([reg, list]) => {
    const writes = list.map(({ by, value }) => ({ by: nameOf(by), value }))
    return [reg, writes.sort((a, b) => (a.by < b.by ? -1 : 1))] as const
  })
  return { heads: row.heads.map(nameOf).sort(), live: new Map(live) }
}

/** Heads and live writes on one line, for messages of tests that fail. */
export function showRow(row: OracleRow | undefined): string {
  if (!row) return 'nothing'
  const live = [...row.live].map(([reg, list]) => `${reg}=${list.map(({ by }) => by).join('|')}`)
  return `[${row.heads.join()}] ${live.sort().join(' ')}`
}

function coreValue(value: unknown): Json {
  return value === UNSET ? CORE_UNSET : (value as Json)
}

function plainValue(value: Json): unknown {
  const isUnset = typeof value === 'object' && value !== null && '$unset' in value
  return isUnset ? UNSET : value
}
