/**
 * Encodes by numbers what a stranger had seen. It writes on any moment of the past, so it has
 * two ways: it names all of it by session and number, as if nothing were canonical; or it says how
 * far it had read, as a store does, and `cut` where it knew an entity only so far.
 *
 * Own messages that a later one had not seen must stand in the `except` of its flush, and a flush
 * has one `seen` for all its messages; so messages share a flush where one `seen` fits to all.
 */
import type {
  AuthoredMessage,
  Change,
  ChangeKind,
  Expectation,
  Flush,
  Json,
  Kept,
  Message,
  Names,
  Seen,
  Session,
} from '@countersign/core/message'
import { FACT_BOUNDS, authoredIn, chainPrefix } from '@countersign/core/message'
import { type MessageName, namesOfSeen, spansNaming } from '@countersign/core/testing'
import { flushOf, nameOf } from '../model/by-hand.ts'
import type { EntityHistory } from './facts.ts'
import type { Truth } from './truth.ts'

/** The position that it claims to have read. Absent: it names what it had seen. */
export interface Read {
  /** The end of a batch. */
  readonly seq: number
  /** Below `seq`. */
  readonly cut?: number
}

export interface StrangeChange {
  readonly type: string
  readonly entityId: string
  readonly kind: ChangeKind
  /** Accepted messages by id, own ones that may have no id yet by number. */
  readonly parents: readonly (string | number)[]
  readonly set: Readonly<Record<string, Json>>
  readonly keep?: Readonly<Record<string, readonly string[]>>
}

/** A row as it was when the stranger looked at it. */
export interface Past {
  readonly history: EntityHistory
  readonly mask: bigint
}

/** A message that is in no flush yet. */
export interface StrangeDraft {
  readonly clientSeq: number
  readonly time: number
  readonly changes: readonly StrangeChange[]
  readonly salts: readonly string[]
  readonly expect?: readonly Past[] | undefined
  readonly read?: Read | undefined
}

/** What a flush is made of: drafts of one session, in the order of their numbers. */
export interface StrangeFlush {
  readonly session: Session
  readonly flush: Flush
  readonly messages: readonly AuthoredMessage[]
}

/** Own numbers that a message had seen, and those that it had not. */
interface Own {
  readonly seen: ReadonlySet<number>
  readonly unseen: ReadonlySet<number>
}

export class FlushesByHand {
  readonly #truth: Truth
  readonly #session: Session
  readonly #messagesMax: number
  /** Own numbers by the entity that they change. */
  readonly #numbers = new Map<string, number[]>()

  constructor(truth: Truth, session: Session, messagesMax: number) {
    this.#truth = truth
    this.#session = session
    this.#messagesMax = messagesMax
  }

  /** The fewest flushes that can encode what each draft had seen. */
  of(drafts: readonly StrangeDraft[]): readonly StrangeFlush[] {
    const flushes: { drafts: StrangeDraft[]; own: Own[] }[] = []
    for (const draft of drafts) {
      const own = this.#own(draft)
      // An own message that changed two rows cannot be seen in one of them and not in the other.
      if ([...own.seen].some((number) => own.unseen.has(number))) continue
      const last = flushes.at(-1)
      if (last && this.#fits(draft, own, last)) {
        last.drafts.push(draft)
        last.own.push(own)
      } else flushes.push({ drafts: [draft], own: [own] })
      for (const { entityId } of draft.changes)
        this.#numbers.set(entityId, [...(this.#numbers.get(entityId) ?? []), draft.clientSeq])
    }
    return flushes.flatMap((each) => {
      const made = this.#flush(each)
      if (made.flush.bytes <= FACT_BOUNDS.flushBytesMax || each.drafts.length === 1) return [made]
      return each.drafts.map((draft, i) => this.#flush({ drafts: [draft], own: [each.own[i]!] }))
    })
  }

  #fits(
    draft: StrangeDraft,
    own: Own,
    {
      drafts,
      own: all,
    }: { readonly drafts: readonly StrangeDraft[]; readonly own: readonly Own[] },
  ): boolean {
    const isAfter = draft.clientSeq > drafts.at(-1)!.clientSeq
    const isAlike = draft.read?.seq === drafts[0]!.read?.seq
    if (drafts.length >= this.#messagesMax || !isAfter || !isAlike) return false
    const first = drafts[0]!.clientSeq
    // It has always seen the earlier messages of its flush.
    if ([...own.unseen].some((number) => number >= first)) return false
    return all.every(
      (other) =>
        ![...own.seen].some((number) => other.unseen.has(number)) &&
        ![...own.unseen].some((number) => other.seen.has(number)),
    )
  }

  #own({ changes, expect = [], read }: StrangeDraft): Own {
    const seen = new Set<number>()
    const unseen = new Set<number>()
    const note = (entityId: string, isIn: (number: number) => boolean): void => {
      for (const number of this.#numbers.get(entityId) ?? [])
        (isIn(number) ? seen : unseen).add(number)
    }
    for (const { entityId, parents, kind } of changes) {
      if (kind === 'create') continue
      const inView = this.#ownIn(this.#seenBy(entityId, parents))
      note(entityId, (number) => parents.includes(number) || inView.has(number))
    }
    for (const { history, mask } of expect) {
      const inView = this.#ownIn(history.within(mask).map(({ message }) => message))
      note(history.id, (number) => inView.has(number))
    }
    // It has read accepted messages, regardless of its own numbers.
    return read ? { seen: new Set(), unseen: new Set([...unseen]) } : { seen, unseen }
  }

  #ownIn(messages: readonly AuthoredMessage[]): ReadonlySet<number> {
    const { sessionId } = this.#session.facts
    const own = messages.filter(({ session }) => session.facts.sessionId === sessionId)
    return new Set(own.map(({ clientSeq }) => clientSeq))
  }

  /** All known dependencies of these parents. */
  #seenBy(entityId: string, parents: readonly (string | number)[]): readonly AuthoredMessage[] {
    const history = this.#truth.history(entityId)
    const ids = parents.filter((parent) => typeof parent === 'string')
    const mask = history?.closure(ids)
    return history && mask !== undefined ? history.within(mask).map(({ message }) => message) : []
  }

  #flush({
    drafts,
    own,
  }: {
    readonly drafts: readonly StrangeDraft[]
    readonly own: readonly Own[]
  }): StrangeFlush {
    const session = this.#session
    const [{ clientSeq: first, read }] = drafts as [StrangeDraft]
    const wanted = own.flatMap((each) => [...each.seen]).filter((number) => number < first)
    const parents = drafts.flatMap(({ changes }) =>
      changes.flatMap((change) => change.parents.filter((parent) => typeof parent === 'number')),
    )
    const inView = new Set([...wanted, ...parents.filter((number) => number < first)])
    const from = Math.min(first, ...inView)
    const except: number[] = []
    for (let number = from + 1; number < first; number++)
      if (!inView.has(number)) except.push(number)
    const seen = { ...this.#readUpTo(read), from, except }
    const messages = drafts.map((draft) => this.#message(draft))
    const flush = flushOf(session, seen, messages)
    return { session, flush, messages: authoredIn(flush, session) }
  }

  #readUpTo(read: Read | undefined): Pick<Seen, 'eid' | 'seq' | 'chain'> {
    if (!read) return { eid: null, seq: 0, chain: '' }
    const chain = chainPrefix(this.#truth.chainAt.get(read.seq)!)
    return { eid: this.#truth.eid!, seq: read.seq, chain }
  }

  #message({ clientSeq, time, changes, salts, expect, read }: StrangeDraft): Message {
    return {
      clientSeq,
      time,
      salts,
      changes: changes.map((change) => this.#change(change, read)),
      ...(expect && { expect: expect.map((past) => this.#expectation(past, read)) }),
    }
  }

  #expectation({ history, mask }: Past, read: Read | undefined): Expectation {
    const entityId = history.id
    if (read) return { entityId, ...(read.cut !== undefined && { cut: read.cut }) }
    const others = this.#others(history.within(mask).map(({ message }) => message))
    return { entityId, ...(others.length > 0 && { own: spansNaming(others) }) }
  }

  #others(messages: readonly AuthoredMessage[]): readonly MessageName[] {
    return messages
      .map(nameOf)
      .filter(({ sessionId }) => sessionId !== this.#session.facts.sessionId)
  }

  #change(change: StrangeChange, read: Read | undefined): Change {
    const { type, entityId, kind, parents, set, keep = {} } = change
    const regs = Object.keys(set).sort()
    const kept = Object.keys(keep)
      .sort()
      .map((reg) => ({ reg, names: this.#kept(keep[reg]!, read) }))
    return {
      shape: { type, kind, schemaVersion: 1, regs },
      entityId,
      values: regs.map((reg) => set[reg]!),
      ...(kept.length > 0 && { keep: kept as readonly Kept[] }),
      ...(read ? this.#placed(parents, read, kind) : this.#named(entityId, parents)),
    }
  }

  #placed(
    parents: readonly (string | number)[],
    { cut }: Read,
    kind: ChangeKind,
  ): Pick<Change, 'parents' | 'cut'> {
    return {
      parents: {
        canonical: this.#seqs(parents.filter((parent) => typeof parent === 'string')),
        own: parents.filter((parent) => typeof parent === 'number').sort(byNumber),
        others: [],
      },
      ...(cut !== undefined && kind !== 'create' && { cut }),
    }
  }

  #seqs(ids: readonly string[]): readonly number[] {
    return ids.map((id) => this.#truth.facts.get(id)!.seq!).sort(byNumber)
  }

  #named(entityId: string, parents: readonly (string | number)[]): Pick<Change, 'parents' | 'own'> {
    const { sessionId } = this.#session.facts
    const { facts } = this.#truth
    const named = parents.map((parent) =>
      typeof parent === 'number'
        ? { sessionId, clientSeq: parent }
        : nameOf(facts.message(parent)!),
    )
    const seen = [...named, ...this.#seenBy(entityId, parents).map(nameOf)]
    const { parents: names, own } = namesOfSeen(sessionId, { parents: named, seen })
    return { parents: names, ...(own.length > 0 && { own }) }
  }

  /** Of another session, `keep` can name one message alone. */
  #kept(ids: readonly string[], read: Read | undefined): Names {
    if (read) return { canonical: this.#seqs(ids), own: [], others: [] }
    const { sessionId } = this.#session.facts
    const names = ids.map((id) => nameOf(this.#truth.facts.message(id)!))
    const others = new Map(
      names.filter((name) => name.sessionId !== sessionId).map((name) => [name.sessionId, name]),
    )
    return {
      canonical: [],
      own: names
        .filter((name) => name.sessionId === sessionId)
        .map(({ clientSeq }) => clientSeq)
        .sort(byNumber),
      others: [...others.values()]
        .map((name) => ({ ...name, from: name.clientSeq, except: [] }))
        .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
    }
  }
}

function byNumber(a: number, b: number): number {
  return a - b
}
