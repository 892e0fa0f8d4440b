/** Opening a store: the options an app gives, checked and filled in. */
import { CountersignError } from '../base/outcome.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { correctedClock } from '../facts/timestamp.ts'
import type { Storage } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { IdentityOptions } from './identity/identity.ts'
import type { ReplicaOptions } from './options.ts'
import { type Platform, defaultPlatform, isClient } from './platform/platform.ts'
import { Replica } from './replica.ts'
import type { SyncStore } from './store.ts'
import { Store } from './sync-store.ts'

/** What `createSyncStore` takes. Only `space` and `entities` have no default. */
export interface StoreOptions {
  readonly space: Uuid
  readonly entities: readonly Entity[]
  /** Where writes survive this page. Without one they live in memory, and rows say `volatile`. */
  readonly storage?: Storage
  /** Ways to the reviewer. Without one the store stays alone. */
  readonly transports?: readonly Transport[]
  readonly identity?: IdentityOptions
  /** Public key of the home reviewer, base64url. Without it, the first reviewer met is trusted from then on. */
  readonly reviewerKey?: string
  /** Hears what subscribers throw, and a halt. Default: rethrown outside of the store's own work. */
  readonly onError?: (error: unknown) => void
  /** Time, randomness, signatures and locks; for tests and unusual platforms. */
  readonly platform?: Partial<Platform>
  /**
   * Runs the store where there is no `window`: in Node, on a server. Without it, and without a
   * `platform`, a store made there is inert: it opens nothing, has no rows, and refuses writes as
   * `not_ready`, so that a module-level store does no harm while pages are rendered on a server.
   */
  readonly server?: boolean
  /** Arrivals from the reviewer that are stored one by one before a checkpoint replaces them. Default: 512. */
  readonly checkpointSteps?: number
}

/**
 * Opens a store. Returns at once; `await store.ready` before the first write.
 * @throws CountersignError `invalid` for a space that is not a uuid or more than one transport.
 */
export function createSyncStore(options: StoreOptions): SyncStore {
  const inert = options.server !== true && options.platform === undefined && !isClient()
  return openStore(options, { limits: {}, inert })
}

/** The same with other bounds than the defaults: for tests, which cannot write 8,192 messages each time. */
export function createLimitedStore(options: StoreOptions, limits: Partial<Limits>): SyncStore {
  return openStore(options, { limits, inert: false })
}

function openStore(
  options: StoreOptions,
  { limits, inert }: { readonly limits: Partial<Limits>; readonly inert: boolean },
): SyncStore {
  if (!isUuid(options.space))
    throw new CountersignError(
      'invalid',
      `the space ${String(options.space)} is not a lower-case uuid`,
    )
  if ((options.transports?.length ?? 0) > 1)
    throw new CountersignError('invalid', 'a store has one transport for now')
  const given = { ...defaultPlatform(), ...options.platform }
  const platform: Platform = { ...given, clock: correctedClock(given.clock) }
  const parts: ReplicaOptions = {
    space: options.space,
    entities: options.entities,
    storage: options.storage,
    transport: options.transports?.[0],
    identity: options.identity ?? {},
    reviewerKey: options.reviewerKey,
    platform,
    limits: {
      ...LIMITS,
      ...(options.checkpointSteps !== undefined && { checkpointStepsMax: options.checkpointSteps }),
      ...limits,
    },
    inert,
    onError: options.onError ?? ((error) => void platform.clock.after(0, () => rethrow(error))),
  }
  return new Store(new Replica(parts), parts)
}

function rethrow(error: unknown): never {
  throw error
}
