/**
 * Untrusted parts of messages, checked one by one. A check says what is wrong in a
 * sentence, and never throws; well-formed is not yet accepted: bounds that a deployment
 * may lower are `boundsFault`, and whether a parent exists is the log's question.
 */
import { isHash } from '../base/hash.ts'
import { type Json, isForbiddenKey, jsonFault } from '../base/json.ts'
import type { Bytes } from '../base/size.ts'
import { isUuid } from '../base/uuid.ts'
import { isTypeName } from '../schema/entity.ts'
import { isUnset } from '../schema/input.ts'
import { operationFault, operationIn } from '../schema/operations.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Limits } from './limits.ts'
import type { Assigned, Change, ChangeKind, ChangeMeta, Message, OwnSpan, Seen } from './message.ts'

const KINDS: ReadonlySet<string> = new Set<ChangeKind>(['create', 'update', 'resolve', 'migrate'])
const CHAIN_START = /^[A-Za-z0-9_-]{22}$/
const SALT = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** Sanity limits that no deployment can raise: what lies above is not worth parsing. */
const ABSOLUTE_MAX = 4_096

export function isCount(value: unknown, max: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
}

/** What is malformed in a change, or undefined. Its lists must already be lists of the right types. */
export function changeFault(change: Change): string | undefined {
  const fault = metaFault(change.meta)
  if (fault) return fault
  if (change.values === undefined) {
    return isHash(change.valuesHash) ? undefined : 'values are absent and so is their hash'
  }
  if (change.values.length !== change.meta.regs.length)
    return 'values and registers differ in number'
  if (typeof change.salt !== 'string' || !SALT.test(change.salt))
    return 'the salt is not 128 bits in base64url'
  for (let i = 0; i < change.values.length; i++) {
    const value = valueFault(change.meta.regs[i]!, change.values[i]!)
    if (value) return value
  }
  return undefined
}

function metaFault(meta: ChangeMeta): string | undefined {
  if (!isTypeName(meta.type)) return 'the type has no fit name'
  if (!isUuid(meta.entityId)) return 'the entity id is not a uuid'
  if (meta.sid !== undefined && (!isUuid(meta.sid) || meta.kind !== 'create'))
    return 'sid is out of place'
  if (!KINDS.has(meta.kind)) return 'the kind of a change is unknown'
  if (!isCount(meta.schemaVersion, 1_000_000) || meta.schemaVersion < 1)
    return 'the schema version is not a number from 1'
  if ((meta.kind === 'create') !== (meta.parentCanonicalIds.length === 0))
    return 'a create has no parents, every other kind has some'
  if (!isSortedUnique(meta.parentCanonicalIds) || !meta.parentCanonicalIds.every(isUuid))
    return 'parents are not sorted, unique uuids'
  if (!isSortedUnique(meta.regs) || meta.regs.length > ABSOLUTE_MAX)
    return 'registers are not sorted and unique'
  for (const reg of meta.regs) {
    const fault = regFault(reg)
    if (fault) return fault
  }
  if (meta.cut !== undefined && !isCount(meta.cut)) return 'cut is not a position'
  const own = meta.own && ownFault(meta.own)
  if (own) return own
  return meta.keep === undefined ? undefined : keepFault(meta, meta.keep)
}

function ownFault(own: readonly OwnSpan[]): string | undefined {
  if (own.length === 0) return 'own is empty'
  for (const [i, { sessionId, from, to, except }] of own.entries()) {
    if (!isUuid(sessionId)) return 'own names a session that is no uuid'
    if (!isCount(from) || !isCount(to) || from < 1 || to < from)
      return 'own has a span that is none'
    if (!isAscending(except) || except.some((n) => n <= from || n >= to))
      return 'own leaves out numbers that are not within its span'
    const before = own[i - 1]
    const follows =
      !before ||
      before.sessionId < sessionId ||
      (before.sessionId === sessionId && before.to < from)
    if (!follows) return 'the spans of own are not sorted, or overlap'
  }
  return undefined
}

function seenFault({ eid, seq, chain, from, except }: Seen, clientSeq: number): string | undefined {
  if (!isCount(seq) || !isCount(from) || from < 1 || from > clientSeq)
    return 'seen is not a position and a number of the session'
  if (eid === null ? seq > 0 : !isUuid(eid)) return 'seen names no lineage'
  if (seq === 0 ? chain !== '' : !CHAIN_START.test(chain)) return 'seen has no start of a chain'
  return isAscending(except) && except.every((n) => n > from && n < clientSeq)
    ? undefined
    : 'seen leaves out numbers that are not own ones before it'
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((n, i) => isCount(n) && (i === 0 || numbers[i - 1]! < n))
}

/** What is wrong with the key of a register, or undefined. */
export function regFault(reg: string): string | undefined {
  if (reg.length === 0 || reg.length > 256 || !reg.isWellFormed())
    return 'a register key has 1 to 256 characters'
  // NUL parts the names of a set of registers wherever one text stands for the set.
  if (isForbiddenKey(reg) || reg === 'id' || reg.includes('\u0000'))
    return `the register ${reg} is refused`
  return reg.startsWith('$') && reg !== ARCHIVED ? `the register ${reg} is reserved` : undefined
}

function keepFault(
  meta: ChangeMeta,
  keep: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  const decides = meta.kind === 'resolve' || meta.kind === 'migrate'
  for (const reg of Object.keys(keep)) {
    // Whoever decides a field has not decided whether the row stays.
    if (decides && reg !== ARCHIVED) return 'resolve and migrate keep no field'
    if (!meta.regs.includes(reg)) return 'keep names a register that is not written'
    const ids = keep[reg]!
    if (ids.length === 0 || !isSortedUnique(ids) || !ids.every(isUuid))
      return 'keep is not a list of sorted, unique uuids'
  }
  return Object.keys(keep).length === 0 ? 'keep is empty' : undefined
}

/** What is malformed in the values that a reviewer assigned to a change, or undefined. */
export function assignedFault(assigned: unknown, meta?: ChangeMeta): string | undefined {
  if (typeof assigned !== 'object' || assigned === null || Array.isArray(assigned))
    return 'assigned values are no object'
  const regs = Object.keys(assigned)
  if (regs.length > ABSOLUTE_MAX) return 'too many assigned values'
  for (const reg of regs) {
    const fault = regFault(reg) ?? valueFault(reg, (assigned as Assigned)[reg]!)
    if (fault) return fault
    if (reg === ARCHIVED) return 'nobody assigns $archived'
    if (meta?.regs.includes(reg)) return `${reg} is assigned, and written by the author`
  }
  return meta && meta.kind !== 'create' && regs.length > 0
    ? 'values are assigned to creations only'
    : undefined
}

/** What is malformed in a value of a register, or undefined. */
export function valueFault(reg: string, value: Json): string | undefined {
  const fault = jsonFault(value)
  if (fault) return `${reg}: ${fault}`
  if (isUnset(value) && Object.keys(value as object).length === 1) return undefined
  if (reg === ARCHIVED) return typeof value === 'boolean' ? undefined : '$archived is true or false'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const operation = operationIn(value)
  if (operation) {
    const malformed = operationFault(operation)
    return malformed && `${reg}: ${malformed}`
  }
  return Object.keys(value).some((key) => key.startsWith('$'))
    ? `${reg}: an object cannot have a key that starts with $`
    : undefined
}

/** What of a well-formed, verified message lies over the configured bounds, or undefined. */
export function boundsFault(message: Message, bytes: Bytes, limits: Limits): string | undefined {
  if (message.changes.length > limits.messageChangesMax)
    return `more than ${limits.messageChangesMax} changes`
  if (bytes > limits.messageBytesMax) return `more than ${limits.messageBytesMax} bytes`
  const { expect = [] } = message.header
  if (expect.length > limits.expectMax) return `it expects more than ${limits.expectMax} rows`
  if (expect.some(({ heads }) => heads.length > limits.headsMax))
    return `it expects a row with more than ${limits.headsMax} heads`
  for (const change of message.changes) {
    if (!change) continue
    const { regs, parentCanonicalIds, keep, own } = change.meta
    if (regs.length > limits.registersMax)
      return `a change writes more than ${limits.registersMax} registers`
    if (parentCanonicalIds.length > limits.parentsMax)
      return `a change has more than ${limits.parentsMax} parents`
    if ((own?.length ?? 0) > limits.ownSpansMax)
      return `a change names more than ${limits.ownSpansMax} pending sessions`
    if (keep && Object.values(keep).some((ids) => ids.length > limits.keepMax))
      return `keep names more than ${limits.keepMax} writes`
  }
  return undefined
}

/** What is malformed in a message as a whole, or undefined; its changes are checked apart. */
export function messageFault(message: Message): string | undefined {
  const { header, changes } = message
  if (changes.length === 0) return 'a message has at least one change'
  if (!isCount(header.clientSeq) || header.clientSeq < 1) return 'clientSeq is not a number from 1'
  // Whether a `Date` can hold it is a matter of the verdict, or its author would never get one.
  if (!Number.isSafeInteger(header.timestamp))
    return 'the timestamp is not a whole number of milliseconds'
  const seen = seenFault(header.seen, header.clientSeq)
  if (seen) return seen
  const entities = new Set<string>()
  for (const change of changes) {
    if (!change) continue
    const { entityId, cut = 0 } = change.meta
    if (cut > header.seen.seq) return 'cut lies after what the author has seen'
    if (entities.has(entityId)) return 'two changes of one message concern the same entity'
    entities.add(entityId)
  }
  return undefined
}

export function isSortedUnique(list: readonly string[]): boolean {
  for (let i = 1; i < list.length; i++) if (list[i - 1]! >= list[i]!) return false
  return true
}
