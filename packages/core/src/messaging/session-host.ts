/** What a session with a reviewer needs of the replica around it, and where it stands. */
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../log/entry.ts'
import type { Limits } from '../message/limits.ts'
import type { EpochOpen, NackReason, Rejection, SessionOpening } from '../message/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Transport } from '../ports/transport.ts'
import type { AcceptedAgain } from '../protocol/frames.ts'
import type { Outbox } from './outbox.ts'
import type { TailOutcome, TailReader } from './tail.ts'

export type SessionState = 'offline' | 'connecting' | 'greeting' | 'syncing' | 'online' | 'closed'

/** What the session needs of the replica around it. */
export interface SessionHost {
  /** Sessions whose messages may be offered over this link. */
  openings(): readonly SessionOpening[]
  /** Whether this lineage is the one to follow; undefined: yes. A text says why not. */
  judge(lineage: readonly EpochOpen[]): Promise<string | undefined>
  /** Canonical facts were taken in: `texts` are the frames that brought them. */
  taken(outcome: TailOutcome & { kind: 'applied' }, texts: readonly string[]): void
  /** A snapshot was taken in; `pages` are its texts. */
  replaced(outcome: TailOutcome & { kind: 'applied' }, pages: readonly string[]): void
  acceptedAgain(entry: Entry, review: AcceptedAgain): void
  rejected(rejections: readonly Rejection[]): void
  /** These wait: the reviewer has no verdict on them for now. */
  nacked(entries: readonly Entry[], reason: NackReason): void
  changed(state: SessionState, note: string | undefined): void
}

export interface SessionParts {
  readonly limits: Limits
  readonly space: Uuid
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly outbox: Outbox
  readonly tail: TailReader
  readonly host: SessionHost
}
