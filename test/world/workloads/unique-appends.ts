/**
 * W2: all persons append unique elements to a few lists. Each value that is ever shown names the write
 * that it comes from, so histories are checked without an oracle of folds:
 *
 *   no aborted read       a write that was refused, or reverted with its transaction, is never shown for good
 *   no intermediate read  of several appends in one message only the last list is ever seen
 *   no circular read      a list has only elements that were accepted before it
 *   nothing lost          an append replaces the list its author saw, and no other, and a decision
 *                         takes in all lists: every accepted element is in the result
 */
import type { AnyRow, Receipt } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import { Log } from '../entities.ts'
import type { Fact } from '../facts.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { Workload } from './workload.ts'

const LOGS_MAX = 3

interface Append {
  readonly log: string
  readonly list: readonly string[]
}

export class UniqueAppends extends Workload {
  #count = 0
  /** The last list that the message being written gives to each log, by log. */
  readonly #writing = new Map<string, Append>()
  /** Every list in a message, by its last element. */
  readonly #lists = new Map<string, Append>()

  protected override verb({ store, watch, name }: Visit, written: Set<string>): Receipt {
    const rows = watch!.rows(Log)
    const element = `${name}.${++this.#count}`
    const isNew = rows.length === 0 || (rows.length < LOGS_MAX && this.random.chance(0.2))
    const row = isNew ? undefined : this.random.pick(rows)
    const isDecision =
      row !== undefined &&
      this.random.chance(0.2) &&
      this.conflictsOf(row, written)['items'] !== undefined
    const seen = row ? (isDecision ? listsOf(row) : [itemsOf(row['items'])]) : []
    const list = [...new Set(seen.flat()), element]
    const write = isDecision ? store.resolve : store.update
    const receipt = row ? write(Log, row.id, { items: list }) : store.create(Log, { items: list })
    const log = row?.id ?? receipt.id
    written.add(log)
    this.#writing.set(log, { log, list })
    return receipt
  }

  protected override committed(): void {
    for (const append of this.#writing.values()) this.#lists.set(append.list.at(-1)!, append)
    this.#writing.clear()
  }

  protected override givenUp(): void {
    this.#writing.clear()
  }

  /** Checks that a shown list was written exactly so, as the last one of one message. */
  override check({ watch }: Visit): void {
    for (const row of watch!.rows(Log)) {
      for (const list of listsOf(row)) {
        const written = this.#lists.get(list.at(-1)!)
        must(
          written?.log === row.id && isDeepStrictEqual(written.list, list),
          'S6',
          () => `a list is seen that no message has: ${list.join(' ')}`,
        )
      }
    }
  }

  override checkFinally(): void {
    const { truth, visits, tally } = this.world
    const acceptedAt = this.#acceptedAt()
    tally.hit('unique append accepted', acceptedAt.size)
    for (const fact of truth.accepted) this.#inOrder(fact, acceptedAt)
    for (const { watch, name } of visits) {
      const seen = new Set(watch!.rows(Log).flatMap((row) => listsOf(row).flat()))
      for (const element of seen)
        must(
          acceptedAt.has(element),
          'S7',
          () => `${name} shows ${element}, which was not accepted`,
        )
      for (const element of acceptedAt.keys())
        must(seen.has(element), 'S9', () => `${element} was accepted, and ${name} has lost it`)
    }
  }

  /** The elements of accepted messages, with the seq of the message that brought each. */
  #acceptedAt(): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    for (const fact of this.world.truth.accepted) {
      for (const list of listsIn(fact))
        for (const element of list) if (!found.has(element)) found.set(element, fact.seq!)
    }
    return found
  }

  /** Each element of a list comes from its own message, or from one its author had seen. */
  #inOrder(fact: Fact, acceptedAt: ReadonlyMap<string, number>): void {
    const { truth } = this.world
    for (const { entity, set, parents } of fact.oracle.changes) {
      if (!('items' in set)) continue
      const history = truth.history(entity)!
      const past = history.within(history.closure(parents)!)
      const seen = new Set(past.flatMap((each) => [...listsIn(each)].flat()))
      const added = itemsOf(set['items']).filter((element) => !seen.has(element))
      const early = added.find((element) => acceptedAt.get(element) !== fact.seq)
      must(
        early === undefined,
        'S13',
        () => `${fact.name} has read ${early}, which none of those it stands on brought`,
      )
    }
  }
}

function* listsIn({ oracle }: Fact): Iterable<readonly string[]> {
  for (const { set } of oracle.changes) if ('items' in set) yield itemsOf(set['items'])
}

/** The lists in a log. */
function listsOf(row: AnyRow): (readonly string[])[] {
  const conflict = row.$conflicts['items']
  const values = conflict ? conflict.candidates.map(({ value }) => value) : [row['items']]
  return values.map(itemsOf)
}

function itemsOf(value: unknown): readonly string[] {
  return value as readonly string[]
}
