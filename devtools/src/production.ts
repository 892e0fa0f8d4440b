'use client'
/** The entry point `@countersign/devtools/production`: the devtools in every build. */
export {
  CountersignDevtools,
  CountersignDevtoolsPanel,
  countersignPlugin,
} from './react/components.ts'
export type {
  DevtoolsPlugin,
  DevtoolsProps,
  FloatingDevtoolsProps,
  OtherStore,
} from './react/types.ts'
