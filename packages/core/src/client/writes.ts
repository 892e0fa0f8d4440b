/**
 * The verbs that write, and the replica behind them: one part, loaded when a store is created, while
 * its app renders. `rows/draft.ts` defines the meaning of each write.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { LIMITS } from '../facts/limits.ts'
import type { Table } from '../rows/table.ts'
import type { Entity } from '../schema/entity.ts'
import { type Registers, encodeCreate, encodeDecision, encodePatch } from '../schema/input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Input, Patch } from '../schema/types.ts'
import type { Memory } from './memory.ts'
import type { GivenOptions, ReplicaOptions } from './options.ts'
import { Inspection } from './panel/inspection.ts'
import { Part } from './part.ts'
import { platformWith } from './platform/platform.ts'
import type { OpenQueries } from './reads/queries.ts'
import type * as reading from './reads/history.ts'
import { Replica } from './replica.ts'
import type {
  History,
  ImportOptions,
  ImportReport,
  MigrateOptions,
  MigrationReport,
  Receipt,
  ResetOptions,
  SyncStore,
  TransactOptions,
  TransactionReceipt,
  UndoReport,
  UnsentReport,
} from './store.ts'
import { assertWritable, knownId, newId, refusedWith } from './verbs/guards.ts'
import type * as importing from './verbs/import.ts'
import type * as migrating from './verbs/migrate.ts'
import type * as unsent from './verbs/unsent.ts'
import { publishWhenOnline } from './verbs/publish.ts'
import { reauthor } from './verbs/reauthor.ts'
import { takeBack } from './verbs/take-back.ts'
import { Writer } from './verbs/writer.ts'

/** Rarely used, asynchronous verbs. */
export const IMPORT: Part<typeof importing> = /* @__PURE__ */ new Part(
  () => import('./verbs/import.ts'),
)
export const MIGRATE: Part<typeof migrating> = /* @__PURE__ */ new Part(
  () => import('./verbs/migrate.ts'),
)
export const HISTORY: Part<typeof reading> = /* @__PURE__ */ new Part(
  () => import('./reads/history.ts'),
)

export const UNSENT: Part<typeof unsent> = /* @__PURE__ */ new Part(
  () => import('./verbs/unsent.ts'),
)

export interface WritesParts {
  readonly store: SyncStore
  readonly memory: Memory
  readonly queries: OpenQueries
  readonly options: GivenOptions
}

/** All but `history` and `erase` throw `closed`, `halted` and `outbox_full`. */
export class Writes {
  readonly replica: Replica
  readonly inspection: Inspection
  readonly #writer: Writer
  readonly #space: Uuid

  constructor({ memory, options: given, store, queries }: WritesParts) {
    const { clock } = given
    const options: ReplicaOptions = {
      ...given,
      platform: { ...platformWith(clock), ...given.platform, clock },
      limits: { ...LIMITS, ...given.limits },
    }
    const replica = new Replica(memory, options)
    this.replica = replica
    this.inspection = new Inspection({ store, replica, queries, options })
    this.#writer = new Writer(this.replica)
    this.#space = options.space
  }

  /** Whether a transaction is open. */
  get writing(): boolean {
    return this.#writer.writing
  }

  /** Resolves when identity and local rows are loaded. */
  async ready(): Promise<void> {
    await this.replica.ready
    publishWhenOnline(this.replica, this.#writer)
  }

  create<E extends Entity>(entity: E, input: Input<E>, id: Uuid | undefined): Receipt {
    const table = this.#table(entity)
    const registers = encodeCreate(entity, table.registers, input)
    return this.#writer.write(table, newId(this.replica, table, id), { kind: 'create', registers })
  }

  update<E extends Entity>(entity: E, id: Uuid, patch: Patch<E>): Receipt {
    const table = this.#table(entity)
    const registers = encodePatch(entity, table.registers, patch)
    assertSome(registers, entity, id)
    return this.#writer.write(table, knownId(this.replica, table, id), {
      kind: 'update',
      registers,
    })
  }

  resolve(entity: Entity, id: Uuid, decision: Readonly<Record<string, unknown>>): Receipt {
    const table = this.#table(entity)
    const registers = encodeDecision(entity, table.registers, decision)
    assertSome(registers, entity, id)
    return this.#writer.write(table, knownId(this.replica, table, id), {
      kind: 'resolve',
      registers,
    })
  }

  setArchived(entity: Entity, id: Uuid, archived: boolean): Receipt {
    const table = this.#table(entity)
    const registers = { regs: table.registers.set([ARCHIVED]), values: { [ARCHIVED]: archived } }
    return this.#writer.write(table, knownId(this.replica, table, id), {
      kind: 'update',
      registers,
    })
  }

  transact<T>(body: () => T, options: TransactOptions): TransactionReceipt<T> {
    if (!this.writing) assertWritable(this.replica)
    return this.#writer.transact(body, options)
  }

  async import<E extends Entity>(
    entity: E,
    rows: readonly (Input<E> & { readonly id?: Uuid })[],
    options: ImportOptions,
  ): Promise<ImportReport> {
    this.#writer.assertNotWriting('import')
    const table = this.#table(entity)
    const { importRows } = await IMPORT.load()
    return importRows(table, rows, { ...options, ...this.#parts })
  }

  async migrate(entity: Entity, options: MigrateOptions): Promise<MigrationReport> {
    const table = this.#table(entity)
    if (options.to !== entity.currentVersion) {
      const now = entity.currentVersion
      throw new CountersignError(
        'invalid',
        `${entity.name}: this build migrates to version ${now}`,
        {
          entity: entity.name,
        },
      )
    }
    if (!options.dryRun) this.#writer.assertNotWriting('migrate')
    const { planMigration, runMigration } = await MIGRATE.load()
    if (options.dryRun) return planMigration(table, this.replica.limits)
    return runMigration(table, options, this.#parts)
  }

  takeBack(direction: 'undo' | 'redo'): UndoReport | undefined {
    assertWritable(this.replica)
    return takeBack(direction, this.replica, this.#writer)
  }

  reauthor(messageId: Uuid): readonly Receipt[] {
    assertWritable(this.replica)
    const messages = refusedWith(this.replica, messageId)
    const receipts = reauthor(messages, this.replica, this.#writer)
    this.replica.dismiss(messages.map(({ id }) => id))
    return receipts
  }

  discard(messageId: Uuid): void {
    assertWritable(this.replica)
    if (this.replica.discardDamaged(messageId)) return
    this.replica.dismiss(refusedWith(this.replica, messageId).map(({ id }) => id))
  }

  async exportUnsent(): Promise<string> {
    const part = await UNSENT.load()
    return part.exportUnsent(this.#space, this.replica.unsent)
  }

  async importUnsent(text: string): Promise<UnsentReport> {
    assertWritable(this.replica)
    const part = await UNSENT.load()
    return part.importUnsent(text, {
      ...{ space: this.#space, unsent: this.replica.unsent },
      ...this.#parts,
    })
  }

  reset(options: ResetOptions): Promise<void> {
    assertWritable(this.replica)
    return this.replica.reset(options)
  }

  rotate(): Promise<void> {
    assertWritable(this.replica)
    return this.replica.rotation.rotate()
  }

  async history(entity: Entity, id: Uuid): Promise<History> {
    const { repo, outbox, refused } = this.replica
    const { reader, registers } = repo.table(entity)
    const { messages, complete } = await this.replica.messagesOf(id)
    const { historyOf } = await HISTORY.load()
    const parts = { messages, pending: outbox.open(), held: refused.held() }
    return historyOf(parts, id, { reader, table: registers, complete })
  }

  async erase(entity: Entity, id: Uuid, fields: readonly string[] | undefined): Promise<void> {
    const about = { entity: entity.name, id }
    const { repo } = this.replica
    const table = repo.table(entity)
    if ((repo.tableOf(id) ?? table) !== table)
      throw new CountersignError('unknown_entity', `${id} is no ${entity.name}`, about)
    const regs = fields?.map((name) => {
      const field = entity.fieldOf(name)
      if (field) return field.reg
      const why = `${entity.name} has no field ${name} to erase`
      throw new CountersignError('invalid', why, { ...about, field: name })
    })
    if (regs?.length === 0)
      throw new CountersignError('invalid', `${entity.name}: no field is named to erase`, about)
    await this.replica.asked.erase(id, regs ?? null)
  }

  get #parts(): { readonly replica: Replica; readonly writer: Writer } {
    return { replica: this.replica, writer: this.#writer }
  }

  #table(entity: Entity): Table {
    assertWritable(this.replica)
    return this.replica.repo.table(entity)
  }
}

function assertSome({ regs }: Registers, { name }: Entity, id: Uuid): void {
  if (regs.names.length > 0) return
  throw new CountersignError('invalid', `${name}: a write names no field`, { entity: name, id })
}
