/**
 * A message being written: the verbs of one transaction, merged into at most one change for each
 * entity. Reads inside it see its writes; a rollback reverts them all. A nested transaction can be
 * rolled back separately.
 */
import { assert } from '../base/assert.ts'
import { CountersignError } from '../base/outcome.ts'
import { type Json, jsonFault } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import { brokenRule } from '../fold/conflicts.ts'
import { archivedState, mergeRegister } from '../fold/merge.ts'
import { stateOfRow } from '../fold/row.ts'
import { isAgreed, isConflict, shownWrite } from '../fold/shown.ts'
import {
  type EntityState,
  headsOf,
  isLinear,
  joinFaultOf,
  liveOf,
  writesOf,
} from '../fold/state.ts'
import { type Entry, Write } from '../history/entry.ts'
import { compareOrder } from '../history/order.ts'
import type { ChangeKind } from '../facts/types.ts'
import type { Limits } from '../facts/limits.ts'
import type { Registers } from '../schema/input.ts'
import { asJson, operationIn } from '../schema/operations.ts'
import { joined } from '../schema/operation-input.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import type { AnyRow } from '../schema/types.ts'
import type { Table } from './table.ts'

/** Strictest first: the kind of a change that merges several calls. */
const STRICTNESS: readonly ChangeKind[] = ['create', 'migrate', 'resolve', 'update']

/** Up to this number, changes are searched in a list: most messages have one. */
const LIST_CHANGES_MAX = 4

export interface DraftChange {
  readonly table: Table
  /** The state under this message, and its row. */
  readonly before: EntityState | undefined
  readonly rowBefore: AnyRow | undefined
  /** The app's input. */
  asked: Registers
  write: Write
}

export class Draft {
  readonly entry: Entry
  /** Rows that must not change before the verdict, by id. */
  readonly expects: readonly Uuid[]
  readonly #changes: DraftChange[] = []
  /** By entity; created when a search of the list would cost more. */
  #byId: Map<Uuid, DraftChange> | undefined
  readonly #viewerId: Uuid
  readonly #limits: Limits
  /** A rehearsal has run the rules of the types: they are not run again. */
  readonly #rehearsed: boolean
  /** Functions that revert the writes of open nested transactions, in the order of the writes. */
  readonly #reversals: (() => void)[] = []
  #nesting = 0

  constructor(
    entry: Entry,
    viewerId: Uuid,
    {
      limits,
      rehearsed = false,
      expects = [],
    }: {
      readonly limits: Limits
      readonly rehearsed?: boolean | undefined
      readonly expects?: readonly Uuid[] | undefined
    },
  ) {
    this.entry = entry
    this.expects = expects
    this.#viewerId = viewerId
    this.#limits = limits
    this.#rehearsed = rehearsed
  }

  get empty(): boolean {
    return this.#changes.length === 0
  }

  get firstId(): Uuid {
    const [first] = this.#changes
    assert(first, 'a draft without changes names no entity')
    return first.write.entityId
  }

  get changes(): readonly DraftChange[] {
    return this.#changes
  }

  get writes(): Write[] {
    return this.#changes.map(({ write }) => write)
  }

  /** Adds one verb and shows its effect. Throws, and changes nothing, if it exceeds a bound. */
  add(table: Table, id: Uuid, kind: ChangeKind, input: Registers): void {
    const { refusal, entity } = table
    if (refusal !== undefined)
      throw new CountersignError('schema_refused', refusal, { entity: entity.name, id })
    const known = this.#find(id)
    const shown = table.row(id)
    const before = known ? known.before : shown && stateOfRow(shown)
    const asked = known ? merge(table, known.asked, input) : input
    const merged = before ? withArchived(table, before, asked) : asked
    this.#checkBounds(table, merged, known ? 0 : this.#changes.length + 1)
    const index = known ? known.write.index : this.#changes.length
    const resulting = known ? strictest(known.write.kind, kind) : kind
    if (known && resulting === 'resolve') this.#refuseHalfDecided(table, known, { kind, input })
    // A creation has no parents, even if its id is taken: then the reviewer rejects it alone.
    const under = resulting === 'create' ? undefined : before
    const facts = {
      index,
      type: table.entity.name,
      entityId: id,
      kind: resulting,
      version: table.entity.currentVersion,
      regs: merged.regs,
      parents: under ? parentsOf(under, this.#limits.parentsMax) : [],
      keep: under && this.#keepOf(table, under, { kind: resulting, asked, merged }),
    }
    const write = new Write(this.entry, facts, merged.values)
    const misfit = joinFaultOf(before, write)
    if (misfit !== undefined) {
      const entity = table.entity.name
      throw new CountersignError('invalid', `${entity}.${misfit}`, { entity, id, reason: misfit })
    }
    this.#show(table, { id, shown, after: apply(before, write) })
    if (this.#nesting > 0) this.#reversals.push(this.#reversalOf(known, { table, id, shown }))
    if (known) {
      known.write = write
      known.asked = asked
    } else this.#remember(id, { table, before, rowBefore: shown, asked, write })
  }

  /** Runs `body`. If it throws, its writes are reverted, and no others of this message. */
  nested<T>(body: () => T): T {
    const mark = this.#reversals.length
    this.#nesting++
    try {
      return body()
    } catch (error) {
      while (this.#reversals.length > mark) this.#reversals.pop()!()
      throw error
    } finally {
      if (--this.#nesting === 0) this.#reversals.length = 0
    }
  }

  /** Returns a function that reverts the next write; call it while that write is the newest. */
  #reversalOf(
    known: DraftChange | undefined,
    { table, id, shown }: { table: Table; id: Uuid; shown: AnyRow | undefined },
  ): () => void {
    const before = known && { write: known.write, asked: known.asked }
    return () => {
      if (known) Object.assign(known, before)
      else {
        this.#changes.pop()
        this.#byId?.delete(id)
      }
      table.putBack(id, shown)
    }
  }

  #find(id: Uuid): DraftChange | undefined {
    return this.#byId
      ? this.#byId.get(id)
      : this.#changes.find((change) => change.write.entityId === id)
  }

  #remember(id: Uuid, change: DraftChange): void {
    this.#changes.push(change)
    if (this.#byId) this.#byId.set(id, change)
    else if (this.#changes.length > LIST_CHANGES_MAX) {
      this.#byId = new Map(this.#changes.map((each) => [each.write.entityId, each]))
    }
  }

  /** Shows the new state; restores the row if the rule of the type rejects it. */
  #show(
    table: Table,
    {
      id,
      shown,
      after,
    }: { readonly id: Uuid; readonly shown: AnyRow | undefined; readonly after: EntityState },
  ): void {
    const { name, options } = table.entity
    table.preview(id, after, shown)
    if (!options.rule || this.#rehearsed) return
    let holds = false
    try {
      const row = table.row(id)
      assert(row, 'a state that is shown has a row')
      const reason = options.rule(row)
      // A merge of two valid rows may break the rule; that conflict must not block other edits.
      holds = reason === undefined || brokenRule(options.rule, shown) !== undefined
      if (holds || reason === undefined) return
      throw new CountersignError('invalid', `${name}: ${reason}`, { entity: name, id, reason })
    } finally {
      if (!holds) table.putBack(id, shown) // also when the rule itself throws
    }
  }

  /**
   * An update of a register in conflict replaces the shown value, which its author saw, and keeps
   * the other candidates. If a policy has decided, the author saw all of them. A resolve or a
   * migration overwrites the candidates of its fields only: a conflict about archiving stays open.
   */
  #keepOf(
    { reader, registers }: Table,
    before: EntityState,
    written: {
      readonly kind: ChangeKind
      readonly asked: Registers
      readonly merged: Registers
    },
  ): ReadonlyMap<Reg, readonly Write[]> | undefined {
    if (isLinear(before)) return undefined // nothing is in conflict
    const { kind, asked, merged } = written
    let keep: Map<Reg, readonly Write[]> | undefined
    if (merged !== asked && archivedState(before, reader.entity, registers).conflict) {
      const live = writesOf(liveOf(before, registers.slot(ARCHIVED)))
      const archives = live.filter((write) => write.values[ARCHIVED] === true)
      keep = new Map([[ARCHIVED, archives.slice(0, this.#limits.keepMax)]])
    }
    if (kind !== 'update') return keep
    for (const [i, reg] of asked.regs.names.entries()) {
      const slot = asked.regs.slots[i]!
      const live = liveOf(before, slot)
      if (!isConflict(live, reg, reader)) continue
      // Archiving and restoring are decisions; so is a value that a policy has merged.
      if (reg === ARCHIVED || mergeRegister(before, { reg, slot }, reader).kind !== 'conflict')
        continue
      const shown = shownWrite(live, reg, this.#viewerId)
      const others = live.filter((write) => !isAgreed(write, shown, { reg, reader }))
      keep ??= new Map()
      keep.set(reg, others.slice(0, this.#limits.keepMax))
    }
    return keep
  }

  /**
   * A resolve keeps no field, so an update of another field in conflict, in the same change, would
   * discard its undecided candidates.
   */
  #refuseHalfDecided(
    table: Table,
    known: DraftChange,
    added: { kind: ChangeKind; input: Registers },
  ): void {
    const { write, before } = known
    const decidedFirst = write.kind !== 'update'
    const updated = decidedFirst
      ? before &&
        added.kind === 'update' &&
        this.#keepOf(table, before, { kind: 'update', asked: added.input, merged: added.input })
      : write.keep
    const decided = decidedFirst ? write.regs.names : added.input.regs.names
    for (const field of updated ? updated.keys() : []) {
      if (field === ARCHIVED || decided.includes(field)) continue
      const entity = table.entity.name
      throw new CountersignError(
        'invalid',
        `${entity}.${field} is in conflict: resolve it too, or update it in a transaction of its own`,
        { entity, id: write.entityId, field },
      )
    }
  }

  #checkBounds(table: Table, input: Registers, changes: number): void {
    const { messageChangesMax, registersMax } = this.#limits
    if (changes > messageChangesMax) {
      throw new CountersignError(
        'too_large',
        `a transaction has at most ${messageChangesMax} changes; split it, or use import`,
      )
    }
    if (input.regs.names.length > registersMax) {
      throw new CountersignError(
        'too_large',
        `${table.entity.name}: a change writes at most ${registersMax} fields`,
        {
          entity: table.entity.name,
        },
      )
    }
  }

  /** Commits the shown writes as pending. */
  commit(): void {
    assert(this.#nesting === 0, 'nested transactions end before the commit')
    assert(this.entry.writes.length === 0, 'a draft is committed once')
    this.entry.writes = this.writes
    for (const { table, before, write } of this.#changes) table.addPreviewed(write, before)
  }

  /** Restores the rows that were shown before. */
  rollback(): void {
    for (const { table, rowBefore, write } of this.#changes)
      table.putBack(write.entityId, rowBefore)
  }
}

/** Heads to name as parents. Over the bound: own pending ones first, then the oldest. */
function parentsOf(state: EntityState, parentsMax: number): readonly Write[] {
  const heads = headsOf(state)
  if (heads.length <= parentsMax) return heads
  return [...heads]
    .sort(
      (a, b) =>
        Number(a.entry.review !== null) - Number(b.entry.review !== null) || compareOrder(a, b),
    )
    .slice(0, parentsMax)
}

/**
 * For a shown row with a conflict between archiving and edits: an edit, whose author has seen both,
 * must not archive the row. So the change writes `$archived: false`, and decides nothing else.
 */
function withArchived(table: Table, before: EntityState, asked: Registers): Registers {
  if (isLinear(before) || asked.regs.names.includes(ARCHIVED)) return asked
  const live = writesOf(liveOf(before, table.registers.slot(ARCHIVED)))
  if (!live.some((write) => write.values[ARCHIVED] === true)) return asked
  if (archivedState(before, table.entity, table.registers).archived) return asked
  const names = [...asked.regs.names, ARCHIVED].sort()
  return { regs: table.registers.set(names), values: { ...asked.values, [ARCHIVED]: false } }
}

function merge(table: Table, write: Registers, input: Registers): Registers {
  const values: Record<Reg, Json> = {}
  for (const name of write.regs.names) values[name] = write.values[name]!
  for (const name of input.regs.names)
    values[name] = mergedValue(table, name, [write.values[name], input.values[name]!])
  return { regs: table.registers.set(Object.keys(values).sort()), values }
}

/** Joins several operations on one field; of values the last one counts. */
function mergedValue(
  { entity }: Table,
  reg: Reg,
  [first, second]: readonly [first: Json | undefined, second: Json],
): Json {
  const [before, operation] = [operationIn(first), operationIn(second)]
  if (!before || !operation) return second
  const both = joined(before, operation)
  const fault = both
    ? jsonFault(asJson(both))
    : 'the operations of one transaction cannot be joined'
  if (both && fault === undefined) return asJson(both)
  const field = entity.fieldAt(reg)?.name ?? reg
  throw new CountersignError('invalid', `${entity.name}.${field}: ${fault}`, {
    ...{ entity: entity.name, field },
    reason: fault,
  })
}

function strictest(a: ChangeKind, b: ChangeKind): ChangeKind {
  return STRICTNESS.indexOf(a) < STRICTNESS.indexOf(b) ? a : b
}
