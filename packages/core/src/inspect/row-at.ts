/**
 * A row from the nodes of its history, by the definition of the fold and without it: what
 * nobody who had seen it has overwritten. For looking back; a store shows its rows by its own,
 * quicker fold, and a test holds the two against each other.
 *
 *   live(r) = { w : w writes r, and no m that writes r has w ≺ m and w ∉ keep_m(r) }
 */
import { type Json, jsonEqual } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import type { Dag, DagNode, FieldRecord, LiveValue, RowRecord } from './records.ts'

/** The row when `upTo` was the last message that counted; without it, all of them count. */
export function rowAt(dag: Dag, upTo?: string): RowRecord | undefined {
  const end = upTo === undefined ? dag.nodes.length : placeOf(dag, upTo) + 1
  if (end === 0) return undefined
  const history = new History(dag.nodes.slice(0, end))
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

/** Nodes whose writes are live in some register, with those registers. */
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

/** Nodes in canonical order, so that parents stand before children. */
class History {
  readonly nodes: readonly DagNode[]
  readonly #byName: ReadonlyMap<string, DagNode>
  readonly #ancestors = new Map<string, ReadonlySet<string>>()

  constructor(nodes: readonly DagNode[]) {
    this.nodes = nodes
    this.#byName = new Map(nodes.map((node) => [node.name, node]))
    for (const node of nodes) this.#ancestors.set(node.name, this.#above(node))
  }

  regs(): Reg[] {
    return [...new Set(this.nodes.flatMap((node) => Object.keys(node.values)))].sort()
  }

  ancestors(name: string): ReadonlySet<string> {
    return this.#ancestors.get(name) ?? new Set()
  }

  heads(): string[] {
    const followed = new Set(this.nodes.flatMap((node) => node.parents))
    return this.nodes.map(({ name }) => name).filter((name) => !followed.has(name))
  }

  live(reg: Reg): DagNode[] {
    const writers = this.nodes.filter((node) => Object.hasOwn(node.values, reg))
    return writers.filter(
      ({ name }) =>
        !writers.some(
          (other) => this.ancestors(other.name).has(name) && !other.keep?.[reg]?.includes(name),
        ),
    )
  }

  /** What was seen by the bearers of all these names, themselves not included. */
  common(names: readonly string[]): History {
    const [first, ...rest] = names.map((name) => this.ancestors(name))
    const shared = [...(first ?? [])].filter((name) => rest.every((seen) => seen.has(name)))
    const kept = new Set(shared)
    return new History(this.nodes.filter(({ name }) => kept.has(name)))
  }

  #above(node: DagNode): ReadonlySet<string> {
    const seen = new Set<string>()
    for (const parent of node.parents) {
      if (!this.#byName.has(parent)) continue
      seen.add(parent)
      for (const name of this.ancestors(parent)) seen.add(name)
    }
    return seen
  }
}

function fieldOf(history: History, reg: Reg, viewerId: Uuid | undefined): FieldRecord {
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

/** The one value that stood before the candidates parted, if there was one. */
function baseOf(history: History, reg: Reg, live: readonly LiveValue[]): Json | undefined {
  const before = history.common(live.map(({ node }) => node)).live(reg)
  const values = distinct(before.map((node) => ({ node: node.name, value: node.values[reg]! })))
  const [only] = values
  return values.length === 1 && !isUnset(only?.value) ? only?.value : undefined
}

function distinct(values: readonly LiveValue[]): LiveValue[] {
  const found: LiveValue[] = []
  for (const each of values) {
    if (!found.some(({ value }) => sameValue(value, each.value))) found.push(each)
  }
  return found
}

function sameValue(a: Json, b: Json): boolean {
  return isUnset(a) || isUnset(b) ? isUnset(a) === isUnset(b) : jsonEqual(a, b)
}

function isUnset(value: Json | undefined): boolean {
  if (value === undefined) return true
  return typeof value === 'object' && value !== null && '$unset' in value
}
