/**
 * Every message that was ever written in a world, as the oracle sees it, and the history of each
 * entity as sets of bits: one bit for each message that changed it. The oracle folds; its answer for a
 * set of messages is cached.
 */
import type { AuthoredMessage, Change, Json, Names, OwnSpan } from '@countersign/core/message'
import { withSums } from '../model/operations.ts'
import { type OracleMessage, type OracleRow, UNSET, rowOf } from '../model/oracle.ts'
import type { OracleBefore, OraclePast } from '../model/policies.ts'
import { sawByNumbers } from './seen.ts'

export interface Fact {
  /** As histories name it: `m12`. */
  readonly name: string
  readonly message: AuthoredMessage
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
  /** Of each message: those that it depends on, without itself. */
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

  /** These messages and all that they depend on; undefined when one is not known. */
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

  /** Whether exactly these messages were accepted at some seq. */
  isPrefix(mask: bigint): boolean {
    return mask === 0n || this.#accepted.some((at) => at.mask === mask)
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
    const sessions = new Set(pending.map(({ message }) => message.session.facts.sessionId))
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

  /** The oracle's state of the entity after exactly these messages. */
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
  const [mine, theirs] = [a.message.session.facts, b.message.session.facts]
  if (mine.sessionId !== theirs.sessionId) return mine.sessionId < theirs.sessionId ? -1 : 1
  return a.message.clientSeq - b.message.clientSeq
}

export class Facts {
  /** In canonical order: the fact of seq n stands at n - 1. */
  readonly accepted: Fact[] = []
  /** Sessions whose authors lie about what they have seen: their parents are not reliable. */
  readonly liars = new Set<string>()
  readonly #byId = new Map<string, Fact>()
  readonly #entities = new Map<string, EntityHistory>()
  /** Messages that are known, while some of their parents are not. */
  readonly #unlinked = new Map<string, AuthoredMessage>()
  /** Known messages, by session and number. A draft that is sealed again is another message of that number. */
  readonly #byNumber = new Map<string, AuthoredMessage[]>()
  #count = 0

  get(id: string): Fact | undefined {
    return this.#byId.get(id)
  }

  /** Known, whether or not all its dependencies are. */
  message(id: string): AuthoredMessage | undefined {
    return this.#byId.get(id)?.message ?? this.#unlinked.get(id)
  }

  /** Messages that depend on a message that is unknown to all. */
  unlinked(): IterableIterator<AuthoredMessage> {
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

  /** Every known message with that number of a session: one, if there is no fault. */
  numbered(sessionId: string, clientSeq: number): readonly AuthoredMessage[] {
    return this.#byNumber.get(`${sessionId}:${clientSeq}`) ?? []
  }

  learn(message: AuthoredMessage): void {
    if (this.message(message.id)) return
    const number = `${message.session.facts.sessionId}:${message.clientSeq}`
    this.#byNumber.set(number, [...(this.#byNumber.get(number) ?? []), message])
    this.#unlinked.set(message.id, message)
    let found = true
    while (found) {
      found = false
      for (const waiting of this.#unlinked.values()) found = this.#link(waiting) || found
    }
  }

  /** The dependencies of a message, by entity; undefined for an unknown one. */
  parentsOf(message: AuthoredMessage): readonly (string | undefined)[] {
    return message.changes.flatMap((change) => this.named(change.parents, message, change.entityId))
  }

  #link(message: AuthoredMessage): boolean {
    const oracle = this.#oracleOf(message)
    if (!oracle) return false
    this.#unlinked.delete(message.id)
    const fact: Fact = {
      name: `m${++this.#count}`,
      message,
      oracle,
      seq: undefined,
      refused: undefined,
    }
    this.#byId.set(message.id, fact)
    for (const { entityId, shape } of message.changes)
      this.#historyOf(entityId, shape.type).add(fact)
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

  /** A message as the oracle reads it, which knows parents by id; undefined while one of them is unknown. */
  #oracleOf(message: AuthoredMessage): OracleMessage | undefined {
    const changes: OracleMessage['changes'][number][] = []
    for (const change of message.changes) {
      const parents = this.#linked(this.#parentsIn(change, message), change.entityId)
      const keep = (change.keep ?? []).map(
        ({ reg, names }) =>
          [
            reg,
            this.#linked(this.named(names, message, change.entityId), change.entityId),
          ] as const,
      )
      if (!parents || keep.some(([, ids]) => !ids)) return undefined
      const { regs } = change.shape
      changes.push({
        entity: change.entityId,
        parents,
        set: Object.fromEntries(regs.map((reg, i) => [reg, oracleValue(change.values[i]!)])),
        ...(keep.length > 0 && {
          keep: Object.fromEntries(keep) as Record<string, readonly string[]>,
        }),
      })
    }
    return { id: message.id, changes }
  }

  /** For the oracle the parents are what an honest author names; for a liar, all that its numbers state. */
  #parentsIn(change: Change, message: AuthoredMessage): readonly (string | undefined)[] {
    const { entityId, shape } = change
    if (!this.liars.has(message.session.facts.sessionId))
      return this.named(change.parents, message, entityId)
    if (shape.kind === 'create') return []
    const known = this.#entities.get(entityId)?.facts ?? []
    return known
      .filter((fact) => sawByNumbers(message, change, fact))
      .map((fact) => fact.message.id)
  }

  /** The ids of all of them, sorted; undefined where one is not there, or does not concern the entity. */
  #linked(ids: readonly (string | undefined)[], entityId: string): string[] | undefined {
    const history = this.#entities.get(entityId)
    const known = ids.filter((id) => id !== undefined && history?.has(id)) as string[]
    return known.length === ids.length ? [...new Set(known)].sort() : undefined
  }

  /** The ids of the named messages, in the order of the names; undefined for an unknown one. */
  named(
    { canonical, own, others }: Names,
    by: AuthoredMessage,
    entityId: string,
  ): readonly (string | undefined)[] {
    const { sessionId } = by.session.facts
    return [
      ...canonical.map((seq) => this.accepted[seq - 1]?.message.id),
      ...own.map((clientSeq) => this.#ofNumber(sessionId, clientSeq, by)?.id),
      ...others.flatMap((span) => this.#inSpan(span, by, entityId)),
    ]
  }

  /** The last of a span is there; of those before it, the ones that change the entity. */
  #inSpan(
    { sessionId, clientSeq, from, except }: OwnSpan,
    by: AuthoredMessage,
    entityId: string,
  ): readonly (string | undefined)[] {
    const ids: (string | undefined)[] = []
    for (let number = from; number <= clientSeq; number++) {
      if (except.includes(number)) continue
      const message = this.#ofNumber(sessionId, number, by)
      const isOf = message?.changes.some((change) => change.entityId === entityId)
      if (message && isOf) ids.push(message.id)
      else if (!message && number === clientSeq) ids.push(undefined)
    }
    return ids
  }

  /** Of several messages of one number the accepted one counts, then that of the same flush. */
  #ofNumber(
    sessionId: string,
    clientSeq: number,
    by: AuthoredMessage,
  ): AuthoredMessage | undefined {
    const known = this.numbered(sessionId, clientSeq)
    return (
      known.find(({ id }) => this.#byId.get(id)?.seq !== undefined) ??
      known.find(({ seen }) => seen === by.seen) ??
      known.at(-1)
    )
  }
}

function oracleValue(value: Json): unknown {
  const isUnset = typeof value === 'object' && value !== null && '$unset' in value
  return isUnset ? UNSET : value
}
