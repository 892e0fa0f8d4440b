/**
 * Everything that messages stand on, by their parents: the graph that no text holds. For authors of
 * tests, who write on any moment of a recorded history and have to say by numbers what they had
 * seen, and for oracles, which ask about parents where core asks about numbers.
 */
import type { AuthoredMessage, Change, Names, Uuid } from '@countersign/core/message'
import type { Numbered } from './by-hand.ts'

/** A message, which may have no id yet. */
export type Written = Numbered & Pick<AuthoredMessage, 'changes'>

export class Ancestry<M extends Written = Written> {
  /** By session, then by number. */
  readonly #written = new Map<Uuid, Map<number, M>>()
  readonly #bySeq = new Map<number, M>()

  note(message: M): void {
    const { sessionId } = message.session.facts
    const session = this.#written.get(sessionId) ?? new Map<number, M>()
    this.#written.set(sessionId, session.set(message.clientSeq, message))
  }

  /** It is canonical, at that seq. */
  accept(message: M, seq: number): void {
    this.note(message)
    this.#bySeq.set(seq, message)
  }

  /**
   * The messages that `by` names among those of the entity; of a span all that it covers. Throws
   * where one is not known.
   */
  named({ canonical, own, others }: Names, by: Written, entityId: Uuid): M[] {
    const { sessionId } = by.session.facts
    const spanned = others.flatMap((span) => {
      const last = this.#at(span.sessionId, span.clientSeq)
      const before = [...(this.#written.get(span.sessionId)?.values() ?? [])].filter(
        (message) =>
          message.clientSeq >= span.from &&
          message.clientSeq < span.clientSeq &&
          !span.except.includes(message.clientSeq) &&
          changeOf(message, entityId),
      )
      return [...before, last]
    })
    return [
      ...canonical.map((seq) => this.#bySeq.get(seq) ?? unknown(`seq ${seq}`)),
      ...own.map((clientSeq) => this.#at(sessionId, clientSeq)),
      ...spanned,
    ]
  }

  /** What a message's change of an entity stands on. */
  parentsOf(message: Written, entityId: Uuid): M[] {
    const change = changeOf(message, entityId)
    return change ? this.named(change.parents, message, entityId) : []
  }

  /** These messages and all they stand on, as far as it changes the entity. */
  seenBy(entityId: Uuid, parents: readonly Written[]): ReadonlySet<M> {
    // As they were noted: a message that has its id by now is another object.
    const seen = new Set(
      parents.map(({ session, clientSeq }) => this.#at(session.facts.sessionId, clientSeq)),
    )
    for (const message of seen)
      for (const parent of this.parentsOf(message, entityId)) seen.add(parent)
    return seen
  }

  #at(sessionId: Uuid, clientSeq: number): M {
    return (
      this.#written.get(sessionId)?.get(clientSeq) ??
      unknown(`message ${clientSeq} of session ${sessionId}`)
    )
  }
}

export function changeOf({ changes }: Written, entityId: Uuid): Change | undefined {
  return changes.find((change) => change.entityId === entityId)
}

function unknown(name: string): never {
  throw new Error(`${name} is named, and nobody has written it`)
}
