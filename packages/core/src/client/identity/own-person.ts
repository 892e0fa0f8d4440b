/**
 * Who uses this store: the app's token, the person whom its sessions commit to, and the author ids of
 * that person.
 */
import type { StoreApi } from 'zustand/vanilla'
import { without } from '../../base/redact.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { SyncStatus } from '../store.ts'
import { Binder } from './binder.ts'
import { type Auth, Credentials } from './credentials.ts'
import { type Identity, type IdentityOptions, type Device, openIdentity } from './identity.ts'
import { MyIds, type MyIdsParts } from './me.ts'

export interface OwnPersonParts extends MyIdsParts {
  readonly space: Uuid
  readonly auth: Auth
  readonly options: IdentityOptions
  readonly status: StoreApi<SyncStatus>
  /** The session is tied to a person: messages may be sealed. */
  readonly onBound: (opening: SessionOpening) => void
}

export class OwnPerson {
  readonly credentials: Credentials
  readonly me: MyIds
  readonly #parts: OwnPersonParts
  #binder: Binder | undefined
  #personalId: string | undefined

  constructor(parts: OwnPersonParts) {
    this.#parts = parts
    this.credentials = new Credentials(parts.auth)
    this.me = new MyIds(parts)
  }

  /** Reads or makes the key, and begins to ask the app who the person is. */
  async open(place: Device): Promise<Identity> {
    const { space, options, status, onBound } = this.#parts
    const identity = await openIdentity(space, options, place)
    this.me.begin(identity.session.authorId, identity.since)
    this.#binder = new Binder({
      ...{ space, identity, options, place, status },
      onBound: (opening) => {
        this.#personalId = opening.personalId
        this.me.is(opening.personalId)
        onBound(opening)
      },
    })
    void this.#binder.try()
    return identity
  }

  /** Resolves when the session is bound, or when that takes too long to be waited for. */
  async opening(): Promise<void> {
    await this.#binder?.opening()
  }

  /** Why ended sessions are not bound: they are of another person. undefined: all are. */
  refusedSessions(why: string | undefined): void {
    const identityTrouble = why && `messages of earlier sessions wait: ${why}`
    this.#parts.status.setState({ identityTrouble })
  }

  /** A text for others than this person, without what is theirs alone. */
  redacted(text: string): string {
    return without([this.credentials.last, this.#personalId], text)
  }

  stop(): void {
    this.#binder?.stop()
  }
}
