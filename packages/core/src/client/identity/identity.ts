/**
 * Who writes here: the whoami key, for as long as the app's policy says; the personal id,
 * which only the home reviewer learns; and the session, new at every open, so that a restored
 * backup can never write under a number that was used.
 */
import { toBase64url } from '../../base/bytes.ts'
import { checksum } from '../../base/checksum.ts'
import type { Hash } from '../../base/hash.ts'
import type { Uuid } from '../../base/uuid.ts'
import { uuid4 } from '../../base/uuid4.ts'
import type { SessionRef } from '../../history/entry.ts'
import {
  ANONYMOUS,
  EntityIds,
  grantBytes,
  isAnonymous,
  personalCommit,
  whoamiId,
} from '../../facts/whoami.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { KeyPair, Signer } from '../../ports/signer.ts'
import type { Damage } from '../disk/damage.ts'
import type { Disk } from '../disk/disk.ts'
import type { Platform } from '../platform/platform.ts'
import { type StoredWhoami, WHOAMI, isStoredWhoami, nameOfKeys } from './stored-whoami.ts'

/** Who writes: how long the public id lives, and which private one stands behind it. */
export interface IdentityOptions {
  /**
   * How long the public author id lives: `device` (default) for apps with a login, `day`, or `tab`
   * for people who want to stay anonymous.
   */
  readonly lifetime?: 'tab' | 'day' | 'device'
  /**
   * The person who is signed in, as the home reviewer's login names them. Absent: no person, and the reviewer gets a
   * random value of this device. Each person has keys, outbox and rows of their own in the storage. A
   * function is called again until it answers; meanwhile the store opens for the person it opened for last.
   */
  readonly personalId?: string | (() => string | Promise<string>)
  /**
   * Moves work that was written here without a login to this person: it becomes this person's, which only
   * the reviewer learns. Default: false, it stays for the next opening without a person.
   */
  readonly claim?: boolean
}

export interface Identity {
  readonly keys: KeyPair
  readonly session: SessionRef
  readonly entityIds: EntityIds
  /** When the key was made, ms since 1970. */
  readonly since: number
  /**
   * undefined until the app has said who the person is. Every message commits to it, so until then
   * they are written and shown, but neither sealed nor sent.
   */
  binding: PersonBinding | undefined
}

/** A session's tie to a person. */
export interface PersonBinding {
  readonly personalCommit: Hash
  readonly opening: SessionOpening
}

const DAY_MS = 86_400_000
/** How the names of the keys of days begin. */
const DAY = `${WHOAMI}:day:`

/** Where nothing can be kept, identity lives as long as the store. */
export async function openIdentity(
  space: Uuid,
  options: IdentityOptions,
  place: Device,
): Promise<Identity> {
  const { platform } = place
  const whoami = await whoamiKeys(whoamiName(options.lifetime, platform), place)
  return identityOf(space, whoami, platform)
}

/** A new session of the author with that key. */
export function identityOf(
  space: Uuid,
  { keys, madeAt: since }: StoredWhoami,
  { random }: Pick<Platform, 'random'>,
): Identity {
  const authorId = whoamiId(keys.publicKey)
  const session: SessionRef = { authorId, sessionId: uuid4(random.bytes(16)) }
  const entityIds = new EntityIds(space, authorId, session.sessionId)
  return { keys, session, since, entityIds, binding: undefined }
}

/** A key that was made now. */
export async function freshWhoami({
  clock,
  signer,
}: Pick<Platform, 'clock' | 'signer'>): Promise<StoredWhoami> {
  return { keys: await signer.generate(), madeAt: clock.now() }
}

/** Ties a session to a person, in a way that only the home reviewer can open. */
export async function bindingOf(
  space: Uuid,
  { keys, session }: Pick<Identity, 'keys' | 'session'>,
  { personalId, platform }: { readonly personalId: string; readonly platform: Platform },
): Promise<PersonBinding> {
  const { random, signer } = platform
  const { authorId, sessionId } = session
  const salt = toBase64url(random.bytes(16))
  const commit = personalCommit(space, personalId, salt)
  const sig = await signer.sign(keys, grantBytes(space, authorId, { sessionId, commit }))
  const { publicKey } = keys
  return {
    personalCommit: commit,
    opening: { authorId, publicKey, sessionId, personalId, salt, sig },
  }
}

export interface Device {
  readonly disk: Disk
  readonly platform: Platform
  readonly damage: Damage
}

/** Where the key that writes here is stored. */
export function whoamiName(
  lifetime: IdentityOptions['lifetime'] = 'device',
  { clock, tabId }: Pick<Platform, 'clock' | 'tabId'>,
): string {
  if (lifetime === 'device') return WHOAMI
  // A new name each day: the first store of a day makes the key.
  if (lifetime === 'day') return `${DAY}${Math.floor(clock.now() / DAY_MS)}`
  return `${WHOAMI}:tab:${tabId()}`
}

/**
 * The key of an earlier day under which a message waits. It writes on until no message waits: a write of
 * another key that depends on one would reveal to all readers that both keys are one person's.
 */
async function earlierDay(name: string, { disk }: Device): Promise<StoredWhoami | undefined> {
  if (!name.startsWith(DAY) || !(await disk.waiting())?.length) return undefined
  const meta = (await disk.read())?.state.meta ?? new Map<string, unknown>()
  const days = [...meta].flatMap(([key, value]) =>
    key.startsWith(DAY) && key !== name && isStoredWhoami(value) ? [value] : [],
  )
  const last = days.sort((a, b) => a.madeAt - b.madeAt).at(-1)
  if (!last) return undefined
  const leaving = { ...last, isLeaving: true }
  await disk.write({ durability: 'strict', meta: [[name, leaving]] })
  return leaving
}

async function whoamiKeys(name: string, place: Device): Promise<StoredWhoami> {
  const { disk, platform } = place
  const { signer } = platform
  const fresh = await freshWhoami(platform)
  const claimed = (await disk.claim(name, fresh)) as Partial<StoredWhoami> | null | undefined
  const kept = (claimed === fresh && (await earlierDay(name, place))) || claimed
  if (kept === fresh && disk.trouble !== undefined) {
    // Another key may be stored under that name; messages of this one are sent by the stores that have it.
    void disk.write({ durability: 'strict', meta: [[nameOfKeys(fresh), fresh]] })
  }
  if (kept?.isLeaving && isStoredWhoami(kept) && (await disk.waiting())?.length === 0) {
    // Under its own name, too: another tab may do the same now. And before it signs anything.
    const meta: readonly (readonly [string, StoredWhoami])[] = [
      [nameOfKeys(kept), { ...kept, isLeaving: false }],
      [nameOfKeys(fresh), fresh],
      [name, fresh],
    ]
    await disk.write({ durability: 'strict', meta })
    return fresh
  }
  if (kept?.keys && (await isPair(kept.keys, signer)))
    return { keys: kept.keys, madeAt: Number(kept.madeAt) }
  const detail = 'the key of this device is damaged; it has a new one, and is another author now'
  replaceDamaged(name, { kept, fresh, detail }, place)
  return fresh
}

/** Whether the halves belong together: each may be sound by itself, or not be a key at all. */
export async function isPair(keys: KeyPair, signer: Signer): Promise<boolean> {
  const probe = new Uint8Array(32)
  try {
    return await signer.verify(keys.publicKey, probe, await signer.sign(keys, probe))
  } catch {
    return false
  }
}

/** What was stored is kept aside, under a name of its own. */
function replaceDamaged(
  key: string,
  { kept, fresh, detail }: { kept: unknown; fresh: unknown; detail: string },
  { disk, damage }: Device,
): void {
  damage.add([{ key, kind: 'identity', detail, messageIds: [], text: undefined }])
  const meta = [
    [`damaged:${key}`, kept],
    [key, fresh],
  ] as const
  void disk.write({ durability: 'strict', meta })
}

/** The personal id without a login: a random one, kept in this partition. */
export async function anonymousId(place: Device): Promise<string> {
  const random = toBase64url(place.platform.random.bytes(18))
  const fresh = `${ANONYMOUS}${random}.${checksum(random)}`
  const kept = await place.disk.claim('personalId', fresh)
  if (isSound(kept)) return kept
  const detail = 'the personal id of this device is damaged; the reviewer sees another person now'
  replaceDamaged('personalId', { kept, fresh, detail }, place)
  return fresh
}

function isSound(kept: unknown): kept is string {
  if (typeof kept !== 'string' || !isAnonymous(kept)) return false
  const [random = '', check] = kept.slice(ANONYMOUS.length).split('.')
  return checksum(random) === check
}
