/**
 * Everything that messages stand on, by their parents: for authors of tests, who write on any
 * moment of a recorded history and have to say by numbers what they had seen.
 */
import type { Change, Message } from '@countersign/core/message'
import { spansNaming } from '@countersign/core/testing'

export class Ancestry {
  readonly #messages = new Map<string, Message>()

  note(message: Message): void {
    this.#messages.set(message.id, message)
  }

  /** Spans that name these parents and all they stand on, as far as it changes the entity. */
  spans(entityId: string, parents: readonly string[]): Change['meta']['own'] {
    const seen = new Set<string>(parents)
    for (const id of seen) {
      const change = this.#messages
        .get(id)
        ?.changes.find((each) => each?.meta.entityId === entityId)
      for (const parent of change?.meta.parentCanonicalIds ?? []) seen.add(parent)
    }
    return spansNaming([...seen].flatMap((id) => this.#messages.get(id)?.header ?? []))
  }
}
