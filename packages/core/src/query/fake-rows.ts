/**
 * For the tests of this folder only: rows as the repository builds them (own fields, metadata on
 * the prototype, inaccessible to stand-ins), a seeded random, and an oracle: a second
 * implementation of queries, without any index.
 */
import type { Entity, SortKey } from '../schema/entity.ts'
import type { AnyRow, Query } from '../schema/types.ts'

export interface FakeMeta {
  readonly archived?: boolean
  readonly order?: number
  readonly created?: number
  readonly author?: string
}

class FakeRow {
  readonly id: string
  /** Reading metadata of a stand-in throws, as in production. */
  readonly #meta: FakeMeta

  constructor(id: string, fields: object, meta: FakeMeta) {
    this.id = id
    this.#meta = meta
    Object.assign(this, fields)
    Object.freeze(this)
  }

  get $archived(): boolean {
    return this.#meta.archived ?? false
  }
  get $orderKey(): string {
    return String(this.#meta.order ?? 0).padStart(9, '0')
  }
  get $createdOrderKey(): string {
    return String(this.#meta.created ?? 0).padStart(9, '0')
  }
  get $author(): string {
    return this.#meta.author ?? 'nobody'
  }
  get $createdBy(): string {
    return this.#meta.author ?? 'nobody'
  }
  get $timestamp(): number {
    return this.#meta.order ?? 0
  }
  get $state(): string {
    return 'canonical'
  }
}

/** A row for tests of queries, without a state. */
export function fakeRow(id: string, fields: object, meta: FakeMeta = {}): AnyRow {
  return new FakeRow(id, fields, meta) as unknown as AnyRow
}

/** The same row with other values in some fields. */
export function standIn(row: AnyRow, fields: Readonly<Record<string, unknown>>): AnyRow {
  const own = Object.entries(fields).map(([name, value]) => [name, { value, enumerable: true }])
  return Object.freeze(
    Object.create(row, Object.fromEntries(own) as PropertyDescriptorMap),
  ) as AnyRow
}

/** A seeded random: numbers from 0 up to, not including, 1. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}

type Data = Readonly<Record<string, unknown>>

/** The rows of a query, by a scan of all rows. */
export function oracle(
  rows: Iterable<AnyRow>,
  query: Query<Entity>,
  more: {
    readonly order: readonly SortKey[]
    readonly standIns?: (row: AnyRow) => readonly AnyRow[]
  },
): AnyRow[] {
  const mode = query.archived ?? 'exclude'
  const found: { row: AnyRow; as: AnyRow }[] = []
  for (const row of rows) {
    if (mode !== 'include' && row.$archived !== (mode === 'only')) continue
    const candidates = [row, ...(more.standIns?.(row) ?? [])]
    const as = candidates.find((candidate) =>
      holds(query.where as Data | undefined, candidate, row),
    )
    if (as) found.push({ row, as })
  }
  found.sort((a, b) => {
    for (const { field, descending } of more.order) {
      const order = orderOf(valueOf(a.as, field, a.row), valueOf(b.as, field, b.row), descending)
      if (order !== 0) return order
    }
    return a.row.id < b.row.id ? -1 : 1
  })
  return found.slice(0, query.limit).map(({ row }) => row)
}

function valueOf(candidate: AnyRow, field: string, row: AnyRow): unknown {
  return (field.startsWith('$') ? row : candidate)[field]
}

function holds(where: Data | undefined, candidate: AnyRow, row: AnyRow): boolean {
  return Object.entries(where ?? {}).every(([name, condition]) => {
    if (name === 'and') return (condition as Data[]).every((part) => holds(part, candidate, row))
    if (name === 'or') return (condition as Data[]).some((part) => holds(part, candidate, row))
    const value = valueOf(candidate, name, row)
    if (!isOperators(condition)) return isEqual(value, condition)
    return Object.entries(condition).every(([op, bound]) => {
      if (op === 'eq') return isEqual(value, bound)
      if (op === 'in') return (bound as unknown[]).some((one) => isEqual(one, value))
      if (rankOf(value) !== rankOf(bound)) return false
      const order = orderOf(value, bound, false)
      return { gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[op]
    })
  })
}

function isOperators(condition: unknown): condition is Data {
  if (typeof condition !== 'object' || condition === null) return false
  return ['eq', 'in', 'gt', 'gte', 'lt', 'lte'].some((op) => Object.hasOwn(condition, op))
}

const RANKS = ['boolean', 'number', 'string', 'moment', 'bigint', 'data', 'null', 'undefined']

function rankOf(value: unknown): number {
  if (value === null) return RANKS.indexOf('null')
  if (typeof value !== 'object') return RANKS.indexOf(typeof value)
  return RANKS.indexOf('getTime' in value ? 'moment' : 'data')
}

function orderOf(a: unknown, b: unknown, descending: boolean): number {
  const [rankA, rankB] = [rankOf(a), rankOf(b)]
  const turn = descending && rankA < 6 && rankB < 6 ? -1 : 1
  if (rankA !== rankB) return turn * (rankA - rankB)
  if (rankA >= 6) return 0
  const plain = (value: unknown): number | string =>
    rankA === 5 ? textOf(value) : rankA === 3 ? Number(value) : (value as number)
  return plain(a) === plain(b) ? 0 : turn * (plain(a) < plain(b) ? -1 : 1)
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && textOf(a) === textOf(b))
}

/** Equal texts mean equal values; for the few values that tests use. */
function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if ('getTime' in value) return `moment ${Number(value)}`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${textOf((value as Data)[key])}`).join()}}`
}
