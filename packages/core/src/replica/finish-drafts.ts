/**
 * Drafts of a session that ended before it sealed them: made into the messages they would have
 * become, sealed with the author's key, which is still in the storage, and stored as flushes.
 *
 * The state is read once more when the locks are held: until then their session may have been
 * alive, and have sealed them itself.
 */
import { NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Hash } from '../base/hash.ts'
import { personalCommit, sealBytes, whoamiId } from '../message/ids.ts'
import type { Message, SessionOpening } from '../message/message.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { Segment, StoredState } from '../ports/storage.ts'
import { packMessages } from '../protocol/pack.ts'
import { type Disk, segment } from './disk.ts'
import { type StoredDrafts, UNBOUND, finishedDraft, readDrafts } from './drafts.ts'
import { bindingOf, isPair } from './identity.ts'
import type { ReplicaOptions } from './options.ts'
import { flushText, readFlushes } from './restore.ts'
import type { SessionLocks } from './session-locks.ts'
import { openingMeta, storedOpenings } from './sound-state.ts'

type Options = Pick<ReplicaOptions, 'space' | 'platform' | 'limits'> & {
  /** Who the person of this store is, where that is known by now. */
  readonly personalId: string | undefined
}

interface Place {
  readonly disk: Disk
  readonly locks: SessionLocks
  /** This session's drafts are its flusher's. */
  readonly sessionId: Uuid
}

/** What the storage holds, with the drafts of ended sessions sealed. `state` is what was read last. */
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
  /** Records of which nothing is left to seal. */
  readonly drop: readonly string[]
  /** Of sessions that had ended before their person was known. */
  readonly openings: readonly SessionOpening[]
}

/** What the messages of each session commit to. */
class Bindings {
  readonly made: SessionOpening[] = []
  readonly #stored: Map<Uuid, SessionOpening>
  readonly #options: Options

  constructor(state: StoredState, options: Options) {
    this.#options = options
    this.#stored = new Map(storedOpenings(state).map((opening) => [opening.sessionId, opening]))
  }

  /** undefined where nobody can open it: the record of the session is missing, or the person unknown. */
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
  const known = new Map<Uuid, Map<number, Uuid>>()
  for (const { messages } of readFlushes(state, options.space).flushes)
    for (const { id, header } of messages) idsOf(known, header.sessionId).set(header.clientSeq, id)
  const keys = await whoamiKeys(state, options.platform.signer)
  const bindings = new Bindings(state, options)
  const segments: Segment[] = []
  const drop: string[] = []
  for (const record of readDrafts(state)) {
    const { authorId, sessionId, drafts } = record
    const key = keys.get(authorId)
    if (!held.has(sessionId) || !key) continue
    const personalCommit = await bindings.commitOf(record, key)
    if (personalCommit === undefined) continue
    const ids = idsOf(known, sessionId)
    const messages = finished({ ...record, personalCommit }, options.space, ids)
    for (const flush of inFlushes(messages, options.limits))
      segments.push(await sealed(flush, key, options))
    if (drafts.every(([clientSeq]) => ids.has(clientSeq))) drop.push(record.key)
  }
  return { segments, drop, openings: bindings.made }
}

function idsOf(known: Map<Uuid, Map<number, Uuid>>, sessionId: Uuid): Map<number, Uuid> {
  let ids = known.get(sessionId)
  if (!ids) known.set(sessionId, (ids = new Map<number, Uuid>()))
  return ids
}

/** A message, and what is stored beside it. */
interface Finished {
  readonly message: Message
  readonly bases: Json
}

/** The messages of a record that no flush has; `ids` learns theirs. */
function finished(record: StoredDrafts, space: Uuid, ids: Map<number, Uuid>): readonly Finished[] {
  const { authorId, sessionId, personalCommit, drafts } = record
  const facts = { space, session: { authorId, sessionId }, personalCommit }
  const messages: Finished[] = []
  for (const draft of drafts) {
    if (ids.has(draft[0])) continue
    const message = finishedDraft(draft, facts, (clientSeq) => ids.get(clientSeq))
    if (!message) continue
    ids.set(draft[0], message.id)
    messages.push({ message, bases: draft[5] })
  }
  return messages
}

function inFlushes(
  messages: readonly Finished[],
  { flushMessagesMax, flushBytesMax }: Options['limits'],
): readonly (readonly Finished[])[] {
  const flushes: Finished[][] = []
  let bytes = NO_BYTES
  for (const each of messages) {
    const size = utf8Bytes(packMessages([each.message]))
    const last = flushes.at(-1)
    bytes = addBytes(bytes, size)
    if (last && last.length < flushMessagesMax && bytes <= flushBytesMax) last.push(each)
    else {
      flushes.push([each])
      bytes = size
    }
  }
  return flushes
}

async function sealed(
  finished: readonly Finished[],
  keys: KeyPair,
  { space, platform }: Options,
): Promise<Segment> {
  const messages = finished.map(({ message }) => message)
  const { authorId, sessionId, clientSeq } = messages[0]!.header
  const hashes = messages.map(({ hash }) => hash)
  const sig = await platform.signer.sign(keys, sealBytes(space, authorId, hashes))
  const seal = { sig, publicKey: keys.publicKey }
  const bases = finished.map((each) => each.bases)
  const text = flushText(packMessages(messages), seal, bases)
  return segment(`${sessionId}:${clientSeq}`, 'own', { ids: messages.map(({ id }) => id), text })
}

/** By author: the keys of this device, of a day that is over and of other tabs, too. */
async function whoamiKeys(
  { meta }: StoredState,
  signer: Signer,
): Promise<ReadonlyMap<Uuid, KeyPair>> {
  const found = new Map<Uuid, KeyPair>()
  for (const [name, value] of meta) {
    if (name !== 'whoami' && !name.startsWith('whoami:')) continue
    const { keys } = value as { readonly keys: KeyPair }
    if (await isPair(keys, signer)) found.set(whoamiId(keys.publicKey), keys)
  }
  return found
}
