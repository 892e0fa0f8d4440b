/**
 * The store as the app holds it: the verbs, the reads and the subscriptions, all synchronous.
 * What a verb means stands in `repo/draft.ts`; who drives what follows is the replica.
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../base/outcome.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import { LIMITS } from '../message/limits.ts'
import type { ChangeKind } from '../message/message.ts'
import { estimatedBytes } from '../messaging/materialize.ts'
import type { Storage } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import { Draft } from '../repo/draft.ts'
import type { Table } from '../repo/table.ts'
import type { Entity } from '../schema/entity.ts'
import { type Registers, encodeCreate, encodePatch } from '../schema/input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Input, Patch, Query, Row } from '../schema/types.ts'
import type { IdentityOptions } from './identity.ts'
import { importRows } from './import.ts'
import { type Platform, defaultPlatform } from './platform.ts'
import { Result, type Standing, StoreQuery } from './queries.ts'
import { EntryReceipt } from './receipt.ts'
import { Replica } from './replica.ts'
import type {
  ImportOptions,
  ImportReport,
  LiveQuery,
  Peek,
  QueryResult,
  Receipt,
  SyncStatus,
  SyncStore,
  TransactionReceipt,
} from './store.ts'

export interface StoreOptions {
  readonly space: Uuid
  readonly entities: readonly Entity[]
  /** Where writes survive this page. Without one they live in memory, and rows say `volatile`. */
  readonly storage?: Storage
  /** Ways to the reviewer. Without one the store stays alone. */
  readonly transports?: readonly Transport[]
  readonly identity?: IdentityOptions
  /** Public key of the home reviewer, base64url. Without it, the first reviewer met is trusted from then on. */
  readonly reviewerKey?: string
  /** Hears what subscribers throw, and a halt. Default: rethrown outside of the store's own work. */
  readonly onError?: (error: unknown) => void
  /** Time, randomness, signatures and locks; for tests and unusual platforms. */
  readonly platform?: Partial<Platform>
  /** Arrivals from the reviewer that are stored one by one before a checkpoint replaces them. Default: 512. */
  readonly checkpointSteps?: number
}

/**
 * Opens a store. Returns at once; `await store.ready` before the first write.
 * @throws CountersignError `invalid` for a space that is not a uuid or more than one transport.
 */
export function createSyncStore(options: StoreOptions): SyncStore {
  if (!isUuid(options.space))
    throw new CountersignError(
      'invalid',
      `the space ${String(options.space)} is not a lower-case uuid`,
    )
  if ((options.transports?.length ?? 0) > 1)
    throw new CountersignError('invalid', 'a store has one transport for now')
  const platform = { ...defaultPlatform(), ...options.platform }
  return new Store(
    new Replica({
      space: options.space,
      entities: options.entities,
      storage: options.storage,
      transport: options.transports?.[0],
      identity: options.identity ?? {},
      reviewerKey: options.reviewerKey,
      platform,
      checkpointSteps: options.checkpointSteps,
      onError: options.onError ?? ((error) => void platform.clock.after(0, () => rethrow(error))),
    }),
    options.entities,
  )
}

function rethrow(error: unknown): never {
  throw error
}

const VERBS = [
  'create',
  'update',
  'archive',
  'restore',
  'transact',
  'import',
  'read',
  'peek',
  'query',
  'live',
  'subscribe',
  'setOnline',
  'flushed',
  'close',
] as const satisfies readonly (keyof SyncStore)[]

class Store implements SyncStore {
  readonly entities: readonly Entity[]
  readonly #replica: Replica
  readonly #standing: Standing
  readonly #queries = new WeakMap<object, StoreQuery<Entity>>()
  #ready = false
  #draft: Draft | undefined

  constructor(replica: Replica, entities: readonly Entity[]) {
    this.#replica = replica
    this.entities = entities
    this.#standing = {
      complete: () => replica.complete,
      position: () => replica.position,
      onChange: (listener) => onFirstPosition(replica, listener),
    }
    // Components take verbs off the store by destructuring; they must keep working.
    for (const verb of VERBS) Object.defineProperty(this, verb, { value: this[verb].bind(this) })
    replica.ready.then(
      () => (this.#ready = true),
      () => {},
    )
  }

  get ready(): Promise<void> {
    return this.#replica.ready
  }

  get status(): StoreApi<SyncStatus> {
    return this.#replica.status
  }

  create<E extends Entity>(entity: E, input: Input<E>, options?: { readonly id?: Uuid }): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = encodeCreate(entity, table.registers, input)
    return this.#write(table, this.#newId(table, options?.id), { kind: 'create', registers })
  }

  update<E extends Entity>(entity: E, id: Uuid, patch: Patch<E>): Receipt {
    const table = this.#tableForWrite(entity)
    const registers = encodePatch(entity, table.registers, patch)
    if (registers.regs.names.length === 0) {
      throw new CountersignError('invalid', `${entity.name}: an update names no field`, {
        entity: entity.name,
        id,
      })
    }
    return this.#write(table, this.#known(table, id), { kind: 'update', registers })
  }

  archive(entity: Entity, id: Uuid): Receipt {
    return this.#setArchived(entity, id, true)
  }

  restore(entity: Entity, id: Uuid): Receipt {
    return this.#setArchived(entity, id, false)
  }

  transact<T>(body: () => T): TransactionReceipt<T> {
    if (this.#draft) return { result: this.#joined(body), receipt: undefined }
    this.#writable()
    const draft = this.#begin()
    try {
      const result = this.#joined(body)
      return { result, receipt: draft.empty ? undefined : this.#commit(draft) }
    } catch (error) {
      this.#abandon(draft)
      throw error
    }
  }

  #joined<T>(body: () => T): T {
    const result = body()
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new CountersignError(
        'transaction_async',
        'the callback of a transaction cannot be async; nothing was written',
      )
    }
    return result
  }

  import<E extends Entity>(
    entity: E,
    rows: readonly (Input<E> & { readonly id?: Uuid })[],
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    this.#tableForWrite(entity)
    return importRows(this, this.#replica.yieldTurn, {
      entity,
      rows: rows as readonly (object & { id?: Uuid })[],
      options,
    })
  }

  read<E extends Entity>(entity: E, id: Uuid): Row<E> | undefined {
    const row = this.#replica.repo.table(entity).row(id)
    return row === undefined || row.$archived ? undefined : (row as unknown as Row<E>)
  }

  peek<E extends Entity>(entity: E, id: Uuid): Peek<E> {
    const row = this.#replica.repo.table(entity).row(id) as unknown as Row<E> | undefined
    if (row) return { status: row.$archived ? 'archived' : 'ready', row }
    return { status: this.#replica.complete ? 'unknown' : 'loading' }
  }

  query<E extends Entity>(entity: E, query: Query<E> = {}): QueryResult<E> {
    this.#replica.repo.table(entity)
    return new Result<E>(
      this.#replica.engines.get(entity.name)!.query(query as Query<Entity>),
      this.#standing,
    )
  }

  live<E extends Entity>(entity: E, query: Query<E> = {}): LiveQuery<E> {
    this.#replica.repo.table(entity)
    const live = this.#replica.engines.get(entity.name)!.live(query as Query<Entity>)
    let shared = this.#queries.get(live)
    if (!shared) this.#queries.set(live, (shared = new StoreQuery<Entity>(live, this.#standing)))
    return shared as unknown as LiveQuery<E>
  }

  subscribe(entity: Entity, id: Uuid, listener: () => void): () => void {
    return this.#replica.repo.table(entity).subscribe(id, listener)
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
    return this.#write(table, this.#known(table, id), { kind: 'update', registers })
  }

  #write(
    table: Table,
    id: Uuid,
    { kind, registers }: { kind: ChangeKind; registers: Registers },
  ): Receipt {
    if (this.#draft) {
      this.#draft.add(table, id, kind, registers)
      return new EntryReceipt(this.#draft.entry, id, this.#replica.settled)
    }
    const draft = this.#begin()
    try {
      draft.add(table, id, kind, registers)
      return this.#commit(draft)
    } catch (error) {
      this.#abandon(draft)
      throw error
    }
  }

  #begin(): Draft {
    const entry = this.#replica.draftEntry()
    return (this.#draft = new Draft(entry, entry.session.authorId))
  }

  #commit(draft: Draft): Receipt {
    const { entry } = draft
    if (estimatedBytes(draft.writes()) > LIMITS.messageBytesMax) {
      throw new CountersignError(
        'too_large',
        `a message has at most ${LIMITS.messageBytesMax} bytes; split it, or store files as links`,
      )
    }
    draft.commit()
    this.#draft = undefined
    this.#replica.commitEntry(entry)
    this.#replica.repo.emit()
    return new EntryReceipt(entry, draft.firstId, this.#replica.settled)
  }

  #abandon(draft: Draft): void {
    draft.rollback()
    this.#draft = undefined
    this.#replica.repo.emit()
  }

  #tableForWrite(entity: Entity): Table {
    this.#writable()
    return this.#replica.repo.table(entity)
  }

  #writable(): void {
    const { halted } = this.#replica.status.getState()
    if (this.#replica.closed) throw new CountersignError('closed', 'the store is closed')
    if (!this.#ready)
      throw new CountersignError(
        'not_ready',
        'the store is not ready: await store.ready before the first write',
      )
    if (halted !== undefined)
      throw new CountersignError('halted', `the store has halted: ${halted}`)
    if (this.#replica.outbox.full) {
      throw new CountersignError(
        'outbox_full',
        `${this.#replica.outbox.size} messages wait for a reviewer; nothing more fits`,
      )
    }
  }

  #newId(table: Table, supplied: Uuid | undefined): Uuid {
    const { entity } = table
    if (supplied === undefined) return this.#replica.identity!.entityIds.next()
    if (entity.options.idPolicy !== 'supplied') {
      throw new CountersignError(
        'invalid',
        `${entity.name}: ids of this type are minted; declare idPolicy 'supplied' to give one`,
        {
          entity: entity.name,
          id: supplied,
        },
      )
    }
    if (!isUuid(supplied)) {
      throw new CountersignError(
        'invalid',
        `${entity.name}: the id ${String(supplied)} is not a lower-case uuid`,
        { entity: entity.name },
      )
    }
    if (table.row(supplied)) {
      throw new CountersignError('entity_exists', `${entity.name} ${supplied} exists`, {
        entity: entity.name,
        id: supplied,
      })
    }
    return supplied
  }

  #known(table: Table, id: Uuid): Uuid {
    if (table.row(id)) return id
    const name = table.entity.name
    throw this.#replica.complete
      ? new CountersignError('unknown_entity', `there is no ${name} ${id}`, { entity: name, id })
      : new CountersignError('not_loaded', `${name} ${id} is not here yet`, { entity: name, id })
  }
}

function onFirstPosition(replica: Replica, listener: () => void): () => void {
  if (replica.complete) return () => {}
  const end = replica.status.subscribe(({ position }) => {
    if (position === null) return
    end()
    listener()
  })
  return end
}
