/** Random batches, for tests: judged in part or whole, with and without reviews. */
import { hashText } from '../base/hash.ts'
import { type Uuid, compareText } from '../base/uuid.ts'
import { uuid4 } from '../base/uuid4.ts'
import { composeFlush } from '../facts/flush.ts'
import { type Chance, RandomFlush } from '../facts/random-flush.ts'
import type { Flush, Message } from '../facts/types.ts'
import { canonical } from '../base/canonical.ts'
import type { OtherPlace } from '../facts/message.ts'
import type { BatchDraft } from './compose-batch.ts'
import { baseHash } from './hashes.ts'
import { travels } from './review-line.ts'
import { BATCH_BOUNDS } from './bounds.ts'
import type { Assigned, Base, JudgedFlush, JudgedMessage, Review } from './types.ts'

export class RandomBatches {
  readonly space: Uuid
  readonly #chance: Chance
  readonly #authors: readonly RandomFlush[]

  constructor(chance: Chance) {
    this.#chance = chance
    this.space = uuid4(Uint8Array.from({ length: 16 }, () => this.int(256)))
    this.#authors = [1, 2, 3].map(() => new RandomFlush(chance, this.space))
  }

  int(below: number): number {
    return Math.floor(this.#chance.unit() * below)
  }

  /** A batch of one to three flushes. */
  draft(fromSeq: number): BatchDraft {
    const judged: JudgedFlush[] = []
    let seq = fromSeq
    for (let i = 0; i <= this.int(3); i++) {
      const flush = this.#judged(seq)
      judged.push(flush)
      seq += flush.verdicts.filter(({ accepted }) => accepted).length
    }
    return { fromSeq, at: 1_700_000_000_000 + this.int(1e9), judged }
  }

  /** The rest of a flush that was judged in part. */
  restOf({ session, flush, end }: JudgedFlush, seq: number): JudgedFlush {
    const last = flush.messages.length
    const verdicts = flush.messages.slice(end).map((message) => this.#verdict(message, seq))
    return { session, flush, first: end, end: last, verdicts: withOneAccepted(verdicts) }
  }

  #judged(seq: number): JudgedFlush {
    const author = this.#authors[this.int(this.#authors.length)]!
    const flush = flushBy(author, 1 + this.int(5))
    const end = this.int(3) === 0 ? 1 + this.int(flush.messages.length) : flush.messages.length
    const verdicts = flush.messages.slice(0, end).map((message) => this.#verdict(message, seq))
    return { session: author.session, flush, first: 0, end, verdicts: withOneAccepted(verdicts) }
  }

  #verdict(message: Message, seq: number): JudgedMessage {
    const accepted = this.int(4) > 0
    const review = this.int(2) === 0 ? this.#review(message, seq) : undefined
    return { accepted, ...(review && { review }) }
  }

  #review(message: Message, seq: number): Review | undefined {
    const [author] = this.#authors as [RandomFlush, ...RandomFlush[]]
    const bases = message.changes.flatMap(({ shape }, change) =>
      shape.regs.flatMap((_, reg) => (this.int(2) === 0 ? this.#base({ change, reg }, seq) : [])),
    )
    const assigned: readonly Assigned[] = message.changes.flatMap(({ shape }, change) =>
      shape.kind === 'create' && this.int(2) === 0
        ? [{ change, values: { number: this.int(99), slug: author.text() } }]
        : [],
    )
    const places = this.#places(author)
    const reads = this.#places(author)
    if (bases.length + assigned.length + places.length + reads.length === 0) return undefined
    return { bases, assigned, places, reads, salt: author.salt() }
  }

  #places(author: RandomFlush): readonly OtherPlace[] {
    return Array.from({ length: this.int(3) }, () => author.uuid())
      .toSorted(compareText)
      .map((eid) => ({ eid, seq: 1 + this.int(99) }))
  }

  #base({ change, reg }: Pick<Base, 'change' | 'reg'>, seq: number): Base {
    const [author] = this.#authors as [RandomFlush, ...RandomFlush[]]
    if (this.int(3) === 0 || seq === 1) return { change, reg, seq: this.int(2) === 0 ? null : 0 }
    const base = { change, reg, seq: 1 + this.int(seq - 1) }
    const value = { version: 1 + this.int(4), value: author.value(), salt: author.salt() }
    if (this.int(3) === 0 || !travels(value.value, BATCH_BOUNDS)) return base
    const valueHash = baseHash(canonical([value.version, value.value, value.salt]))
    return { ...base, valueHash, value }
  }
}

/** A random chain before a batch. */
export function someChain(seed: number): string {
  return hashText('cs/chain', String(seed))
}

function flushBy(author: RandomFlush, count: number): Flush {
  const composed = composeFlush(author.session, {
    seen: author.seen,
    messages: author.messages(count),
  })
  if (!composed.ok) throw new Error(composed.error.message)
  return composed.value
}

function withOneAccepted(verdicts: readonly JudgedMessage[]): readonly JudgedMessage[] {
  if (verdicts.some(({ accepted }) => accepted)) return verdicts
  return verdicts.map((verdict, i) => (i === 0 ? { ...verdict, accepted: true } : verdict))
}
