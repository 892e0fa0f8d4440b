/** What the ways in take, the same in a build that shows the panel and in one that does not. */
import type { FaultControl } from '../faults/control.ts'
import type { Theme } from '../panel/mount.ts'

export interface DevtoolsProps {
  /** A store of `createSyncStore`. */
  readonly store: object
  readonly theme?: Theme
  /** Controls of `@countersign/devtools/faults`. */
  readonly faults?: readonly FaultControl[]
}

export interface FloatingDevtoolsProps extends DevtoolsProps {
  /** Open from the start. */
  readonly open?: boolean
}

/** A plugin as TanStack Devtools take it: in React and without. */
export interface DevtoolsPlugin {
  readonly id: string
  readonly name: string
  readonly render: (element: Element, props?: { readonly theme?: 'light' | 'dark' }) => void
  readonly destroy: () => void
}
