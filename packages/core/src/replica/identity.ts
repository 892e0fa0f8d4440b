/**
 * Who writes here: the whoami key, for as long as the app's policy says; the personal id,
 * which only the home reviewer learns; and the session, new at every open, so that a restored
 * backup can never write under a number that was used.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Hash } from '../base/hash.ts'
import { type Uuid, uuid4 } from '../base/uuid.ts'
import type { SessionRef } from '../log/entry.ts'
import { EntityIds, grantBytes, personalCommit, whoamiId } from '../message/ids.ts'
import type { SessionOpening } from '../message/message.ts'
import type { KeyPair } from '../ports/signer.ts'
import type { StorageHandle } from '../ports/storage.ts'
import type { Platform } from './platform.ts'

export interface IdentityOptions {
  /**
   * How long the public author id lives: `device` (default) for apps with a login, `day`, or `tab`
   * for people who want to stay anonymous.
   */
  readonly lifetime?: 'tab' | 'day' | 'device'
  /** Who the person is to the home reviewer; a random value of this device when absent. */
  readonly personalId?: string | (() => string | Promise<string>)
}

export interface Identity {
  readonly keys: KeyPair
  readonly session: SessionRef
  readonly personalCommit: Hash
  readonly opening: SessionOpening
  readonly entityIds: EntityIds
}

interface StoredWhoami {
  readonly keys: KeyPair
  readonly madeAt: number
}

const DAY_MS = 86_400_000

/** `storage` is undefined where nothing can be kept: then identity lives as long as the store. */
export async function openIdentity(
  space: Uuid,
  options: IdentityOptions,
  { storage, platform }: { storage: StorageHandle | undefined; platform: Platform },
): Promise<Identity> {
  const { random, signer } = platform
  const keys = await whoamiKeys(options.lifetime ?? 'device', { storage, platform })
  const personalId = await personalIdOf(options, { storage, platform })
  const authorId = whoamiId(keys.publicKey)
  const session: SessionRef = { authorId, sessionId: uuid4(random.bytes(16)) }
  const salt = toBase64url(random.bytes(16))
  const commit = personalCommit(space, personalId, salt)
  const sig = await signer.sign(
    keys,
    grantBytes(space, authorId, { sessionId: session.sessionId, commit }),
  )
  return {
    keys,
    session,
    personalCommit: commit,
    opening: {
      authorId,
      publicKey: keys.publicKey,
      sessionId: session.sessionId,
      personalId,
      salt,
      sig,
    },
    entityIds: new EntityIds(space, authorId, session.sessionId),
  }
}

type Place = { storage: StorageHandle | undefined; platform: Platform }

async function whoamiKeys(
  lifetime: 'tab' | 'day' | 'device',
  { storage, platform }: Place,
): Promise<KeyPair> {
  const { clock, signer } = platform
  const fresh = async (): Promise<StoredWhoami> => ({
    keys: await signer.generate(),
    madeAt: clock.now(),
  })
  if (!storage) return (await fresh()).keys
  const name = {
    device: 'whoami',
    // A new name each day: whoever comes first that day makes the key.
    day: `whoami:day:${Math.floor(clock.now() / DAY_MS)}`,
    tab: `whoami:tab:${platform.tabId()}`,
  }[lifetime]
  return ((await storage.claim(name, await fresh())) as StoredWhoami).keys
}

async function personalIdOf(
  options: IdentityOptions,
  { storage, platform }: Place,
): Promise<string> {
  const { personalId } = options
  if (personalId !== undefined)
    return typeof personalId === 'string' ? personalId : await personalId()
  const fresh = toBase64url(platform.random.bytes(18))
  return storage ? String(await storage.claim('personalId', fresh)) : fresh
}
