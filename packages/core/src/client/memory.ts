/**
 * The state of a store in memory from its first turn: the tables of its types, their queries and
 * its status. Components read it at once, while the parts that write, store and sync (`replica.ts`)
 * are loaded. These fill it; it knows nothing of them.
 */
import { type StoreApi, createStore } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { QueryEngine } from '../query/engine.ts'
import { Repo } from '../rows/repo.ts'
import type { Scopes } from '../sync/scopes.ts'
import type { Me } from './identity/me.ts'
import { initialStatus } from './initial-status.ts'
import type { GivenOptions } from './options.ts'
import { engineOf } from './reads/engines.ts'
import { KeptTimers } from './reads/keeping.ts'
import { Opening } from './reads/opening.ts'
import { RefusedList } from './reads/refused-list.ts'
import type { SyncStatus } from './store.ts'

/** The properties of the replica that rows and queries read. */
export interface Filling {
  /** The position of the canonical rows. */
  readonly position: Position | null
  /** The author id of this session, once it is known. */
  readonly authorId: Uuid | undefined
  /** Whether the author id is of this person. */
  isMine(authorId: Uuid): boolean
}

const NOTHING: Filling = { position: null, authorId: undefined, isMine: () => false }

export class Memory {
  readonly repo: Repo
  readonly engines: Map<string, QueryEngine> = new Map<string, QueryEngine>()
  readonly opening: Opening
  /** The followed scopes; undefined: the whole space. */
  readonly scopes: Scopes | undefined
  readonly kept: KeptTimers
  readonly status: StoreApi<SyncStatus>
  readonly refused: RefusedList = new RefusedList()
  readonly me: StoreApi<Me> = createStore<Me>(() => ({
    authorId: undefined,
    aliases: [],
    since: undefined,
    signedIn: false,
  }))
  /** Whether the store has no reviewer, so that no rows can be missing. */
  readonly #isAlone: boolean
  #filling: Filling = NOTHING

  constructor({ entities, transport, scope, clock, inert, onError }: GivenOptions) {
    this.kept = new KeptTimers(clock)
    this.scopes = scope?.scopes()
    this.#isAlone = !transport && !inert
    this.status = createStore<SyncStatus>(() => initialStatus(transport !== undefined))
    this.repo = new Repo({
      entities,
      viewer: {
        authorId: () => this.#filling.authorId,
        isMine: (authorId) => this.#filling.isMine(authorId),
        volatile: (write) =>
          write.entry.state === 'volatile' || this.status.getState().storage === 'degraded',
        onFoldError: onError,
        onReread: () => this.refused.reread(onError),
      },
      onListenerError: onError,
      onTable: (table) => void this.engines.set(table.entity.name, engineOf(table)),
    })
    this.opening = new Opening({ engines: this.engines, onError })
  }

  /** Called once, by the replica that fills it. */
  fill(filling: Filling): void {
    this.#filling = filling
  }

  get position(): Position | null {
    return this.#filling.position
  }

  /** Whether a state of the reviewer is known here, or there is no reviewer. */
  get isAtPosition(): boolean {
    return this.position !== null || this.#isAlone
  }

  /** Whether the rows include everything that the reviewer had at the position. */
  get complete(): boolean {
    return !this.scopes && this.opening.isOver && this.isAtPosition
  }

  isMine(authorId: Uuid): boolean {
    return this.#filling.isMine(authorId)
  }

  /** Shows that the store is closed, and drops all subscribers. */
  close(): void {
    for (const table of this.repo.tables()) table.unsubscribeAll()
    this.refused.unsubscribeAll()
    this.kept.end()
    this.status.setState({ connection: 'closed' })
  }
}
