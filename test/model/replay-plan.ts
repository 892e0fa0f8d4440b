/**
 * Who offers what in a replay, and in which flushes: a trace in a causal order of chance, made into
 * messages with parents by number, a few of an author in each flush. The id of a message hangs on its
 * flush, so flushes are settled here, before the first of them is offered, and offered again as they are.
 */
import { FACT_BOUNDS, type Uuid } from '@countersign/core/message'
import { Ancestry } from './ancestry.ts'
import { Author, type AuthoredFlush, type Draft } from './author.ts'
import { rowId } from './manifest.ts'
import { causalOrder } from './order.ts'
import type { Random } from './random.ts'
import type { TraceNames } from './replay-check.ts'
import type { Trace, TraceMessage } from './trace.ts'

const FLUSH_MESSAGES_MAX = 4

/** A message on its way: made once, offered at least once. */
export interface Item {
  readonly trace: TraceMessage
  readonly draft: Draft
  readonly parcel: Parcel
  /** Its place in the order in which messages are made. */
  readonly at: number
  state: 'waiting' | 'offered' | 'accepted' | 'rejected'
}

/** What is offered at once: one flush of one author. */
export interface Parcel {
  readonly author: string
  readonly items: Item[]
  readonly messagesMax: number
  /** Absent while it is gathered. */
  made?: AuthoredFlush | undefined
  /** It is offered again soon. */
  isDue: boolean
}

export class ReplayPlan {
  readonly authors = new Map<string, Author>()
  /** By author: its flushes in the order of its offers, some of them again. */
  readonly queues = new Map<string, Parcel[]>()
  /** By their names in the trace. */
  readonly items = new Map<string, Item>()
  readonly names: TraceNames
  readonly #space: string
  readonly #random: Random
  readonly #ancestry = new Ancestry()
  readonly #byNumber = new Map<string, Item>()
  readonly #nameOf = new Map<string, string>()
  /** By author: the flush that is gathered, the last in its queue. */
  readonly #open = new Map<string, Parcel>()

  constructor(
    trace: Trace,
    random: Random,
    { space, again }: { readonly space: string; readonly again: number },
  ) {
    this.#space = space
    this.#random = random
    const rowOf = new Map([...trace.expectRows.keys()].map((row) => [rowId(row), row]))
    this.names = { message: (id) => this.#nameOf.get(id) ?? id, row: (id) => rowOf.get(id) }
    for (const message of causalOrder(trace.messages, random.split(), again)) {
      const item = this.items.get(message.id)
      if (item) this.#repeat(item)
      else this.#write(message)
    }
    for (const parcel of [...this.#open.values()]) this.#close(parcel)
  }

  itemOf(sessionId: Uuid, clientSeq: number): Item | undefined {
    return this.#byNumber.get(`${sessionId}:${clientSeq}`)
  }

  /** Its flush is offered once more. */
  #repeat({ parcel }: Item): void {
    const open = this.#open.get(parcel.author)
    if (open) this.#close(open)
    this.queues.get(parcel.author)!.push(parcel)
  }

  #write(trace: TraceMessage): void {
    const draft = this.#authorOf(trace).write(trace, {
      row: rowId,
      message: (name) => this.items.get(name)!.draft,
      ancestry: this.#ancestry,
    })
    const parcel = this.#parcelFor(trace, draft)
    const at = this.items.size
    const item: Item = { trace, draft, parcel, at, state: 'waiting' }
    parcel.items.push(item)
    this.items.set(trace.id, item)
    this.#byNumber.set(`${draft.session.facts.sessionId}:${draft.clientSeq}`, item)
    if (parcel.items.length === parcel.messagesMax) this.#close(parcel)
  }

  #authorOf({ author: name }: TraceMessage): Author {
    const known = this.authors.get(name)
    if (known) return known
    const author = new Author(this.#space, `person ${name}`, this.#random.split())
    this.authors.set(name, author)
    this.queues.set(name, [])
    return author
  }

  /** The author's open flush, where the message may join it, or a new one. */
  #parcelFor(trace: TraceMessage, draft: Draft): Parcel {
    const { author } = trace
    const open = this.#open.get(author)
    if (open && this.#mayJoin(trace, draft, open)) return open
    if (open) this.#close(open)
    const messagesMax = this.#random.between(1, FLUSH_MESSAGES_MAX)
    const parcel: Parcel = { author, items: [], messagesMax, isDue: false }
    this.queues.get(author)!.push(parcel)
    this.#open.set(author, parcel)
    return parcel
  }

  /**
   * What it stands on of others was made before the flush was opened: so no two flushes wait for each
   * other. And one `seen` can stand for all of the flush.
   */
  #mayJoin({ author, changes }: TraceMessage, draft: Draft, { items }: Parcel): boolean {
    const openedAt = items[0]!.at
    const isEarly = changes.every(({ parents }) =>
      parents.every((id) => {
        const parent = this.items.get(id)!
        return parent.trace.author === author || parent.at < openedAt
      }),
    )
    const drafts = [...items.map((item) => item.draft), draft]
    if (!isEarly) return false
    const made = this.authors.get(author)!.flush(drafts)
    return made !== undefined && made.flush.bytes <= FACT_BOUNDS.flushBytesMax
  }

  #close(parcel: Parcel): void {
    const { author, items } = parcel
    parcel.made = this.authors.get(author)!.flush(items.map(({ draft }) => draft))
    for (const [i, { id }] of parcel.made!.messages.entries())
      this.#nameOf.set(id, items[i]!.trace.id)
    this.#open.delete(author)
  }
}

export function isFinal(state: Item['state']): boolean {
  return state === 'accepted' || state === 'rejected'
}
