/** The rows of the reviewer's workload: which entity has which messages, without looking at the data. */
import type { Change, Json, Names } from '@countersign/core/message'
import { toBase64url } from '@countersign/core/message'

/** Messages of each entity: a create, and updates on it. */
export const MESSAGES_EACH = 10

const SALT_BYTES = 12
const NOBODY: Names = { canonical: [], own: [], others: [] }
const FIELDS = ['done', 'ownerId', 'priority', 'title'] as const

/** The entity with this number has the seqs from `MESSAGES_EACH * no + 1` on. */
export function lastSeqOf(no: number): number {
  return MESSAGES_EACH * (no + 1)
}

/** The id of an entity by its number: uuids that spread as real ones do. */
export function entityIdOf(no: number): string {
  const mixed = (Math.imul(no + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  return `${mixed}-0000-8000-8000-${no.toString(16).padStart(12, '0')}`
}

export function createOf(no: number): Change {
  const values = [
    false,
    `owner ${no % 100}`,
    no % 5,
    `Task ${no}: what is to be done, in some words`,
  ]
  const shape = { type: 'task', kind: 'create', schemaVersion: 1, regs: FIELDS } as const
  return { shape, entityId: entityIdOf(no), parents: NOBODY, values }
}

/** Writes one field; its parents are one own message, or one seq. */
export function updateOf(no: number, step: number, parents: Partial<Names>): Change {
  const reg = FIELDS[step % FIELDS.length]!
  const given: Record<(typeof FIELDS)[number], Json> = {
    done: step % 2 === 0,
    ownerId: `owner ${step % 100}`,
    priority: step,
    title: `Task ${no}: said in other words, for the ${step}th time`,
  }
  const shape = { type: 'task', kind: 'update', schemaVersion: 1, regs: [reg] } as const
  const entityId = entityIdOf(no)
  return { shape, entityId, parents: { ...NOBODY, ...parents }, values: [given[reg]] }
}

/** So many salts, drawn at once. */
export function saltsFrom(bytes: (count: number) => Uint8Array, count: number): readonly string[] {
  const drawn = bytes(SALT_BYTES * count)
  return Array.from({ length: count }, (_, i) =>
    toBase64url(drawn.subarray(i * SALT_BYTES, (i + 1) * SALT_BYTES)),
  )
}
