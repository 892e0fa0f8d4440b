/**
 * The entry point `@countersign/devtools/faults`: wrappers of the ports that inject faults. For
 * development; not bundled with an app that does not import it.
 */
export type { FaultControl, FaultSwitch } from './faults/control.ts'
export { faultyStorage } from './faults/faulty-storage.ts'
export type { FaultyStorage, FaultyStorageOptions } from './faults/faulty-storage.ts'
export { faultyTransport } from './faults/faulty-transport.ts'
export type { FaultyTransport } from './faults/faulty-transport.ts'
