/**
 * The ports of a store, wrapped with the fault switches of the devtools in development and in the
 * demo. A production build has the bare ports, without the wrappers.
 */
import { memoryStorage } from '@countersign/core'
import type { Storage, Transport } from '@countersign/core/ports'
import { type FaultControl, faultyStorage, faultyTransport } from '@countersign/devtools/faults'

export interface Ports {
  readonly storage: Storage
  readonly transport: Transport
  /** The fault switches for the devtools. */
  readonly faults: readonly FaultControl[]
}

export function faultyPorts(
  label: string,
  { storage, transport }: Pick<Ports, 'storage' | 'transport'>,
): Ports {
  if (!import.meta.env.DEV) return { storage, transport, faults: [] }
  const disk = faultyStorage(storage, { label, spare: memoryStorage })
  const wire = faultyTransport(transport, label)
  return { storage: disk, transport: wire, faults: [wire.faults, disk.faults] }
}
