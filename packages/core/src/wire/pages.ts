/**
 * Snapshots: the states of entities at a position, for new replicas and as the replica's own
 * checkpoint. A page contains what the fold needs to continue: heads, live writes and the first
 * root, with the views of their authors, and the bases of conflicts.
 *
 *   page    [messages, entities]
 *   message [id, author, session, clientSeq, seen, reviewer, eid, epoch, seq, time, reviewed at,
 *           places, reads]                                empty lists at the end are omitted
 *   place   [lineage, seq]                                of the message, or read by its author
 *   seen    [lineage or 0, seq, from, [except…]]
 *   entity  [type, id, writes, heads, linear, bases, totals, redacted]   writes in canonical order
 *   write   [message no, index, version, registers, values, is a creation, cut + 1, own]   zeros at
 *           the end are omitted
 *   bases   [register, base] for each register with several live writes; 0 if there are none
 *
 *   totals  [register, kind, [value] or 0, [operation…]] for each register whose writes are
 *           operations: their result, and an app's operations that wait for its fold
 *
 *   redacted [register, seq] for each register whose values were erased: by the record with that seq
 *
 * A repeated text is replaced by its number, in the order of first use.
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Json, isForbiddenKey } from '../base/json.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { OwnSpan, Seen } from '../facts/types.ts'
import type { Base, Bases, OtherPlace, Review } from '../facts/message.ts'
import { isCount } from '../facts/parse.ts'
import { packBase, readBase } from './bases.ts'
import { itemAt } from './item-at.ts'
import { isTypeName } from '../schema/entity.ts'
import { type Total } from '../schema/operations.ts'
import { isPrimitive, isSortedUnique } from '../schema/operation-input.ts'

/** One write in a page. */
export interface PageWrite {
  readonly message: PageMessage
  readonly index: number
  readonly version: number
  readonly regs: readonly string[]
  readonly values: readonly Json[]
  readonly isCreation: boolean
  readonly cut?: number
  readonly own?: readonly OwnSpan[]
}

/** The message of a live write or head, in a page. */
export interface PageMessage {
  readonly id: Uuid
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly clientSeq: number
  /** Without the chain: only the reviewer checks it, when the message is offered. */
  readonly seen: Seen
  readonly timestamp: number
  readonly review: Review
}

/** The state of one entity in a page. Its heads and live writes are indexes of `writes`. */
export interface PageEntity {
  readonly type: string
  readonly id: Uuid
  /** In canonical order; the first is the root. */
  readonly writes: readonly PageWrite[]
  readonly heads: readonly number[]
  readonly linear: boolean
  /** Of registers with several live writes. */
  readonly bases?: Bases
  /** Of registers whose writes are operations. */
  readonly totals?: Readonly<Record<string, Total>>
  /** Of registers whose values were erased: the seq of the newest record that did so. */
  readonly redacted?: Readonly<Record<string, number>>
}

/** Encodes entities as one page, a line of JSON; each message and name is written once. */
export function pageText(entities: readonly PageEntity[]): string {
  const page = new PagePacker()
  const list = entities.map((entity) => page.entity(entity))
  return JSON.stringify([page.messages, list])
}

class PagePacker {
  readonly messages: Json[] = []
  readonly #refs = new Map<string, number>()
  readonly #numbers = new Map<PageMessage, number>()

  entity({ type, id, writes, heads, linear, bases, totals, redacted }: PageEntity): Json {
    const packed: Json[] = [
      this.#ref(type),
      id,
      writes.map((write) => this.#write(write)),
      heads,
      linear ? 1 : 0,
    ]
    if (bases || totals || redacted)
      packed.push(
        Object.entries(bases ?? {}).map(([reg, base]) => [this.#ref(reg), packBase(base)]),
      )
    if (totals || redacted)
      packed.push(
        Object.entries(totals ?? {}).map(([reg, { kind, value, waiting = [] }]) => [
          this.#ref(reg),
          kind,
          value === undefined ? 0 : [value],
          waiting,
        ]),
      )
    if (redacted) packed.push(Object.entries(redacted).map(([reg, seq]) => [this.#ref(reg), seq]))
    return packed
  }

  #write({ message, index, version, regs, values, isCreation, cut, own }: PageWrite): Json {
    const packed: Json[] = [
      this.#message(message),
      index,
      version,
      regs.map((reg) => this.#ref(reg)),
      values,
    ]
    const more: Json[] = [
      isCreation ? 1 : 0,
      cut === undefined ? 0 : cut + 1,
      own?.map(({ sessionId, from, clientSeq, except }) => [
        this.#ref(sessionId),
        from,
        clientSeq,
        except,
      ]) ?? 0,
    ]
    while (more.at(-1) === 0) more.pop()
    return [...packed, ...more]
  }

  #message(message: PageMessage): number {
    const known = this.#numbers.get(message)
    if (known !== undefined) return known
    const { id, authorId, sessionId, clientSeq, seen, review, timestamp } = message
    const packed: Json[] = [
      id,
      this.#ref(authorId),
      this.#ref(sessionId),
      clientSeq,
      [seen.eid === null ? 0 : this.#ref(seen.eid), seen.seq, seen.from, seen.except],
      this.#ref(review.reviewerId),
      this.#ref(review.eid),
      review.epoch,
      review.seq,
      timestamp,
      review.at,
      this.#places(review.places),
      this.#places(review.reads),
    ]
    while (Array.isArray(packed.at(-1)) && (packed.at(-1) as Json[]).length === 0) packed.pop()
    const no = this.messages.push(packed) - 1
    this.#numbers.set(message, no)
    return no
  }

  #places(places: readonly OtherPlace[] = []): Json {
    return places.map(({ eid, seq }) => [this.#ref(eid), seq])
  }

  #ref(text: string): string | number {
    const known = this.#refs.get(text)
    if (known !== undefined) return known
    this.#refs.set(text, this.#refs.size)
    return text
  }
}

/** Parses untrusted text as a page. Never throws. */
export function readPage(text: string): Outcome<readonly PageEntity[]> {
  try {
    return ok(new PageReader().read(JSON.parse(text)))
  } catch (error) {
    if (error instanceof SyntaxError) return fail('malformed', 'a page that is not JSON')
    if (error instanceof MalformedPage) return fail('malformed', error.message)
    throw error
  }
}

class MalformedPage extends Error {}

function bad(what: string): never {
  throw new MalformedPage(`a page ${what}`)
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : bad('lacks a list')
const numberOf = (value: unknown): number => (isCount(value) ? value : bad('lacks a number'))

function readTotal(kind: unknown, value: unknown, waiting: readonly unknown[]): Total {
  const held = value === 0 ? {} : { value: listOf(value)[0] as Json }
  const total = { ...held, ...(waiting.length > 0 && { waiting: waiting as readonly Json[] }) }
  if (kind === 'ops') return { kind, ...total }
  if (kind === 'counter' && Number.isSafeInteger(total.value)) return { kind, ...held }
  const elements = kind === 'set' ? listOf(total.value) : undefined
  const isSet = elements?.every(isPrimitive) && isSortedUnique(elements)
  return isSet ? { kind: 'set', ...held } : bad('has an invalid total')
}

class PageReader {
  readonly #refs: string[] = []
  #messages: PageMessage[] = []

  read(json: unknown): PageEntity[] {
    const [messages, entities] = listOf(json)
    // Texts are numbered in the order in which the writer used them: entity by entity.
    const rawMessages = listOf(messages)
    this.#messages = []
    return listOf(entities).map((entity) => this.#entity(entity, rawMessages))
  }

  #message(no: number, raw: readonly unknown[]): PageMessage {
    while (this.#messages.length <= no) {
      const packed = raw[this.#messages.length] ?? bad('names a message it does not have')
      this.#messages.push(this.#readMessage(packed))
    }
    return this.#messages[no]!
  }

  #readMessage(packed: unknown): PageMessage {
    const [
      id,
      author,
      session,
      clientSeq,
      seen,
      reviewer,
      eid,
      epoch,
      seq,
      timestamp,
      at,
      ...more
    ] = listOf(packed)
    if (!isUuid(id)) bad('has a message without id')
    const message = {
      id,
      authorId: this.#uuid(author),
      sessionId: this.#uuid(session),
      clientSeq: numberOf(clientSeq),
      seen: this.#seen(seen),
      review: {
        reviewerId: this.#uuid(reviewer),
        eid: this.#uuid(eid),
        epoch: numberOf(epoch),
        seq: numberOf(seq),
        forked: false,
        at: numberOf(at),
      },
      timestamp: numberOf(timestamp),
    }
    const [places, reads] = [this.#places(more[0]), this.#places(more[1])]
    if (places.length + reads.length === 0) return message
    const review = {
      ...message.review,
      ...(places.length > 0 && { places }),
      ...(reads.length > 0 && { reads }),
    }
    return { ...message, review }
  }

  #places(packed: unknown = []): readonly OtherPlace[] {
    return listOf(packed).map((place) => {
      const [eid, seq] = listOf(place)
      return { eid: this.#uuid(eid), seq: numberOf(seq) }
    })
  }

  #seen(packed: unknown): Seen {
    const [eid, seq, from, except] = listOf(packed)
    return {
      eid: eid === 0 ? null : this.#uuid(eid),
      seq: numberOf(seq),
      chain: '',
      from: numberOf(from),
      except: listOf(except).map(numberOf),
    }
  }

  #entity(packed: unknown, raw: readonly unknown[]): PageEntity {
    const [typeRef, id, writes, heads, linear, bases = [], totals = [], redacted = []] =
      listOf(packed)
    if (!isUuid(id)) bad('has an entity without id')
    const type = this.#ref(typeRef)
    const read = listOf(writes).map((write) => this.#write(write, raw))
    if (read.length === 0 || !isTypeName(type)) bad('has an entity without writes or type')
    const headList = listOf(heads).map((head) =>
      numberOf(head) < read.length ? (head as number) : bad('names a head it does not have'),
    )
    if (headList.length === 0) bad('has an entity without heads')
    const place = { type, id, writes: read, heads: headList, linear: linear === 1 }
    return {
      ...place,
      ...(listOf(bases).length > 0 && { bases: this.#bases(listOf(bases)) }),
      ...(listOf(totals).length > 0 && { totals: this.#totals(listOf(totals)) }),
      ...(listOf(redacted).length > 0 && { redacted: this.#redacted(listOf(redacted)) }),
    }
  }

  #write(packed: unknown, raw: readonly unknown[]): PageWrite {
    const [messageNo, index, version, regRefs, values, isCreation = 0, cut = 0, own = 0] =
      listOf(packed)
    const message = this.#message(numberOf(messageNo), raw)
    const regs = listOf(regRefs).map((reg) => this.#reg(reg))
    const list = listOf(values) as readonly Json[]
    if (regs.length !== list.length) bad('has registers and values that differ in number')
    return {
      message,
      index: numberOf(index),
      version: numberOf(version),
      regs,
      values: list,
      isCreation: isCreation === 1,
      ...(cut !== 0 && { cut: numberOf(cut) - 1 }),
      ...(own !== 0 && { own: listOf(own).map((span) => this.#span(span)) }),
    }
  }

  #span(packed: unknown): OwnSpan {
    const [session, from, clientSeq, except] = listOf(packed)
    return {
      sessionId: this.#uuid(session),
      from: numberOf(from),
      clientSeq: numberOf(clientSeq),
      except: listOf(except).map(numberOf),
    }
  }

  #bases(list: readonly unknown[]): Bases {
    const bases: Record<string, Base> = {}
    for (const item of list) {
      const [reg, base] = listOf(item)
      bases[this.#reg(reg)] = readBase(base) ?? bad('has an invalid base')
    }
    return bases
  }

  #totals(list: readonly unknown[]): Readonly<Record<string, Total>> {
    const totals: Record<string, Total> = {}
    for (const item of list) {
      const [reg, kind, value, waiting] = listOf(item)
      totals[this.#reg(reg)] = readTotal(kind, value, listOf(waiting))
    }
    return totals
  }

  #redacted(list: readonly unknown[]): Readonly<Record<string, number>> {
    const redacted: Record<string, number> = {}
    for (const item of list) {
      const [reg, seq] = listOf(item)
      redacted[this.#reg(reg)] = numberOf(seq)
    }
    return redacted
  }

  #reg(ref: unknown): string {
    const reg = this.#ref(ref)
    return isForbiddenKey(reg) || reg.length === 0 ? bad('has a forbidden register') : reg
  }

  #uuid(ref: unknown): Uuid {
    const text = this.#ref(ref)
    return isUuid(text) ? text : bad('lacks a uuid')
  }

  #ref(ref: unknown): string {
    if (typeof ref === 'string') {
      this.#refs.push(ref)
      return ref
    }
    return itemAt(this.#refs, ref) ?? bad('has an unknown reference')
  }
}
