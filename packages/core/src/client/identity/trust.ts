/**
 * Which reviewer this store follows: the one whose key the app gave, or else the first that signed a
 * greeting for a link of this store, from then on. What a reviewer says of its epoch, and its greeting,
 * are checked before anything is taken from it, or remembered of it.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Epoch } from '../../wire/records.ts'
import { welcomeBytes } from '../../wire/signed.ts'
import { whoamiId } from '../../facts/whoami.ts'
import { isLinked } from '../../history/lineage.ts'
import { type Greeting, type LinkRefusal, forgery, presentEpoch } from '../../sync/session-host.ts'
import type { Signer } from '../../ports/signer.ts'
import type { StoredState, WriteBatch } from '../../ports/storage.ts'
import type { Disk } from '../disk/disk.ts'
import type { DamagedRecord } from '../disk/sound-state.ts'

const KEY = 'reviewerKey'
const KEY_CHECK = 'reviewerKey:check'

function keyMeta(key: string | null): NonNullable<WriteBatch['meta']> {
  return [
    [KEY, key],
    [KEY_CHECK, key === null ? null : checksum(key)],
  ]
}

export interface TrustParts {
  readonly space: Uuid
  readonly signer: Signer
  readonly disk: Disk
  /** The key the app knows its reviewer by. */
  readonly reviewerKey: string | undefined
}

export class Trust {
  readonly #parts: TrustParts
  #key: string | undefined

  constructor(parts: TrustParts) {
    this.#parts = parts
    this.#key = parts.reviewerKey
  }

  /**
   * Remembers whom an earlier session followed. `damaged` is what is to be said of a damaged record;
   * `isOther`: another one was met before the storage could tell, and is not followed any more.
   */
  restore({ meta }: StoredState): {
    readonly damaged?: DamagedRecord
    readonly isOther: boolean
  } {
    const key = meta.get(KEY)
    const check = meta.get(KEY_CHECK)
    // Records of earlier builds have no checksum.
    const isSound = check === undefined || check === null || check === checksum(String(key))
    if (isSound) {
      if (typeof key !== 'string' || this.#parts.reviewerKey !== undefined)
        return { isOther: false }
      const isOther = this.#key !== undefined && this.#key !== key
      this.#key = key
      return { isOther }
    }
    const detail = this.#parts.reviewerKey
      ? 'the stored key of the reviewer is damaged; the one that the app gave is followed'
      : 'the stored key of the reviewer is damaged; the next reviewer that is met is followed'
    const record = {
      key: KEY,
      kind: 'identity',
      detail,
      messageIds: [],
      text: String(key),
    } as const
    return { damaged: record, isOther: false }
  }

  /** Forgets whom earlier sessions followed: the next one that is met counts, unless the app has pinned a key. */
  forget(): Promise<boolean> {
    this.#key = this.#parts.reviewerKey
    return this.#parts.disk.write({ durability: 'strict', meta: keyMeta(null) })
  }

  /** Whether the reviewer that is followed has signed that. */
  async verify(bytes: Uint8Array, sig: string): Promise<boolean> {
    return this.#key !== undefined && this.#parts.signer.verify(this.#key, bytes, sig)
  }

  /**
   * Why the reviewer of this greeting must not be followed; undefined: it may be. Only then its key is
   * remembered: the record of an epoch is public, so any process can send one.
   */
  async judge(greeting: Greeting): Promise<LinkRefusal | undefined> {
    const { lineage, position, nonces, at, sig } = greeting
    const epoch = presentEpoch(lineage)
    const fault = this.#epochFault(epoch, lineage)
    if (fault) return fault
    const key = epoch.reviewerKey
    const bytes = welcomeBytes(this.#parts.space, { nonces, position, at })
    const isOfEpoch = position.eid === epoch.eid && position.epoch === epoch.epoch
    if (!isOfEpoch || !(await this.#parts.signer.verify(key, bytes, sig)))
      return forgery('a greeting that its key has not signed for this link')
    // The storage may have been read meanwhile, with the reviewer that earlier sessions followed.
    if (this.#key !== undefined && this.#key !== key) return unknownReviewer()
    if (this.#key === undefined) {
      this.#key = key
      void this.#parts.disk.write({ durability: 'relaxed', meta: keyMeta(key) })
    }
    return undefined
  }

  /** The greeting signs the id of the present epoch, and by it what that one continues. */
  #epochFault(
    { space, reviewerKey, reviewerId }: Epoch,
    lineage: readonly Epoch[],
  ): LinkRefusal | undefined {
    if (space !== this.#parts.space)
      return { refusal: 'wrong_space', note: 'the reviewer answers for another space' }
    if (whoamiId(reviewerKey) !== reviewerId || !isLinked(lineage))
      return other('the record of the reviewer’s epoch is not what it says')
    return this.#key === undefined || this.#key === reviewerKey ? undefined : unknownReviewer()
  }
}

function unknownReviewer(): LinkRefusal {
  return other(
    'this is not the reviewer that this store knows: another one, or it began again without its data',
  )
}

function other(note: string): LinkRefusal {
  return { refusal: 'other_reviewer', note }
}
