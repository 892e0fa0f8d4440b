/**
 * Who stands behind an author id: the private table of a reviewer. It has the persons that a login has
 * proved, and no other: what an opening claims is nobody's.
 *
 *   bound over a link with a login ──first verdict──▶ stored, for ever
 *     ├── the last link that speaks for it ends ──▶ forgotten
 *     └── it wrote before somebody signed in ──▶ theirs, and stored with the next commit
 *
 * An author id is its first person's. It is sent to nobody but that person.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { CacheBudget } from './cache-budget.ts'
import type { SpaceUse } from './caches.ts'
import { Lru } from './lru.ts'
import { Missing } from './missing.ts'

/** Whoever wrote a message, as the reviewer knows them. */
export interface Person {
  /** The personal id. */
  readonly id: string
  /** A login has proved it (`authenticate`). Otherwise the client claims it, and anybody could. */
  readonly proved: boolean
  /** What `authenticate` said besides: roles, groups. undefined where nothing is proved. */
  readonly claims: unknown
}

/** Author ids that wait to be stored. */
const CLAIMED_MAX = 1_024

interface Bound {
  readonly person: string
  links: number
}

export class Persons {
  /** As the store has them; null: it has none. */
  readonly #budget: CacheBudget
  readonly #stored: Lru<Uuid, { readonly person: string | null }>
  /** Author ids that were of nobody, and wait to be stored as somebody's. */
  readonly #claimed = new Map<Uuid, string>()
  /** Author ids that links with a login speak for. */
  readonly #bound = new Map<Uuid, Bound>()

  constructor(budget: CacheBudget, use: Readonly<SpaceUse> = { isHeld: false }) {
    this.#budget = budget
    this.#stored = new Lru(budget, { isHeld: () => use.isHeld })
  }

  /** The personal id that was proved for an author id; undefined: none was. @throws Missing */
  of(authorId: Uuid): string | undefined {
    return this.boundTo(authorId) ?? this.ownerOf(authorId)
  }

  /** The same, as the store has it. @throws Missing */
  ownerOf(authorId: Uuid): string | undefined {
    const stored = this.#stored.get(authorId)
    if (!stored) throw new Missing({ kind: 'author', id: authorId })
    return stored.person ?? undefined
  }

  /** The same, where it is bound; the store may know others. */
  boundTo(authorId: Uuid): string | undefined {
    return this.#bound.get(authorId)?.person ?? this.#claimed.get(authorId)
  }

  /** Author ids that are bound, of a person. */
  boundOf(person: string): Uuid[] {
    const bound = [...this.#bound].flatMap(([id, by]) => (by.person === person ? [id] : []))
    return [...bound, ...[...this.#claimed].flatMap(([id, by]) => (by === person ? [id] : []))]
  }

  /** An author id of nobody is that person's, whether or not anything is written under it from now on. */
  claim(authorId: Uuid, person: string): void {
    assert(this.boundTo(authorId) === person, 'an author id that is claimed is bound')
    // It is claimed again by the next link.
    if (this.#claimed.size < CLAIMED_MAX) this.#claimed.set(authorId, person)
  }

  /** Whether what the store has of an author was loaded. */
  isAtHand(authorId: Uuid): boolean {
    return this.#stored.has(authorId)
  }

  /** Notes what the store has. */
  loaded(authorId: Uuid, person: string | undefined): void {
    // It may have been read before a commit, and noted after it.
    if (person === undefined && this.#stored.get(authorId)?.person) return
    this.#stored.set(authorId, { person: person ?? null })
    if (person !== undefined) this.#claimed.delete(authorId)
  }

  /** A link with the login of that person speaks for the author. */
  hold(authorId: Uuid, person: string): void {
    const bound = this.#bound.get(authorId)
    assert(!bound || bound.person === person, 'an author id is of one person')
    if (bound) bound.links++
    else this.#bound.set(authorId, { person, links: 1 })
  }

  /** Such a link has ended. */
  release(authorId: Uuid): void {
    const bound = this.#bound.get(authorId)
    assert(bound, 'an author that is released was held')
    if (--bound.links === 0) this.#bound.delete(authorId)
  }

  /**
   * Those that the store does not have, and those that were claimed. The decision on their messages has
   * loaded what it has.
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

  /** Another process may have written to the store. */
  forget(): void {
    this.#stored.clear()
  }

  /** The space is closed: its share of the budget is free. */
  leave(): void {
    this.#stored.leave()
  }
}
