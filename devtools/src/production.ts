'use client'
/** The door `@countersign/devtools/production`: the devtools in every build, by choice. */
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
