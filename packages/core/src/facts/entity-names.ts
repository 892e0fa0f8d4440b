/**
 * Entities of one flush by the number of the line that spells them: the first change of an entity
 * in the flush has its short id, each later one the number of that line. A reader of a part of the
 * flush is given the entities of the lines that it does not have.
 */
import type { Uuid } from '../base/uuid.ts'
import { type ShortId, longId, shortId } from './ids.ts'
import { countOf, refuse } from './malformed.ts'

export class EntityNames {
  readonly #byLine = new Map<number, Uuid>()
  readonly #lines = new Map<Uuid, number>()

  /** The entity that a line spells. The first line of an entity counts. */
  spell(line: number, entityId: Uuid): void {
    if (this.#lines.has(entityId)) return
    this.#byLine.set(line, entityId)
    this.#lines.set(entityId, line)
  }

  /** What the lines before this one spell, by line. */
  before(line: number): readonly (readonly [line: number, entityId: Uuid])[] {
    return [...this.#byLine].filter(([at]) => at < line)
  }

  /** Takes back what the lines from this one on spell. */
  forgetFrom(line: number): void {
    for (const [at, entityId] of this.#byLine) {
      if (at < line) continue
      this.#byLine.delete(at)
      this.#lines.delete(entityId)
    }
  }

  /** How an entity stands in a text: the number of the line that spells it, or spelled. */
  textOf(entityId: Uuid): number | ShortId {
    return this.#lines.get(entityId) ?? shortId(entityId)
  }

  /** Reads an untrusted name; refuses one that has another form here. */
  entityOf(value: unknown): Uuid {
    if (typeof value === 'number') {
      const line = countOf(value, 'entity')
      return this.#byLine.get(line) ?? refuse(`entity: no earlier line ${line} spells one`)
    }
    const id = longId(value, 'entity')
    const line = this.#lines.get(id)
    if (line !== undefined) refuse(`entity: ${id} is spelled by line ${line}, and named by it`)
    return id
  }
}
