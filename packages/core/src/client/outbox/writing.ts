/**
 * The session that writes here: its key, its numbers, the ids it mints, and the flusher that seals
 * its messages. A key may be replaced: then another session begins, of another author.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import { Entry } from '../../history/entry.ts'
import type { Draft } from '../../rows/draft.ts'
import { Flusher, type FlusherParts } from './flusher.ts'
import type { OwnMessages } from './own-messages.ts'
import type { Identity } from '../identity/identity.ts'
import { MintedIds } from '../identity/minted.ts'

export interface WritingParts extends Omit<FlusherParts, 'identity' | 'mintedIn'> {
  readonly own: OwnMessages
  readonly nextArrival: () => number
}

export class Writing {
  readonly minted: MintedIds = new MintedIds(() => this.#identity?.session.sessionId)
  readonly #parts: WritingParts
  #identity: Identity | undefined
  #flusher: Flusher | undefined
  /** Of the messages of the session; one for all. */
  #identifier: (entry: Entry) => void = () => {}
  #clientSeq = 0

  constructor(parts: WritingParts) {
    this.#parts = parts
  }

  /** undefined until the storage is open. */
  get identity(): Identity | undefined {
    return this.#identity
  }

  /** Set once the storage is open. */
  get sessionId(): Uuid {
    assert(this.#identity, 'a store that is open has a session')
    return this.#identity.session.sessionId
  }

  /** Begins a session. An earlier one has nothing that is not flushed. */
  begin(identity: Identity): void {
    this.#identity = identity
    this.#clientSeq = 0
    this.#parts.own.begin(identity.session)
    const { minted } = this
    const flusher = new Flusher({ ...this.#parts, identity, mintedIn: minted.sessionOf })
    this.#flusher = flusher
    this.#identifier = (entry) => flusher.identify(entry)
  }

  /** Messages can be sealed, where the session is tied to a person. */
  bound(): void {
    if (this.#identity?.binding) this.#flusher?.bound()
  }

  /** A new entry for a message that is being written. Takes effect with `commit`. */
  draft(): Entry {
    assert(this.#identity, 'writes before `ready` are rejected')
    return new Entry({
      session: this.#identity.session,
      clientSeq: this.#clientSeq + 1,
      timestamp: this.#parts.platform.clock.now(),
      arrival: this.#parts.nextArrival(),
      identifier: this.#identifier,
    })
  }

  /** Records in a message, before its commit, what its author has seen. */
  noteSeen(draft: Draft): void {
    this.#parts.own.noteSeen(draft)
  }

  commit(entry: Entry): void {
    assert(entry.session === this.#identity?.session, 'a session writes for itself')
    this.#clientSeq++
    this.#parts.outbox.addDraft(entry)
    this.#flusher?.add(entry)
  }

  /** Seals at once: the page may be discarded. */
  hurry(): void {
    this.#flusher?.hurry()
  }

  /** Resolves when the disk has answered for all writes so far. */
  async flushed(): Promise<void> {
    await this.#flusher?.flushed()
    await this.#flusher?.written()
  }
}
