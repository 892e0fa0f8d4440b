/**
 * Validates each stored record before it is used. The rest of the replica reads only sound records,
 * so a damaged one can neither throw nor be lost silently: it stays in the storage, and is reported.
 *
 * A record is sound when its fields have the right types, its checksum matches, and its key matches
 * its kind. Signatures (openings, keys) are verified where they are used.
 */
import { checksum } from '../../base/checksum.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { Advance, StoredCheckpoint, StoredSegment, StoredState } from '../../ports/storage.ts'
import { parseReviewerFrame, readPosition } from '../../wire/frames.ts'
import { isWhoami } from '../identity/stored-whoami.ts'
import { rankOf } from './rank.ts'

/** The content of a damaged record, as far as it is known. */
export type DamagedKind = 'messages' | 'verdicts' | 'outbox' | 'session' | 'identity' | 'state'

/** A stored record that cannot be read as it was written. */
export interface DamagedRecord {
  /** Its key in the storage. `store.discard(key)` discards the report. */
  readonly key: string
  readonly kind: DamagedKind
  /** The damage and its consequence, as a sentence. */
  readonly detail: string
  /** Ids of its messages, as far as they can be read. */
  readonly messageIds: readonly Uuid[]
  /** The stored content as text; undefined where there is none. */
  readonly text: string | undefined
}

export interface SoundState {
  readonly state: StoredState
  readonly damaged: readonly DamagedRecord[]
}

const OPENING = 'session:'
/** Prefix of a second copy of each opening: without an opening, messages of its session cannot be sent. */
const OPENING_COPY = 'opening:'
const DRAFT_OR_OWN = /^(?:draft:)?([0-9a-f-]{36}):\d+$/
const PREFIXES: Readonly<Record<string, string>> = { tail: 'tail:', rejections: 'rejected:' }

/** The session of a record of own messages, by its key; undefined for other keys. */
export function sessionOfKey(key: string): Uuid | undefined {
  return DRAFT_OR_OWN.exec(key)?.[1]
}

/** The `meta` records of a session's opening. */
export function openingMeta(opening: SessionOpening): readonly (readonly [string, unknown])[] {
  return [OPENING, OPENING_COPY].map((prefix) => [prefix + opening.sessionId, opening] as const)
}

/**
 * Prefix of openings that claim an author for this person. One for each author whose work was moved
 * here; bound with every link, since a reviewer may have lost an earlier claim.
 */
export const CLAIM = 'claim:'

/** The openings that claim authors for this person. */
export function storedClaims({ meta }: StoredState): readonly SessionOpening[] {
  return [...meta].flatMap(([key, value]) =>
    key.startsWith(CLAIM) ? [value as SessionOpening] : [],
  )
}

/** All stored openings, with their copies. */
export function storedOpenings({ meta }: StoredState): readonly SessionOpening[] {
  return [...meta].flatMap(([key, value]) =>
    key.startsWith(OPENING) || key.startsWith(OPENING_COPY) ? [value as SessionOpening] : [],
  )
}

/** Splits the stored state into sound and damaged records. */
export function soundState(raw: StoredState): SoundState {
  const damaged: DamagedRecord[] = []
  const segments: StoredSegment[] = []
  for (const stored of raw.segments) {
    const fault = segmentFault(stored)
    if (fault === undefined) segments.push(stored)
    else damaged.push(damagedSegment(stored, fault))
  }
  const known = new Set([...segments, ...damaged].map(({ key }) => key))
  for (const key of raw.outbox) if (!known.has(key)) damaged.push(strayKey(key))
  const meta = new Map<string, unknown>()
  for (const [key, value] of raw.meta) {
    const fault = metaFault(key, value)
    if (fault === undefined) meta.set(key, value)
    else damaged.push({ key, messageIds: [], text: textOf(value), ...fault })
  }
  const advance = isAdvance(raw.advance) ? raw.advance : undefined
  if (raw.advance !== undefined && !advance) damaged.push(ofState('advance', raw.advance))
  const checkpoint = isCheckpoint(raw.checkpoint) ? raw.checkpoint : undefined
  if (raw.checkpoint !== undefined && !checkpoint) damaged.push(ofState('checkpoint', undefined))
  return { state: { segments, outbox: raw.outbox, meta, advance, checkpoint }, damaged }
}

/** A damaged record of the canonical state, which is fetched again from the reviewer. */
export function ofState(key: string, stored: unknown): DamagedRecord {
  const detail = `the stored copy of the reviewer's state is damaged (${key}); it is fetched again`
  return { key, kind: 'state', detail, messageIds: [], text: textOf(stored) }
}

function segmentFault(stored: StoredSegment | null | undefined): string | undefined {
  if (typeof stored !== 'object' || stored === null) return 'it is not a record'
  const { key, text, check, rank } = stored as Partial<StoredSegment>
  const kind = String(stored.kind)
  if (typeof key !== 'string' || typeof text !== 'string') return 'its fields have wrong types'
  const prefix = PREFIXES[kind]
  const fits =
    prefix === undefined
      ? (kind === 'own' || kind === 'draft') &&
        DRAFT_OR_OWN.test(key) &&
        key.startsWith('draft:') === (kind === 'draft')
      : key.startsWith(prefix)
  if (!fits) return 'its kind does not match its key'
  if ((kind === 'tail') !== Number.isSafeInteger(rank)) return 'its rank does not match its kind'
  if (checksum(text) !== check) return 'its checksum does not match its text'
  if (kind !== 'rejections') return undefined
  const frame = parseReviewerFrame(text)
  return frame.ok && frame.value.kind === 'rejected'
    ? undefined
    : 'its text is not a list of verdicts'
}

const CONSEQUENCE = {
  messages: 'own messages in it cannot be sent as they are',
  verdicts: 'these verdicts are requested again from the reviewer',
  state: 'it is fetched again from the reviewer',
} as const

function damagedSegment(stored: unknown, fault: string): DamagedRecord {
  const { key, kind, ids, text } = Object(stored) as Partial<Record<keyof StoredSegment, unknown>>
  const name = typeof key === 'string' ? key : 'a segment without a key'
  const was = kindOf(name, kind)
  return {
    key: name,
    kind: was,
    detail: `${name}: ${fault}; ${CONSEQUENCE[was]}`,
    messageIds: Array.isArray(ids) ? ids.filter(isUuid) : [],
    text: textOf(text),
  }
}

/** The kind of a damaged segment, by its key, else by its `kind`. `messages` when in doubt. */
function kindOf(key: string, kind: unknown): keyof typeof CONSEQUENCE {
  if (DRAFT_OR_OWN.test(key)) return 'messages'
  if (key.startsWith('tail:') || (kind === 'tail' && !key.startsWith('rejected:'))) return 'state'
  return key.startsWith('rejected:') || kind === 'rejections' ? 'verdicts' : 'messages'
}

function strayKey(key: string): DamagedRecord {
  return {
    key,
    kind: 'outbox',
    detail: `the outbox lists the messages ${key}, which are missing in the storage; all others are sent again`,
    messageIds: [],
    text: undefined,
  }
}

function metaFault(
  key: string,
  value: unknown,
): Pick<DamagedRecord, 'kind' | 'detail'> | undefined {
  if (key.startsWith(CLAIM)) {
    if (isOpening(value)) return undefined
    return { kind: 'identity', detail: `${key}: the record of an author of this person is damaged` }
  }
  if (key.startsWith(OPENING) || key.startsWith(OPENING_COPY)) {
    if (isOpening(value) && key.endsWith(`:${value.sessionId}`)) return undefined
    return { kind: 'session', detail: `${key}: the record of a session is damaged` }
  }
  if (isWhoami(key)) {
    const { publicKey } = Object(Object(value).keys) as { readonly publicKey?: unknown }
    if (typeof publicKey === 'string') return undefined
    return { kind: 'identity', detail: `${key}: the key of this device is damaged` }
  }
  if (key === 'reviewerKey' && typeof value !== 'string' && value !== null)
    return { kind: 'identity', detail: 'the key of the reviewer is damaged' }
  return undefined
}

/** Whether a value has the fields of an opening. */
export function isOpening(value: unknown): value is SessionOpening {
  const opening = Object(value) as Record<string, unknown>
  return ['authorId', 'publicKey', 'sessionId', 'personalId', 'salt', 'sig'].every(
    (field) => typeof opening[field] === 'string',
  )
}

/** The rank must match the position: a rank that is too high would make the storage ignore all later steps. */
function isAdvance(stored: unknown): stored is Advance {
  const { rank, text, fromRank } = Object(stored) as Partial<Advance>
  const position = readPosition(parsed(text))
  return position !== undefined && rankOf(position) === rank && Number.isSafeInteger(fromRank)
}

/** Checks the types and the rank; `readCheckpoint` verifies the checksum. */
function isCheckpoint(stored: unknown): stored is StoredCheckpoint {
  const { name, head, check, rank } = Object(stored) as Partial<StoredCheckpoint>
  if (![name, head, check].every((text) => typeof text === 'string')) return false
  const { position } = Object(parsed(head)) as { readonly position?: unknown }
  const read = readPosition(position)
  return read !== undefined && rankOf(read) === rank
}

/** Parses JSON; undefined for anything else. */
export function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined
  } catch {
    return undefined
  }
}

function textOf(stored: unknown): string | undefined {
  if (typeof stored === 'string') return stored
  try {
    return JSON.stringify(stored)
  } catch {
    return String(stored)
  }
}
