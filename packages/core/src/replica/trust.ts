/**
 * Which reviewer this store follows: the one whose key the app gave, or else the first it met,
 * from then on. What a reviewer says of its epoch is checked before anything is taken from it.
 */
import type { Uuid } from '../base/uuid.ts'
import { epochIdentity, positionBytes } from '../message/chain.ts'
import { whoamiId } from '../message/ids.ts'
import type { EpochOpen } from '../message/message.ts'
import type { Refusal } from '../messaging/session-host.ts'
import type { Signer } from '../ports/signer.ts'
import type { StoredState } from '../ports/storage.ts'
import type { Disk } from './disk.ts'

export interface TrustParts {
  readonly space: Uuid
  readonly signer: Signer
  readonly disk: Disk
  /** The key the app knows its reviewer by. */
  readonly pinned: string | undefined
}

export class Trust {
  readonly #parts: TrustParts
  #key: string | undefined

  constructor(parts: TrustParts) {
    this.#parts = parts
    this.#key = parts.pinned
  }

  /** Remembers whom an earlier session followed. */
  restore(state: StoredState): void {
    const key = state.meta.get('reviewerKey')
    if (typeof key === 'string') this.#key ??= key
  }

  /** Forgets whom earlier sessions followed: the next one that is met counts, unless the app has pinned a key. */
  forget(): Promise<boolean> {
    this.#key = this.#parts.pinned
    return this.#parts.disk.write({ durability: 'strict', meta: [['reviewerKey', null]] })
  }

  /** Why this epoch is not to be followed; undefined when it is. */
  async judge({ sig, eid, chain, ...body }: EpochOpen): Promise<Refusal | undefined> {
    const { space, signer, disk } = this.#parts
    if (body.space !== space)
      return { refusal: 'wrong_space', note: 'the reviewer answers for another space' }
    const identity = epochIdentity(body)
    if (
      identity.eid !== eid ||
      identity.chain !== chain ||
      whoamiId(body.reviewerKey) !== body.reviewerId
    ) {
      return other('the record of the reviewer’s epoch is not what it says')
    }
    if (this.#key !== undefined && this.#key !== body.reviewerKey)
      return other(
        'this is not the reviewer that this store knows: another one, or it began again without its data',
      )
    const opened = positionBytes(space, { eid, epoch: body.epoch, seq: 0, chain })
    if (!(await signer.verify(body.reviewerKey, opened, sig)))
      return other('the record of the reviewer’s epoch is not signed by it')
    if (this.#key === undefined) {
      this.#key = body.reviewerKey
      void disk.write({ durability: 'relaxed', meta: [['reviewerKey', body.reviewerKey]] })
    }
    return undefined
  }
}

function other(note: string): Refusal {
  return { refusal: 'other_reviewer', note }
}
