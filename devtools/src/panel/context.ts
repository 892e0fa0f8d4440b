/** What the views of one panel share: the source, what was read of it, and where else to go. */
import type { EntityName, InspectSource } from '@countersign/core/inspect'
import type { FaultControl } from '../faults/control.ts'
import type { Attempts } from '../model/outbox.ts'
import type { Timeline } from '../model/timeline.ts'

export type ViewName =
  | 'outbox'
  | 'timeline'
  | 'entity'
  | 'row'
  | 'sync'
  | 'queries'
  | 'storage'
  | 'faults'

export interface PanelContext {
  readonly source: InspectSource
  readonly timeline: Timeline
  readonly attempts: Attempts
  readonly faults: readonly FaultControl[]
  /** The entity that the views Entity and Row look at. */
  readonly selected: EntityName | undefined
  readonly now: () => number
  /** Looks at an entity from now on, and goes to a view. */
  open(view: ViewName, entity?: EntityName): void
  select(entity: EntityName | undefined): void
  /** Says something to whoever looks or listens. */
  say(text: string): void
  /** Reads the source again, now: somebody did something. */
  refresh(): void
}

export interface View {
  readonly element: HTMLElement
  /** Brings the view up to date. Called when it is opened, and when something happened. */
  refresh(): Promise<void>
  /** Called every second while it shows, where something changes that no event tells of. */
  tick?(): void
  /** Frees what it holds outside of its element. */
  end?(): void
}

export type ViewMaker = (context: PanelContext) => View
