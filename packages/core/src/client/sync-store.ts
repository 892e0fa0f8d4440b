/**
 * The public store: verbs, reads and subscriptions, all synchronous. Reads are of memory; the verbs
 * that write, and the replica, are loaded while the app renders (`writes.ts`).
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { QueryEngine } from '../query/engine.ts'
import { registerInspectable } from '../inspect/registry.ts'
import type { Entity } from '../schema/entity.ts'
import type { Input, Patch, Query, Row, RowMeta } from '../schema/types.ts'
import type { Include } from './included.ts'
import { Memory } from './memory.ts'
import { ConflictList } from './reads/conflicts.ts'
import type { Following } from './reads/following.ts'
import type { Inspection } from './panel/inspection.ts'
import type { GivenOptions } from './options.ts'
import { Part } from './part.ts'
import { includingIn } from './reads/include-door.ts'
import { OpenQueries, Result, type Coverage, StoreQuery, onFirstPosition } from './reads/queries.ts'
import type {
  Auth,
  Conflict,
  Followed,
  History,
  ImportOptions,
  ImportReport,
  IncludedResult,
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
  UnsentReport,
} from './store.ts'
import type { Reads } from './reads/reads.ts'
import { SYNC } from './sync-part.ts'
import { assertOpen } from './verbs/open.ts'
import { VERBS } from './verbs/verbs.ts'
import type { Writes } from './writes.ts'

/** The part that writes, stores and syncs. */
export const WRITES: Part<{ readonly Writes: typeof Writes }> = /* @__PURE__ */ new Part(
  () => import('./writes.ts'),
)

/** The store of one replica. Created by `createSyncStore`. */
export class Store implements SyncStore {
  readonly entities: readonly Entity[]
  readonly ready: Promise<void>
  readonly '~reads': Reads
  readonly #options: GivenOptions
  readonly #memory: Memory
  readonly #standing: Coverage
  /** Undefined where the whole space is followed. */
  readonly #following: Following | undefined
  readonly #queries = new WeakMap<object, StoreQuery<Entity>>()
  readonly #conflicts = new Map<Entity | undefined, ConflictList>()
  readonly #open = new OpenQueries()
  /** Rejects where the part cannot be loaded. Of an inert store it resolves to nothing. */
  readonly #loading: Promise<Writes | undefined>
  #writes: Writes | undefined
  /** Tasks to run as soon as the part is loaded. */
  readonly #waiting: ((writes: Writes) => void)[] = []
  #isReady = false
  #closing: Promise<void> | undefined

  constructor(options: GivenOptions) {
    this.#options = options
    this.entities = options.entities
    const memory = new Memory(options)
    this.#memory = memory
    this.#standing = {
      complete: () => memory.isAtPosition,
      position: () => memory.position,
      opening: memory.opening,
      onChange: (listener) => onFirstPosition(memory.status, listener),
    }
    const { scopes, opening, kept: clock } = memory
    const { position } = this.#standing
    this.#following = scopes && options.scope?.following({ scopes, clock, position, opening })
    this['~reads'] = {
      engine: (entity) => this.#engine(entity),
      reading: (entity) => memory.repo.table(entity).reader,
      ...{ standing: this.#standing, scopes, clock, open: this.#open, onError: options.onError },
    }
    // Components destructure verbs from the store, so they are bound.
    for (const verb of VERBS) Object.defineProperty(this, verb, { value: this[verb].bind(this) })
    this.#loading = options.inert ? Promise.resolve(undefined) : this.#load()
    this.ready = this.#begin()
    this.ready.catch(() => {}) // no unhandled rejection where the app does not await it
    this.#register()
  }

  /** For devtools, before and after the parts that answer them are loaded. */
  #register(): void {
    const inspection = async (): Promise<Inspection> => {
      const { promise, resolve } = Promise.withResolvers<Writes>()
      this.#whenLoaded(resolve)
      return (await promise).inspection
    }
    registerInspectable(this, {
      commands: ['retry', 'discard', 'resolve'],
      now: () => this.#options.clock.now(),
      attach: (feed) => this.#whenLoaded((writes) => writes.inspection.attach(feed)),
      answer: async (request) => (await inspection()).answer(request),
      run: async (command) => (await inspection()).run(command),
    })
  }

  async #load(): Promise<Writes> {
    // Needed once the store is ready; a failure shows then.
    if (this.#options.transport) SYNC.load().catch(() => {})
    const part = await WRITES.load().catch((error: unknown) => {
      this.#options.onError(error)
      throw error
    })
    const parts = { store: this, memory: this.#memory, queries: this.#open, options: this.#options }
    const writes = new part.Writes(parts)
    this.#writes = writes
    if (this.#closing) void writes.replica.close()
    for (const task of this.#waiting.splice(0)) task(writes)
    return writes
  }

  async #begin(): Promise<void> {
    await (await this.#loading)?.ready()
    this.#isReady = true
  }

  /** Calls `task` at once, or when the part is loaded. */
  #whenLoaded(task: (writes: Writes) => void): void {
    if (this.#writes) task(this.#writes)
    else this.#waiting.push(task)
  }

  get status(): StoreApi<SyncStatus> {
    return this.#memory.status
  }

  get me(): StoreApi<Me> {
    return this.#memory.me
  }

  isMine(of: Pick<RowMeta, '$mine'> | Uuid): boolean {
    return typeof of === 'string' ? this.#memory.isMine(of) : of.$mine
  }

  create<E extends Entity>(entity: E, input: Input<E>, options?: { readonly id?: Uuid }): Receipt {
    return this.#writable().create(entity, input, options?.id)
  }

  update<E extends Entity>(entity: E, id: Uuid, patch: Patch<E>): Receipt {
    return this.#writable().update(entity, id, patch)
  }

  resolve<E extends Entity>(entity: E, id: Uuid, values: Patch<E>): Receipt {
    return this.#writable().resolve(entity, id, values)
  }

  archive(entity: Entity, id: Uuid): Receipt {
    return this.#writable().setArchived(entity, id, true)
  }

  restore(entity: Entity, id: Uuid): Receipt {
    return this.#writable().setArchived(entity, id, false)
  }

  transact<T>(body: () => T, options: TransactOptions = {}): TransactionReceipt<T> {
    const writes = this.#writes?.writing ? this.#writes : this.#writable()
    return writes.transact(body, options)
  }

  async import<E extends Entity>(
    entity: E,
    rows: readonly (Input<E> & { readonly id?: Uuid })[],
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    return this.#writable().import(entity, rows, options)
  }

  read<E extends Entity>(entity: E, id: Uuid): Row<E> | undefined {
    const row = this.#memory.repo.table(entity).row(id)
    return row === undefined || row.$archived ? undefined : (row as unknown as Row<E>)
  }

  peek<E extends Entity>(entity: E, id: Uuid): Peek<E> {
    const row = this.#memory.repo.table(entity).row(id) as unknown as Row<E> | undefined
    if (row) return { status: row.$archived ? 'archived' : 'ready', row }
    const isHere = this.#memory.scopes?.covers([{ type: entity.name, equal: [], ids: [id] }])
    return { status: isHere || this.#memory.complete ? 'unknown' : 'loading' }
  }

  /** @throws CountersignError `unknown_type` */
  #engine(entity: Entity): QueryEngine {
    this.#memory.repo.table(entity)
    // Each table has an engine, set by `onTable`.
    return this.#memory.engines.get(entity.name)!
  }

  query<E extends Entity, const I extends Include<E>>(
    entity: E,
    query: Query<E> & { readonly include: I },
  ): IncludedResult<E, I>
  query<E extends Entity>(entity: E, query?: Query<E>): QueryResult<E>
  query(entity: Entity, query: Query<Entity> = {}): QueryResult<Entity> {
    const including = includingIn(entity, query)
    if (including) {
      const { code, plain, refs } = including
      return code.once(this, this.query(entity, plain), refs)
    }
    const asked = { type: entity.name, query }
    const rows = this.#engine(entity).query(query)
    const isExact = this.#memory.opening.isExact(asked)
    return new Result<Entity>(isExact ? rows : undefined, this.#coverage(entity, query))
  }

  live<E extends Entity, const I extends Include<E>>(
    entity: E,
    query: Query<E> & { readonly include: I },
  ): LiveQuery<E, IncludedResult<E, I>>
  live<E extends Entity>(entity: E, query?: Query<E>): LiveQuery<E>
  live(entity: Entity, query: Query<Entity> = {}): LiveQuery<Entity> {
    const including = includingIn(entity, query)
    if (including) {
      const { code, plain, refs } = including
      return code.live(this, this.live(entity, plain), refs)
    }
    const live = this.#engine(entity).live(query)
    let shared = this.#queries.get(live)
    if (!shared) {
      const asked = { type: entity.name, query, among: this.#open }
      const coverage = this.#coverage(entity, asked.query)
      this.#queries.set(live, (shared = new StoreQuery<Entity>(live, coverage, asked)))
    }
    return shared
  }

  #coverage(entity: Entity, query: Query<Entity>): Coverage {
    return this.#following?.of(this.#memory.repo.table(entity), query) ?? this.#standing
  }

  follow<E extends Entity>(entity: E, query: Query<E> = {}): Followed {
    const table = this.#memory.repo.table(entity)
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
    return this.#memory.repo.table(entity).subscribe(id, listener)
  }

  async migrate(entity: Entity, options: MigrateOptions): Promise<MigrationReport> {
    return this.#writable().migrate(entity, options)
  }

  undo(): UndoReport | undefined {
    return this.#writable().takeBack('undo')
  }

  redo(): UndoReport | undefined {
    return this.#writable().takeBack('redo')
  }

  conflicts<E extends Entity>(entity?: E): LiveList<Conflict<E>> {
    const { repo } = this.#memory
    let list = this.#conflicts.get(entity)
    if (!list) {
      const tables = entity ? [repo.table(entity)] : this.entities.map((type) => repo.table(type))
      list = new ConflictList(tables, (type, id, decision) =>
        this.#writable().resolve(type, id, decision),
      )
      this.#conflicts.set(entity, list)
    }
    return list as LiveList<Conflict> as unknown as LiveList<Conflict<E>>
  }

  async history(entity: Entity, id: Uuid): Promise<History> {
    const writes = await this.#loading
    if (writes) return writes.history(entity, id)
    throw new CountersignError('unavailable', 'a store without a window has no reviewer to ask')
  }

  async erase(entity: Entity, id: Uuid, fields?: readonly string[]): Promise<void> {
    const writes = await this.#loading
    if (writes) return writes.erase(entity, id, fields)
    throw new CountersignError('unavailable', 'a store without a window has no reviewer to ask')
  }

  get refused(): LiveList<RefusedMessage> {
    return this.#memory.refused
  }

  onRejected(listener: (message: RefusedMessage) => void): () => void {
    return this.#memory.refused.onRejected(listener)
  }

  reauthor(messageId: Uuid): readonly Receipt[] {
    return this.#writable().reauthor(messageId)
  }

  discard(messageId: Uuid): void {
    this.#writable().discard(messageId)
  }

  async export(): Promise<string> {
    return this.#writable().exportUnsent()
  }

  async importUnsent(text: string): Promise<UnsentReport> {
    return this.#writable().importUnsent(text)
  }

  reset(options: ResetOptions): Promise<void> {
    return this.#writable().reset(options)
  }

  setAuth(auth: Auth): void {
    this.#whenLoaded(({ replica }) => replica.setAuth(auth))
  }

  async rotate(): Promise<void> {
    await this.#writable().rotate()
  }

  async signOut(options: SignOutOptions): Promise<SignOutReport> {
    const writes = (this.#isReady ? this.#writes : undefined) ?? this.#writable()
    return writes.replica.leaving.signOut(options)
  }

  setOnline(online: boolean): void {
    this.#whenLoaded(({ replica }) => replica.setOnline(online))
  }

  async flushed(): Promise<void> {
    await (await this.#loading)?.replica.flushed()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // If the part could not be loaded, nothing else is to be closed.
    const writes = this.#writes ?? (await this.#loading.catch(() => undefined))
    if (writes) await writes.replica.close()
    else this.#memory.close()
  }

  /** @throws CountersignError `closed` or `not_ready` */
  #writable(): Writes {
    const isClosed = this.#closing !== undefined
    if (isClosed || this.#options.inert || !this.#isReady)
      assertOpen({ isClosed, isInert: this.#options.inert, isReady: this.#isReady })
    return this.#writes! // loaded before the store is ready
  }
}
