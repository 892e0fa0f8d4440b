/**
 * What the people of a world do in their apps: create, update, archive, restore, several at
 * once, many in one tick, and calls that are wrong. After each call its own promises are
 * checked: what was written can be read, what threw changed nothing, one write is one emission.
 */
import { type AnyRow, CountersignError, type Receipt } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import type { Random } from '../model/random.ts'
import { Place, TYPES, Task, type WorldType, screenFor, suppliedId, valuesFor } from './entities.ts'
import type { Visit } from './visit.ts'
import { must } from './violation.ts'
import type { World } from './world.ts'

/** What a call may be refused for, without anything being wrong. */
const EXPECTED = new Set(['entity_exists', 'unknown_entity', 'not_loaded', 'invalid', 'too_large'])

class Rollback extends Error {}

export class Workload {
  readonly #world: World
  readonly #random: Random

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** One write of one entity. */
  write(visit: Visit): void {
    this.#guarded(visit, () => {
      const written = new Set<string>()
      return { receipt: this.#verb(visit, written), written }
    })
  }

  /** Several in one message; now and then the app thinks better of it. */
  transact(visit: Visit): void {
    this.#guarded(visit, () => {
      const { store, watch } = visit
      const written = new Set<string>()
      const isGivenUp = this.#random.chance(0.15)
      const before = isGivenUp ? this.#picture(visit) : undefined
      try {
        const { receipt } = store.transact(() => {
          for (let verbs = this.#random.between(1, 5); verbs > 0; verbs--) {
            if (this.#random.chance(0.1)) store.transact(() => this.#verb(visit, written))
            else this.#verb(visit, written)
          }
          must(watch!.takeCalls() === 0, 'S6', () => 'somebody was told inside of a transaction')
          if (isGivenUp) throw new Rollback()
        })
        return { receipt, written }
      } catch (error) {
        if (before)
          must(
            isDeepStrictEqual(before, this.#picture(visit)),
            'S6',
            () => 'a transaction that threw has changed something',
          )
        if (error instanceof Rollback) return { receipt: undefined, written: new Set() }
        throw error
      }
    })
  }

  /** More than one flush in one tick. */
  burst(visit: Visit): void {
    this.#world.tally.hit('burst')
    for (let writes = this.#random.between(20, 90); writes > 0; writes--) this.write(visit)
  }

  /** Opens a query, or closes one. */
  screen(visit: Visit): void {
    const { watch } = visit
    if (watch!.screens > 5 || (watch!.screens > 0 && this.#random.chance(0.3)))
      watch!.closeOne(this.#random.below(6))
    else watch!.open(screenFor(this.#random))
  }

  /** Runs a write, checks what it promises, and tells the watch. */
  #guarded(
    visit: Visit,
    body: () => { receipt: Receipt | undefined; written: ReadonlySet<string> },
  ): void {
    const watch = visit.watch!
    this.#world.guard(() => {
      watch.takeCalls()
      let done: { receipt: Receipt | undefined; written: ReadonlySet<string> }
      try {
        done = watch.writing(body)
      } catch (error) {
        if (!(error instanceof CountersignError) || !EXPECTED.has(error.code)) throw error
        this.#world.tally.hit(`call refused: ${error.code}`)
        must(watch.takeCalls() <= 1, 'S6', () => 'somebody was told twice of a call that threw')
        return
      }
      const { receipt, written } = done
      must(watch.takeCalls() <= 1, 'S6', () => 'somebody was told twice of one message')
      if (!receipt) return
      watch.wrote(receipt, [...written])
      this.#world.wrote(visit, receipt, written)
    })
  }

  #verb(visit: Visit, written: Set<string>): Receipt {
    const { store } = visit
    const type = this.#random.pick([Task, Task, ...TYPES])
    const rows = visit.watch!.rows(type)
    if (rows.length === 0 || this.#random.chance(rows.length < 8 ? 0.35 : 0.12))
      return this.#create(visit, type, written)
    const row = this.#random.pick(rows)
    const roll = this.#random.unit()
    if (roll < 0.07) {
      const isArchive = this.#random.chance(0.6)
      const receipt = isArchive ? store.archive(type, row.id) : store.restore(type, row.id)
      written.add(row.id)
      must(
        this.#rowOf(visit, type, row.id)!.$archived === isArchive,
        'S13',
        () => `${type.name} does not show that it was archived`,
      )
      return receipt
    }
    if (roll < 0.09) return this.#wrong(visit, type, row)
    const patch = valuesFor(type, this.#random, false)
    if (type === Place && 'visits' in patch && this.#random.chance(0.05)) patch['visits'] = 13
    if (type === Task && this.#world.plan.heavy && this.#random.chance(0.3))
      patch['title'] = 'x'.repeat(this.#random.between(10, 60_000))
    const receipt = store.update(type, row.id, patch as never)
    written.add(row.id)
    this.#readsOwn(visit, type, row.id, patch)
    return receipt
  }

  #create(visit: Visit, type: WorldType, written: Set<string>): Receipt {
    const input = valuesFor(type, this.#random, true)
    const options = type === Task ? {} : { id: suppliedId(type, this.#random) }
    const receipt = visit.store.create(type, input as never, options)
    written.add(receipt.id)
    this.#readsOwn(visit, type, receipt.id, input)
    return receipt
  }

  /** A call that must throw, and change nothing. */
  #wrong(visit: Visit, type: WorldType, row: AnyRow): Receipt {
    const patch =
      type === Task ? { points: 'many' } : type === Place ? { visits: 1.5 } : { nothing: 1 }
    const receipt = visit.store.update(type, row.id, patch as never)
    must(false, 'S13', () => `${type.name} took a value that its schema refuses`)
    return receipt
  }

  #rowOf(visit: Visit, type: WorldType, id: string): AnyRow | undefined {
    return visit.store.peek(type, id).row as AnyRow | undefined
  }

  /** Read your writes: what was written is what is shown, to its author. */
  #readsOwn(
    visit: Visit,
    type: WorldType,
    id: string,
    patch: Readonly<Record<string, unknown>>,
  ): void {
    const row = this.#rowOf(visit, type, id)
    for (const [field, value] of Object.entries(patch)) {
      must(
        row && isDeepStrictEqual(row[field], value),
        'S13',
        () => `${type.name}.${field} was written, and reads ${JSON.stringify(row?.[field])}`,
      )
    }
  }

  /** All rows with their values, without asking for ids. */
  #picture(visit: Visit): unknown {
    return TYPES.flatMap((type) =>
      visit.watch!.rows(type).map((row) => [{ ...row }, row.$archived, row.$state, row.$orderKey]),
    )
  }
}
