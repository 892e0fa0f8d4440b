/**
 * Computes `seen`: what the author has seen when writing a message, as numbers in the message (SPEC,
 * seen). Computed when a flush is opened, and shared by later messages until one changes a row of
 * which something was accepted since. The newest write of a canonical state is a head; under a
 * pending write it need not be one, and names and spans omit accepted writes.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import { noteBases } from '../../fold/base.ts'
import { type EntityState, headsOf, lastOf } from '../../fold/state.ts'
import { type Entry, Write } from '../../history/entry.ts'
import type { MessageIndex } from '../../history/messages.ts'
import { namesOf } from '../../history/names.ts'
import { chainPrefix } from '../../facts/ids.ts'
import type { Expectation, OwnSpan, Seen } from '../../facts/types.ts'
import type { Position } from '../../facts/message.ts'
import type { Draft, DraftChange } from '../../rows/draft.ts'
import type { Table } from '../../rows/table.ts'

export interface AuthorViewParts {
  readonly sessionId: Uuid
  readonly messages: MessageIndex
  readonly position: () => Position | null
  readonly noteReadings: (entry: Entry) => void
  /** The table with the row of that id, archived or not. */
  readonly tableOf: (entityId: Uuid) => Table | undefined
  /** Whether rows may be known less far than the position. */
  readonly isPartial: boolean
  /** The number of the oldest message of this session without a verdict. */
  readonly oldestOwn: () => number | undefined
}

export class AuthorView {
  readonly #parts: AuthorViewParts
  #seen: Seen | undefined
  /** Numbers of own messages that were refused, sorted. */
  readonly #refused: number[] = []

  constructor(parts: AuthorViewParts) {
    this.#parts = parts
  }

  /** Sets `seen`, own parents and expectations of a message. Called after its last change. */
  note({ entry, changes, expects }: Draft): void {
    const { sessionId } = this.#parts
    assert(entry.session.sessionId === sessionId, 'a session writes for itself')
    const expected = expects.map((entityId) => this.#expected(entityId, changes))
    for (const change of changes) if (hasBase(change)) this.#closeAtNews(canonicalUnder(change))
    for (const { canonical } of expected) this.#closeAtNews(canonical)
    entry.seen = this.#seen ??= this.#open(entry.clientSeq)
    this.#parts.noteReadings(entry)
    for (const change of changes) if (hasBase(change)) this.#noteChange(change)
    if (expected.length > 0)
      entry.expect = expected.map((one) => this.#expectation(one)).sort(byEntity)
  }

  /**
   * How far a row is known, where that is less than the position: up to its newest canonical write. A
   * row that is known further has none since, so this is the same.
   */
  #cut(canonical: EntityState | undefined): number | undefined {
    const seq = this.#seen?.seq ?? 0
    if (!this.#parts.isPartial || seq === 0) return undefined
    const cut = canonical ? (lastOf(canonical).entry.review?.seq ?? 0) : 0
    return cut < seq ? cut : undefined
  }

  #closeAtNews(state: EntityState | undefined): void {
    if (!state || !this.#seen) return
    const hasNews = state instanceof Write ? this.#isNews(state) : headsOf(state).some(this.#isNews)
    if (hasNews) this.close()
  }

  #noteChange(change: DraftChange & { readonly before: EntityState }): void {
    const { table, before, write } = change
    noteBases(write, before)
    const spans = this.#spans(table, write.entityId)
    write.own = spans
    write.cut = this.#cut(canonicalUnder(change))
    const spanOf = ({ entry }: Write): OwnSpan | undefined =>
      spans?.find(({ sessionId }) => sessionId === entry.session.sessionId)
    write.named = namesOf(write.parents, write.entry, spanOf)
    if (!write.keep) return
    const kept = [...write.keep].map(
      ([reg, writes]) => [reg, 'own' in writes ? writes : namesOf(writes, write.entry)] as const,
    )
    write.keep = new Map(kept)
  }

  /** A row that must be unchanged since the state under this message. */
  #expected(entityId: Uuid, changes: readonly DraftChange[]): Expected {
    const table = this.#parts.tableOf(entityId)
    const changed = changes.find(({ write }) => write.entityId === entityId)
    return {
      entityId,
      canonical: changed ? canonicalUnder(changed) : table?.canonical(entityId),
      own: table && this.#spans(table, entityId),
    }
  }

  #expectation({ entityId, canonical, own }: Expected): Expectation {
    const cut = this.#cut(canonical)
    return { entityId, ...(cut !== undefined && { cut }), ...(own && { own }) }
  }

  /** Makes the next message compute `seen` again: the flush is sealed, or a message left the view. */
  close(): void {
    this.#seen = undefined
  }

  /** Notes that an own message has left the view. */
  refused(clientSeq: number): void {
    this.close()
    if (this.#refused.includes(clientSeq)) return
    this.#refused.push(clientSeq)
    this.#refused.sort((a, b) => a - b)
  }

  #open(clientSeq: number): Seen {
    const position = this.#parts.position()
    const from = this.#parts.oldestOwn() ?? clientSeq
    const seq = position?.seq ?? 0
    return {
      eid: position && seq > 0 ? position.eid : null,
      seq,
      chain: position && position.seq > 0 ? chainPrefix(position.chain) : '',
      from,
      except: this.#refused.filter((refused) => refused > from),
    }
  }

  /** Whether a canonical write was accepted after the flush was opened. A change of lineage closes it. */
  readonly #isNews = ({ entry: { review } }: Write): boolean =>
    this.#seen !== undefined && review !== null && review.seq > this.#seen.seq

  /** Pending writes of other sessions on a row, as spans of their numbers; undefined for none. */
  #spans(table: Table, id: Uuid): readonly OwnSpan[] | undefined {
    const { messages, sessionId: own } = this.#parts
    // An own row may have a long pending history.
    if (!messages.hasOthers(own)) return undefined
    const numbers = new Map<Uuid, number[]>()
    for (const { entry } of table.pending(id)) {
      const { sessionId } = entry.session
      if (sessionId === own) continue
      const known = numbers.get(sessionId)
      if (known) known.push(entry.clientSeq)
      else numbers.set(sessionId, [entry.clientSeq])
    }
    if (numbers.size === 0) return undefined
    const spans = [...numbers].map(([sessionId, inView]) => this.#span(sessionId, inView))
    return spans.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
  }

  #span(sessionId: Uuid, inView: readonly number[]): OwnSpan {
    const { messages } = this.#parts
    const from = Math.min(...inView)
    const clientSeq = Math.max(...inView)
    const except: number[] = []
    for (let no = from + 1; no < clientSeq; no++) {
      // One that is pending on other rows, or was accepted, is in the view.
      if (!messages.find(sessionId, no) && !messages.isAccepted(sessionId, no)) except.push(no)
    }
    return { sessionId, clientSeq, from, except }
  }
}

interface Expected {
  readonly entityId: Uuid
  /** Without pending writes. */
  readonly canonical: EntityState | undefined
  readonly own: readonly OwnSpan[] | undefined
}

/** The canonical state of a row that is being changed: the row already shows the change. */
function canonicalUnder({ table, before, write }: DraftChange): EntityState | undefined {
  return table.hasPending(write.entityId) ? table.canonical(write.entityId) : before
}

function byEntity(a: Expectation, b: Expectation): number {
  return a.entityId < b.entityId ? -1 : 1
}

function hasBase(change: DraftChange): change is DraftChange & { readonly before: EntityState } {
  return change.before !== undefined && change.write.kind !== 'create'
}
