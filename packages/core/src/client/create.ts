/** Opens a store: checks the options of the app and fills in the defaults. */
import { CountersignError } from '../base/outcome.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import { correctedClock } from '../facts/timestamp.ts'
import type { Storage } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { Auth } from './identity/credentials.ts'
import type { IdentityOptions } from './identity/identity.ts'
import { isClient } from './platform/client.ts'
import { systemClock } from './platform/clock.ts'
import type { PeerReview } from './peer-review.ts'
import type { Platform } from './platform/platform.ts'
import type { SyncStore } from './store.ts'
import type { FollowedScope } from './reads/followed.ts'
import { Store } from './sync-store.ts'

/** What `createSyncStore` takes. Only `space` and `entities` have no default. */
export interface StoreOptions {
  readonly space: Uuid
  readonly entities: readonly Entity[]
  /** Persists writes beyond this page. Without it they live in memory, and rows have `volatile`. */
  readonly storage?: Storage
  /** Connections to the reviewer, at most one. Without one the store never syncs. */
  readonly transports?: readonly Transport[]
  /**
   * Other stores of the space, reached without the reviewer's server. While the reviewer is away one of
   * them reviews: its verdicts are shown as `provisional`, and are never final. Made by `core/peers`.
   */
  readonly peers?: PeerReview
  /**
   * The rows that the store keeps up to date: `followed`, those of open live queries and of
   * `store.follow`. Default: the whole space.
   */
  readonly scope?: FollowedScope | undefined
  readonly identity?: IdentityOptions
  /**
   * Proves the person to the reviewer: a token, or a function that returns one, called for each
   * connection and before a login ends. `identity.personalId` must equal the personal id that the
   * reviewer's `authenticate` returns for it. See also `store.setAuth`.
   */
  readonly auth?: Auth
  /** Public key of the home reviewer, base64url. Default: trust on first use, the first key is pinned. */
  readonly reviewerKey?: string
  /** Called with errors that subscribers throw, and when the store halts. Default: rethrown in a task of its own. */
  readonly onError?: (error: unknown) => void
  /** Time, randomness, signatures and locks; for tests and unusual platforms. */
  readonly platform?: Partial<Platform>
  /**
   * Runs the store where `window` is undefined: in Node, on a server. Without it, and without a
   * `platform`, a store created there is inert: it opens nothing, has no rows, and rejects writes
   * with `not_ready`, so that a module-level store is safe during server-side rendering.
   */
  readonly server?: boolean
  /** Tail steps that are stored one by one before a checkpoint replaces them. Default: 512. */
  readonly checkpointSteps?: number
}

/**
 * Opens a store. Returns at once; `await store.ready` before the first write.
 * @throws CountersignError `invalid` for a space that is not a uuid, more than one transport, or peers
 * of a store that follows scopes.
 */
export function createSyncStore(options: StoreOptions): SyncStore {
  const inert = options.server !== true && options.platform === undefined && !isClient()
  return openStore(options, { limits: {}, inert })
}

/** `createSyncStore` with other limits than the defaults, for tests. Never inert. */
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
  if (options.peers && options.scope)
    throw new CountersignError('invalid', 'a store that follows scopes has no peers')
  const { platform = {}, checkpointSteps } = options
  const clock = correctedClock(platform.clock ?? systemClock())
  return new Store({
    space: options.space,
    entities: options.entities,
    storage: options.storage,
    transport: options.transports?.[0],
    peers: options.peers,
    scope: options.scope,
    identity: options.identity ?? {},
    auth: options.auth,
    reviewerKey: options.reviewerKey,
    clock,
    platform,
    limits: {
      ...(checkpointSteps !== undefined && { checkpointStepsMax: checkpointSteps }),
      ...limits,
    },
    inert,
    onError: options.onError ?? ((error) => void clock.after(0, () => rethrow(error))),
  })
}

function rethrow(error: unknown): never {
  throw error
}
