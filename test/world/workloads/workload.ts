/**
 * The persons of a world in their apps. A workload defines one verb; this class calls it, alone, in a
 * transaction or many times in one tick, and checks the promises of every call: what was written can be
 * read, a call that threw has changed nothing, one write is one emission.
 */
import { type AnyRow, CountersignError, type Receipt } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import type { Random } from '../../model/random.ts'
import type { RealValues } from '../../model/real-values.ts'
import { Task, type WorldType, screenFor, valuesFor } from '../entities.ts'
import { type Strange, type Writing, strangeMessage } from '../strange-messages.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import type { World } from '../world.ts'
import { type Written, pictureOf } from './second-thoughts.ts'

/** Codes with which a correct store may refuse a call. */
const EXPECTED = new Set([
  'entity_exists',
  'unknown_entity',
  'not_loaded',
  'invalid',
  'too_large',
  'needs_upgrade',
  'outbox_full',
])

class Rollback extends Error {}

/** The result of a call that wrote nothing. */
export const NOTHING: Written = { receipts: [], ids: new Set() }

export abstract class Workload {
  protected readonly world: World
  /** As `ValueSource` names them. */
  readonly random: Random
  readonly real: RealValues | undefined

  constructor(world: World, random: Random) {
    this.world = world
    this.random = random
    this.real = world.real
  }

  /** One write of one entity. It names in `written` the entities of its message so far. */
  protected abstract verb(visit: Visit, written: Set<string>): Receipt

  /** Called when a message is written for good. */
  protected committed(_receipt: Receipt): void {}

  /** Called when a call was refused. */
  protected threw(_visit: Visit, { code }: CountersignError): void {
    must(code !== 'needs_upgrade', 'S19', () => 'an upgrade is asked for, and there is none')
  }

  /** Called when a transaction was reverted with its verbs. */
  protected givenUp(): void {}

  /** What a stranger writes. */
  strange(author: Writing): readonly Strange[] {
    return strangeMessage(author)
  }

  /** Called when a person has opened the app. */
  opened(_visit: Visit): void {}

  /** What must hold of a replica whenever something in it has changed. */
  check(_visit: Visit): void {}

  /** The last work of persons, after all faults have ended. Returns whether there was any. */
  settle(): boolean {
    return false
  }

  /** What must hold when nothing is left to do. */
  checkFinally(): void {}

  write(visit: Visit): void {
    this.guarded(visit, () => {
      const ids = new Set<string>()
      return { receipts: [this.verb(visit, ids)], ids }
    })
  }

  /** Whether verbs join a message that is not complete. */
  protected isInTransaction = false

  /** Several verbs in one message; now and then the app reverts it. */
  transact(visit: Visit): void {
    this.guarded(visit, () => {
      const { store, watch } = visit
      if (this.random.chance(0.05)) return this.#nothing(visit)
      const ids = new Set<string>()
      const isGivenUp = this.random.chance(0.15)
      const before = isGivenUp ? pictureOf(visit) : undefined
      try {
        this.isInTransaction = true
        const { receipt } = store.transact(() => {
          for (let verbs = this.random.between(1, 5); verbs > 0; verbs--) {
            if (this.random.chance(0.1)) store.transact(() => this.verb(visit, ids))
            else this.verb(visit, ids)
          }
          must(watch!.takeCalls() === 0, 'S6', () => 'somebody was told inside of a transaction')
          if (isGivenUp) throw new Rollback()
        })
        return { receipts: receipt ? [receipt] : [], ids }
      } catch (error) {
        if (before)
          must(
            isDeepStrictEqual(before, pictureOf(visit)),
            'S6',
            () => 'a transaction that threw has changed something',
          )
        if (!(error instanceof Rollback)) throw error
        this.givenUp()
        return NOTHING
      } finally {
        this.isInTransaction = false
      }
    })
  }

  /** A reverted transaction is no message, and leaves no change. */
  #nothing({ store, watch }: Visit): Written {
    const { result, receipt } = store.transact(() => store.transact(() => 7).result)
    must(result === 7 && !receipt, 'S6', () => 'a transaction that wrote nothing has a receipt')
    must(watch!.takeCalls() === 0, 'S6', () => 'somebody was told of a transaction of nothing')
    this.world.tally.hit('transaction of nothing')
    return NOTHING
  }

  /** Many rows at once, in as few messages as the reviewer accepts. */
  crowd(visit: Visit, rows: number): void {
    const { plan, tally } = this.world
    const most = Math.min(100, plan.limits.messageChangesMax ?? Infinity)
    for (let left = rows; left > 0; left -= most) {
      this.guarded(visit, () => {
        const ids = new Set<string>()
        const { receipt } = visit.store.transact(() => {
          for (let row = Math.min(most, left); row > 0; row--)
            ids.add(visit.store.create(Task, valuesFor(Task, this, true) as never).id)
        })
        return { receipts: [receipt!], ids }
      })
    }
    tally.hit('row of a crowd', rows)
  }

  /** Three messages, each in a turn of its own: on a new row, on another row, and on the first again. */
  overAnother(visit: Visit): readonly (() => void)[] {
    let row: string | undefined
    const create = (): void =>
      this.guarded(visit, () => {
        const receipt = visit.store.create(Task, valuesFor(Task, this, true) as never)
        row ??= receipt.id
        return { receipts: [receipt], ids: new Set([receipt.id]) }
      })
    const update = (): void =>
      this.guarded(visit, () => {
        if (row === undefined) return NOTHING
        const receipt = visit.store.update(Task, row, { done: this.random.chance(0.5) })
        return { receipts: [receipt], ids: new Set([row]) }
      })
    return [create, create, update]
  }

  /** More than one flush in one tick. */
  burst(visit: Visit): void {
    this.world.tally.hit('burst')
    for (let writes = this.random.between(20, 90); writes > 0; writes--) this.write(visit)
  }

  /** Opens a query, or closes one. */
  screen(visit: Visit): void {
    const { watch } = visit
    if (watch!.screens > 5 || (watch!.screens > 0 && this.random.chance(0.3)))
      watch!.closeOne(this.random.below(6))
    else watch!.open(screenFor(this.random, visit.build))
  }

  /** Runs one write, checks its result, and notifies the watch. */
  protected guarded(visit: Visit, body: () => Written): void {
    const watch = visit.watch!
    this.world.guard(() => {
      watch.takeCalls()
      let done: Written
      try {
        done = watch.writing(body)
      } catch (error) {
        if (!(error instanceof CountersignError) || !EXPECTED.has(error.code)) throw error
        this.givenUp()
        this.threw(visit, error)
        this.world.tally.hit(`call refused: ${error.code}`)
        must(watch.takeCalls() <= 1, 'S6', () => 'somebody was told twice of a call that threw')
        return
      }
      const { receipts, ids } = done
      const callsMax = Math.max(receipts.length, 1)
      must(watch.takeCalls() <= callsMax, 'S6', () => 'somebody was told twice of one message')
      for (const receipt of receipts) {
        this.committed(receipt)
        watch.wrote(receipt, [...ids])
        this.world.wrote(visit, receipt, ids)
      }
    })
  }

  protected rowOf(visit: Visit, type: WorldType, id: string): AnyRow | undefined {
    return visit.store.peek(type, id).row as AnyRow | undefined
  }

  /** Candidates have message ids, and the message that is being written has none yet. */
  protected conflictsOf(row: AnyRow, written: ReadonlySet<string>): AnyRow['$conflicts'] {
    return this.isInTransaction && written.has(row.id) ? {} : row.$conflicts
  }

  /** Read your writes: an author is shown what they have written. */
  protected readsOwn(
    visit: Visit,
    { type, id }: { readonly type: WorldType; readonly id: string },
    patch: Readonly<Record<string, unknown>>,
  ): void {
    const row = this.rowOf(visit, type, id)
    for (const [field, value] of Object.entries(patch)) {
      must(
        row && isDeepStrictEqual(row[field], asKept(value)),
        'S13',
        () =>
          `${type.name}.${field} was written as ${JSON.stringify(value)}, and reads ${JSON.stringify(row?.[field])}`,
      )
    }
  }
}

/** The value as a message holds it: JSON has no -0. */
function asKept(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}
