/** The interface of the reviewer role: what it is given, what it says of itself, what a gateway calls. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { NackReason } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { SpaceStores } from '../ports/space-store.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { Assigners } from '../review/assign.ts'
import type { Peer } from './connection.ts'
import type { ReviewerRules } from '../review/rules.ts'
import type { FoldFailure } from '../review/schema-rules.ts'

/** What a reviewer takes: its space, store, keys and platform, and the rules of the app. */
export interface ReviewerOptions {
  readonly space: Uuid
  /** Where the space is kept; a handle on it is closed with the reviewer. */
  readonly spaces: SpaceStores
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  /** Types this deployment knows: their values are validated and their id policy holds. Absent: any type. */
  readonly entities?: readonly Entity[]
  /** Who may write what, and what may not come of it. Synchronous and pure. */
  readonly rules?: ReviewerRules | undefined
  /** Gives the values of fields that `entities` declare as assigned. Without one, their creations wait. */
  readonly assign?: Assigners | undefined
  readonly limits?: Partial<Limits>
  /** Hears what happens, for logs and metrics. Values of messages are never in it. */
  readonly onEvent?: (event: ReviewerEvent) => void
}

/** What a reviewer reports for logs and metrics. Times are in ms. */
export type ReviewerEvent =
  | {
      readonly type: 'committed'
      readonly seq: number
      readonly messages: number
      readonly rejected: number
      readonly durationMs: number
    }
  | {
      readonly type: 'rejected'
      readonly msgId: Uuid
      readonly reason: string
      readonly detail: string
    }
  | { readonly type: 'nacked'; readonly reason: NackReason; readonly messages: number }
  | { readonly type: 'strike'; readonly address: string; readonly why: string }
  /** A store of another space, or of another version of the protocol. It tries again. */
  | { readonly type: 'greeting_refused'; readonly address: string; readonly why: string }
  /** A rule or an assigner threw or gave no answer; its messages wait. The text is the app's own. */
  | {
      readonly type: 'rule_failed'
      readonly rule: 'authorize' | 'review' | 'assign' | 'migrate' | 'publish'
      readonly error: string
      /** Where it threw, as the platform says it; undefined where it answered wrongly. */
      readonly stack: string | undefined
      readonly msgId: Uuid
      /** Types that the message changes. */
      readonly types: readonly string[]
    }
  | ({ readonly type: 'fold_failed' } & FoldFailure)
  /** A stored state was damaged. It was folded again from the messages of its entity, and is written again. */
  | { readonly type: 'state_refolded'; readonly entityId: Uuid }
  | { readonly type: 'store_failed'; readonly error: string }
  | { readonly type: 'store_recovered' }

/** Figures of one reviewer, of the moment; for health checks and metrics. */
export interface ReviewerHealth {
  readonly epoch: number
  readonly seq: number
  readonly connections: number
  /** Sessions that are held in memory. */
  readonly sessions: number
  /** Of states at hand, in bytes. */
  readonly cachedBytes: number
  /** False while the store fails. */
  readonly healthy: boolean
  /** Messages that wait for a commit. */
  readonly pendingCommit: number
  readonly accepted: number
  readonly rejected: number
  readonly nacked: number
}

/** What a gateway calls for one link. */
export interface Attached {
  frame(text: string): void
  closed(): void
}

/** The running reviewer of one space. */
export interface Reviewer {
  readonly space: Uuid
  readonly publicKey: string
  readonly state: ReviewerHealth
  connect(link: ServerLink, peer: Peer): Attached
  /** Lets the running commit end, says goodbye to every link, and closes the store. */
  close(): Promise<void>
}
