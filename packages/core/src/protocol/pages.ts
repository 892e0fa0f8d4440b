/**
 * Snapshots: the states of entities at a position, for onboarding, for mending one entity,
 * and as the replica's own checkpoint. A page holds what the fold needs to go on: heads,
 * live writes and the first root, with the ancestry among just these.
 *
 *   page    [messages, entities]
 *   message [id, author, reviewer, eid, epoch, seq, time, reviewed at]
 *   entity  [type, id, writes, heads, chain]   writes in canonical order; chain 1: each follows the one before
 *   write   [message no, index, version, registers, values, parents?, bases?]   parents: numbers of
 *           writes; bases: for each register, 0 or one in brackets, of what this write left in conflict
 *
 * Texts that repeat are numbered as in `pack.ts`.
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Json, isForbiddenKey } from '../base/json.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { Base, Bases, Review } from '../message/message.ts'
import { isCount } from '../message/parse.ts'
import { packBase, readBase } from './bases.ts'
import { itemAt } from './item-at.ts'
import { isTypeName } from '../schema/entity.ts'

/** One write as a page names it. */
export interface PageWrite {
  readonly message: PageMessage
  readonly index: number
  readonly version: number
  readonly regs: readonly string[]
  readonly values: readonly Json[]
  /** Places of its nearest known ancestors among the entity's writes. */
  readonly parents: readonly number[]
  /** Of registers in which this is the newest of several live writes. */
  readonly bases?: Bases
}

export interface PageMessage {
  readonly id: Uuid
  readonly authorId: Uuid
  readonly timestamp: number
  readonly review: Review
}

export interface PageEntity {
  readonly type: string
  readonly id: Uuid
  /** In canonical order; the first is the root. */
  readonly writes: readonly PageWrite[]
  readonly heads: readonly number[]
  readonly linear: boolean
}

export function pageText(entities: readonly PageEntity[]): string {
  const refs = new Map<string, number>()
  const ref = (text: string): string | number => {
    const known = refs.get(text)
    if (known !== undefined) return known
    refs.set(text, refs.size)
    return text
  }
  const numbers = new Map<PageMessage, number>()
  const messages: Json[] = []
  const messageNo = (message: PageMessage): number => {
    let no = numbers.get(message)
    if (no === undefined) {
      const { review } = message
      no =
        messages.push([
          message.id,
          ref(message.authorId),
          ref(review.reviewerId),
          ref(review.eid),
          review.epoch,
          review.seq,
          message.timestamp,
          review.at,
        ]) - 1
      numbers.set(message, no)
    }
    return no
  }
  const list = entities.map((entity): Json => {
    const writes = entity.writes.map((write): Json => {
      const packed: Json[] = [
        messageNo(write.message),
        write.index,
        write.version,
        write.regs.map(ref),
        write.values,
      ]
      if (!entity.linear) packed.push(write.parents)
      if (write.bases) packed.push(write.regs.map((reg) => basesAt(write.bases!, reg)))
      return packed
    })
    return [ref(entity.type), entity.id, writes, entity.heads, entity.linear ? 1 : 0]
  })
  return JSON.stringify([messages, list])
}

function basesAt(bases: Bases, reg: string): Json {
  const base = bases[reg]
  return base === undefined ? 0 : [packBase(base)]
}

/** Untrusted JSON as a page. Never throws. */
export function readPage(json: unknown): Outcome<readonly PageEntity[]> {
  try {
    return ok(new PageReader().read(json))
  } catch (error) {
    if (error instanceof MalformedPage) return fail('malformed', error.message)
    throw error
  }
}

class MalformedPage extends Error {}

function bad(what: string): never {
  throw new MalformedPage(`a page ${what}`)
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : bad('has no list where one must be')
const numberOf = (value: unknown): number =>
  isCount(value) ? value : bad('has no number where one must be')

class PageReader {
  readonly #refs: string[] = []
  #messages: PageMessage[] = []

  read(json: unknown): PageEntity[] {
    const [messages, entities] = listOf(json)
    // Texts are numbered in the order in which the writer met them: entity by entity.
    const rawMessages = listOf(messages)
    this.#messages = []
    return listOf(entities).map((entity) => this.#entity(entity, rawMessages))
  }

  #message(no: number, raw: readonly unknown[]): PageMessage {
    while (this.#messages.length <= no) {
      const packed = raw[this.#messages.length] ?? bad('names a message it does not have')
      const [id, author, reviewer, eid, epoch, seq, timestamp, at] = listOf(packed)
      if (!isUuid(id)) bad('has a message without id')
      const authorId = this.#uuid(author)
      const review = {
        reviewerId: this.#uuid(reviewer),
        eid: this.#uuid(eid),
        epoch: numberOf(epoch),
        seq: numberOf(seq),
        forked: false,
        at: numberOf(at),
      }
      this.#messages.push({ id, authorId, timestamp: numberOf(timestamp), review })
    }
    return this.#messages[no]!
  }

  #entity(packed: unknown, raw: readonly unknown[]): PageEntity {
    const [typeRef, id, writes, heads, chain] = listOf(packed)
    if (!isUuid(id)) bad('has an entity without id')
    const linear = chain === 1
    const read = listOf(writes).map((write, at) => this.#write(write, { raw, linear, at }))
    const type = this.#ref(typeRef)
    if (read.length === 0 || !isTypeName(type)) bad('has an entity without writes or type')
    const headList = listOf(heads).map((head) =>
      numberOf(head) < read.length ? (head as number) : bad('names a head it does not have'),
    )
    if (headList.length === 0) bad('has an entity without heads')
    return { type, id, writes: read, heads: headList, linear }
  }

  #write(
    packed: unknown,
    place: { raw: readonly unknown[]; linear: boolean; at: number },
  ): PageWrite {
    const [messageNo, index, version, regRefs, values, parents, bases] = listOf(packed)
    const message = this.#message(numberOf(messageNo), place.raw)
    const regs = listOf(regRefs).map((reg) => this.#ref(reg))
    const list = listOf(values) as readonly Json[]
    if (regs.length !== list.length) bad('has registers and values that differ in number')
    if (regs.some((reg) => isForbiddenKey(reg) || reg.length === 0))
      bad('has a register that is refused')
    const before = (no: unknown): number =>
      numberOf(no) < place.at ? (no as number) : bad('has a write before its parent')
    const edges = place.linear
      ? place.at === 0
        ? []
        : [place.at - 1]
      : listOf(parents).map(before)
    return {
      message,
      index: numberOf(index),
      version: numberOf(version),
      regs,
      values: list,
      parents: edges,
      ...(bases !== undefined && { bases: this.#bases(listOf(bases), regs) }),
    }
  }

  #bases(list: readonly unknown[], regs: readonly string[]): Bases {
    const bases: Record<string, Base> = {}
    for (const [i, reg] of regs.entries()) {
      if (list[i] !== 0) bases[reg] = readBase(listOf(list[i])[0]) ?? bad('has a base that is none')
    }
    return bases
  }

  #uuid(ref: unknown): Uuid {
    const text = this.#ref(ref)
    return isUuid(text) ? text : bad('has no uuid where one must be')
  }

  #ref(ref: unknown): string {
    if (typeof ref === 'string') {
      this.#refs.push(ref)
      return ref
    }
    return itemAt(this.#refs, ref) ?? bad('refers to nothing')
  }
}
