/**
 * The door `@countersign/devtools/faults`: wrappers of the ports that can be told to fail. For
 * development; an app that does not import it carries nothing of it.
 */
export type { FaultControl, FaultSwitch } from './faults/control.ts'
export { faultyStorage } from './faults/faulty-storage.ts'
export type { FaultyStorage, FaultyStorageOptions } from './faults/faulty-storage.ts'
export { faultyTransport } from './faults/faulty-transport.ts'
export type { FaultyTransport } from './faults/faulty-transport.ts'
