/** The subscribers of `store.refused`. Its messages come with the replica (`outbox/refused.ts`). */
import type { Uuid } from '../../base/uuid.ts'
import type { LiveList, RefusedMessage } from '../store.ts'

const NO_MESSAGES: readonly RefusedMessage[] = Object.freeze([])

export class RefusedList implements LiveList<RefusedMessage> {
  readonly #listeners = new Set<() => void>()
  readonly #rejectedListeners = new Set<(message: RefusedMessage) => void>()
  #messages = (): readonly RefusedMessage[] => NO_MESSAGES
  #reread = (): void => {}

  /**
   * Shows these messages from now on; `messages` returns the same array until one changes, or `reread`
   * was called.
   */
  show(messages: () => readonly RefusedMessage[], reread: () => void): void {
    this.#messages = messages
    this.#reread = reread
  }

  /** Called when values are read in another way: by a newer version, or with another key. */
  reread(onError: (error: unknown) => void): void {
    this.#reread()
    this.emit([], onError)
  }

  snapshot(): readonly RefusedMessage[] {
    return this.#messages()
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  onRejected(listener: (message: RefusedMessage) => void): () => void {
    const own = (message: RefusedMessage): void => listener(message)
    this.#rejectedListeners.add(own)
    return () => this.#rejectedListeners.delete(own)
  }

  /** Whether the app has a subscriber for refused messages. */
  get isObserved(): boolean {
    return this.#listeners.size + this.#rejectedListeners.size > 0
  }

  /** Notifies subscribers, and `onRejected` listeners once for each message in `rejected`. */
  emit(rejected: readonly Uuid[], onError: (error: unknown) => void): void {
    const messages = rejected.flatMap((id) =>
      this.snapshot().filter((message) => message.messageId === id),
    )
    const calls = [
      ...[...this.#listeners],
      ...messages.flatMap((message) =>
        [...this.#rejectedListeners].map((listener) => () => listener(message)),
      ),
    ]
    for (const call of calls) {
      try {
        call()
      } catch (error) {
        onError(error)
      }
    }
  }

  unsubscribeAll(): void {
    this.#listeners.clear()
    this.#rejectedListeners.clear()
  }
}
