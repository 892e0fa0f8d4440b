/** One link that follows scopes: what it follows, and what it was told. */
import type { Uuid } from '../base/uuid.ts'
import type { Scope } from '../wire/scopes.ts'
import type { SessionReviews } from '../wire/states-frame.ts'
import type { Connection } from './connection.ts'

/** What a slow peer is told later, of several commits at once. */
export interface Owed {
  readonly ids: Set<Uuid>
  readonly accepted: SessionReviews[]
  /** Resolves when it was told. */
  told: Promise<void>
}

export const NOTHING_HERE: LinkView['here'] = { keys: new Set<string>(), seq: 0 }

/** What one link follows. */
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
  /** While it is there, no other frame ends a step: not all is told up to its position. */
  owed: Owed | undefined
  /** Where rights to read are limited: the rows that were sent, and may still be read. */
  readonly shown: Set<Uuid> = new Set<Uuid>()
  /** While scopes are filled: rows that a later commit has withheld. */
  readonly withheld: Set<Uuid> = new Set<Uuid>()
  /** Whether it was asked for news while something was owed. */
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
