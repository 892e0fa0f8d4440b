/** The interface between a session with a reviewer and its replica, and the states of a session. */
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
 * Why a reviewer is not followed, if a retry alone does not help.
 *
 * - `wrong_space`: it reviews another space.
 * - `wrong_version`: it speaks another version of the protocol.
 * - `other_reviewer`: it has another key than the one that this store knows.
 * - `unauthorised`: the app's token was refused, has expired, or could not be had; or it is of another
 *   person than this store.
 * - `forged`: a frame of the link is not signed by the reviewer; an attacker may be in between.
 */
export type ConnectionRefusal = ByeCode | 'other_reviewer' | 'forged'

export interface LinkRefusal {
  readonly refusal: ConnectionRefusal
  /** The same in a sentence. */
  readonly note: string
}

/**
 * The refusal of a forged frame: an attacker is on the link, or the reviewer signs with another
 * key.
 */
export function forgery(what: string): LinkRefusal {
  return {
    refusal: 'forged',
    note: `forged in the name of the reviewer: ${what}; it was discarded`,
  }
}

/** The greeting of a reviewer. */
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
  /** It concerns these messages only. */
  readonly alone: boolean
}

/** A snapshot that replaces the canonical state. */
export interface Replaced {
  readonly pages: readonly string[]
  /** Whether it contains an own message. */
  readonly told: (sessionId: Uuid, clientSeq: number) => boolean
  /** The former state is of another lineage. */
  readonly isOther: boolean
  readonly by: Reviewing
}

/** The parts of the replica that a session uses. */
export interface SessionHost {
  /** Sessions whose messages may be offered over this link. */
  openings(): readonly SessionOpening[]
  /**
   * Whether the session is bound although none of its messages waits: it claims its author for this
   * person.
   */
  isClaim(sessionId: Uuid): boolean
  /** The app's token; undefined where it has none. Rejects where the app's function fails. */
  token(): string | undefined | Promise<string | undefined>
  /** Why ended sessions of this device are not bound: their messages wait. undefined: all are. */
  refusedSessions(why: string | undefined): void
  /** Called with the capabilities of this person at the reviewer; they are not signed. */
  may(capabilities: readonly Capability[]): void
  /** Called with all author ids of the person that a login has proved; undefined: no login. */
  me(authorIds: readonly Uuid[] | undefined): void
  /**
   * The proof of a session for a link with that nonce; undefined where this device lacks its key.
   */
  prove(opening: SessionOpening, nonce: string): Promise<string | undefined>
  /** Whether checks are so fast that frames are shown after them only. */
  readonly isNative: boolean
  /** Whether `sig` over the bytes is of the followed reviewer. */
  verify(bytes: Uint8Array, sig: string): Promise<boolean>
  /** Whether `sig` over the bytes is of the author's key. */
  verifySeal(publicKey: string, bytes: Uint8Array, sig: string): Promise<boolean>
  /** Called with evidence against the reviewer, as a sentence. */
  alarm(what: string): void
  /**
   * Why the reviewer of a greeting is not to be followed; undefined: it is followed from now on,
   * and no other.
   */
  judge(greeting: Greeting): Promise<LinkRefusal | undefined>
  /** The lineage of a greeting that was judged, with the known epochs of others. */
  greeted(epochs: readonly Epoch[]): Lineage
  /**
   * Called when the shown state is of that lineage from now on. `isOther`: it was of another one
   * before.
   */
  follow(lineage: Lineage, isOther: boolean): void
  /** Steps of the reviewer's log that are kept here, oldest first. */
  held(): Promise<readonly HeldStep[]>
  /** Called when canonical facts were applied: `texts` are their frames. */
  taken(outcome: TailApplied, texts: readonly string[], by: Reviewing): void
  /** Called when a snapshot was applied. */
  replaced(outcome: SnapshotApplied, replaced: Replaced): void
  /** Called when states of rows were applied. `isOther`: the former state is of another lineage. */
  shown(outcome: StatesApplied, by: Reviewing, isOther: boolean): void
  acceptedAgain(entry: Entry, review: AcceptedAgain): void
  rejected(rejections: readonly Rejection[]): void
  /** The rejections of own messages that the reviewer of this link has signed. */
  rejectionsOf(ids: readonly Uuid[]): readonly Rejection[]
  /** Called for messages without a verdict for now. */
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
  /** Peers may bring messages of this store, when it is gone. */
  readonly hasPeers: boolean
  /** The followed scopes; undefined: the whole space. */
  readonly scopes?: Scopes | undefined
  readonly host: SessionHost
}

/** The term that a lineage ends with. A frame without one does not parse. */
export function presentEpoch(lineage: readonly Epoch[]): Epoch {
  const epoch = lineage.at(-1)
  assert(epoch, 'a lineage has an epoch')
  return epoch
}
