/**
 * Every message that was ever written in a world, as the oracle sees it, and the history of each
 * entity as sets of bits: one bit for each message that changed it. Folding is the oracle's
 * business; what it answered once for a set of messages is kept.
 */
import type { Json, Message } from '@countersign/core/message'
import { withSums } from '../model/operations.ts'
import { type OracleMessage, type OracleRow, UNSET, rowOf } from '../model/oracle.ts'
import type { OracleBefore, OraclePast } from '../model/policies.ts'

export interface Fact {
  /** As histories name it: `m12`. */
  readonly name: string
  readonly message: Message
  readonly oracle: OracleMessage
  /** Where it was accepted, from 1. */
  seq: number | undefined
  /** Why it was refused for good. */
  refused: string | undefined
}

export class EntityHistory {
  readonly id: string
  readonly type: string
  /** As histories name it: `e3`. */
  readonly name: string
  readonly facts: Fact[] = []
  readonly #at = new Map<string, number>()
  /** Of each message: those it stands on, without itself. */
  readonly #ancestors: bigint[] = []
  readonly #expected = new Map<bigint, OracleRow>()
  #accepted: { readonly seq: number; readonly mask: bigint }[] = []

  constructor(id: string, type: string, name: string) {
    this.id = id
    this.type = type
    this.name = name
  }

  has(id: string): boolean {
    return this.#at.has(id)
  }

  /** Its parents must be here. */
  add(fact: Fact): void {
    const change = fact.oracle.changes.find(({ entity }) => entity === this.id)!
    this.#ancestors.push(this.closure(change.parents)!)
    this.#at.set(fact.message.id, this.facts.push(fact) - 1)
  }

  bitOf(id: string): bigint {
    return 1n << BigInt(this.#at.get(id)!)
  }

  /** These messages and all they stand on; undefined when one is not known. */
  closure(ids: readonly string[]): bigint | undefined {
    let mask = 0n
    for (const id of ids) {
      const at = this.#at.get(id)
      if (at === undefined) return undefined
      mask |= this.#ancestors[at]! | (1n << BigInt(at))
    }
    return mask
  }

  /** Whether the bearer of `id` had seen `other`. */
  isAncestor(other: string, id: string): boolean {
    return (this.#ancestors[this.#at.get(id)!]! & this.bitOf(other)) !== 0n
  }

  accept(fact: Fact): void {
    const before = this.#accepted.at(-1)?.mask ?? 0n
    this.#accepted.push({ seq: fact.seq!, mask: before | this.bitOf(fact.message.id) })
  }

  /** What was accepted up to that seq. */
  acceptedAt(seq: number): bigint {
    let low = 0
    let high = this.#accepted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#accepted[middle]!.seq <= seq) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0n : this.#accepted[low - 1]!.mask
  }

  within(mask: bigint): Fact[] {
    const found: Fact[] = []
    for (let at = 0, rest = mask; rest > 0n; at++, rest >>= 1n) {
      if (rest & 1n) found.push(this.facts[at]!)
    }
    return found
  }

  /** The row after exactly these messages, of which those up to that seq are canonical. */
  past(mask: bigint, seq: number): OraclePast {
    return {
      row: this.expected(mask),
      hasSeen: (id, other) => this.isAncestor(other, id),
      before: (reg) => this.#before(reg, mask, seq),
    }
  }

  /** In the order in which they are folded, from the message that made two writes of one on. */
  #before(reg: string, mask: bigint, seq: number): OracleBefore {
    const facts = this.within(mask).sort((a, b) => compareOrder(a, b, seq))
    const pending = facts.filter((fact) => (fact.seq ?? Infinity) > seq)
    const sessions = new Set(pending.map(({ message }) => message.header.sessionId))
    let passed = 0n
    let count = 0
    const isKnown = sessions.size < 2
    let before: OracleBefore = { writes: [], isKnown }
    for (const fact of facts) {
      passed |= this.bitOf(fact.message.id)
      const change = fact.oracle.changes.find(({ entity }) => entity === this.id)!
      if (!Object.hasOwn(change.set, reg)) continue
      const now = this.expected(passed).live.get(reg)!.length
      if (now > 1 && count < 2) {
        const seen = this.#ancestors[this.#at.get(fact.message.id)!]!
        before = { writes: seen === 0n ? [] : (this.expected(seen).live.get(reg) ?? []), isKnown }
      }
      count = now
    }
    return before
  }

  /** What the oracle says of the entity after exactly these messages. */
  expected(mask: bigint): OracleRow {
    let expected = this.#expected.get(mask)
    if (!expected) {
      const messages = this.within(mask).map(({ oracle }) => oracle)
      expected = withSums(rowOf(messages, this.id)!, messages, this.id)
      this.#expected.set(mask, expected)
    }
    return expected
  }
}

/** Canonical ones by their seq, then pending ones by session and number. */
function compareOrder(a: Fact, b: Fact, seq: number): number {
  const [left, right] = [a, b].map((fact) => (fact.seq! <= seq ? fact.seq! : Infinity))
  if (left !== right) return left! - right!
  const [mine, theirs] = [a.message.header, b.message.header]
  if (mine.sessionId !== theirs.sessionId) return mine.sessionId < theirs.sessionId ? -1 : 1
  return mine.clientSeq - theirs.clientSeq
}

export class Facts {
  readonly #byId = new Map<string, Fact>()
  readonly #entities = new Map<string, EntityHistory>()
  /** Heard of, but not all of their parents. */
  readonly #unlinked = new Map<string, Message>()
  #count = 0

  get(id: string): Fact | undefined {
    return this.#byId.get(id)
  }

  /** Heard of, whether or not all it stands on was. */
  message(id: string): Message | undefined {
    return this.#byId.get(id)?.message ?? this.#unlinked.get(id)
  }

  /** Messages that stand on something nobody has ever heard of. */
  unlinked(): IterableIterator<Message> {
    return this.#unlinked.values()
  }

  all(): IterableIterator<Fact> {
    return this.#byId.values()
  }

  entity(id: string): EntityHistory | undefined {
    return this.#entities.get(id)
  }

  entities(): IterableIterator<EntityHistory> {
    return this.#entities.values()
  }

  /** For people: `m12`, or the id itself. */
  nameOf(id: string): string {
    return this.#byId.get(id)?.name ?? id
  }

  learn(message: Message): void {
    if (this.#byId.has(message.id)) return
    this.#unlinked.set(message.id, message)
    let found = true
    while (found) {
      found = false
      for (const waiting of this.#unlinked.values()) found = this.#link(waiting) || found
    }
  }

  #link(message: Message): boolean {
    const changes = message.changes.filter((change) => change !== null)
    const isKnown = (entityId: string, ids: readonly string[]): boolean =>
      ids.every((id) => this.#entities.get(entityId)?.has(id))
    if (!changes.every(({ meta }) => isKnown(meta.entityId, meta.parentCanonicalIds))) return false
    this.#unlinked.delete(message.id)
    const fact: Fact = {
      name: `m${++this.#count}`,
      message,
      oracle: oracleOf(message),
      seq: undefined,
      refused: undefined,
    }
    this.#byId.set(message.id, fact)
    for (const { meta } of changes) this.#historyOf(meta.entityId, meta.type).add(fact)
    return true
  }

  #historyOf(id: string, type: string): EntityHistory {
    let history = this.#entities.get(id)
    if (!history) {
      history = new EntityHistory(id, type, `e${this.#entities.size + 1}`)
      this.#entities.set(id, history)
    }
    return history
  }
}

function oracleOf({ id, changes }: Message): OracleMessage {
  return {
    id,
    changes: changes.flatMap((change) => {
      if (!change) return []
      const { meta, values } = change
      const set = Object.fromEntries(meta.regs.map((reg, i) => [reg, oracleValue(values![i]!)]))
      return [
        {
          entity: meta.entityId,
          parents: meta.parentCanonicalIds,
          set,
          ...(meta.keep && { keep: meta.keep }),
        },
      ]
    }),
  }
}

function oracleValue(value: Json): unknown {
  const isUnset = typeof value === 'object' && value !== null && '$unset' in value
  return isUnset ? UNSET : value
}
