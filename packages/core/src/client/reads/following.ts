/**
 * The scopes that the queries of a store follow, where it does not follow the whole space. A live
 * query follows its rows while it has subscribers, and for some time after the last one: a
 * component that mounts again finds them up to date.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Position } from '../../facts/message.ts'
import type { Lenses } from '../../schema/lens/path.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Query } from '../../schema/types.ts'
import type { Scopes } from '../../sync/scopes.ts'
import type { Table } from '../../rows/table.ts'
import type { Scope } from '../../wire/scopes.ts'
import type { Followed } from '../store.ts'
import { Keeping } from './keeping.ts'
import type { Opening } from './opening.ts'
import type { Coverage } from './queries.ts'
import { scopesOf } from './scopes-of.ts'

export interface FollowingParts {
  readonly scopes: Scopes
  readonly clock: Pick<Clock, 'after'>
  readonly position: () => Position | null
  readonly opening: Opening
}

export class Following {
  readonly #parts: FollowingParts

  constructor(parts: FollowingParts) {
    this.#parts = parts
  }

  /** Follows the rows of a query until it is released. */
  follow(table: Table, query: Query<Entity>): Followed {
    const { scopes } = this.#parts
    const wanted = scopesOf(table.reader, query)
    const release = scopes.follow(wanted)
    const ready = new Promise<void>((resolve) => {
      if (scopes.covers(wanted)) {
        resolve()
        return
      }
      const end = scopes.subscribe(() => {
        if (!scopes.covers(wanted)) return
        end()
        resolve()
      })
    })
    return { ready, release }
  }

  /** The coverage of one query, and its subscription. */
  of(table: Table, query: Query<Entity>): Coverage {
    const { scopes, clock, position, opening } = this.#parts
    const covered = new Covered(table, query, scopes)
    const keeping = new Keeping(clock, () => {
      const followed = this.follow(table, query)
      return () => followed.release()
    })
    return {
      complete: () => covered.now,
      ...{ position, opening },
      onChange: (listener) => {
        const end = scopes.subscribe(listener)
        const letGo = keeping.hold()
        return () => {
          end()
          letGo()
        }
      },
    }
  }
}

/** Whether all rows of a query are here; computed again when the scopes or the versions change. */
class Covered {
  readonly #table: Table
  readonly #query: Query<Entity>
  readonly #scopes: Scopes
  #lenses: Lenses | undefined
  #wanted: readonly Scope[] = []
  #version = -1
  #isCovered = false

  constructor(table: Table, query: Query<Entity>, scopes: Scopes) {
    this.#table = table
    this.#query = query
    this.#scopes = scopes
  }

  get now(): boolean {
    const { reader } = this.#table
    const { version } = this.#scopes
    if (reader.lenses === this.#lenses && version === this.#version) return this.#isCovered
    if (reader.lenses !== this.#lenses) this.#wanted = scopesOf(reader, this.#query)
    this.#lenses = reader.lenses
    this.#version = version
    return (this.#isCovered = this.#scopes.covers(this.#wanted))
  }
}
