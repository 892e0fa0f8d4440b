'use client'
/**
 * The main entry point: the devtools in development, and no-ops in any other build. Bundlers replace
 * `process.env.NODE_ENV`, so a production build drops the whole panel.
 */
import * as shown from './react/components.ts'
import { NoDevtools, noPlugin } from './react/nothing.ts'

declare const process: { readonly env: { readonly NODE_ENV?: string } }

/**
 * A button in the corner that opens the panel over the page. Renders nothing outside of
 * development.
 */
export const CountersignDevtools: typeof shown.CountersignDevtools =
  process.env.NODE_ENV === 'development' ? shown.CountersignDevtools : NoDevtools

/** The panel alone, as large as its parent. Renders nothing outside of development. */
export const CountersignDevtoolsPanel: typeof shown.CountersignDevtoolsPanel =
  process.env.NODE_ENV === 'development' ? shown.CountersignDevtoolsPanel : NoDevtools

/** The panel as a plugin of TanStack Devtools; a no-op outside of development. */
export const countersignPlugin: typeof shown.countersignPlugin =
  process.env.NODE_ENV === 'development' ? shown.countersignPlugin : noPlugin

export type {
  DevtoolsPlugin,
  DevtoolsProps,
  FloatingDevtoolsProps,
  OtherStore,
} from './react/types.ts'
