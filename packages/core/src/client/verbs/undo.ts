/**
 * The undo and redo stacks of one session: the prior state and the writes of each transaction,
 * newest last. An undo is a new transaction that restores every field that has not been written
 * since; fields that others wrote stay, and are reported. An operation is undone by its inverse,
 * where it has one.
 */
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { fieldName } from '../../fold/conflicts.ts'
import { archivedState, mergeRegister } from '../../fold/merge.ts'
import { type Reader, comparable, readValue } from '../../fold/read.ts'
import { shownWrite } from '../../fold/shown.ts'
import { type EntityState, liveOf, totalOf } from '../../fold/state.ts'
import { type Entry, Write } from '../../history/entry.ts'
import { isSameWrite } from '../../history/saw.ts'
import type { Table } from '../../rows/table.ts'
import { encodeField } from '../../schema/field-input.ts'
import { orUnset } from '../../schema/unset.ts'
import { asJson, operationIn } from '../../schema/operations.ts'
import { inverseOf } from '../../schema/operation-input.ts'
import { ARCHIVED, type Reg } from '../../schema/registers.ts'
import { isUnreadable } from '../../schema/unreadable.ts'

/** Maximum transactions in a stack. */
const UNDO_MAX = 100
/** Maximum changes of all transactions in a stack, the newest excepted: each retains an old state of its row. */
const UNDO_CHANGES_MAX = 4_096

/** The prior state and the write of one row in a transaction. */
export interface Done {
  readonly table: Table
  readonly before: EntityState | undefined
  readonly write: Write
}

interface Transaction {
  readonly entry: Entry
  readonly changes: readonly Done[]
}

/** The writes that undo a transaction, and the fields that are skipped. */
export interface Inverse {
  readonly writes: readonly {
    readonly table: Table
    readonly id: Uuid
    readonly values: Record<Reg, Json>
  }[]
  readonly skipped: readonly {
    readonly entity: string
    readonly id: Uuid
    readonly field: string
  }[]
}

type Direction = 'undo' | 'redo'

/** Transactions, the newest last; the oldest leave when there are too many of them, or of their changes. */
class Stack {
  readonly #transactions: Transaction[] = []
  #changes = 0

  /** Transactions that can be taken: a rejected message is no longer in the view. */
  get usable(): number {
    let count = 0
    for (const { entry } of this.#transactions) if (!entry.rejection) count++ // at each write
    return count
  }

  push(transaction: Transaction): void {
    const transactions = this.#transactions
    transactions.push(transaction)
    this.#changes += transaction.changes.length
    while (
      transactions.length > UNDO_MAX ||
      (this.#changes > UNDO_CHANGES_MAX && transactions.length > 1)
    )
      this.#changes -= transactions.shift()!.changes.length // it has one, see the condition
  }

  pop(): Transaction | undefined {
    const transaction = this.#transactions.pop()
    if (transaction) this.#changes -= transaction.changes.length
    return transaction
  }

  clear(): void {
    this.#transactions.length = 0
    this.#changes = 0
  }

  /** Removes the changes of these rows. */
  forget(isErased: (id: Uuid) => boolean): void {
    const left = this.#transactions.flatMap(({ entry, changes }) => {
      const others = changes.filter(({ write }) => !isErased(write.entityId))
      return others.length > 0 ? [{ entry, changes: others }] : []
    })
    this.clear()
    for (const transaction of left) this.push(transaction)
  }
}

export class UndoStack {
  readonly #undo = new Stack()
  readonly #redo = new Stack()
  /** The transaction that is being undone or redone. */
  #taking: { readonly direction: Direction; readonly transaction: Transaction } | undefined
  /** For writes that restored a value: the original write of that value, by register. */
  readonly #origins = new WeakMap<Write, ReadonlyMap<Reg, Write>>()

  clear(): void {
    this.#undo.clear()
    this.#redo.clear()
  }

  /** Values of these rows were erased: no undo brings any of them back. */
  forget(isErased: (id: Uuid) => boolean): void {
    this.#undo.forget(isErased)
    this.#redo.forget(isErased)
  }

  get undoable(): number {
    return this.#undo.usable
  }

  get redoable(): number {
    return this.#redo.usable
  }

  /** Pushes a committed transaction. */
  note(entry: Entry, changes: readonly Done[]): void {
    const onto = this.#taking?.direction === 'undo' ? this.#redo : this.#undo
    onto.push({ entry, changes })
    if (this.#taking) this.#remember(this.#taking.transaction, changes)
    else this.#redo.clear()
  }

  #remember(taken: Transaction, changes: readonly Done[]): void {
    for (const { table, write } of changes) {
      const before = taken.changes.find((done) => done.write.entityId === write.entityId)?.before
      const origins = new Map<Reg, Write>()
      for (const reg of write.regs.names) {
        const live = before && liveOf(before, table.registers.slot(reg))
        if (live)
          origins.set(reg, this.#originOf(shownWrite(live, reg, write.entry.session.authorId), reg))
      }
      this.#origins.set(write, origins)
    }
  }

  #originOf(write: Write, reg: Reg): Write {
    return this.#origins.get(write)?.get(reg) ?? write
  }

  /** Pops the newest transaction and passes its inverse to `write`; undefined when none is left. When `write` throws, it stays on the stack. */
  take<T>(direction: Direction, viewerId: Uuid, write: (inverse: Inverse) => T): T | undefined {
    const from = direction === 'undo' ? this.#undo : this.#redo
    let transaction = from.pop()
    while (transaction?.entry.rejection) transaction = from.pop() // no longer in the view
    if (!transaction) return undefined
    this.#taking = { direction, transaction }
    try {
      return write(this.#inverseOf(transaction, viewerId))
    } catch (error) {
      from.push(transaction)
      throw error
    } finally {
      this.#taking = undefined
    }
  }

  #inverseOf({ changes }: Transaction, viewerId: Uuid): Inverse {
    const writes: { table: Table; id: Uuid; values: Record<Reg, Json> }[] = []
    const skipped: { entity: string; id: Uuid; field: string }[] = []
    for (const done of changes) {
      const { table, write } = done
      const now = table.state(write.entityId)
      if (!now) continue
      const values: Record<Reg, Json> = {}
      for (const [reg, value] of restoring(done, viewerId)) {
        // The inverse of an operation applies also after writes of other authors.
        const isFree = operationIn(value) !== undefined || this.#stillMine(now, done, reg)
        if (value !== undefined && isFree) values[reg] = value
        else
          skipped.push({
            entity: table.entity.name,
            id: write.entityId,
            field: fieldName(reg, table.reader),
          })
      }
      if (Object.keys(values).length > 0) writes.push({ table, id: write.entityId, values })
    }
    return { writes, skipped }
  }

  /** Whether the register has not been written since; for a created row, whether none of its fields has. */
  #stillMine(now: EntityState, { table, before, write }: Done, reg: Reg): boolean {
    const holds = (name: Reg): boolean => {
      const live = liveOf(now, table.registers.slot(name))
      return (
        live instanceof Write &&
        isSameWrite(this.#originOf(live, name), this.#originOf(write, name))
      )
    }
    if (before) return holds(reg)
    return (
      !archivedState(now, table.entity, table.registers).archived && write.regs.names.every(holds)
    )
  }
}

/** The prior value of each register; a row that did not exist before is archived. */
function restoring(
  { table, before, write }: Done,
  viewerId: Uuid,
): readonly (readonly [Reg, Json | undefined])[] {
  if (!before) return [[ARCHIVED, true]]
  // Skips `$archived` where the library added it to keep a conflict open: the author did not write it.
  const names = write.regs.names.filter((reg) => reg !== ARCHIVED || !write.keep?.has(reg))
  return names.map((reg) => {
    const slot = table.registers.slot(reg)
    const operation = operationIn(write.values[reg])
    if (operation) {
      const inverse = inverseOf(operation, totalOf(before, slot)?.value)
      return [reg, inverse && asJson(inverse)]
    }
    if (reg === ARCHIVED)
      return [reg, archivedState(before, table.entity, table.registers).archived]
    return [reg, shownJson(before, { reg, slot, viewerId }, table.reader)]
  })
}

/**
 * The value that the author saw, as JSON: merged by a policy, a candidate, or the field's default;
 * undefined where this build cannot read it, and so cannot write it.
 */
function shownJson(
  state: EntityState,
  { reg, slot, viewerId }: { readonly reg: Reg; readonly slot: number; readonly viewerId: Uuid },
  reader: Reader,
): Json | undefined {
  const { entity, lenses } = reader
  const live = liveOf(state, slot)
  if (live === undefined) return orUnset(lenses.defaultOf(reg, entity.currentVersion))
  const merged = mergeRegister(state, { reg, slot }, reader)
  const field = reader.entity.fieldAt(reg)
  if (merged.kind === 'value' && field) {
    const json = encodeField(field, merged.value)
    if (json.ok) return orUnset(json.value)
  }
  const write = merged.kind === 'write' ? merged.write : shownWrite(live, reg, viewerId)
  if (isUnreadable(readValue(write, reg, reader))) return undefined
  return orUnset(comparable(write, reg, reader))
}
