/** The props of the components and the plugin, the same in builds with and without devtools. */
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
  /** The label of the store, where there are others. */
  readonly label?: string
  /** Other stores of the page, which can be chosen in the panel. */
  readonly others?: readonly OtherStore[]
}

/** Props of the panel with its button. */
export interface FloatingDevtoolsProps extends DevtoolsProps {
  /** Open from the start. */
  readonly open?: boolean
}

export interface PluginProps {
  readonly theme?: 'light' | 'dark'
  /** False while the surrounding devtools are closed: then the panel reads nothing. */
  readonly devtoolsOpen?: boolean
}

/**
 * A plugin for TanStack Devtools, with and without React. React requires `render` to return an
 * element, so it returns an empty one.
 */
export interface DevtoolsPlugin {
  readonly id: string
  readonly name: string
  readonly render: (element: HTMLElement, props?: PluginProps) => ReactElement
  readonly destroy: () => void
}
