/**
 * W14: most stores follow parts of the space, some all of it. Rows move in and out of the parts, stores
 * change the parts that they follow, and fetch some once. `complete` is checked wherever rows are
 * (S14, `invariants/parts.ts`).
 */
import { Task, type WorldType } from '../entities.ts'
import { SHAPES } from '../shapes.ts'
import type { Visit } from '../visit.ts'
import { RandomVerbs } from './random-verbs.ts'

const FOLLOWED_MAX = 4

export class Followers extends RandomVerbs {
  override opened(visit: Visit): void {
    if (!visit.device.isFollower) return
    for (let shapes = this.random.between(1, 3); shapes > 0; shapes--) this.#follow(visit)
  }

  override write(visit: Visit): void {
    if (visit.device.isFollower && this.random.chance(0.15)) this.#change(visit)
    else super.write(visit)
  }

  #change(visit: Visit): void {
    const { followed } = visit
    const roll = this.random.unit()
    if (roll < 0.3) this.#fetch(visit)
    else if (followed.size > 1 && (roll < 0.6 || followed.size === FOLLOWED_MAX)) {
      const [shape, held] = this.random.pick([...followed])
      held.release()
      followed.delete(shape)
      this.world.tally.hit('part of the space released')
    } else this.#follow(visit)
  }

  #follow({ store, followed }: Visit): void {
    const shape = this.random.pick(SHAPES)
    if (followed.has(shape)) return
    followed.set(shape, store.follow(shape.type, shape.query as never))
    this.world.tally.hit('part of the space followed')
  }

  #fetch({ store }: Visit): void {
    const { type, query } = this.random.pick(SHAPES)
    // A store without a link has no answer until it has one.
    void store
      .fetch(type, query as never)
      .then(() => this.world.tally.hit('part of the space fetched'))
  }

  protected override pickType(visit: Visit): WorldType {
    return this.random.chance(0.5) ? Task : super.pickType(visit)
  }

  /** Moves a row, mostly from one part to another. */
  protected override valuesOf(
    visit: Visit,
    type: WorldType,
    all: boolean,
  ): Record<string, unknown> {
    if (type !== Task || all || this.random.chance(0.4)) return super.valuesOf(visit, type, all)
    return this.random.chance(0.7)
      ? { points: this.random.below(6) }
      : { done: this.random.chance(0.5) }
  }
}
