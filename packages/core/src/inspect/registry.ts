/**
 * Where stores leave word that they can be looked at. All that an app pays for devtools it
 * never opens is this map and one entry in it.
 */
import type { Feed } from './feed.ts'
import type {
  Answers,
  CommandKind,
  CommandOutcome,
  InspectCommand,
  InspectRequest,
} from './requests.ts'

/** What a store gives to whoever looks. */
export interface Inspectable {
  readonly commands: readonly CommandKind[]
  readonly now: () => number
  /** Tells everything to this feed from now on; to nobody, where it is undefined. */
  attach(feed: Feed | undefined): void
  answer(request: InspectRequest): Promise<Answers[InspectRequest['kind']]>
  run(command: InspectCommand): Promise<CommandOutcome>
}

const inspectables = new WeakMap<object, Inspectable>()

/** Lets devtools find a store. The entry goes when the store is collected. */
export function registerInspectable(store: object, inspectable: Inspectable): void {
  inspectables.set(store, inspectable)
}

/** What a store gives to devtools; undefined for an object that never registered. */
export function inspectableOf(store: object): Inspectable | undefined {
  return inspectables.get(store)
}
