/** The interface of the reviewer role: its options, its events and figures, and the calls of a gateway. */
import type { Outcome } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { NackReason } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { SpaceMarks } from '../ports/space-marks.ts'
import type { SpaceStores } from '../ports/space-store.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { Assigners } from '../review/assign.ts'
import type { EquivocationProof } from './evidence.ts'
import type { Authenticate, Peer } from './login.ts'
import type { OverQuota } from './quotas.ts'
import type { Capabilities } from '../review/capabilities.ts'
import type { LateWork } from '../review/revocations.ts'
import type { Revoked } from '../review/revoked.ts'
import type { ReviewRule, Rules } from '../review/rules.ts'
import type { CanRead } from '../review/read-rights.ts'
import type { FoldFailure } from '../review/schema-rules.ts'

/** The options of a reviewer: its space, store, keys and platform, and the rules of the app. */
export interface ReviewerOptions<E extends Entity = Entity> {
  readonly space: Uuid
  /** The stores of spaces; the reviewer closes the one that it opens. */
  readonly spaces: SpaceStores
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly random: Random
  /** Types that this deployment knows: values are validated, and the id policy applies. Absent: any type. */
  readonly entities?: readonly E[] | undefined
  /** Publishes the versions of `entities` that the space lacks when it is opened. Default: false. */
  readonly publishes?: boolean | undefined
  /** Authenticates links. Absent: no proof is required, and the personal id of a session is what it claims. */
  readonly authenticate?: Authenticate | undefined
  /** The capabilities of a person. Absent: every person may read, write and publish. */
  readonly capabilities?: Capabilities | undefined
  /** By type: which changes are allowed. Synchronous and pure. */
  readonly rules?: Rules<E> | undefined
  /** Checks the rows that result from a message. Synchronous and pure. */
  readonly review?: ReviewRule | undefined
  /**
   * The right to read a row. Absent: every person may read every row. With it, stores must follow
   * scopes (`scope: followed`), since the log would reveal every row; `authenticate` determines
   * the person.
   */
  readonly canRead?: CanRead | undefined
  /**
   * Computes the values of fields that `entities` declare as assigned. Without it, creations of
   * these types get no verdict.
   */
  readonly assign?: Assigners | undefined
  readonly limits?: Partial<Limits>
  /**
   * The data may be older than what was committed last: a copy was restored, or a standby was
   * promoted. A new epoch is opened before the first commit. Default: false.
   */
  readonly restored?: boolean
  /** Marks kept beside the key: data that differ from them count as restored. */
  readonly marks?: SpaceMarks | undefined
  /** Called with each event, for logs and metrics. No event contains values of messages, tokens or personal ids. */
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
  /** An epoch was opened, because the data are or may be older than what was committed last. */
  | { readonly type: 'epoch_opened'; readonly epoch: number; readonly seq: number }
  /** Lost batches were handed back, and continue the data as they were. */
  | { readonly type: 'adopted'; readonly fromSeq: number; readonly toSeq: number }
  | { readonly type: 'nacked'; readonly reason: NackReason; readonly messages: number }
  | { readonly type: 'strike'; readonly address: string; readonly why: string }
  /** `authenticate` refused a link, or its sessions are of another person. The store retries. */
  | { readonly type: 'login_refused'; readonly address: string; readonly why: string }
  /** `authenticate` threw. The store retries. */
  | { readonly type: 'login_failed'; readonly address: string; readonly error: string }
  /** An author has signed two messages with one number; the proof is kept (`evidence`). */
  | {
      readonly type: 'equivocation'
      readonly authorId: Uuid
      readonly sessionId: Uuid
      readonly clientSeq: number
      readonly acceptedSeq: number
    }
  /**
   * A person has used up a quota; reported once a minute. Further messages and reads wait, further
   * sessions are not bound.
   */
  | ({ readonly type: 'over_quota' } & OverQuota)
  /** A store of another space, or of another version of the protocol. The store retries. */
  | { readonly type: 'greeting_refused'; readonly address: string; readonly why: string }
  /**
   * A rule or an assigner threw, or returned an invalid answer; its messages get no verdict.
   * `error` is the app's own text.
   */
  | {
      readonly type: 'rule_failed'
      /** `issue.update`, `review`, `assign`, `canRead`. */
      readonly rule: string
      readonly error: string
      /** Stack of the error; undefined where nothing was thrown. */
      readonly stack: string | undefined
      readonly msgId: Uuid
      /** The pseudonym of its person: the personal id is in no event. */
      readonly authorId: Uuid
      /** Types that the message changes. */
      readonly types: readonly string[]
    }
  /** The versions of a type are not published: other builds may not read its rows. */
  | { readonly type: 'publication_failed'; readonly entity: string; readonly why: string }
  /**
   * `canRead` threw, or returned an invalid answer, for a row of that type: it is sent to no
   * person.
   */
  | {
      readonly type: 'can_read_failed'
      readonly error: string
      readonly stack: string | undefined
      readonly entity: string
    }
  | ({ readonly type: 'fold_failed' } & FoldFailure)
  /** A stored state was damaged. It was folded again from the messages of its entity, and is stored again. */
  | { readonly type: 'state_refolded'; readonly entityId: Uuid }
  | { readonly type: 'store_failed'; readonly error: string }
  | { readonly type: 'store_recovered' }

/** Present figures of one reviewer, for health checks and metrics. */
export interface ReviewerHealth {
  readonly epoch: number
  readonly seq: number
  readonly connections: number
  /** Sessions in memory. */
  readonly sessions: number
  /** Size of the states in memory. */
  readonly cachedBytes: number
  /** False while the store fails. */
  readonly healthy: boolean
  /** Messages that wait for a commit. */
  readonly pendingCommit: number
  readonly accepted: number
  readonly rejected: number
  readonly nacked: number
}

/** The methods that a gateway calls for one link. */
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
  /** The evidence that authors have signed two messages with one number, for the operator. */
  evidence(): Promise<readonly EquivocationProof[]>
  /**
   * Erases the values of an entity, as the operator: of these registers, or of all. Resolves to the seq as
   * of which nothing of them is left here, or to the fault `unknown`. Rejects when the store fails; it
   * may be asked again.
   */
  eraseValues(entityId: Uuid, regs?: readonly string[]): Promise<Outcome<number>>
  /**
   * Call when rights to read have changed that are not fields of the rows: of one person, or of any
   * person. Closes their links; after the reconnect they get the rows that they may read now.
   */
  rightsChanged(personalId?: string): void
  /**
   * Revokes an author id or a person: what they write from now on is refused, and they may not read.
   * Stored when it resolves. `late`: whether messages that they wrote before and deliver later are
   * `taken` (the default) or `refused`. `refused` is for a stolen key: a thief can date a message before
   * the revocation.
   */
  revoke(who: Revoked, options?: { readonly late?: LateWork }): Promise<void>
  /** Ends a revocation. What it has refused stays refused. */
  readmit(who: Revoked): Promise<void>
  /** Waits for the running commit, sends `bye` on every link, and closes the store. */
  close(): Promise<void>
}
