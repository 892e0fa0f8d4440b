/**
 * The pages that are open in a store which follows scopes: each is a range of its own, so a further page
 * brings its rows and no others, and rows that enter and leave before its end are sent as those of
 * any scope.
 *
 *   next ─▶ how far do so many rows reach? ─▶ follow the range up to there ─▶ here
 */
import { assert } from '../../base/assert.ts'
import type { Scopes } from '../../sync/scopes.ts'
import type { Scope } from '../../wire/scopes.ts'
import { type CutField, type PageEnd, isAfter, scopesBetween } from './cuts.ts'
import { ScopeParts } from './scope-parts.ts'

/** Where the pages end that are here; undefined: they have everything. */
interface Reached {
  readonly to: PageEnd | undefined
}

export interface PageScopesParts {
  readonly scopes: Scopes
  /** The scopes of the query without pages. */
  readonly base: readonly Scope[]
  /** undefined: all rows are one page. */
  readonly field: CutField | undefined
  readonly onChange: () => void
}

export class PageScopes {
  readonly #options: PageScopesParts
  readonly #pages: ScopeParts<Reached>
  #stopAsking: (() => void) | undefined

  constructor(options: PageScopesParts) {
    this.#options = options
    this.#pages = new ScopeParts(options.scopes, options.onChange)
  }

  get field(): CutField | undefined {
    return this.#options.field
  }

  /** Whether a page is asked for and is not here yet. */
  get isFetching(): boolean {
    return this.#stopAsking !== undefined || this.#pages.isWaiting
  }

  /** The end of the pages that are here; undefined: none is. */
  get shown(): Reached | undefined {
    return this.#pages.here
  }

  /** Whether all rows of the pages that are shown are here, as of the position. */
  get isCovered(): boolean {
    return this.shown !== undefined && this.#pages.isCovered
  }

  /** Asks for a page of so many rows, as many as that is when it is asked. */
  next(rows: () => number): void {
    const { scopes, base, field } = this.#options
    assert(!this.isFetching, 'one page is asked for at a time')
    if (!field) {
      this.#pages.add(base, { about: { to: undefined }, isAll: true })
      return
    }
    const { reg, isDown } = field
    const after = this.shown?.to
    const asked = scopesBetween(base, field, { after })
    this.#stopAsking = scopes.ask({
      question: () => ({ scopes: asked, reg, isDown, rows: rows() }),
      answered: (to) => {
        this.#stopAsking = undefined
        this.#reached(field, after, to)
      },
    })
  }

  /** Follows nothing any more. */
  end(): void {
    this.#stopAsking?.()
    this.#pages.end()
  }

  #reached(field: CutField, after: PageEnd | undefined, answer: PageEnd | null): void {
    const { base } = this.#options
    // A reach that is not beyond the present values is ignored: then all the rest is one page.
    const isSound =
      answer !== null &&
      typeof answer === field.kind &&
      (after === undefined || isAfter(field, answer, after))
    const to = isSound ? answer : undefined
    // No range has the rows that lack the field.
    const isRest = to === undefined && field.isOptional
    const isAll = after === undefined || isRest || this.#pages.isFull(base.length)
    const scopes = scopesBetween(base, field, isAll ? { to } : { after, to })
    this.#pages.add(scopes, { about: { to }, isAll })
  }
}
