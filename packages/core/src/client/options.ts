/** The options of a store, as its parts get them. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Storage } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { Auth } from './identity/credentials.ts'
import type { IdentityOptions } from './identity/identity.ts'
import type { PeerReview } from './peer-review.ts'
import type { Platform } from './platform/platform.ts'
import type { FollowedScope } from './reads/followed.ts'

/** The public options, checked. The platform and the limits are loaded with the replica. */
export interface GivenOptions {
  readonly space: Uuid
  readonly entities: readonly Entity[]
  readonly storage: Storage | undefined
  readonly transport: Transport | undefined
  readonly peers: PeerReview | undefined
  /** What queries and the app follow; undefined: the whole space. */
  readonly scope: FollowedScope | undefined
  readonly identity: IdentityOptions
  readonly auth: Auth
  /** Public key of the home reviewer; undefined: the first key is pinned. */
  readonly reviewerKey: string | undefined
  readonly clock: Clock
  /** What the app gave in place of the default platform. */
  readonly platform: Partial<Platform>
  /** Those that differ from the defaults. */
  readonly limits: Partial<Limits>
  /** Opens nothing and rejects writes: a store during server-side rendering. */
  readonly inert: boolean
  readonly onError: (error: unknown) => void
}

/** The options of a replica: those of its store, with the defaults filled in. */
export interface ReplicaOptions extends GivenOptions {
  readonly platform: Platform
  readonly limits: Limits
}
