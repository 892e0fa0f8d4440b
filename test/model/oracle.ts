/**
 * The fold, by brute force: what PROTOCOL 8 defines, written down as it stands there, over
 * plain data and without a line of core's fold. Slow, and meant to be read in a minute.
 *
 *   live(e, r) = { w ∈ M(e) : w writes r, and no m ∈ M(e) that writes r has w ≺ m and w ∉ keep_m(r) }
 *   heads(e)   = ≺-maximal elements of M(e)
 *   conflict   = a register whose live writes hold two different values
 *   base(e)    = fold(⋂ ancestors(head))
 */
import { isDeepStrictEqual } from 'node:util'

/** The value that unsets a register. */
export const UNSET: unique symbol = Symbol('unset')

export interface OracleChange {
  readonly entity: string
  readonly parents: readonly string[]
  /** By register: JSON, or `UNSET`. */
  readonly set: Readonly<Record<string, unknown>>
  readonly keep?: Readonly<Record<string, readonly string[]>>
}

export interface OracleMessage {
  readonly id: string
  readonly changes: readonly OracleChange[]
}

export interface OracleWrite {
  readonly by: string
  readonly value: unknown
}

export interface OracleRow {
  /** Sorted. */
  readonly heads: readonly string[]
  /** Every register ever written, with its live writes, sorted by `by`. */
  readonly live: ReadonlyMap<string, readonly OracleWrite[]>
}

/** M(e): what each message did to the entity. */
type Changes = ReadonlyMap<string, OracleChange>

/** The row of an entity after exactly these messages, in whatever order they stand. */
export function rowOf(messages: Iterable<OracleMessage>, entity: string): OracleRow | undefined {
  const changes = changesOf(messages, entity)
  return changes.size === 0 ? undefined : fold(changes)
}

/** Every register that holds two or more different values. */
export function conflictsOf(row: OracleRow): Map<string, readonly OracleWrite[]> {
  const different = (live: readonly OracleWrite[]): boolean =>
    live.some(({ value }) => !isDeepStrictEqual(value, live[0]!.value))
  return new Map([...row.live].filter(([, live]) => different(live)))
}

/** The row that all heads have in common, or undefined when they share no root. */
export function baseOf(messages: Iterable<OracleMessage>, entity: string): OracleRow | undefined {
  const changes = changesOf(messages, entity)
  if (changes.size === 0) return undefined
  const seenByHeads = fold(changes).heads.map((head) => ancestors(changes, head).add(head))
  const shared = new Map([...changes].filter(([id]) => seenByHeads.every((seen) => seen.has(id))))
  return shared.size === 0 ? undefined : fold(shared)
}

/** The messages among these that the bearers of `ids` had seen of the entity, `ids` included. */
export function seenBy<M extends OracleMessage>(
  messages: Iterable<M>,
  entity: string,
  ids: readonly string[],
): M[] {
  const all = [...messages]
  const changes = changesOf(all, entity)
  const seen = new Set(ids.flatMap((id) => [id, ...ancestors(changes, id)]))
  return all.filter(({ id }) => seen.has(id) && changes.has(id))
}

function changesOf(messages: Iterable<OracleMessage>, entity: string): Changes {
  const changes = new Map<string, OracleChange>()
  for (const { id, changes: list } of messages) {
    for (const change of list) if (change.entity === entity) changes.set(id, change)
  }
  return changes
}

/** All w with w ≺ id. */
function ancestors(changes: Changes, id: string): Set<string> {
  const found = new Set<string>()
  const open = [...(changes.get(id)?.parents ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(changes.get(next)?.parents ?? []))
  }
  return found
}

function fold(changes: Changes): OracleRow {
  const seen = new Map([...changes.keys()].map((id) => [id, ancestors(changes, id)]))
  const ids = [...changes.keys()].sort()
  const heads = ids.filter((id) => ids.every((other) => !seen.get(other)!.has(id)))
  const regs = new Set([...changes.values()].flatMap(({ set }) => Object.keys(set)))
  const live = new Map<string, readonly OracleWrite[]>()
  for (const reg of [...regs].sort()) {
    const writers = ids.filter((id) => Object.hasOwn(changes.get(id)!.set, reg))
    const overwritten = (w: string): boolean =>
      writers.some((m) => seen.get(m)!.has(w) && !changes.get(m)!.keep?.[reg]?.includes(w))
    const standing = writers.filter((w) => !overwritten(w))
    live.set(
      reg,
      standing.map((by) => ({ by, value: changes.get(by)!.set[reg] })),
    )
  }
  return { heads, live }
}
