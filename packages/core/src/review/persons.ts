/**
 * The person behind each author id: a private table of the reviewer. It has only persons that a
 * login has proved; a person that an opening claims is not stored.
 *
 *   bound over a link with a login ──first verdict──▶ stored, for ever
 *     ├── the last link that bound it ends ──▶ removed
 *     └── its messages were written before the person signed in, or its session is kept ──▶ claimed,
 *         stored with the next commit
 *
 * An author id belongs to the first person that a login has proved for it. A reviewer lists it in the
 * `me` frames of that person only.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { CacheBudget } from './cache-budget.ts'
import type { SpaceUse } from './caches.ts'
import { Lru } from './lru.ts'
import { Missing } from './missing.ts'

/** The person who wrote a message, as far as the reviewer knows. */
export interface Person {
  /** The personal id. */
  readonly id: string
  /** A login has proved it (`authenticate`). Otherwise it is a claim that any client could make. */
  readonly proved: boolean
  /** Further claims that `authenticate` returned: roles, groups. undefined without a login. */
  readonly claims: unknown
}

/** What would be decided on a message depends on the login of its author, who is not there. */
export class LoginNeeded extends Error {
  override readonly name = 'LoginNeeded'
}

/** A person that a login has proved earlier. The claims of that login are not kept: who reads them throws. */
export function provedBefore(id: string): Person {
  return {
    id,
    proved: true,
    get claims(): unknown {
      throw new LoginNeeded('the claims of a person are known while they are logged in')
    },
  }
}

/** Without a login, the person is the one that the session claims. */
export function claimedBy({ personalId: id }: { readonly personalId: string }): Person {
  return { id, proved: false, claims: undefined }
}

/** Author ids that wait to be stored. */
const CLAIMED_MAX = 1_024

interface Bound {
  readonly person: string
  links: number
}

export class Persons {
  readonly #budget: CacheBudget
  /** The stored persons; null: none is stored. */
  readonly #stored: Lru<Uuid, { readonly person: string | null }>
  /** Author ids that had no person, with the person that is still to be stored. */
  readonly #claimed = new Map<Uuid, string>()
  /** Author ids that are bound over links with a login. */
  readonly #bound = new Map<Uuid, Bound>()

  constructor(budget: CacheBudget, use: Readonly<SpaceUse> = { isHeld: false }) {
    this.#budget = budget
    this.#stored = new Lru(budget, { isHeld: () => use.isHeld })
  }

  /** The personal id that a login has proved for an author id; undefined: none has. @throws Missing */
  of(authorId: Uuid): string | undefined {
    return this.boundTo(authorId) ?? this.ownerOf(authorId)
  }

  /** The stored person of an author id. @throws Missing */
  ownerOf(authorId: Uuid): string | undefined {
    const stored = this.#stored.get(authorId)
    if (!stored) throw new Missing({ kind: 'author', id: authorId })
    return stored.person ?? undefined
  }

  /** The person that has bound or claimed an author id; the stored person is not looked up. */
  boundTo(authorId: Uuid): string | undefined {
    return this.#bound.get(authorId)?.person ?? this.#claimed.get(authorId)
  }

  /** The bound or claimed author ids of a person. */
  boundOf(person: string): Uuid[] {
    const bound = [...this.#bound].flatMap(([id, by]) => (by.person === person ? [id] : []))
    return [...bound, ...[...this.#claimed].flatMap(([id, by]) => (by === person ? [id] : []))]
  }

  /** Gives an author id without a person to that person, even if it writes nothing more. */
  claim(authorId: Uuid, person: string): void {
    assert(this.boundTo(authorId) === person, 'an author id that is claimed is bound')
    // Over the maximum, the next link of the person claims it again.
    if (this.#claimed.size < CLAIMED_MAX) this.#claimed.set(authorId, person)
  }

  /** Whether the stored person of an author was loaded. */
  isAtHand(authorId: Uuid): boolean {
    return this.#stored.has(authorId)
  }

  /** Caches the stored person of an author; undefined: none is stored. */
  loaded(authorId: Uuid, person: string | undefined): void {
    // The read may have begun before a commit that stored the person.
    if (person === undefined && this.#stored.get(authorId)?.person) return
    this.#stored.set(authorId, { person: person ?? null })
    if (person !== undefined) this.#claimed.delete(authorId)
  }

  /** Called when a link with the login of that person binds the author id. */
  hold(authorId: Uuid, person: string): void {
    const bound = this.#bound.get(authorId)
    assert(!bound || bound.person === person, 'an author id is of one person')
    if (bound) bound.links++
    else this.#bound.set(authorId, { person, links: 1 })
  }

  /** Called when a link that holds the author id has ended. */
  release(authorId: Uuid): void {
    const bound = this.#bound.get(authorId)
    assert(bound, 'an author that is released was held')
    if (--bound.links === 0) this.#bound.delete(authorId)
  }

  /**
   * The authors that are not stored yet, and those that were claimed. The decision on their
   * messages has loaded the stored ones.
   */
  unstored(authors: ReadonlyMap<Uuid, string>): [Uuid, string][] {
    return [...new Map([...this.#claimed, ...authors])].filter(
      ([id, person]) => this.#stored.get(id)?.person !== person,
    )
  }

  /** Evicts items down to the budget, here and in the other spaces that share it. */
  trim(): void {
    this.#budget.trim()
  }

  /** Clears the cache, because another process may have written to the store. */
  forget(): void {
    this.#stored.clear()
  }

  /** Called when the space is closed: frees its share of the budget. */
  leave(): void {
    this.#stored.leave()
  }
}
