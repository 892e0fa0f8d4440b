/**
 * Computes a row from the nodes of its history, by the definition of the fold but without it. For
 * time travel; a store shows its rows by its own, faster fold, and a test compares the two.
 *
 *   live(r) = { w : w writes r, and no m that writes r has w ≺ m and w ∉ keep_m(r) }
 *
 * A history may be as long as a trace: each question is one walk over its links, from the newest
 * node down, not one for each node.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Total, folded, operationIn } from '../schema/operations.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import type { Dag, DagNode, FieldRecord, LiveValue, RowRecord } from './records.ts'

/** The row up to and including the message `upTo`; without it, after all messages. */
export function rowAt(dag: Dag, upTo?: string): RowRecord | undefined {
  const end = upTo === undefined ? dag.nodes.length : placeOf(dag, upTo) + 1
  if (end === 0) return undefined
  const history = new DagHistory(dag.nodes.slice(0, end))
  const fields = history.regs().map((reg) => fieldOf(history, reg, dag.viewerId))
  return {
    type: dag.type,
    id: dag.id,
    upTo: dag.nodes[end - 1]?.name,
    fields: fields.filter(({ reg }) => reg !== ARCHIVED),
    heads: history.heads(),
    archived: fields.some(({ reg, value }) => reg === ARCHIVED && value === true),
  }
}

/** Nodes with a live write, with the registers of those. */
export function liveRegisters(row: RowRecord): ReadonlyMap<string, readonly Reg[]> {
  const found = new Map<string, Reg[]>()
  for (const { reg, live } of row.fields) {
    for (const { node } of live) found.set(node, [...(found.get(node) ?? []), reg])
  }
  return found
}

function placeOf(dag: Dag, name: string): number {
  return dag.nodes.findIndex((node) => node.name === name)
}

/** Names of one walk: the bits of a mask. */
const MASK_NAMES = 31

/** Nodes in canonical order, so that parents precede children. Exported to count its steps. */
export class DagHistory {
  readonly nodes: readonly DagNode[]
  /** Number of links walked. */
  steps = 0
  readonly #places: ReadonlyMap<string, number>
  /** By index: indexes of the parents that are present. */
  readonly #parents: readonly (readonly number[])[]
  #children: readonly (readonly number[])[] | undefined

  constructor(nodes: readonly DagNode[]) {
    this.nodes = nodes
    this.#places = new Map(nodes.map(({ name }, place) => [name, place]))
    this.#parents = nodes.map(({ parents }) =>
      parents.map((name) => this.#places.get(name)).filter((place) => place !== undefined),
    )
  }

  regs(): Reg[] {
    return [...new Set(this.nodes.flatMap((node) => Object.keys(node.values)))].sort()
  }

  heads(): string[] {
    const followed = new Set(this.nodes.flatMap((node) => node.parents))
    return this.nodes.map(({ name }) => name).filter((name) => !followed.has(name))
  }

  live(reg: Reg): DagNode[] {
    const below = this.#writersBelow(reg)
    const kept = new Set(this.nodes.flatMap((node) => node.keep?.[reg] ?? []))
    return this.nodes.filter(
      (node, place) =>
        Object.hasOwn(node.values, reg) &&
        (below[place] === 0 || (kept.has(node.name) && this.#isKeptByAll(place, reg))),
    )
  }

  /** The nodes that the authors of all these nodes had seen, without the nodes themselves. */
  common(names: readonly string[]): DagHistory {
    const isCommon = new Uint8Array(this.nodes.length).fill(1)
    for (let from = 0; from < names.length; from += MASK_NAMES)
      this.#seenByAll(names.slice(from, from + MASK_NAMES), isCommon)
    return new DagHistory(this.nodes.filter((_, place) => isCommon[place] === 1))
  }

  /** By index: 1 if the author of a later node that writes the register had seen it. */
  #writersBelow(reg: Reg): Uint8Array {
    const below = new Uint8Array(this.nodes.length)
    for (let place = this.nodes.length - 1; place >= 0; place--) {
      const isSeen = below[place] === 1 || Object.hasOwn(this.nodes[place]!.values, reg)
      if (isSeen) for (const parent of this.#linksOf(place)) below[parent] = 1
    }
    return below
  }

  /**
   * Whether all later writers of the register kept this one: follows children to the first that did
   * not.
   */
  #isKeptByAll(place: number, reg: Reg): boolean {
    const { name } = this.nodes[place]!
    this.#children ??= this.#childrenOf()
    const seen = new Set([place])
    const open = [place]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const child of this.#children[at]!) {
        this.steps++
        if (seen.has(child)) continue
        const { values, keep } = this.nodes[child]!
        if (Object.hasOwn(values, reg) && !keep?.[reg]?.includes(name)) return false
        seen.add(child)
        open.push(child)
      }
    }
    return true
  }

  #childrenOf(): number[][] {
    const children = this.nodes.map((): number[] => [])
    for (const [place, parents] of this.#parents.entries())
      for (const parent of parents) children[parent]!.push(place)
    return children
  }

  /** Leaves 1 where the authors of all these nodes had seen the node. */
  #seenByAll(names: readonly string[], isCommon: Uint8Array): void {
    const all = names.length === MASK_NAMES ? 0x7fffffff : (1 << names.length) - 1
    const own = new Int32Array(this.nodes.length)
    const seenBy = new Int32Array(this.nodes.length)
    for (const [bit, name] of names.entries()) {
      const place = this.#places.get(name)
      if (place !== undefined) own[place] = own[place]! | (1 << bit)
    }
    for (let place = this.nodes.length - 1; place >= 0; place--) {
      const mask = seenBy[place]! | own[place]!
      if (mask !== 0)
        for (const parent of this.#linksOf(place)) seenBy[parent] = seenBy[parent]! | mask
      if (seenBy[place] !== all) isCommon[place] = 0
    }
  }

  #linksOf(place: number): readonly number[] {
    const links = this.#parents[place]!
    this.steps += links.length
    return links
  }
}

function fieldOf(history: DagHistory, reg: Reg, viewerId: Uuid | undefined): FieldRecord {
  const total = totalOf(history, reg)
  if (total) return total
  const live = history.live(reg)
  const own = live.filter((node) => node.authorId === viewerId)
  const shown = (own.at(-1) ?? live[0])?.values[reg]
  const values = live.map((node): LiveValue => ({ node: node.name, value: node.values[reg]! }))
  const candidates = distinct(values)
  const conflict = candidates.length > 1
  return {
    reg,
    value: isUnset(shown) ? undefined : shown,
    live: values,
    candidates,
    conflict,
    base: conflict ? baseOf(history, reg, values) : undefined,
  }
}

/**
 * For a register whose writes are operations: the newest write, and the total of all nodes. An
 * app's operations are returned as a list, because its fold is not available.
 */
function totalOf(history: DagHistory, reg: Reg): FieldRecord | undefined {
  const writers = history.nodes.filter(({ values }) => Object.hasOwn(values, reg))
  const newest = writers.at(-1)
  const written = newest?.values[reg]
  if (!newest || written === undefined || !operationIn(written)) return undefined
  let total: Total | undefined
  for (const { values } of writers) {
    const operation = operationIn(values[reg])
    total = operation && folded(total, operation, { fold: undefined, of: history })
  }
  const value = total?.value ?? total?.waiting ?? null
  const live = [{ node: newest.name, value }]
  return { reg, value, live, candidates: live, conflict: false, base: undefined }
}

/** The single value before the candidates diverged, if there was one. */
function baseOf(history: DagHistory, reg: Reg, live: readonly LiveValue[]): Json | undefined {
  const before = history.common(live.map(({ node }) => node)).live(reg)
  const values = distinct(before.map((node) => ({ node: node.name, value: node.values[reg]! })))
  const [only] = values
  return values.length === 1 && !isUnset(only?.value) ? only?.value : undefined
}

function distinct(values: readonly LiveValue[]): LiveValue[] {
  const found = new Map<string, LiveValue>()
  for (const each of values) {
    const key = isUnset(each.value) ? 'unset' : `value ${sortedText(each.value)}`
    if (!found.has(key)) found.set(key, each)
  }
  return [...found.values()]
}

/** Equal for equal values, regardless of key order; also for values that no message may hold. */
function sortedText(value: Json): string {
  return JSON.stringify(value, (_, part: Json) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function isUnset(value: Json | undefined): boolean {
  if (value === undefined) return true
  return typeof value === 'object' && value !== null && '$unset' in value
}
