/**
 * What a device keeps of its own messages is bounded (DSK4, DSK5): of accepted ones the checkpoint is
 * kept, and little beside it; what waits is never deleted.
 */
import type { WriteBatch } from '@countersign/core/ports'
import type { Device } from '../device.ts'
import type { Tally } from '../tally.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'

/** Flushes that are found to be accepted between two steps, and their records. */
const SLACK_BYTES = 6_000
/** Of the default: a flush has up to 256 messages. */
const DEFAULT_SLACK_BYTES = 65_536
const DEFAULT_BYTES = 524_288
const DISMISSED = 'dismissed:'

/** Called when a batch was applied to the disk of a device. */
export function dsk4Applied(truth: Truth, device: Device, { batch, tally }: Applied): void {
  const { disk, settled: known } = device
  for (const { key } of batch.settled ?? []) known.add(key)
  for (const [key] of batch.meta ?? [])
    if (key.startsWith(DISMISSED)) device.dismissed.add(key.slice(DISMISSED.length))
  if (batch.metaRemove?.some((key) => key.startsWith('session:'))) tally.hit('opening deleted')
  if (batch.metaRemove?.some((key) => key.startsWith(DISMISSED)))
    tally.hit('dismissed message deleted')
  for (const key of batch.outboxAdd ?? []) if (known.delete(key)) tally.hit('settled, waits again')
  if (!batch.checkpoint && !batch.settled) return
  const { segments, outbox, settled } = disk!.content
  for (const key of known)
    if (!settled.has(key)) {
      known.delete(key)
      tally.hit('own flush deleted')
    }
  if (device.hadTrouble) return
  const stored = new Set(segments.map(({ key }) => key))
  for (const key of outbox)
    must(stored.has(key), 'DSK4', () => `${device.name} has deleted ${key}, which waits`)
  const waiting = new Set(outbox)
  for (const { key, kind, ids } of segments) {
    if (kind !== 'own' || waiting.has(key) || settled.has(key)) continue
    const isAccepted = ids.every((id) => truth.facts.get(id)?.seq !== undefined)
    must(!isAccepted, 'DSK4', () => `${device.name} keeps ${key}, which was accepted`)
  }
}

interface Applied {
  readonly batch: WriteBatch
  readonly tally: Tally
}

interface Bounded {
  readonly devices: readonly Device[]
  readonly visits: readonly Visit[]
  /** `settledOwnBytesMax` of their stores. */
  readonly bytesMax: number | undefined
}

/** A refused message that nobody dismissed is kept with what was written. Called when nothing is left to do. */
export function dsk5RefusedAreKept(truth: Truth, devices: readonly Device[]): void {
  for (const { name, disk, hadTrouble, dismissed } of devices) {
    if (!disk || hadTrouble) continue
    const kept = new Set(disk.content.segments.flatMap(({ ids }) => ids))
    for (const id of truth.durableOf(name)) {
      const isOver = truth.facts.get(id)?.seq !== undefined || dismissed.has(id) || kept.has(id)
      must(isOver, 'DSK5', () => `${name} has deleted ${truth.facts.nameOf(id)}, which was refused`)
    }
  }
}

/** Called when nothing is left to do. A tab that opened before another one died does not count what that one left. */
export function dsk4Bounded({ devices, visits, bytesMax }: Bounded): void {
  const keptMax =
    bytesMax === undefined ? DEFAULT_BYTES + DEFAULT_SLACK_BYTES : bytesMax + SLACK_BYTES
  for (const device of devices) {
    const { disk, hadTrouble, name } = device
    const [only, ...others] = visits.filter((visit) => visit.device === device && visit.isOpen)
    if (!disk || hadTrouble || !only || others.length > 0 || !device.isNewest(only.name)) continue
    const { segments, settled } = disk.content
    const bytes = segments
      .filter(({ key }) => settled.has(key))
      .reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    must(bytes <= keptMax, 'DSK4', () => `${name} keeps ${bytes} bytes of what was accepted`)
  }
}
