/**
 * Seals the drafts of sessions that ended before sealing them, with the author's stored key, and
 * stores them as flushes.
 *
 * Reads the state again once it holds the locks: until then a session may have been alive and have
 * sealed its drafts itself.
 */
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Hash } from '../../base/hash.ts'
import { type FactBounds, factBounds } from '../../facts/bounds.ts'
import { EntityNames } from '../../facts/entity-names.ts'
import { composeFlush, readFlush, readPart, textOfFlush } from '../../facts/flush.ts'
import { sealBytes } from '../../facts/hashes.ts'
import { composeSession } from '../../facts/session-line.ts'
import type { Flush, Message, Seen, Session } from '../../facts/types.ts'
import { numberName } from '../../history/names.ts'
import { personalCommit, whoamiId } from '../../facts/whoami.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { KeyPair, Signer } from '../../ports/signer.ts'
import type { Segment, StoredState } from '../../ports/storage.ts'
import { type Disk, segment } from './disk.ts'
import { type StoredDrafts, UNBOUND, readDrafts } from './drafts.ts'
import { bindingOf, isPair } from '../identity/identity.ts'
import { isWhoami } from '../identity/stored-whoami.ts'
import type { ReplicaOptions } from '../options.ts'
import { ownTextOf } from './own-text.ts'
import { type StoredFlush, readFlushes } from './restore.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import { openingMeta, storedOpenings } from './sound-state.ts'

type Options = Pick<ReplicaOptions, 'space' | 'platform' | 'limits'> & {
  /** The personal id of this store; undefined until it is known. */
  readonly personalId: string | undefined
}

interface Place {
  readonly disk: Disk
  readonly locks: SessionLocks
  /** This session, whose drafts are sealed by its flusher. */
  readonly sessionId: Uuid
}

/** Seals the drafts of ended sessions. Returns the stored state after that; `state` is the one read last. */
export async function withFinishedDrafts(
  state: StoredState,
  options: Options,
  { disk, locks, sessionId }: Place,
): Promise<StoredState> {
  const sessions = new Set(readDrafts(state).map((record) => record.sessionId))
  const held = new Set<Uuid>()
  for (const each of sessions) if (each !== sessionId && (await locks.hold(each))) held.add(each)
  if (held.size === 0) return state
  const now = (await disk.read())?.state
  if (!now) return state
  const sealed = await sealedFlushes(now, held, options)
  if (sealed.drop.length === 0) return now
  const { segments, drop, openings } = sealed
  const meta = openings.flatMap(openingMeta)
  const keys = segments.map(({ key }) => key)
  await disk.write({ durability: 'strict', segments, outboxAdd: keys, drop, meta })
  const dropped = new Set(drop)
  const last = now.segments.at(-1)?.order ?? 0
  return {
    ...now,
    segments: [
      ...now.segments.filter(({ key }) => !dropped.has(key)),
      ...segments.map((each, i) => ({ ...each, order: last + 1 + i })),
    ],
    outbox: [...now.outbox, ...keys],
    meta: new Map([...now.meta, ...meta]),
  }
}

interface Sealed {
  readonly segments: readonly Segment[]
  /** Keys of draft records whose messages are all sealed. */
  readonly drop: readonly string[]
  /** New openings of sessions that ended before their personal id was known. */
  readonly openings: readonly SessionOpening[]
}

/** The personal commitments of sessions. */
class Bindings {
  readonly made: SessionOpening[] = []
  readonly #stored: Map<Uuid, SessionOpening>
  readonly #options: Options

  constructor(state: StoredState, options: Options) {
    this.#options = options
    this.#stored = new Map(storedOpenings(state).map((opening) => [opening.sessionId, opening]))
  }

  /** undefined where the session's opening is missing, or the personal id is unknown. */
  async commitOf(record: StoredDrafts, keys: KeyPair): Promise<Hash | undefined> {
    const { space, platform, personalId } = this.#options
    const { authorId, sessionId } = record
    const stored = this.#stored.get(sessionId)
    if (record.personalCommit !== UNBOUND) return stored && record.personalCommit
    if (stored) return personalCommit(space, stored.personalId, stored.salt)
    if (personalId === undefined) return undefined
    const session = { authorId, sessionId }
    const made = await bindingOf(space, { keys, session }, { personalId, platform })
    this.#stored.set(sessionId, made.opening)
    this.made.push(made.opening)
    return made.personalCommit
  }
}

async function sealedFlushes(
  state: StoredState,
  held: ReadonlySet<Uuid>,
  options: Options,
): Promise<Sealed> {
  const reading = { space: options.space, bounds: factBounds(options.limits) }
  const sealed = new SealedNumbers(readFlushes(state, reading).flushes)
  const keys = await whoamiKeys(state, options.platform.signer)
  const bindings = new Bindings(state, options)
  const segments: Segment[] = []
  const drop: string[] = []
  for (const records of inFlushes(readDrafts(state))) {
    const [first] = records
    const key = first && keys.get(first.authorId)
    if (!first || !held.has(first.sessionId) || !key) continue
    const personalCommit = await bindings.commitOf(first, key)
    if (personalCommit === undefined) continue
    const { authorId, sessionId, eid } = first
    const { space } = options
    const session = composeSession({ space, authorId, sessionId, personalCommit, eid })
    const read = records.map((record) => readDraft(session, record, reading.bounds))
    for (const flush of flushesOf(session, read, { sealed, bounds: reading.bounds })) {
      segments.push(await sealedSegment(flush, session, { key, signer: options.platform.signer }))
      for (const { clientSeq } of flush.flush.messages) sealed.add(sessionId, clientSeq)
    }
    for (const { key: name, drafts } of read)
      if (drafts?.every(({ message }) => sealed.has(sessionId, message.clientSeq))) drop.push(name)
  }
  return { segments, drop, openings: bindings.made }
}

/** The numbers of the sealed messages, by session. */
class SealedNumbers {
  readonly #numbers = new Set<string>()

  constructor(flushes: readonly StoredFlush[]) {
    for (const { session, clientSeq } of flushes.flatMap(({ messages }) => messages))
      this.add(session.facts.sessionId, clientSeq)
  }

  add(sessionId: Uuid, clientSeq: number): void {
    this.#numbers.add(numberName(sessionId, clientSeq))
  }

  has(sessionId: Uuid, clientSeq: number): boolean {
    return this.#numbers.has(numberName(sessionId, clientSeq))
  }
}

/** Groups records by flush, in the order of their lines. */
function inFlushes(records: readonly StoredDrafts[]): readonly (readonly StoredDrafts[])[] {
  const flushes = new Map<string, StoredDrafts[]>()
  for (const record of records) {
    const name = numberName(record.sessionId, record.flushSeq)
    flushes.set(name, [...(flushes.get(name) ?? []), record])
  }
  return [...flushes.values()].map((parts) => parts.sort((a, b) => a.firstLine - b.firstLine))
}

interface Finished {
  readonly message: Message
  readonly bases: Json
}

interface ReadDraft {
  readonly key: string
  readonly record: StoredDrafts
  readonly seen: Seen | undefined
  /** undefined where the lines cannot be parsed. */
  readonly drafts: readonly Finished[] | undefined
}

function readDraft(session: Session, record: StoredDrafts, bounds: FactBounds): ReadDraft {
  const { firstLine, names, bases, key } = record
  const entities = new EntityNames()
  for (const [line, entityId] of names) entities.spell(line, entityId)
  const part = readPart(session.facts, record, { firstLine, entities, bounds })
  if (!part.ok) return { key, record, seen: undefined, drafts: undefined }
  const drafts = part.value.messages.map((message, i) => ({ message, bases: bases[i] ?? 0 }))
  return { key, record, seen: part.value.seen, drafts }
}

/** A flush to seal, with the bases of its messages. */
interface Unsealed {
  readonly flush: Flush
  readonly bases: readonly Json[]
}

/**
 * The flush to seal from the records of one flush: the original flush where it is complete, else a
 * flush of the readable messages. A message that depends on a lost one is sealed, too: adopting its
 * session finds that it is blocked, and the app can write it again.
 */
function flushesOf(
  session: Session,
  parts: readonly ReadDraft[],
  { sealed, bounds }: { readonly sealed: SealedNumbers; readonly bounds: FactBounds },
): readonly Unsealed[] {
  const { sessionId } = session.facts
  const drafts = parts.flatMap((part) => part.drafts ?? [])
  const left = drafts.filter(({ message }) => !sealed.has(sessionId, message.clientSeq))
  const seen = parts.find((part) => part.seen)?.seen
  if (left.length === 0 || !seen) return []
  if (left.length === drafts.length && isWhole(parts)) {
    const lines = parts.flatMap(({ record }) => record.lines)
    // Not empty: `left` has drafts of these parts.
    const text = textOfFlush({ head: parts.at(-1)!.record.head, lines })
    const read = readFlush(session, text, bounds)
    if (read.ok) return [{ flush: read.value, bases: left.map(({ bases }) => bases) }]
  }
  const messages = left.map(({ message }) => message)
  const made = composeFlush(session, { seen, messages }, bounds)
  return made.ok ? [{ flush: made.value, bases: left.map(({ bases }) => bases) }] : []
}

/** Whether the records have every line, without gaps. */
function isWhole(parts: readonly ReadDraft[]): boolean {
  let next = 0
  return parts.every(({ record }) => {
    const follows = record.firstLine === next
    next += record.lines.length
    return follows
  })
}

async function sealedSegment(
  { flush, bases }: Unsealed,
  session: Session,
  { key, signer }: { readonly key: KeyPair; readonly signer: Signer },
): Promise<Segment> {
  const sig = await signer.sign(key, sealBytes(flush.hashes))
  const text = `${session.line}\n${textOfFlush(flush.text)}`
  // Every flush has a message.
  const name = numberName(session.facts.sessionId, flush.messages[0]!.clientSeq)
  return segment(name, 'own', {
    ids: flush.ids,
    text: ownTextOf(flush, { text, sig }, bases),
  })
}

/** The key pairs of this device by author, those of past days and of other tabs included. */
export async function whoamiKeys(
  { meta }: StoredState,
  signer: Signer,
): Promise<ReadonlyMap<Uuid, KeyPair>> {
  const found = new Map<Uuid, KeyPair>()
  for (const [name, value] of meta) {
    if (!isWhoami(name)) continue
    const { keys } = value as { readonly keys: KeyPair }
    if (await isPair(keys, signer)) found.set(whoamiId(keys.publicKey), keys)
  }
  return found
}
