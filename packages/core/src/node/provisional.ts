/**
 * A reviewer at a peer, while the home reviewer is away. It is the same reviewer over a store that has no
 * log of home: its states are those of the replica at its position of home, read when a decision needs
 * them.
 *
 *   home … 900 │ claim at 901 ─▶ … 950 │ claim of the next peer at 951 ─▶ …
 *      states of the replica     tail of the peers
 *
 * It knows no persons and no rules, assigns nothing, and erases nothing: what needs these waits for home. Bases before
 * its epochs are unknown to it.
 */
import { assert } from '../base/assert.ts'
import { ok } from '../base/outcome.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import type { Lineage } from '../history/lineage.ts'
import { MemoryTables } from '../ports/space-memory.ts'
import { spacesOver } from '../ports/space-over.ts'
import type {
  BatchText,
  ChangeText,
  LedgerAnswer,
  ReadLimit,
  ScanTables,
  StateKeyRange,
  StateText,
  Stored,
} from '../ports/space-store.ts'
import { cachesOf } from '../review/caches.ts'
import type { SessionRecord } from '../review/ledger.ts'
import { NOTHING_ERASED, batchText, headText } from '../review/stored.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { readBatch } from '../wire/read-batch.ts'
import type { Batch } from '../wire/types.ts'
import type { Reviewer, ReviewerOptions } from './api.ts'
import type { PeerSeal } from '../sync/peer-seals.ts'
import { openReviewer } from './reviewer.ts'

/** The canonical states of a replica, at its position of home. */
export interface HomeStates {
  state(entity: Uuid): StateText | undefined
  ofType(type: string): Iterable<StateText>
  /** Whether home has accepted the message, as far as the replica knows. */
  isAccepted(sessionId: Uuid, clientSeq: number): boolean
}

/** One batch that a peer has reviewed, with every line of what was accepted, and the position after it. */
export interface PeerBatch {
  readonly text: string
  /** Of its flushes, in order. */
  readonly seals: readonly PeerSeal[]
  readonly fromSeq: number
  readonly position: Position
}

/** What a provisional reviewer continues. */
export interface ProvisionalStart {
  readonly home: Position
  /** That of home. */
  readonly lineage: Lineage
  readonly states: HomeStates
  /** Batches of home that lead to its position: for peers that lack them. */
  readonly relayed: readonly BatchText[]
  /** What peers have accepted after it, in their epochs. */
  readonly tail: readonly PeerBatch[]
  /** The number of its own epoch. */
  readonly epoch: number
}

/** Opens a provisional reviewer. Rejects where its tail does not continue the position of home. */
export async function openProvisional(
  options: Omit<ReviewerOptions, 'spaces'>,
  start: ProvisionalStart,
): Promise<Reviewer> {
  const { lineage, tail, home, epoch } = start
  const head = tail.at(-1)?.position ?? home
  const limits = {
    ...LIMITS,
    ...options.limits,
    // A peer cannot look up changes from before its epochs.
    baseChangesMax: 0,
    // A peer never sends a snapshot in the place of its tail.
    tailChangesMax: Number.MAX_SAFE_INTEGER,
  }
  const tables = new PeerTables(start, options.space, limits)
  const spaces = spacesOver(() => async (_, step) => step(tables))
  const whole = { ...options, limits, spaces }
  return openReviewer(whole, cachesOf(limits), { lineage, head, epoch })
}

class PeerTables extends MemoryTables {
  readonly #states: HomeStates
  readonly #seq: number

  constructor({ home, states, relayed, tail }: ProvisionalStart, space: Uuid, limits: Limits) {
    super()
    this.#states = states
    this.#seq = home.seq
    this.beginAt(home, relayed)
    let before: Pick<Position, 'seq' | 'chain'> = home
    for (const one of tail) {
      const read = readBatch(one.text, {
        ...{ space, before, sessions: [], bounds: batchReadingBounds(limits) },
        own: () => undefined,
      })
      if (!read.ok) throw new Error(`the tail of a peer cannot be read: ${read.error.message}`)
      this.#continue(one, read.value)
      before = one.position
    }
  }

  /** Appends a batch that another peer has accepted. */
  #continue(
    { text, position, seals }: PeerBatch,
    { fromSeq, throughSeq: toSeq, accepted }: Batch,
  ): void {
    const { epoch } = position
    const { seq, commits } = this.head()
    const sessions = new Map(accepted.map((one) => [one.session.facts.sessionId, one.session]))
    const keys = new Map(seals.map(({ sessionId, publicKey }) => [sessionId, publicKey]))
    const kept = JSON.stringify({ seals: seals.map(({ seal }) => seal), forked: [] })
    const outcome = this.append({
      ...{ epoch, expect: { seq, commits } },
      batch: { fromSeq, toSeq, text: batchText(text, position), seals: kept },
      sessions: [...sessions].map(([sessionId, { facts }]) => {
        const { authorId, personalCommit } = facts
        const who = { sessionId, authorId, personalCommit }
        const publicKey = keys.get(sessionId)
        assert(publicKey !== undefined, 'each flush of a peer has its seal')
        const record: SessionRecord = { ...who, publicKey, personalId: authorId }
        return { sessionId, text: JSON.stringify(record) }
      }),
      accepted: accepted.map((one) => ({
        sessionId: one.session.facts.sessionId,
        clientSeq: one.message!.clientSeq, // the tail has every line
        count: 1,
        seq: one.seq,
      })),
      head: headText({
        ...{ position, assigned: [], epochs: [], parted: [] },
        erasure: NOTHING_ERASED,
      }),
    })
    assert(outcome === 'committed', 'a tail of peers continues a position of home')
  }

  override ledger(sessionId: Uuid, clientSeqs: readonly number[]): readonly LedgerAnswer[] {
    return super.ledger(sessionId, clientSeqs).map((answer, i): LedgerAnswer => {
      const clientSeq = clientSeqs[i]! // an answer for each
      if (answer.kind !== 'unknown' || !this.#states.isAccepted(sessionId, clientSeq)) return answer
      return { kind: 'accepted', seq: Math.max(1, this.#seq) } // at the latest
    })
  }

  override states(
    entities: readonly Uuid[],
    bytesMax: Bytes,
  ): readonly (Stored<StateText> | undefined)[] {
    return super.states(entities, bytesMax).map((known, i) => {
      const of = known ? undefined : this.#states.state(entities[i]!) // a result for each
      return of ? stored(of) : known
    })
  }

  override changes(entity: Uuid, beforeSeq: number, max: ReadLimit): readonly Stored<ChangeText>[] {
    const known = super.changes(entity, beforeSeq, max)
    const seq = this.#states.state(entity)?.seq
    if (seq === undefined || seq >= beforeSeq || known.length >= max.count) return known
    return [...known, stored({ entity, seq, text: '' })]
  }

  /** All on one page: the states of a type are asked for whole. */
  override scan(type?: string, keys?: StateKeyRange): ScanTables {
    assert(type !== undefined, 'a peer reads the states of one type, as it sends no snapshots')
    const own = super.scan(type, keys)
    const known = own.page(undefined, Number.MAX_SAFE_INTEGER as Bytes).states
    const here = new Set(known.map(({ entity }) => entity))
    const ofHome = [...this.#states.ofType(type)].filter(({ entity }) => !here.has(entity))
    const states = [...known, ...ofHome.map((state) => stored(state))]
    return { ...own, entities: states.length, page: () => ({ states, next: undefined }) }
  }
}

function stored<T extends { readonly text: string }>(row: T): Stored<T> {
  return { ...row, text: ok(row.text) }
}
