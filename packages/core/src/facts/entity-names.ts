/**
 * Numbers of the entities of one flush: the first change of an entity in the flush contains its
 * short id, each later one the number of that line. A reader of a part of the flush needs the
 * entities of the earlier lines.
 */
import type { Uuid } from '../base/uuid.ts'
import { type ShortId, longId, shortId } from './ids.ts'
import { countOf, refuse } from './malformed.ts'

export class EntityNames {
  readonly #byLine = new Map<number, Uuid>()
  readonly #lines = new Map<Uuid, number>()

  /** Records the entity whose id a line contains. The first line of an entity counts. */
  spell(line: number, entityId: Uuid): void {
    if (this.#lines.has(entityId)) return
    this.#byLine.set(line, entityId)
    this.#lines.set(entityId, line)
  }

  /** The entities of the lines before this one, by line. */
  before(line: number): readonly (readonly [line: number, entityId: Uuid])[] {
    return [...this.#byLine].filter(([at]) => at < line)
  }

  /** Deletes the entities of the lines from this one on. */
  forgetFrom(line: number): void {
    for (const [at, entityId] of this.#byLine) {
      if (at < line) continue
      this.#byLine.delete(at)
      this.#lines.delete(entityId)
    }
  }

  /** The name of an entity in a text: the number of the line with its id, or the id. */
  textOf(entityId: Uuid): number | ShortId {
    return this.#lines.get(entityId) ?? shortId(entityId)
  }

  /** Parses an untrusted name; rejects an id that must be named by number. @throws Malformed */
  entityOf(value: unknown): Uuid {
    if (typeof value === 'number') {
      const line = countOf(value, 'entity')
      return this.#byLine.get(line) ?? refuse(`entity: no earlier line ${line} has an id`)
    }
    const id = longId(value, 'entity')
    const line = this.#lines.get(id)
    if (line !== undefined) refuse(`entity: ${id} must be named by its line ${line}`)
    return id
  }
}
