/**
 * The author ids of the person of this store. The reviewer tells them to that person alone, and they
 * are kept on this device, so they are known offline.
 */
import type { StoreApi } from 'zustand/vanilla'
import { checksum } from '../../base/checksum.ts'
import { type Uuid, isUuid } from '../../base/uuid.ts'
import { whoamiId } from '../../facts/whoami.ts'
import { isStoredWhoami, isWhoami } from './stored-whoami.ts'

/** Who writes here: `store.me` is a vanilla zustand store of this. */
export interface Me {
  /** The author id of this store, which others see; undefined before `ready`. */
  readonly authorId: Uuid | undefined
  /** The other author ids of this person: earlier ones of this device, and those that the reviewer has sent. No other client can link them. */
  readonly aliases: readonly Uuid[]
  /** Since when this device writes under `authorId`, ms since 1970. */
  readonly since: number | undefined
  /** Whether the reviewer knew the person by a login when it was last connected. */
  readonly signedIn: boolean
}

const KEY = 'me'

interface StoredMe {
  /** Checksum of the personal id that it is about. */
  readonly person: string
  readonly authorIds: readonly Uuid[]
  readonly check: string
}

export interface MyIdsParts {
  /** `store.me`, which is there before it is filled. */
  readonly shown: StoreApi<Me>
  /** Stores a record of meta. */
  readonly keep: (meta: readonly [key: string, record: unknown]) => void
  /** Other author ids count as the person's now. */
  readonly onChange: () => void
}

export class MyIds {
  readonly store: StoreApi<Me>
  readonly #parts: MyIdsParts
  #all: ReadonlySet<Uuid> = new Set()
  /** Whose keys are on this device, among the records of this person. */
  readonly #here = new Set<Uuid>()
  #told: readonly Uuid[] = []
  /** Checksum of the personal id, once the app has given it. */
  #person: string | undefined
  /** The same, of what was restored. */
  #restored: string | undefined

  constructor(parts: MyIdsParts) {
    this.store = parts.shown
    this.#parts = parts
  }

  isMine(authorId: Uuid): boolean {
    return authorId === this.store.getState().authorId || this.#all.has(authorId)
  }

  /** The author that writes here from now on. An earlier one stays this person's. */
  begin(authorId: Uuid, since: number): void {
    this.#here.add(authorId)
    this.store.setState({ authorId, since })
    this.#refresh({})
  }

  /** The app has named the person. Restored author ids of another person are dropped. */
  is(personalId: string): void {
    this.#person = checksum(personalId)
    if (this.#restored !== undefined && this.#restored !== this.#person) this.#show([], false)
  }

  restore(meta: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of meta)
      if (isWhoami(key) && isStoredWhoami(value)) this.#here.add(whoamiId(value.keys.publicKey))
    this.#refresh({})
    const stored = meta.get(KEY)
    if (!isStored(stored)) return
    if (this.#person !== undefined && this.#person !== stored.person) return
    this.#restored = stored.person
    // The reviewer sends damaged ones again.
    this.#show(stored.authorIds, true)
  }

  /** The author ids that the reviewer lists for this person; undefined: it knows no person. */
  told(authorIds: readonly Uuid[] | undefined): void {
    if (!authorIds) {
      this.store.setState({ signedIn: false })
      return
    }
    this.#show(authorIds, true)
    if (this.#person === undefined) return
    const record = { person: this.#person, authorIds, check: checkOf(this.#person, authorIds) }
    this.#parts.keep([KEY, record])
  }

  #show(authorIds: readonly Uuid[], signedIn: boolean): void {
    this.#told = authorIds
    this.#refresh({ signedIn })
  }

  #refresh(more: Partial<Me>): void {
    const { authorId, aliases: before } = this.store.getState()
    const all = new Set([...this.#told, ...this.#here])
    const aliases = [...all].filter((id) => id !== authorId).sort()
    const isSame = aliases.length === before.length && aliases.every((id) => this.#all.has(id))
    if (!isSame) this.#all = new Set(aliases)
    this.store.setState(isSame ? more : { ...more, aliases })
    if (!isSame) this.#parts.onChange()
  }
}

function checkOf(person: string, authorIds: readonly Uuid[]): string {
  return checksum([person, ...authorIds].join())
}

function isStored(stored: unknown): stored is StoredMe {
  const { person, authorIds, check } = Object(stored) as Partial<StoredMe>
  if (typeof person !== 'string' || !Array.isArray(authorIds) || !authorIds.every(isUuid))
    return false
  return check === checkOf(person, authorIds)
}
