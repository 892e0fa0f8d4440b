/**
 * The public store: verbs, reads and subscriptions, all synchronous. `rows/draft.ts` defines the
 * meaning of each write; `replica.ts` drives storage and sync.
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { QueryEngine } from '../query/engine.ts'
import { registerInspectable } from '../inspect/registry.ts'
import type { Table } from '../rows/table.ts'
import type { Entity } from '../schema/entity.ts'
import { type Registers, encodeCreate, encodeDecision, encodePatch } from '../schema/input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Input, Patch, Query, Row, RowMeta } from '../schema/types.ts'
import { ConflictList } from './reads/conflicts.ts'
import { assertWritable, knownId, newId, refusedWith } from './verbs/guards.ts'
import { Following } from './reads/following.ts'
import { historyOf } from './reads/history.ts'
import { importRows } from './verbs/import.ts'
import { Inspection } from './panel/inspection.ts'
import type { ReplicaOptions } from './options.ts'
import { OpenQueries, Result, type Coverage, StoreQuery, onFirstPosition } from './reads/queries.ts'
import { planMigration, runMigration } from './verbs/migrate.ts'
import { publishWhenOnline } from './verbs/publish.ts'
import { reauthor } from './verbs/reauthor.ts'
import { takeBack } from './verbs/take-back.ts'
import type { Replica } from './replica.ts'
import type {
  Auth,
  Conflict,
  Followed,
  History,
  ImportOptions,
  ImportReport,
  LiveList,
  LiveQuery,
  Me,
  MigrateOptions,
  MigrationReport,
  Peek,
  QueryResult,
  Receipt,
  RefusedMessage,
  ResetOptions,
  SignOutOptions,
  SignOutReport,
  SyncStatus,
  SyncStore,
  TransactOptions,
  TransactionReceipt,
  UndoReport,
} from './store.ts'
import { VERBS } from './verbs/verbs.ts'
import { Writer } from './verbs/writer.ts'

/** The store of one replica. Created by `createSyncStore`. */
export class Store implements SyncStore {
  readonly entities: readonly Entity[]
  readonly #replica: Replica
  readonly #standing: Coverage
  /** Undefined where the whole space is followed. */
  readonly #following: Following | undefined
  readonly #queries = new WeakMap<object, StoreQuery<Entity>>()
  readonly #conflicts = new Map<Entity | undefined, ConflictList>()
  readonly #open = new OpenQueries()
  readonly #writer: Writer
  #ready = false

  constructor(replica: Replica, options: ReplicaOptions) {
    this.#replica = replica
    this.#writer = new Writer(replica)
    this.entities = options.entities
    this.#standing = {
      complete: () => replica.isAtPosition,
      position: () => replica.position,
      opening: replica.opening,
      onChange: (listener) => onFirstPosition(replica.status, listener),
    }
    const { scopes } = replica
    const { clock } = options.platform
    const { position, opening } = this.#standing
    this.#following = scopes && new Following({ scopes, clock, position, opening })
    // Components destructure verbs from the store, so they are bound.
    for (const verb of VERBS) Object.defineProperty(this, verb, { value: this[verb].bind(this) })
    const queries = this.#open
    registerInspectable(this, new Inspection({ store: this, replica, queries, options }))
    replica.ready.then(
      () => {
        this.#ready = true
        publishWhenOnline(replica, this.#writer)
      },
      () => {},
    )
  }

  get ready(): Promise<void> {
    return this.#replica.ready
  }

  get status(): StoreApi<SyncStatus> {
    return this.#replica.status
  }

  get me(): StoreApi<Me> {
    return this.#replica.person.me.store
  }

  isMine(of: Pick<RowMeta, '$mine'> | Uuid): boolean {
    return typeof of === 'string' ? this.#replica.person.me.isMine(of) : of.$mine
  }

  create<E extends Entity>(entity: E, input: Input<E>, options?: { readonly id?: Uuid }): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = encodeCreate(entity, table.registers, input)
    const id = newId(this.#replica, table, options?.id)
    return this.#writer.write(table, id, { kind: 'create', registers })
  }

  update<E extends Entity>(entity: E, id: Uuid, patch: Patch<E>): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = encodePatch(entity, table.registers, patch)
    assertSome(registers, entity, id)
    return this.#writer.write(table, knownId(this.#replica, table, id), {
      kind: 'update',
      registers,
    })
  }

  resolve<E extends Entity>(entity: E, id: Uuid, values: Patch<E>): Receipt {
    return this.#resolve(entity, id, values)
  }

  archive(entity: Entity, id: Uuid): Receipt {
    return this.#setArchived(entity, id, true)
  }

  restore(entity: Entity, id: Uuid): Receipt {
    return this.#setArchived(entity, id, false)
  }

  transact<T>(body: () => T, options: TransactOptions = {}): TransactionReceipt<T> {
    if (!this.#writer.writing) this.#writable()
    return this.#writer.transact(body, options)
  }

  async import<E extends Entity>(
    entity: E,
    rows: readonly (Input<E> & { readonly id?: Uuid })[],
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    this.#writer.assertNotWriting('import')
    const parts = { replica: this.#replica, writer: this.#writer }
    return importRows(this.#tableForWrite(entity), rows, { ...options, ...parts })
  }

  read<E extends Entity>(entity: E, id: Uuid): Row<E> | undefined {
    const row = this.#replica.repo.table(entity).row(id)
    return row === undefined || row.$archived ? undefined : (row as unknown as Row<E>)
  }

  peek<E extends Entity>(entity: E, id: Uuid): Peek<E> {
    const row = this.#replica.repo.table(entity).row(id) as unknown as Row<E> | undefined
    if (row) return { status: row.$archived ? 'archived' : 'ready', row }
    const isWhole = this.#replica.scopes?.covers([{ type: entity.name, equal: [] }])
    return { status: isWhole || this.#replica.complete ? 'unknown' : 'loading' }
  }

  /** @throws CountersignError `unknown_type` */
  #engine(entity: Entity): QueryEngine {
    this.#replica.repo.table(entity)
    // Each table has an engine, set by `onTable`.
    return this.#replica.engines.get(entity.name)!
  }

  query<E extends Entity>(entity: E, query: Query<E> = {}): QueryResult<E> {
    const asked = { type: entity.name, query: query as Query<Entity> }
    const rows = this.#engine(entity).query(asked.query)
    const isExact = this.#replica.opening.isExact(asked)
    return new Result<E>(isExact ? rows : undefined, this.#coverage(entity, asked.query))
  }

  live<E extends Entity>(entity: E, query: Query<E> = {}): LiveQuery<E> {
    const live = this.#engine(entity).live(query as Query<Entity>)
    let shared = this.#queries.get(live)
    if (!shared) {
      const asked = { type: entity.name, query: query as Query<Entity>, among: this.#open }
      const coverage = this.#coverage(entity, asked.query)
      this.#queries.set(live, (shared = new StoreQuery<Entity>(live, coverage, asked)))
    }
    return shared as unknown as LiveQuery<E>
  }

  #coverage(entity: Entity, query: Query<Entity>): Coverage {
    return this.#following?.of(this.#replica.repo.table(entity), query) ?? this.#standing
  }

  follow<E extends Entity>(entity: E, query: Query<E> = {}): Followed {
    const table = this.#replica.repo.table(entity)
    if (this.#following) return this.#following.follow(table, query as Query<Entity>)
    const { complete, onChange } = this.#standing
    const ready = complete()
      ? Promise.resolve()
      : new Promise<void>((resolve) => void onChange(resolve))
    return { ready, release: () => {} }
  }

  async fetch<E extends Entity>(entity: E, query: Query<E> = {}): Promise<QueryResult<E>> {
    const followed = this.follow(entity, query)
    try {
      await followed.ready
      return this.query(entity, query)
    } finally {
      followed.release()
    }
  }

  subscribe(entity: Entity, id: Uuid, listener: () => void): () => void {
    return this.#replica.repo.table(entity).subscribe(id, listener)
  }

  async migrate(entity: Entity, options: MigrateOptions): Promise<MigrationReport> {
    const table = this.#tableForWrite(entity)
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
    if (options.dryRun) return planMigration(table, this.#replica.limits)
    this.#writer.assertNotWriting('migrate')
    return runMigration(table, options, { replica: this.#replica, writer: this.#writer })
  }

  undo(): UndoReport | undefined {
    this.#writable()
    return takeBack('undo', this.#replica, this.#writer)
  }

  redo(): UndoReport | undefined {
    this.#writable()
    return takeBack('redo', this.#replica, this.#writer)
  }

  conflicts<E extends Entity>(entity?: E): LiveList<Conflict<E>> {
    const { repo } = this.#replica
    let list = this.#conflicts.get(entity)
    if (!list) {
      const tables = entity ? [repo.table(entity)] : this.entities.map((type) => repo.table(type))
      list = new ConflictList(tables, (type, id, decision) => this.#resolve(type, id, decision))
      this.#conflicts.set(entity, list)
    }
    return list as LiveList<Conflict> as unknown as LiveList<Conflict<E>>
  }

  async history(entity: Entity, id: Uuid): Promise<History> {
    const { repo, outbox, refused } = this.#replica
    const { reader, registers } = repo.table(entity)
    const { messages, complete } = await this.#replica.messagesOf(id)
    const parts = { messages, pending: outbox.open(), held: refused.held() }
    return historyOf(parts, id, { reader, table: registers, complete })
  }

  get refused(): LiveList<RefusedMessage> {
    return this.#replica.refused
  }

  onRejected(listener: (message: RefusedMessage) => void): () => void {
    return this.#replica.refused.onRejected(listener)
  }

  reauthor(messageId: Uuid): readonly Receipt[] {
    this.#writable()
    const messages = refusedWith(this.#replica, messageId)
    const receipts = reauthor(messages, this.#replica, this.#writer)
    this.#replica.dismiss(messages.map(({ id }) => id))
    return receipts
  }

  discard(messageId: Uuid): void {
    this.#writable()
    if (this.#replica.discardDamaged(messageId)) return
    this.#replica.dismiss(refusedWith(this.#replica, messageId).map(({ id }) => id))
  }

  reset(options: ResetOptions): Promise<void> {
    this.#writable()
    return this.#replica.reset(options)
  }

  setAuth(auth: Auth): void {
    this.#replica.setAuth(auth)
  }

  async rotate(): Promise<void> {
    this.#writable()
    await this.#replica.rotation.rotate()
  }

  async signOut(options: SignOutOptions): Promise<SignOutReport> {
    if (!this.#ready) this.#writable()
    return this.#replica.leaving.signOut(options)
  }

  setOnline(online: boolean): void {
    this.#replica.setOnline(online)
  }

  flushed(): Promise<void> {
    return this.#replica.flushed()
  }

  close(): Promise<void> {
    return this.#replica.close()
  }

  #setArchived(entity: Entity, id: Uuid, archived: boolean): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = { regs: table.registers.set([ARCHIVED]), values: { [ARCHIVED]: archived } }
    return this.#writer.write(table, knownId(this.#replica, table, id), {
      kind: 'update',
      registers,
    })
  }

  #tableForWrite(entity: Entity): Table {
    this.#writable()
    return this.#replica.repo.table(entity)
  }

  #writable(): void {
    assertWritable(this.#replica, this.#ready)
  }

  #resolve(entity: Entity, id: Uuid, decision: Readonly<Record<string, unknown>>): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = encodeDecision(entity, table.registers, decision)
    assertSome(registers, entity, id)
    return this.#writer.write(table, knownId(this.#replica, table, id), {
      kind: 'resolve',
      registers,
    })
  }
}

function assertSome({ regs }: Registers, { name }: Entity, id: Uuid): void {
  if (regs.names.length > 0) return
  throw new CountersignError('invalid', `${name}: a write names no field`, { entity: name, id })
}
