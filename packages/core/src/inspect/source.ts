/**
 * What devtools hold: the feed of a store, requests and commands. Requests and their answers
 * are plain data, and answers come later, so that a source may as well stand in another window
 * or in a file. The store registers itself; nothing of it is loaded before somebody looks.
 */
import type { InspectEvent } from './event.ts'
import { Feed } from './feed.ts'
import { type Inspectable, inspectableOf } from './registry.ts'
import type {
  Answers,
  CommandKind,
  CommandOutcome,
  InspectCommand,
  RequestKind,
  RequestOf,
} from './requests.ts'

/** What devtools look at: a store of this page, or a file. Answers are data fit for JSON. */
export interface InspectSource {
  readonly v: 1
  /** `trace`: a file; nothing more will happen, and nothing can be done. */
  readonly origin: 'store' | 'trace'
  /** What it can do for whoever looks. */
  readonly commands: readonly CommandKind[]
  /** The feed is on while somebody listens. `listener` is called once, until events are read. */
  subscribe(listener: () => void): () => void
  events(after?: number): readonly InspectEvent[]
  /** Events that fell out of the ring. */
  readonly dropped: number
  ask<K extends RequestKind>(request: RequestOf<K>): Promise<Answers[K]>
  run(command: InspectCommand): Promise<CommandOutcome>
}

const sources = new WeakMap<object, InspectSource>()

/** What devtools may see of a store; undefined for what is no store of this build. */
export function inspect(store: object): InspectSource | undefined {
  const known = sources.get(store)
  if (known) return known
  const inspectable = inspectableOf(store)
  if (!inspectable) return undefined
  const source = new StoreSource(inspectable)
  sources.set(store, source)
  return source
}

class StoreSource implements InspectSource {
  readonly v = 1
  readonly origin = 'store'
  readonly #store: Inspectable
  readonly #feed: Feed

  constructor(store: Inspectable) {
    this.#store = store
    this.#feed = new Feed(store.now)
  }

  get commands(): readonly CommandKind[] {
    return this.#store.commands
  }

  get dropped(): number {
    return this.#feed.dropped
  }

  subscribe(listener: () => void): () => void {
    const end = this.#feed.subscribe(listener)
    this.#store.attach(this.#feed)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      end()
      if (this.#feed.listeners === 0) this.#store.attach(undefined)
    }
  }

  events(after?: number): readonly InspectEvent[] {
    return this.#feed.events(after)
  }

  async ask<K extends RequestKind>(request: RequestOf<K>): Promise<Answers[K]> {
    return (await this.#store.answer(request)) as Answers[K]
  }

  run(command: InspectCommand): Promise<CommandOutcome> {
    return this.#store.run(command)
  }
}
