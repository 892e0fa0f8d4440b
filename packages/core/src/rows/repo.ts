/**
 * All tables of a replica, and the steps that apply messages to them. Each step applies whole
 * messages and then notifies every subscriber once, so no reader sees half of a message
 * (invariant S6). Synchronous, without I/O; the replica calls it.
 */
import { assert } from '../base/assert.ts'
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { EntityState } from '../fold/state.ts'
import { type Entry, type Write, giveReview } from '../history/entry.ts'
import { MessageIndex } from '../history/messages.ts'
import type { StepWatcher } from '../history/step-watcher.ts'
import type { Review } from '../facts/message.ts'
import { type Entity, entity as declare } from '../schema/entity.ts'
import { anyJson } from '../schema/codec.ts'
import { eachKey } from '../schema/shape.ts'
import { Table, type Viewer } from './table.ts'

export interface RepoOptions {
  readonly entities: readonly Entity[]
  readonly viewer: Viewer
  /** Called with errors that subscribers throw; the step continues. */
  readonly onListenerError: (error: unknown) => void
  /** Called for each new table, before its first row. */
  readonly onTable: (table: Table) => void
}

/** The tables of all types, and the pending messages of their rows. */
export class Repo {
  readonly messages: MessageIndex = new MessageIndex()
  watcher: StepWatcher | undefined
  #tables = new Map<string, Table>()
  /** The same tables as a list, for code that visits all of them with every write. */
  readonly #inOrder: Table[] = []
  readonly #options: RepoOptions

  constructor(options: RepoOptions) {
    this.#options = options
    for (const type of options.entities) {
      if (this.#tables.has(type.name)) {
        throw new CountersignError('schema_refused', `two types are named ${type.name}`, {
          entity: type.name,
        })
      }
      this.#addTable(type)
    }
  }

  tables(): IterableIterator<Table> {
    return this.#tables.values()
  }

  /** The table of a type the app declared. */
  table(type: Entity): Table {
    const table = this.#tables.get(type.name)
    if (table) return table
    throw new CountersignError('unknown_type', `the type ${type.name} was not given to the store`, {
      entity: type.name,
    })
  }

  /**
   * The table of a type by name. A type that this build does not know gets one too: its messages
   * are stored and forwarded unchanged, but the app cannot read its rows.
   */
  tableNamed(name: string): Table {
    return this.#tables.get(name) ?? this.#addTable(declare(name, eachKey(anyJson)))
  }

  /** The table of a type that the app has declared, system types excepted. */
  declared(name: string): Table | undefined {
    return this.#options.entities.some((type) => type.name === name) && !name.startsWith('$')
      ? this.#tables.get(name)
      : undefined
  }

  /** The table that has a row of that id, archived or not. */
  tableOf(id: Uuid): Table | undefined {
    for (const table of this.#inOrder) if (table.row(id)) return table
    return undefined
  }

  /** Adds a system type. Its listeners run before those of the others, whose reading it defines. */
  addSystem(type: Entity): Table {
    const table = this.#newTable(type)
    this.#tables = new Map([[type.name, table], ...this.#tables])
    this.#inOrder.unshift(table)
    return table
  }

  #addTable(type: Entity): Table {
    const table = this.#newTable(type)
    this.#tables.set(type.name, table)
    this.#inOrder.push(table)
    return table
  }

  #newTable(type: Entity): Table {
    const table = new Table(type, this.#options.viewer)
    this.#options.onTable(table)
    table.watchKeys(() => this.emit())
    return table
  }

  /** Adds a pending entry of this device that was read from storage. */
  addPending(entry: Entry): void {
    for (const write of entry.writes) this.tableNamed(write.type).addPending(write)
  }

  /** Applies the next entry in canonical order, of another author. */
  addCanonical(entry: Entry): void {
    for (const write of entry.writes) this.tableNamed(write.type).addCanonical(write)
    this.watcher?.message('arrived', entry)
  }

  /** Accepts an own pending entry, which is the next in canonical order. */
  accept(entry: Entry, review: Review): void {
    assert(entry.review === null, 'a pending message has no review')
    this.#settle(entry, review)
    for (const write of entry.writes) this.tableNamed(write.type).accept(write)
  }

  /**
   * Accepts an own pending entry that the canonical state contains already, or will contain soon.
   */
  acceptContained(entry: Entry, review: Review): void {
    this.#settle(entry, review)
    for (const write of entry.writes) this.tableNamed(write.type).acceptContained(write)
  }

  #settle(entry: Entry, review: Review): void {
    const step = entry.state === 'unverified' ? 'arrived' : 'accepted'
    giveReview(entry, review)
    this.messages.delete(entry)
    this.messages.noteAccepted(entry.session.sessionId, entry.clientSeq)
    this.watcher?.message(step, entry)
  }

  /** Removes rejected entries and their descendants; folds the affected rows again. */
  removePending(entries: readonly Entry[]): void {
    const touched = new Map<Uuid, Table>()
    for (const entry of entries) this.messages.delete(entry)
    for (const write of entries.flatMap((entry) => entry.writes)) {
      const table = this.tableNamed(write.type)
      table.removePending(write)
      touched.set(write.entityId, table)
    }
    for (const [id, table] of touched) table.refold(id)
  }

  /** The order of pending entries has changed: folds their rows again. */
  reorder(entries: Iterable<Entry>): void {
    const touched = new Map<Uuid, Table>()
    for (const { writes } of entries)
      for (const { type, entityId } of writes) touched.set(entityId, this.tableNamed(type))
    for (const [id, table] of touched) table.reorder(id)
  }

  /** The storage failed or works again: updates which pending rows are volatile, and notifies. */
  restate(): void {
    for (const table of this.#tables.values()) table.restate()
    this.emit()
  }

  /**
   * The author ids of this store's person have changed: updates `mine` of the rows, and notifies.
   */
  reown(): void {
    for (const table of this.#tables.values()) table.reown()
    this.emit()
  }

  replaceCanonical(type: string, id: Uuid, state: EntityState | undefined): void {
    this.tableNamed(type).replaceCanonical(id, state)
  }

  /** Notifies every subscriber of the changes since the last emit, once. */
  emit(): void {
    for (const table of this.#inOrder) table.emit(this.#options.onListenerError)
  }
}

/** Pending entries that descend from any of `refused`, over all their entities, in causal order. */
export function descendantsAmong(pending: Iterable<Entry>, refused: ReadonlySet<Entry>): Entry[] {
  const gone = new Set<Entry>(refused)
  const found: Entry[] = []
  const follows = (write: Write): boolean => write.parents.some((parent) => gone.has(parent.entry))
  // Parents arrive before their children, so one pass finds children of children. An outbox is not
  // in that order: a session that was taken over is listed after this one, which may depend on it.
  for (const entry of [...pending].sort((a, b) => a.arrival - b.arrival)) {
    if (gone.has(entry) || !entry.writes.some(follows)) continue
    gone.add(entry)
    found.push(entry)
  }
  return found
}
