/** What a session with a reviewer needs of the replica around it, and where it stands. */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Limits } from '../facts/limits.ts'
import type { NackReason, Position, Rejection, SessionOpening } from '../facts/message.ts'
import type { Epoch } from '../wire/records.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Transport } from '../ports/transport.ts'
import type { AcceptedAgain, ByeCode } from '../wire/frames.ts'
import type { HeldStep } from './hand-back.ts'
import type { Outbox } from './outbox.ts'
import type { Scopes } from './scopes.ts'
import type { SnapshotApplied, StatesApplied, TailApplied, TailReader } from './tail.ts'
import type { Reviewing } from './tail-plan.ts'

export type SessionState = 'offline' | 'connecting' | 'greeting' | 'syncing' | 'online' | 'closed'

/**
 * Why a reviewer is not followed, where time alone does not heal it.
 *
 * - `wrong_space`: it reviews another space.
 * - `wrong_version`: it speaks another version of the protocol.
 * - `other_reviewer`: it has another key than the one that this store knows.
 * - `unauthorised`: the app's token was refused, has expired, or could not be had; or it is of another
 *   person than this store.
 * - `forged`: what came over the link is not signed by the reviewer; somebody is in between.
 */
export type ConnectionRefusal = ByeCode | 'other_reviewer' | 'forged'

export interface LinkRefusal {
  readonly refusal: ConnectionRefusal
  /** The same in a sentence. */
  readonly note: string
}

/** Somebody is between this store and its reviewer, or the reviewer's key is not its own any more. */
export function forgery(what: string): LinkRefusal {
  return {
    refusal: 'forged',
    note: `in the name of the reviewer came ${what}; nothing of it is taken`,
  }
}

/** How a reviewer greets. */
export interface Greeting {
  /** One record at least; the last one is the present. */
  readonly lineage: readonly Epoch[]
  readonly position: Position
  /** Of this link: the one that this store drew, and the reviewer's. */
  readonly nonces: readonly [author: string, reviewer: string]
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  /** Over `welcomeBytes`. */
  readonly sig: string
}

export interface NackAbout {
  readonly detail: string
  /** It concerns these messages and no others. */
  readonly alone: boolean
}

/** A snapshot in the place of what was shown before. */
export interface Replaced {
  readonly pages: readonly string[]
  /** Whether it contains an own message. */
  readonly told: (sessionId: Uuid, clientSeq: number) => boolean
  /** What was shown before is of another lineage. */
  readonly isOther: boolean
  readonly by: Reviewing
}

/** What the session needs of the replica around it. */
export interface SessionHost {
  /** Sessions whose messages may be offered over this link. */
  openings(): readonly SessionOpening[]
  /** Whether the session is bound although nothing of it waits: its author is this person. */
  isClaim(sessionId: Uuid): boolean
  /**
   * The app's token; undefined where it has none. Rejects where it cannot be had.
   */
  token(): string | undefined | Promise<string | undefined>
  /** Why ended sessions of this device are not bound: their messages wait. undefined: all are. */
  refusedSessions(why: string | undefined): void
  /** What the reviewer lets this person do, by its own word, which is not signed. */
  may(capabilities: readonly Capability[]): void
  /** All author ids of the person that the reviewer knows by a login; undefined: it knows nobody. */
  me(authorIds: readonly Uuid[] | undefined): void
  /** The proof of a session for a link with that nonce; undefined where its key is not here. */
  prove(opening: SessionOpening, nonce: string): Promise<string | undefined>
  /** Whether checks are fast enough that nobody waits for them. */
  readonly isNative: boolean
  /** Whether the reviewer that is followed has signed that. */
  verify(bytes: Uint8Array, sig: string): Promise<boolean>
  /** Whether the key of an author has signed that. */
  verifySeal(publicKey: string, bytes: Uint8Array, sig: string): Promise<boolean>
  /** The reviewer says what cannot be so; in words. */
  alarm(what: string): void
  /** Why whoever greets so is not to be followed; undefined: it is, and from now on no other. */
  judge(greeting: Greeting): Promise<LinkRefusal | undefined>
  /** The lineage of a greeting that was judged, with what is known of others. */
  greeted(epochs: readonly Epoch[]): Lineage
  /** What is shown is of that lineage from now on. `isOther`: before, it was of another one. */
  follow(lineage: Lineage, isOther: boolean): void
  /** Steps of the reviewer's log that are kept here, oldest first. */
  held(): Promise<readonly HeldStep[]>
  /** Canonical facts were taken in: `texts` are the frames that brought them. */
  taken(outcome: TailApplied, texts: readonly string[], by: Reviewing): void
  /** A snapshot was taken in. */
  replaced(outcome: SnapshotApplied, replaced: Replaced): void
  /** States of rows were taken in. `isOther`: what was shown before is of another lineage. */
  shown(outcome: StatesApplied, by: Reviewing, isOther: boolean): void
  acceptedAgain(entry: Entry, review: AcceptedAgain): void
  rejected(rejections: readonly Rejection[]): void
  /** Those of own messages that the reviewer of this link has signed. */
  rejectionsOf(ids: readonly Uuid[]): readonly Rejection[]
  /** These wait: the reviewer has no verdict on them for now. */
  nacked(entries: readonly Entry[], reason: NackReason, about: NackAbout): void
  /** With a `refusal`, no link lasts until reviewer or store have changed. */
  changed(
    state: SessionState,
    note: string | undefined,
    refusal: ConnectionRefusal | undefined,
  ): void
}

export interface SessionParts {
  readonly limits: Limits
  readonly space: Uuid
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly outbox: Outbox
  readonly tail: TailReader
  /** What is followed; undefined: the whole space. */
  readonly scopes?: Scopes | undefined
  readonly host: SessionHost
}

/** The term that a lineage ends with. A frame without one does not parse. */
export function presentEpoch(lineage: readonly Epoch[]): Epoch {
  const epoch = lineage.at(-1)
  assert(epoch, 'a lineage has an epoch')
  return epoch
}
