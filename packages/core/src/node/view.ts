/** One link that follows scopes: its scopes, and the frames that were sent on it. */
import type { Uuid } from '../base/uuid.ts'
import type { Scope } from '../wire/scopes.ts'
import type { SessionReviews } from '../wire/states-frame.ts'
import type { Connection } from './connection.ts'

/** The changes of several commits that are sent later to a slow peer. */
export interface Owed {
  readonly ids: Set<Uuid>
  readonly accepted: SessionReviews[]
  /** Resolves when they were sent. */
  told: Promise<void>
}

export const NOTHING_HERE: LinkView['here'] = { keys: new Set<string>(), seq: 0 }

/** The scopes of one link. */
export class LinkView {
  readonly connection: Connection
  readonly scopes: Map<string, { readonly scope: Scope; readonly end: () => void }> = new Map<
    string,
    { readonly scope: Scope; readonly end: () => void }
  >()
  /** The newest `follow`, and the newest one all of whose rows were sent. */
  of = 0
  done = 0
  /** Scopes that the peer has in full as of a seq, from before. */
  here: { readonly keys: ReadonlySet<string>; readonly seq: number } = NOTHING_HERE
  /** Frames that took a number. */
  made = 0
  /** Frames are sent in the order of their numbers. */
  sending: Promise<void> = Promise.resolve()
  /** While it is set, no other frame ends a step: some changes up to its position are not sent. */
  owed: Owed | undefined
  /** Where rights to read are limited: the rows that were sent, and may still be read. */
  readonly shown: Set<Uuid> = new Set<Uuid>()
  /** While scopes are filled: rows that a later commit has withheld. */
  readonly withheld: Set<Uuid> = new Set<Uuid>()
  /** Whether the link requested news while changes were waiting. */
  isAsked = false
  /** Scopes are filled one after the other. */
  filling: Promise<void> = Promise.resolve()

  constructor(connection: Connection) {
    this.connection = connection
  }

  end(): void {
    for (const { end } of this.scopes.values()) end()
    this.scopes.clear()
  }
}
