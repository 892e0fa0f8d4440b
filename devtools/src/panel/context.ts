/** The context that the views of one panel share: the source, its events, and navigation. */
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
  /** The entity that the views Entity and Row show. */
  readonly selected: EntityName | undefined
  readonly now: () => number
  /** Opens a view, and selects an entity where one is given. */
  open(view: ViewName, entity?: EntityName): void
  select(entity: EntityName | undefined): void
  /** Shows a status message, also for screen readers. */
  say(text: string): void
  /** Reads the source again at once, after a command. */
  refresh(): void
}

export interface View {
  readonly element: HTMLElement
  /** Updates the view. Called when it is opened, and after events. */
  refresh(): Promise<void>
  /** Called every second while the view is shown, to update ages. */
  tick?(): void
  /** Releases resources outside of its element. */
  end?(): void
}

export type ViewMaker = (context: PanelContext) => View
