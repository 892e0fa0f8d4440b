/**
 * The interface of devtools: the feed of a store, requests and commands. Requests and answers are
 * plain data, and answers are asynchronous, so a source may also be in another window or a file.
 * The store registers itself; no devtools code is loaded before it is used.
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

/** A store of this page, or a trace file. Answers are data fit for JSON. */
export interface InspectSource {
  readonly v: 1
  /** `trace`: a file, without further events or commands. */
  readonly origin: 'store' | 'trace'
  /** Supported commands. */
  readonly commands: readonly CommandKind[]
  /**
   * The feed is on while there are subscribers. `listener` is called once, until events are read.
   */
  subscribe(listener: () => void): () => void
  events(after?: number): readonly InspectEvent[]
  /** Number of events that the ring overwrote. */
  readonly dropped: number
  ask<K extends RequestKind>(request: RequestOf<K>): Promise<Answers[K]>
  run(command: InspectCommand): Promise<CommandOutcome>
}

const sources = new WeakMap<object, InspectSource>()

/** The source of a store; undefined for an object that is not a store of this build. */
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
