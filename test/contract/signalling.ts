/** Signalling between peers of one process, as an honest server carries it: later, and in order. */
import type { Signalling, SignallingEvents } from '@countersign/core/ports'

export class LocalSignalling {
  readonly #members = new Map<string, SignallingEvents>()
  /** Everything that was sent. */
  readonly sent: { readonly from: string; readonly text: string; readonly to?: string }[] = []
  isGone = false
  /** How many of the next texts are lost. */
  losing = 0
  #count = 0

  /** One more peer, by a fresh id. */
  join(id: string = `peer ${this.#count++}`): Signalling {
    return {
      listen: (events) => {
        this.#members.set(id, events)
        events.joined(id)
        return () => this.#members.delete(id)
      },
      send: (text, to) => {
        this.sent.push({ from: id, text, ...(to !== undefined && { to }) })
        setTimeout(() => this.#deliver(id, text, to), 1)
      },
    }
  }

  get texts(): readonly string[] {
    return this.sent.map(({ text }) => text)
  }

  /** Delivers everything that was sent once more. */
  repeat(): void {
    for (const { from, text, to } of [...this.sent]) this.#deliver(from, text, to)
  }

  #deliver(from: string, text: string, to: string | undefined): void {
    if (this.isGone || this.losing-- > 0) return
    for (const [member, events] of [...this.#members])
      if (member !== from && (to === undefined || to === member)) events.signal(from, text)
  }
}
