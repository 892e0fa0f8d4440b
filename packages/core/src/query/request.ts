/**
 * A query in the form of the engine: validated, normalized, planned. Two queries of equal meaning
 * have equal keys. Expensive parts are computed on first use.
 */
import type { Entity, SortKey } from '../schema/entity.ts'
import { parseSortKey } from '../schema/entity.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import { type Comparator, type RowAccess, comparator } from './compare.ts'
import { type Filter, isNothing, isPlainObject, isQueryable, readWhere, refuse } from './filter.ts'
import { type Plan, planQuery, sectionOf } from './plan.ts'
import { type Predicate, compilePredicate } from './predicate.ts'
import type { Section } from './sorted-list.ts'

export const ORDER_KEYS_MAX = 16

export type ArchivedMode = 'exclude' | 'include' | 'only'

const QUERY_KEYS: ReadonlySet<string> = new Set(['where', 'orderBy', 'limit', 'archived'])
const ARCHIVED_MODES: ReadonlySet<unknown> = new Set(['exclude', 'include', 'only'])

/** Whether a query of this mode includes the row. */
export function isInMode(mode: ArchivedMode, archived: boolean): boolean {
  return mode === 'include' || archived === (mode === 'only')
}

export class Request {
  readonly filter: Filter
  readonly plan: Plan
  readonly limit: number | undefined
  readonly archived: ArchivedMode
  readonly #entity: Entity
  readonly #access: RowAccess
  #matches: Predicate | undefined
  #compare: Comparator | undefined
  #section: Section<AnyRow> | undefined
  #viewKey: string | undefined
  #key: string | undefined

  /** @throws CountersignError `invalid`: an unknown field, or a malformed query. */
  constructor(entity: Entity, query: Query<Entity>, access: RowAccess) {
    if (!isPlainObject(query)) refuse(entity, undefined, 'a query is an object')
    for (const key of Object.keys(query)) {
      if (!QUERY_KEYS.has(key)) refuse(entity, undefined, `a query has no ${key}`)
    }
    this.#entity = entity
    this.#access = access
    this.limit = readLimit(entity, query.limit)
    this.archived = readArchived(entity, query.archived)
    this.filter = readWhere(entity, query.where)
    this.plan = planQuery(entity, this.filter, readOrder(entity, query.orderBy))
  }

  /** Equal for queries that differ only in their limit. */
  get viewKey(): string {
    return (this.#viewKey ??= `${this.archived} ${textOf(this.plan.order)} ${this.filter.key}`)
  }

  get key(): string {
    return (this.#key ??= `${this.limit ?? 'all'} ${this.viewKey}`)
  }

  get matches(): Predicate {
    return (this.#matches ??= compilePredicate(this.filter, this.#access))
  }

  get compare(): Comparator {
    return (this.#compare ??= comparator(this.plan.order, this.#access))
  }

  get matchesNothing(): boolean {
    return isNothing(this.filter)
  }

  /** The declared index to read. Indexes have no archived rows. */
  get index(): string | undefined {
    return this.archived === 'exclude' ? this.plan.index : undefined
  }

  /** Whether a section of that index is the result. */
  get isServed(): boolean {
    return this.index !== undefined && this.plan.exact && this.plan.ordered
  }

  /** The section of the index that contains all matching rows. */
  get section(): Section<AnyRow> {
    if (this.#section) return this.#section
    const keys = this.#entity.indexes.get(this.plan.index ?? '') ?? []
    return (this.#section = sectionOf(keys, this.plan, this.#access))
  }
}

function textOf(order: readonly SortKey[]): string {
  return JSON.stringify(order.map(({ field, descending }) => (descending ? '-' : '+') + field))
}

function readLimit(entity: Entity, limit: unknown): number | undefined {
  if (limit === undefined) return undefined
  if (!Number.isSafeInteger(limit) || (limit as number) < 0) {
    refuse(entity, undefined, 'a limit is a whole number, 0 or more')
  }
  return limit as number
}

function readArchived(entity: Entity, archived: unknown): ArchivedMode {
  if (archived === undefined) return 'exclude'
  if (!ARCHIVED_MODES.has(archived))
    refuse(entity, undefined, 'archived is exclude, include or only')
  return archived as ArchivedMode
}

function readOrder(entity: Entity, orderBy: unknown): readonly SortKey[] | undefined {
  if (orderBy === undefined) return undefined
  if (!Array.isArray(orderBy)) refuse(entity, undefined, 'orderBy is a list of fields')
  if (orderBy.length > ORDER_KEYS_MAX) {
    refuse(entity, undefined, `orderBy takes at most ${ORDER_KEYS_MAX} fields`)
  }
  const keys: SortKey[] = []
  for (const name of orderBy as readonly unknown[]) {
    if (typeof name !== 'string') refuse(entity, undefined, 'orderBy is a list of fields')
    const key = parseSortKey(name)
    if (!isQueryable(entity, key.field))
      refuse(entity, key.field, 'the type has no such field to sort by')
    keys.push(key)
  }
  return keys.length > 0 ? keys : undefined
}
