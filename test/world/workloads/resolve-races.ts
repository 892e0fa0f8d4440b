/**
 * W5: a few rows are in conflict all the time, and several persons resolve the same conflict at once. Of
 * those who resolve the same candidates one wins; the others get `stale` and see the winner's value. When
 * all faults have ended, they resolve until nothing is in conflict (L4).
 */
import type { Receipt } from '@countersign/core'
import { Task } from '../entities.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'
import { OneRow } from './one-row.ts'

const ROWS_MAX = 3
const ROUNDS_MAX = 40

export class ResolveRaces extends OneRow {
  #count = 0
  #rounds = 0

  protected override verb(visit: Visit, written: Set<string>): Receipt {
    const rows = visit.watch!.rows(Task)
    const isNew = rows.length < ROWS_MAX && this.random.chance(rows.length === 0 ? 1 : 0.1)
    if (isNew) return this.create(visit, Task, written)
    const row = this.random.pick(rows)
    const decision = this.random.chance(0.4)
      ? this.decide(visit, { type: Task, row }, written)
      : undefined
    if (decision) return decision
    written.add(row.id)
    return visit.store.update(Task, row.id, { title: `${visit.name} ${++this.#count}` })
  }

  override write(visit: Visit): void {
    if (this.random.chance(0.2)) this.#race(this.present())
    else super.write(visit)
  }

  /** All of them resolve the same row, before they get each other's messages. */
  #race(people: readonly Visit[]): boolean {
    const open = people.flatMap(({ store }) => store.conflicts().snapshot())
    if (open.length === 0) return false
    const { id, entity } = this.random.pick(open)
    const type = entity as typeof Task
    let racers = 0
    for (const visit of people) {
      const row = this.rowOf(visit, type, id)
      if (!row || Object.keys(row.$conflicts).length === 0) continue
      racers++
      this.guarded(visit, () => {
        const ids = new Set<string>()
        return { receipts: [this.decide(visit, { type, row }, ids)!], ids }
      })
    }
    if (racers > 1) this.world.tally.hit('several decide at once')
    return true
  }

  override settle(): boolean {
    const { visits } = this.world
    const isOpen = this.#race(this.random.sample(visits, this.random.between(1, visits.length)))
    if (!isOpen && visits.every(({ store }) => store.conflicts().snapshot().length === 0))
      return false
    must(
      ++this.#rounds < ROUNDS_MAX,
      'L4',
      () => `${this.#rounds} decisions, and no end of conflicts`,
    )
    return true
  }
}
