/**
 * Pages that a follower of parts reads once everything has healed, to the end: all rows of the type, each
 * once and in their order, whatever the reviewer had to load for them.
 */
import { type LivePages, livePages } from '@countersign/core'
import { Task } from './entities.ts'
import type { Tally } from './tally.ts'
import type { Truth } from './truth.ts'
import { must } from './violation.ts'
import type { Visit } from './visit.ts'

export class Paging {
  readonly #visit: Visit
  readonly #pages: LivePages<typeof Task>
  readonly #leave: () => void

  constructor(visit: Visit, seed: number) {
    this.#visit = visit
    this.#pages = livePages(visit.store, Task, {
      orderBy: seed % 2 === 0 ? ['points', 'title'] : ['-points'],
      pageSize: 1 + (seed % 5),
      archived: 'include',
    })
    this.#leave = this.#pages.subscribe(() => {})
  }

  /** Opens the next page where one has arrived. Returns whether all have. */
  isDone(): boolean {
    const { fetching, hasMore, fetchMore, complete } = this.#pages.snapshot()
    if (!fetching && hasMore) fetchMore()
    return !hasMore && complete
  }

  check(truth: Truth, tally: Tally): void {
    const { name } = this.#visit
    const { rows } = this.#pages.snapshot()
    const shown = new Set(rows.map(({ id }) => id))
    must(shown.size === rows.length, 'S14', () => `the pages of ${name} have a row twice`)
    for (const history of truth.facts.entities()) {
      if (history.type !== Task.name || history.acceptedAt(truth.seq) === 0n) continue
      if (!this.#visit.mayRead(history, Infinity)) continue
      must(shown.has(history.id), 'S14', () => `the pages of ${name} lack ${history.name}`)
    }
    tally.hit('pages read to their end')
    this.#leave()
  }
}
