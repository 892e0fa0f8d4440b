/** What the ways in take, the same in a build that shows the panel and in one that does not. */
import type { ReactElement } from 'react'
import type { FaultControl } from '../faults/control.ts'
import type { Theme } from '../panel/mount.ts'

/** Another store of the page. */
export interface OtherStore {
  readonly label: string
  readonly store: object
  readonly faults?: readonly FaultControl[]
}

/** Props of the embedded panel. */
export interface DevtoolsProps {
  /** A store of `createSyncStore`. */
  readonly store: object
  readonly theme?: Theme
  /** Controls of `@countersign/devtools/faults`. */
  readonly faults?: readonly FaultControl[]
  /** What the store is called where there are others. */
  readonly label?: string
  /** Other stores of the page, to be chosen in the panel. */
  readonly others?: readonly OtherStore[]
}

/** Props of the panel with its button. */
export interface FloatingDevtoolsProps extends DevtoolsProps {
  /** Open from the start. */
  readonly open?: boolean
}

export interface PluginProps {
  readonly theme?: 'light' | 'dark'
  /** False while the devtools around it are closed: then it reads nothing. */
  readonly devtoolsOpen?: boolean
}

/**
 * A plugin as TanStack Devtools take it: in React, which wants an element back and gets an empty
 * one, and without.
 */
export interface DevtoolsPlugin {
  readonly id: string
  readonly name: string
  readonly render: (element: HTMLElement, props?: PluginProps) => ReactElement
  readonly destroy: () => void
}
