/** Signalling of a tab that may be without a connection: then it goes through the tab that leads. */
import type { Signalling, SignallingEvents } from '@countersign/core/ports'
import { type SignalNote, noteOf } from './notes.ts'

type Post = (note: string) => void

export class SharedSignalling implements Signalling {
  readonly #own: Signalling
  readonly #listeners = new Set<SignallingEvents>()
  /** The link through another tab. */
  #post: Post | undefined
  /** The id of this tab among the peers, where it has joined through another tab. */
  #self: string | undefined

  constructor(own: Signalling) {
    this.#own = own
  }

  listen(events: SignallingEvents): () => void {
    this.#listeners.add(events)
    const unlisten = this.#own.listen(events)
    if (this.#self !== undefined) events.joined(this.#self)
    else this.#post?.(noteOf(['join']))
    return () => {
      this.#listeners.delete(events)
      unlisten()
    }
  }

  send(text: string, to = ''): void {
    if (this.#self !== undefined) this.#post?.(noteOf(['signal', to, text]))
    else this.#own.send(text, to)
  }

  /** A link through another tab is open. */
  begin(post: Post): void {
    this.#post = post
    if (this.#listeners.size > 0) post(noteOf(['join']))
  }

  noted(signal: SignalNote): void {
    if (signal[0] === 'joined') {
      this.#self = signal[1]
      for (const events of [...this.#listeners]) events.joined(signal[1])
    } else if (signal[0] === 'signal') {
      for (const events of [...this.#listeners]) events.signal(signal[1], signal[2])
    }
  }

  /** The link through another tab has ended. */
  end(): void {
    this.#post = undefined
    this.#self = undefined
  }
}
