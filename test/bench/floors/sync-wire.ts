/**
 * Floor of the network workloads: what goes over Socket.IO. A change is positional; a created row
 * is a change without a field.
 */
import type { TaskRow } from '../data.ts'

export type WireChange = readonly [
  id: string,
  row: string,
  field: keyof TaskRow | '',
  value: unknown,
]

/** `push`: changes without a verdict, up. `hello`: the last seq that is known, up. */
export interface ClientEvents {
  push: (changes: readonly WireChange[]) => void
  hello: (afterSeq: number) => void
}

/** `commit`: a stretch of the canonical order, down, to everybody alike: to its author it is the ack. */
export interface ServerEvents {
  commit: (firstSeq: number, changes: readonly WireChange[]) => void
}
