/** What a replica is made of, after the defaults of the public options are filled in. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Storage } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { IdentityOptions } from './identity/identity.ts'
import type { Platform } from './platform/platform.ts'

export interface ReplicaOptions {
  readonly space: Uuid
  readonly entities: readonly Entity[]
  readonly storage: Storage | undefined
  readonly transport: Transport | undefined
  readonly identity: IdentityOptions
  /** Public key of the home reviewer; the first one met is kept when absent. */
  readonly reviewerKey: string | undefined
  readonly platform: Platform
  /** Every bound of this replica, defaults filled in. */
  readonly limits: Limits
  /** Opens nothing and refuses writes: the store of a page that is rendered on a server. */
  readonly inert: boolean
  readonly onError: (error: unknown) => void
}
