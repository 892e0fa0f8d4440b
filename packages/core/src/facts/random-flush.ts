/**
 * Random flushes, for tests: every form of name, of value and of message that a text can contain,
 * in every script. Well formed, but not plausible as a history.
 */
import { toBase64url } from '../base/bytes.ts'
import { hashText } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, compareText } from '../base/uuid.ts'
import { uuid4 } from '../base/uuid4.ts'
import { chainPrefix } from './ids.ts'
import { composeSession } from './session-line.ts'
import type {
  Change,
  Expectation,
  Kept,
  Message,
  Names,
  OwnSpan,
  Seen,
  Session,
  Shape,
} from './types.ts'

/** A source of chance in [0, 1). */
export interface Chance {
  unit(): number
}

const REGS = ['$archived', 'a', 'b', 'título', 'заголовок', '標題', '😀']
const CHARACTERS = Array.from(
  'aé"\\/\u0000\n\r\t\u001f\u007f\u2028\u2029\ufeff\ufffd\uffffשقहไ中😀𝒜👩‍👩‍👧',
)
const NO_NAMES: Names = { canonical: [], own: [], others: [] }

export class RandomFlush {
  readonly #chance: Chance
  readonly session: Session
  readonly seen: Seen
  readonly #entities: readonly Uuid[]
  readonly #others: readonly Uuid[]
  readonly #shapes: Shape[] = []

  constructor(chance: Chance, space?: Uuid) {
    this.#chance = chance
    const eid = this.#if(0.7, () => this.uuid()) ?? null
    this.session = composeSession({
      space: space ?? this.uuid(),
      authorId: this.uuid(),
      sessionId: this.uuid(),
      personalCommit: this.#hash(),
      eid,
    })
    this.seen = this.#seen(eid)
    this.#entities = this.#times(6, () => this.uuid())
    this.#others = this.#times(4, () => this.uuid())
  }

  int(below: number): number {
    return Math.floor(this.#chance.unit() * below)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)]!
  }

  uuid(): Uuid {
    return uuid4(this.#bytes(16))
  }

  salt(): string {
    return toBase64url(this.#bytes(12))
  }

  text(max = 12): string {
    return this.#times(this.int(max), () => this.pick(CHARACTERS)).join('')
  }

  value(depth = 3): Json {
    switch (this.int(depth > 0 ? 8 : 6)) {
      case 0:
        return this.text()
      case 1:
        return null
      case 2:
        return this.pick([true, false])
      case 3:
        return this.pick([0, -1, 1e21, 5e-324, 0.1, Number.MAX_SAFE_INTEGER, this.int(1e9)])
      case 4:
        return this.pick([[], {}])
      case 5:
        return this.text(80)
      case 6:
        return this.#times(this.int(4), () => this.value(depth - 1))
      default:
        return Object.fromEntries(
          this.#times(this.int(4), () => [this.#key(), this.value(depth - 1)]),
        )
    }
  }

  /**
   * Without a backslash: the parser of V8 13 (Node 24) reads the key "k\t" of
   * `{"k":{"k":1,"k\\":2},"k\t":3}` as the key "k\\" before it.
   */
  #key(): string {
    return `k${this.text(6).replaceAll('\\', '/')}`
  }

  messages(count: number): readonly Message[] {
    let clientSeq = this.seen.from + 3 + this.int(5)
    const base = 1_700_000_000_000 + this.int(1e9)
    return this.#times(count, () => {
      clientSeq += 1 + (this.int(5) === 0 ? 2 : 0)
      return this.#message(clientSeq, base + this.int(2_000) - 500)
    })
  }

  #message(clientSeq: number, time: number): Message {
    const entities = this.#some(this.#entities, this.pick([1, 1, 1, 2, 3]))
    const changes = entities.map((entityId) => this.#change(entityId, clientSeq))
    const salts = this.#times(changes.length === 1 ? 1 : changes.length + 1, () => this.salt())
    const expect = this.#if(0.2, () => this.#expect())
    return { clientSeq, time, changes, salts, ...(expect && { expect }) }
  }

  #expect(): readonly Expectation[] {
    return this.#some(this.#entities, 1 + this.int(3))
      .toSorted(compareText)
      .map((entityId) => ({ entityId, ...this.#cut(), ...this.#own(NO_NAMES) }))
  }

  #change(entityId: Uuid, clientSeq: number): Change {
    const shape = this.#shape()
    const values = shape.regs.map((reg) =>
      reg === '$archived' ? true : this.int(9) === 0 ? { $unset: true } : this.value(),
    )
    if (shape.kind === 'create') {
      const sid = this.#if(0.2, () => this.uuid())
      return { shape, entityId, parents: NO_NAMES, values, ...(sid && { sid }) }
    }
    const cut = this.#cut()
    const seqMax = cut.cut ?? this.seen.seq
    const names = (spans: boolean): Names => this.#names(clientSeq, { seqMax, spans })
    const parents = names(true)
    const keep = this.#keep(shape, () => names(false))
    return { shape, entityId, parents, values, ...keep, ...cut, ...this.#own(parents) }
  }

  #shape(): Shape {
    if (this.#shapes.length > 0 && this.int(3) > 0) return this.pick(this.#shapes)
    const shape: Shape = {
      type: this.pick(['issue', 'label', '$schema']),
      kind: this.pick(['create', 'update', 'update', 'resolve', 'migrate']),
      schemaVersion: 1 + this.int(3),
      regs: this.#some(REGS, 1 + this.int(4)).toSorted(compareText),
    }
    this.#shapes.push(shape)
    return shape
  }

  #names(
    clientSeq: number,
    { seqMax, spans }: { readonly seqMax: number; readonly spans: boolean },
  ): Names {
    const canonical = this.#numbers(seqMax + 1, this.int(3)).filter((seq) => seq > 0)
    const own = this.#numbers(clientSeq, this.int(3)).filter(
      (k) => k >= this.seen.from && !this.seen.except.includes(k),
    )
    const none = canonical.length + own.length === 0
    const others = this.#some(this.#others, none ? 1 : this.int(2))
    return { canonical, own, others: this.#spans(others, spans) }
  }

  #spans(sessions: readonly Uuid[], spans: boolean): readonly OwnSpan[] {
    return sessions.toSorted(compareText).map((sessionId) => {
      const clientSeq = 1 + this.int(50)
      const from = spans && this.int(2) === 0 ? 1 + this.int(clientSeq) : clientSeq
      const except = this.#numbers(clientSeq, this.int(4)).filter((k) => k > from)
      return { sessionId, clientSeq, from, except }
    })
  }

  #keep(shape: Shape, names: () => Names): { readonly keep?: readonly Kept[] } {
    const decides = shape.kind === 'resolve' || shape.kind === 'migrate'
    const regs = shape.regs.filter((reg) => !decides || reg === '$archived')
    if (regs.length === 0 || this.int(4) > 0) return {}
    const kept = this.#some(regs, 1 + this.int(2)).toSorted(compareText)
    return { keep: kept.map((reg) => ({ reg, names: names() })) }
  }

  #cut(): { readonly cut?: number } {
    return this.seen.seq > 0 && this.int(4) === 0 ? { cut: this.int(this.seen.seq) } : {}
  }

  #own({ others }: Names): { readonly own?: readonly OwnSpan[] } {
    const left = this.#others.filter((id) => others.every(({ sessionId }) => sessionId !== id))
    if (left.length === 0 || this.int(4) > 0) return {}
    return { own: this.#spans(this.#some(left, 1 + this.int(2)), true) }
  }

  #seen(eid: Uuid | null): Seen {
    const from = 1 + this.int(20)
    const except = this.#numbers(from + 4, this.int(3)).filter((k) => k > from)
    if (this.int(5) === 0) return { seq: 0, chain: '', from, except, eid: null }
    const lineage = eid !== null && this.int(2) === 0 ? eid : this.uuid()
    const seq = 1 + this.int(1e6)
    return { seq, chain: chainPrefix(this.#hash()), from, except, eid: lineage }
  }

  #hash(): string {
    return hashText('cs/chain', this.salt())
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.int(256))
  }

  /** Distinct numbers from 0 to `below`, ascending. */
  #numbers(below: number, count: number): readonly number[] {
    return [...new Set(this.#times(count, () => this.int(below)))].toSorted((a, b) => a - b)
  }

  #some<T>(list: readonly T[], count: number): readonly T[] {
    const left = [...list]
    const some: T[] = []
    while (some.length < count && left.length > 0)
      some.push(...left.splice(this.int(left.length), 1))
    return some
  }

  #times<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i))
  }

  #if<T>(chance: number, make: () => T): T | undefined {
    return this.#chance.unit() < chance ? make() : undefined
  }
}
