/**
 * W4: all devices write on one row, mostly offline, and then all reconnect at once. A concurrent
 * creation makes a second root.
 */
import type { Receipt } from '@countersign/core'
import { Place, placeId } from '../entities.ts'
import type { Visit } from '../visit.ts'
import { RandomVerbs } from './random-verbs.ts'

const AWAY_MS = [50, 2_000, 30_000] as const

export class OneRow extends RandomVerbs {
  protected override verb(visit: Visit, written: Set<string>): Receipt {
    const row = this.rowOf(visit, Place, placeId)
    if (!row) return this.create(visit, Place, written, placeId)
    return this.change(visit, { type: Place, row }, written)
  }

  override write(visit: Visit): void {
    if (this.random.chance(0.15)) this.#apart()
    else super.write(visit)
  }

  protected present(): readonly Visit[] {
    return this.world.visits.filter(({ isOpen, process }) => isOpen && !process.isFrozen)
  }

  /** All devices go offline, write, and reconnect together. */
  #apart(): void {
    const { world, random } = this
    const people = this.present()
    world.note('-', () => `${people.map(({ name }) => name).join(' ')} write apart`)
    world.tally.hit('all write apart')
    for (const visit of people) {
      visit.store.setOnline(false)
      for (let writes = random.between(1, 3); writes > 0; writes--) super.write(visit)
    }
    world.clock.after(random.pick(AWAY_MS), () => {
      for (const visit of people) if (visit.isOpen) visit.store.setOnline(true)
    })
  }
}
