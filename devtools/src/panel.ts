/**
 * The entry point `@countersign/devtools/panel`: the panel without a framework, and traces. Active in
 * every build, production included.
 */
export { inspect } from '@countersign/core/inspect'
export type { InspectSource } from '@countersign/core/inspect'
export type { FaultControl } from './faults/control.ts'
export { readTrace } from './model/read-trace.ts'
export type { TraceOutcome } from './model/read-trace.ts'
export { makeTrace } from './model/trace.ts'
export type { Trace, TraceOptions } from './model/trace.ts'
export { TraceSource } from './model/trace-source.ts'
export { mountFloating } from './panel/floating.ts'
export type { FloatingOptions } from './panel/floating.ts'
export { mountPanel } from './panel/mount.ts'
export type { LookedAt, PanelOptions, Theme } from './panel/mount.ts'
