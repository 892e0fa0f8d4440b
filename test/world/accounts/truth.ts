/** The truth of a world of accounts: the owner of each author id, the notes, and their verdicts. */
import type { Uuid } from '@countersign/core'
import { shortId } from '@countersign/core/message'

/** A person by name, or an anonymous user of one browser until they sign in there. */
export type Owner = string

export interface Written {
  readonly id: Uuid
  readonly text: string
  readonly by: Owner
  readonly authorId: Uuid | undefined
  /** By the clock of its tab, ms since 1970. */
  readonly wroteAt: number
  /** The browser. */
  readonly at: string
  /** The store has reported that it is durable, or was closed. */
  isKept: boolean
  /** It need not be accepted: its person has discarded it, or a tab has died before it was durable. */
  isGone: boolean
}

export class Truth {
  readonly #owners = new Map<Uuid, Owner>()
  readonly #sessions = new Map<Uuid, Uuid>()
  readonly #nobodies = new Set<Uuid>()
  #count = 0
  /** Anonymous users that have signed in and taken their work along, each with the person. */
  readonly #becameOf = new Map<Owner, Owner>()
  readonly written = new Map<string, Written>()
  /** Accepted notes, by text. */
  readonly accepted = new Map<string, number>()

  /** The anonymous user with that key: the same as before, or a new one. */
  nobodyOf(authorId: Uuid, before: Owner | undefined): Owner {
    const owner = this.#owners.get(authorId)
    if (owner?.startsWith('nobody')) return owner
    return before ?? `nobody ${++this.#count}`
  }

  /** Records that a session writes as an author. */
  note(sessionId: Uuid, authorId: Uuid, owner: Owner): void {
    this.#sessions.set(sessionId, authorId)
    if (owner.startsWith('nobody')) this.#nobodies.add(authorId)
    // A key without any write belongs to the next user.
    this.#owners.set(authorId, owner)
  }

  becomes(nobody: Owner, person: Owner): void {
    this.#becameOf.set(nobody, person)
  }

  /** The present owner: the person, where an anonymous user has signed in. */
  nowOf(owner: Owner): Owner {
    return this.#becameOf.get(owner) ?? owner
  }

  ownerOf(authorId: Uuid): Owner | undefined {
    const owner = this.#owners.get(authorId)
    return owner === undefined ? undefined : this.nowOf(owner)
  }

  /** All author ids. */
  authors(): readonly Uuid[] {
    return [...this.#owners.keys()]
  }

  /** Whether the author has written without a login. */
  wasNobody(authorId: Uuid): boolean {
    return this.#nobodies.has(authorId)
  }

  /** The authors whose ids or sessions are in a text. */
  authorsIn(text: string): Set<Uuid> {
    const found = new Set<Uuid>()
    for (const [sessionId, authorId] of this.#sessions)
      if (names(text, sessionId) || names(text, authorId)) found.add(authorId)
    return found
  }

  /** The authors whose sessions are in a text. */
  writersIn(text: string): Set<Uuid> {
    const found = new Set<Uuid>()
    for (const [sessionId, authorId] of this.#sessions)
      if (names(text, sessionId)) found.add(authorId)
    return found
  }
}

/** Whether an id is in a frame, in either of the forms that ids have there. */
function names(text: string, id: Uuid): boolean {
  return text.includes(shortId(id)) || text.includes(id)
}
