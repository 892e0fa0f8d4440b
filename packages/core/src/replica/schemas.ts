/**
 * Versions that travel: publishes those of this build that the space does not have yet, and
 * reads through those of other builds. Without them, what a newer build wrote cannot be read.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Chain } from '../lens/chain.ts'
import { sameSteps } from '../lens/correction.ts'
import { chainData, joined } from '../lens/data.ts'
import { nextVersion, firstVersion } from '../lens/declare.ts'
import { Lenses } from '../lens/path.ts'
import type { Table } from '../repo/table.ts'
import type { Entity } from '../schema/entity.ts'
import { chainOfRow, schemaId } from '../schema/system.ts'

/** A row of `$schema` to be written. */
export interface Proposal {
  readonly id: Uuid
  readonly values: Readonly<Record<string, Json>>
}

export class Schemas {
  readonly #table: Table
  readonly #tables: readonly Table[]
  readonly #onTrouble: (trouble: string | undefined) => void
  readonly #troubles = new Map<string, string>()

  /** `tables` are those of the app's types. */
  constructor(
    table: Table,
    tables: readonly Table[],
    onTrouble: (trouble: string | undefined) => void,
  ) {
    this.#table = table
    this.#tables = tables
    this.#onTrouble = onTrouble
  }

  /** Rows of `$schema` have changed: types are read through what is known now. */
  learn(): void {
    for (const table of this.#tables) {
      const own = table.entity.lenses.chain
      let chain = own
      this.#troubles.delete(own.entity)
      for (const published of this.#published(own.entity)) {
        const wider = joined(chain, published)
        if (wider.ok) chain = wider.value
        else this.#troubles.set(own.entity, wider.error.message)
      }
      if (!isSame(chain, table.reader.lenses.chain)) {
        table.readThrough(isSame(chain, own) ? table.entity.lenses : new Lenses(chain))
      }
    }
    const [trouble] = this.#troubles.values()
    this.#onTrouble(trouble)
  }

  /** Versions of this build that nobody has published, by type: one message each. */
  proposals(): readonly (readonly Proposal[])[] {
    return this.#tables.flatMap(({ entity }) => {
      const missing = proposalsOf(entity).filter(({ id }) => !this.#table.row(id))
      return missing.length > 0 && !this.#troubles.has(entity.name) ? [missing] : []
    })
  }

  #published(type: string): readonly Chain[] {
    return [...this.#table.rows()].flatMap((row) => {
      const chain = row['type'] === type ? chainOfRow(row) : undefined
      return chain?.ok ? [chain.value] : []
    })
  }
}

function proposalsOf(entity: Entity): readonly Proposal[] {
  const { chain } = entity.lenses
  let upTo = firstVersion(chain.entity, chain.fieldsIn(1).keys())
  return chain.versions.slice(1).map(({ steps, revision }) => {
    upTo = nextVersion(upTo, { steps, revision })
    const number = upTo.version
    return {
      id: schemaId(chain.entity, number, revision),
      values: { type: chain.entity, number, revision, chain: chainData(upTo) },
    }
  })
}

function isSame(a: Chain, b: Chain): boolean {
  return (
    a.version === b.version &&
    a.versions.every(
      ({ revision }, i) =>
        revision === b.versions[i]!.revision && sameSteps(a, b, i + 1) === undefined,
    )
  )
}
