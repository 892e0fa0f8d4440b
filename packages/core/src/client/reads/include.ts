/**
 * Queries with the rows that references name. Those are read and subscribed to one by one, and followed by
 * their ids in a store that follows scopes, for as long as the query is.
 */
import { refuse } from '../../query/filter.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Position } from '../../facts/message.ts'
import type { Entity } from '../../schema/entity.ts'
import type { AnyRow, Row } from '../../schema/types.ts'
import { IDS_MAX, type Scope } from '../../wire/scopes.ts'
import type { Peek } from '../included.ts'
import type { LiveQuery, QueryResult, SyncStore } from '../store.ts'
import type { IncludeCode, References } from './include-door.ts'
import { type Included, RowWithIncluded } from './included-row.ts'
import { Keeping } from './keeping.ts'
import { readsOf } from './reads.ts'
import { ScopeParts } from './scope-parts.ts'

type AnyResult = QueryResult<Entity>
type AnyLive = LiveQuery<Entity>

/** The types by field, as the store has them. */
type Targets = ReadonlyMap<string, Entity>

/** The live queries with `include`, by the one without, and by their references. */
const opened = new WeakMap<AnyLive, Map<string, LiveIncluding>>()

/** What a declared reference brings to the store. */
export const INCLUDE: IncludeCode = {
  once: (store, result, refs) => new Joined(store, targetsOf(store, refs)).result(result),
  live: (store, inner, refs) => {
    const key = JSON.stringify([...refs].sort(([a], [b]) => (a < b ? -1 : 1)))
    const known = opened.get(inner) ?? new Map<string, LiveIncluding>()
    opened.set(inner, known)
    const live = known.get(key) ?? new LiveIncluding(store, inner, targetsOf(store, refs))
    known.set(key, live)
    return live
  },
}

function targetsOf(store: SyncStore, refs: References): Targets {
  return new Map(
    [...refs].map(([field, name]) => {
      const entity = store.entities.find((each) => each.name === name)
      return [field, entity ?? refuseType(name, field)]
    }),
  )
}

function refuseType(name: string, field: string): never {
  return refuse({ name } as Entity, field, 'the store has no type of that name')
}

/** A result with included rows: all that the inner one has, but for its rows. */
class IncludingResult implements AnyResult {
  declare readonly rows: readonly Row<Entity>[]
  declare readonly complete: boolean
  readonly #inner: AnyResult

  constructor(inner: AnyResult, own: Pick<AnyResult, 'rows' | 'complete'>) {
    this.#inner = inner
    Object.assign(this, inner, own)
  }

  get asOf(): Position | null {
    return this.#inner.asOf
  }

  get pending(): number {
    return this.#inner.pending
  }

  isSame(inner: AnyResult, { rows, complete }: Pick<AnyResult, 'rows' | 'complete'>): boolean {
    return this.#inner === inner && this.complete === complete && this.rows === rows
  }
}

/** Rows with what they name, as long as it is the same the same objects. */
class Joined {
  readonly #store: SyncStore
  readonly #targets: Targets
  readonly #known = new WeakMap<object, RowWithIncluded>()
  #last: IncludingResult | undefined

  constructor(store: SyncStore, targets: Targets) {
    this.#store = store
    this.#targets = targets
  }

  /** `isHere`: whether all rows that are named are up to date; undefined: it is looked up. */
  result(inner: AnyResult, isHere?: boolean): AnyResult {
    const joined = inner.rows.map((row) => this.#row(row as unknown as AnyRow))
    const isLoading = joined.some(({ $included }) =>
      Object.values($included).some((peek) => peek?.status === 'loading'),
    )
    const rows = joined as unknown as readonly Row<Entity>[]
    const before = this.#last?.rows
    const isSame = before?.length === rows.length && rows.every((row, i) => row === before[i])
    const own = {
      rows: isSame ? before : Object.freeze(rows),
      complete: inner.complete && !isLoading && (isHere ?? this.#isHere(joined)),
    }
    if (this.#last?.isSame(inner, own)) return this.#last
    return (this.#last = new IncludingResult(inner, own))
  }

  /** Whether the rows that these rows name are followed, and all of them have arrived. */
  #isHere(rows: readonly RowWithIncluded[]): boolean {
    const { scopes } = readsOf(this.#store)
    const named = namedBy(rows as unknown as readonly AnyRow[], this.#targets)
    return (
      !scopes ||
      [...named].every(([id, { name }]) => scopes.covers([{ type: name, equal: [], ids: [id] }]))
    )
  }

  #row(row: AnyRow): RowWithIncluded {
    const included: Record<string, Peek<Entity> | undefined> = {}
    const known = this.#known.get(row)
    let isSame = known !== undefined
    for (const [field, target] of this.#targets) {
      const id = row[field]
      const peek = typeof id === 'string' ? this.#store.peek(target, id) : undefined
      const before = known?.$included[field]
      isSame &&= peek?.status === before?.status && peek?.row === before?.row
      included[field] = peek
    }
    if (known && isSame) return known
    const joined = new RowWithIncluded(row, included satisfies Included)
    this.#known.set(row, joined)
    return joined
  }
}

class LiveIncluding implements AnyLive {
  readonly #store: SyncStore
  readonly #inner: AnyLive
  readonly #targets: Targets
  readonly #joined: Joined
  readonly #listeners = new Set<() => void>()
  readonly #keeping: Keeping
  /** Subscriptions to the rows that are named, by their ids. */
  readonly #watched = new Map<Uuid, () => void>()
  #leave: (() => void) | undefined
  #ids: FollowedIds | undefined
  /** What the last snapshot was made of; undefined: something has changed since. */
  #madeOf: AnyResult | undefined
  #last: AnyResult | undefined
  #told: AnyResult | undefined

  constructor(store: SyncStore, inner: AnyLive, targets: Targets) {
    this.#store = store
    this.#inner = inner
    this.#targets = targets
    this.#joined = new Joined(store, targets)
    this.#keeping = new Keeping(readsOf(store).clock, () => this.#follow())
  }

  snapshot(): AnyResult {
    const inner = this.#inner.snapshot()
    if (this.#last && this.#leave && this.#madeOf === inner) return this.#last
    this.#madeOf = inner
    return (this.#last = this.#joined.result(inner, this.#ids?.isHere))
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    const letGo = this.#keeping.hold()
    if (!this.#leave) {
      this.#leave = this.#inner.subscribe(() => this.#changed())
      this.#changed()
    }
    this.#listeners.add(own)
    return () => {
      if (!this.#listeners.delete(own)) return
      letGo()
      if (this.#listeners.size > 0) return
      this.#leave?.()
      this.#leave = undefined
      for (const end of this.#watched.values()) end()
      this.#watched.clear()
    }
  }

  #follow(): () => void {
    const { scopes } = readsOf(this.#store)
    const ids = scopes && new FollowedIds(new ScopeParts(scopes, () => this.#changed()))
    this.#ids = ids
    return () => {
      this.#ids = undefined
      ids?.end()
    }
  }

  /** Rows of the query, or rows that they name, or scopes have changed. */
  #changed(): void {
    if (!this.#leave) return
    this.#madeOf = undefined
    this.#look()
    const told = this.#told
    this.#told = this.snapshot()
    if (told === this.#told) return
    for (const listener of [...this.#listeners]) {
      try {
        if (this.#listeners.has(listener)) listener()
      } catch (error) {
        readsOf(this.#store).onError(error)
      }
    }
  }

  /** Subscribes to what is named now, and follows it. */
  #look(): void {
    const rows = this.#inner.snapshot().rows as unknown as readonly AnyRow[]
    const named = namedBy(rows, this.#targets)
    for (const [id, end] of this.#watched) {
      if (named.has(id)) continue
      end()
      this.#watched.delete(id)
    }
    for (const [id, target] of named)
      if (!this.#watched.has(id))
        this.#watched.set(
          id,
          this.#store.subscribe(target, id, () => this.#changed()),
        )
    this.#ids?.want(named)
  }
}

/** The ids that rows name, with their types. */
function namedBy(rows: readonly AnyRow[], targets: Targets): ReadonlyMap<Uuid, Entity> {
  const named = new Map<Uuid, Entity>()
  for (const row of rows)
    for (const [field, target] of targets) {
      const id = row[field]
      if (typeof id === 'string') named.set(id, target)
    }
  return named
}

/** The rows that are followed by their ids. */
class FollowedIds {
  readonly #parts: ScopeParts<undefined>
  /** Of all parts that are followed. */
  #ids = new Set<Uuid>()

  constructor(parts: ScopeParts<undefined>) {
    this.#parts = parts
  }

  /** Whether all of them are here, as of the position. */
  get isHere(): boolean {
    return !this.#parts.isWaiting && this.#parts.isCovered
  }

  want(named: ReadonlyMap<Uuid, Entity>): void {
    const isNew = [...named].filter(([id]) => !this.#ids.has(id))
    if (isNew.length === 0) return
    const scopes = scopesOfIds(new Map(isNew))
    const isAll = this.#parts.isFull(scopes.length)
    this.#ids = new Set(isAll ? named.keys() : [...this.#ids, ...isNew.map(([id]) => id)])
    this.#parts.add(isAll ? scopesOfIds(named) : scopes, { about: undefined, isAll })
  }

  end(): void {
    this.#parts.end()
  }
}

function scopesOfIds(named: ReadonlyMap<Uuid, Entity>): readonly Scope[] {
  const byType = new Map<string, Uuid[]>()
  for (const [id, { name }] of named) {
    const ids = byType.get(name)
    if (ids) ids.push(id)
    else byType.set(name, [id])
  }
  return [...byType].flatMap(([type, all]) => {
    const ids = all.sort()
    const count = Math.ceil(ids.length / IDS_MAX)
    return Array.from({ length: count }, (_, i): Scope => {
      return { type, equal: [], ids: ids.slice(i * IDS_MAX, (i + 1) * IDS_MAX) }
    })
  })
}
