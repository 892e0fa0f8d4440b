/**
 * The pages that are open in a store which follows scopes: each is a range of its own, so a further page
 * brings its rows and no others, and rows that come and go before its end are told as those of any scope.
 *
 *   next ─▶ how far do so many rows reach? ─▶ follow the range up to there ─▶ here
 *
 * Every so many pages, one range from the start takes the place of all before it: a link has few scopes.
 */
import { assert } from '../../base/assert.ts'
import type { Scopes } from '../../sync/scopes.ts'
import type { Scope } from '../../wire/scopes.ts'
import { type PageEnd, type CutField, isAfter, scopesBetween } from './cuts.ts'

/** Scopes of the pages of one query, about. */
const PAGE_SCOPES_MAX = 64

interface Page {
  readonly scopes: readonly Scope[]
  /** The value that ends it; undefined: it goes on to the end. */
  readonly to: PageEnd | undefined
  /** It has the rows of all pages before it, too. */
  readonly isFromStart: boolean
  readonly release: () => void
  /** All of its rows have come, once. */
  isHere: boolean
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
  readonly #parts: PageScopesParts
  readonly #stopListening: () => void
  #pages: Page[] = []
  #stopAsking: (() => void) | undefined

  constructor(parts: PageScopesParts) {
    this.#parts = parts
    this.#stopListening = parts.scopes.subscribe(() => this.#look())
  }

  get field(): CutField | undefined {
    return this.#parts.field
  }

  /** Whether a page is asked for and is not here yet. */
  get isFetching(): boolean {
    return this.#stopAsking !== undefined || this.#pages.at(-1)?.isHere === false
  }

  /** The end of the pages that are here; undefined: none is. */
  get shown(): Pick<Page, 'to'> | undefined {
    return this.#pages.findLast(({ isHere }) => isHere)
  }

  /** Whether all rows of the pages that are shown are here, as of the position. */
  get isCovered(): boolean {
    const here = this.#pages.filter(({ isHere }) => isHere)
    return here.length > 0 && this.#parts.scopes.covers(here.flatMap(({ scopes }) => scopes))
  }

  /** Asks for a page of so many rows, as many as that is when it is asked. */
  next(rows: () => number): void {
    const { scopes, base, field } = this.#parts
    assert(!this.isFetching, 'one page is asked for at a time')
    if (!field) {
      this.#follow({ scopes: base, to: undefined, isFromStart: true })
      return
    }
    const { reg, isDown } = field
    const after = this.shown?.to
    this.#stopAsking = scopes.ask({
      question: () => ({
        ...{ scopes: scopesBetween(base, field, { after }), reg, isDown },
        rows: rows(),
      }),
      answered: (to) => {
        this.#stopAsking = undefined
        this.#reached(field, after, to)
      },
    })
  }

  /** Follows nothing any more. */
  end(): void {
    this.#stopAsking?.()
    this.#stopListening()
    for (const { release } of this.#pages) release()
  }

  #reached(field: CutField, after: PageEnd | undefined, answer: PageEnd | null): void {
    const { base } = this.#parts
    // What is no value after those that are here ends nothing: then all the rest is one page.
    const isSound =
      typeof answer === field.kind &&
      (after === undefined || isAfter(field, answer as PageEnd, after))
    const to = isSound ? (answer as PageEnd) : undefined
    const isMuch = (this.#pages.length + 1) * base.length > PAGE_SCOPES_MAX
    // No range has the rows that lack the field.
    const isFromStart = after === undefined || isMuch || (to === undefined && field.isOptional)
    const range = isFromStart ? { to } : { after, to }
    this.#follow({ scopes: scopesBetween(base, field, range), to, isFromStart })
  }

  #follow(page: Pick<Page, 'scopes' | 'to' | 'isFromStart'>): void {
    const release = this.#parts.scopes.follow(page.scopes)
    this.#pages.push({ ...page, release, isHere: false })
    this.#look()
  }

  /** Other scopes are covered. */
  #look(): void {
    const last = this.#pages.at(-1)
    if (last && !last.isHere && this.#parts.scopes.covers(last.scopes)) {
      last.isHere = true
      if (last.isFromStart)
        for (const { release } of this.#pages.splice(0, this.#pages.length - 1)) release()
    }
    this.#parts.onChange()
  }
}
