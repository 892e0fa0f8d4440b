/** The answers of a store while it reads its disk must be those that it gives when all is read (DSK1). */
import type { AnyRow, Entity, LiveQuery, Query, SyncStore } from '@countersign/core'
import type { WorldType } from '../entities.ts'
import type { Tally } from '../tally.ts'
import { must } from '../violation.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'
const LIMITS = [1, 3, undefined]

interface Asked {
  readonly live: LiveQuery<Entity>
  readonly query: Query<Entity>
  readonly end: () => void
  /** Its first answer, as text. */
  first: string | undefined
}

/** Queries on every declared index, asked before the store has read anything. */
export class EarlyAnswers {
  readonly #asked: readonly Asked[]

  constructor(store: SyncStore, types: readonly WorldType[], tally: Tally) {
    const queries = types.flatMap((type) =>
      [...type.indexes.values()].flatMap((keys) =>
        LIMITS.map((limit) => {
          const orderBy = keys.map(({ field, descending }) => (descending ? `-${field}` : field))
          return {
            type: type as Entity,
            query: { orderBy, ...(limit && { limit }) } as Query<Entity>,
          }
        }),
      ),
    )
    this.#asked = queries.map(({ type, query }): Asked => {
      const live = store.live(type, query)
      const look = (): void => {
        const { rows, complete } = live.snapshot()
        if (!complete || asked.first !== undefined) return
        if (store.peek(type, NOBODY).status !== 'loading') return
        asked.first = textOf(rows)
        tally.hit('answer before all rows are read')
      }
      const asked: Asked = { live, query, first: undefined, end: live.subscribe(look) }
      return asked
    })
  }

  /** In the moment in which the store is ready, before any network. */
  check(name: string): void {
    for (const { live, query, first } of this.#asked) {
      const now = textOf(live.snapshot().rows)
      must(
        first === undefined || first === now,
        'DSK1',
        () => `${name} answered ${JSON.stringify(query)} by ${first}, and then by ${now}`,
      )
    }
  }

  end(): void {
    for (const { end } of this.#asked) end()
  }
}

function textOf(rows: readonly unknown[]): string {
  return JSON.stringify((rows as readonly AnyRow[]).map((row) => [row.$heads, row]))
}
