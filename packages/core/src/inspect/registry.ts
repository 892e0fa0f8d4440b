/**
 * The registry of stores for devtools. An app that never opens devtools pays only for this map and
 * one entry.
 */
import type { Feed } from './feed.ts'
import type {
  Answers,
  CommandKind,
  CommandOutcome,
  InspectCommand,
  InspectRequest,
} from './requests.ts'

/** The interface of a store for devtools. */
export interface Inspectable {
  readonly commands: readonly CommandKind[]
  readonly now: () => number
  /** Sends all events to this feed from now on; stops for undefined. */
  attach(feed: Feed | undefined): void
  answer(request: InspectRequest): Promise<Answers[InspectRequest['kind']]>
  run(command: InspectCommand): Promise<CommandOutcome>
}

const inspectables = new WeakMap<object, Inspectable>()

/** Registers a store for devtools. The entry is collected with the store. */
export function registerInspectable(store: object, inspectable: Inspectable): void {
  inspectables.set(store, inspectable)
}

/** The devtools interface of a store; undefined for an object that never registered. */
export function inspectableOf(store: object): Inspectable | undefined {
  return inspectables.get(store)
}
