/** The message of an entry of this device, to be encoded as text. Computes no hash. */
import { assert } from '../base/assert.ts'
import { toBase64url } from '../base/bytes.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Salt } from '../facts/ids.ts'
import type { Change, Kept, Message, Shape } from '../facts/types.ts'
import type { Random } from '../ports/random.ts'
import type { RegSet } from '../schema/registers.ts'
import type { Entry, Write } from './entry.ts'
import { NO_NAMES } from './names.ts'

const SALT_BYTES = 12

/**
 * The lines of its message: one for a single change, else one for each change and one for the
 * message.
 */
export function lineCountOf({ writes }: Pick<Entry, 'writes'>): number {
  return writes.length === 1 ? 1 : writes.length + 1
}

/** Random salts, one for each line. */
export function drawSalts(entry: Entry, random: Random): readonly Salt[] {
  const lines = lineCountOf(entry)
  const bytes = random.bytes(lines * SALT_BYTES)
  assert(
    bytes.length === lines * SALT_BYTES,
    'the random port gives all bytes that it is asked for',
  )
  return Array.from({ length: lines }, (_, i) =>
    toBase64url(bytes.subarray(i * SALT_BYTES, (i + 1) * SALT_BYTES)),
  )
}

/** `mintedIn` returns the earlier session of this author that minted an entity, if not this one. */
export function toMessage(
  entry: Entry,
  salts: readonly Salt[],
  mintedIn: (entityId: Uuid) => Uuid | undefined = () => undefined,
): Message {
  const { clientSeq, timestamp, expect, writes } = entry
  assert(entry.seen, 'a message has the view of its author')
  assert(salts.length === lineCountOf(entry), 'a message has a salt for each of its lines')
  const changes = writes.map((write) => changeOf(write, mintedIn))
  return { clientSeq, time: timestamp, changes, salts, ...(expect && { expect }) }
}

function changeOf(write: Write, mintedIn: (entityId: Uuid) => Uuid | undefined): Change {
  const { entityId, values, regs, keep, cut, kind } = write
  const parents = write.named ?? NO_NAMES
  const own = write.own?.filter(
    (span) => !parents.others.some(({ sessionId }) => sessionId === span.sessionId),
  )
  const sid = kind === 'create' ? mintedIn(entityId) : undefined
  return {
    shape: shapeOf(write),
    entityId,
    parents,
    values: regs.names.map((reg) => values[reg]!),
    ...(keep && { keep: keptOf(keep) }),
    ...(cut !== undefined && { cut }),
    ...(own && own.length > 0 && { own }),
    ...(sid !== undefined && { sid }),
  }
}

function keptOf(keep: NonNullable<Write['keep']>): readonly Kept[] {
  return [...keep].flatMap(([reg, names]) => {
    assert('own' in names, 'a finished write keeps others by number')
    return [{ reg, names }]
  })
}

/** Shapes are few, and shared by all writes of one form. */
const shapes = new WeakMap<RegSet, Shape[]>()

function shapeOf({ regs, type, kind, version }: Write): Shape {
  const alike = shapes.get(regs) ?? []
  let shape = alike.find(
    (one) => one.type === type && one.kind === kind && one.schemaVersion === version,
  )
  if (!shape) {
    shape = { type, kind, schemaVersion: version, regs: regs.names }
    shapes.set(regs, [...alike, shape])
  }
  return shape
}
