/**
 * Schema versions shared through the space: publishes the versions of this build that the space
 * lacks, and reads rows through versions of other builds. Without these, values written by a newer
 * build cannot be read.
 */
import { canonical } from '../base/canonical.ts'
import { checksum } from '../base/checksum.ts'
import { CountersignError, fail, ok } from '../base/outcome.ts'
import type { Chain } from '../schema/lens/chain.ts'
import { sameSteps } from '../schema/lens/correction.ts'
import { chainData, joined, parseChain } from '../schema/lens/data.ts'
import { shapeChange } from '../schema/lens/missing-step.ts'
import { Lenses } from '../schema/lens/path.ts'
import type { Table } from '../rows/table.ts'
import type { Entity } from '../schema/entity.ts'
import { type Proposal, proposalOf } from '../schema/proposal.ts'
import { chainOfRow } from '../schema/system.ts'

/** Prefix of the `meta` key, followed by the type's name, of the chain that stored rows are written in. */
const REMEMBERED = 'shape:'

export class Schemas {
  readonly #table: Table
  readonly #tables: readonly Table[]
  readonly #onTrouble: (trouble: string | undefined) => void
  readonly #troubles = new Map<string, string>()
  /** By type, why its versions could not be published. */
  readonly #unpublished = new Map<string, string>()

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

  /** Rebuilds each table's lenses from the rows of `$schema`. Called whenever these change. */
  learn(): void {
    for (const table of this.#tables) {
      const own = table.entity.lenses.chain
      let chain = own
      this.#troubles.delete(own.entity)
      table.refusal = undefined
      for (const published of this.#published(own.entity)) {
        const change = this.#changeOf(table.entity, published)
        table.refusal ??= change
        const wider = change === undefined ? joined(chain, published) : fail('', change)
        if (wider.ok) chain = wider.value
        else this.#troubles.set(own.entity, wider.error.message)
      }
      if (!isSame(chain, table.reader.lenses.chain)) {
        table.readThrough(isSame(chain, own) ? table.entity.lenses : new Lenses(chain))
      }
    }
    this.#notify()
  }

  /**
   * Compares the types of this build with the chains that the storage remembers in `meta`. Returns
   * the `meta` records to write.
   * @throws CountersignError `schema_refused` where a shape was changed without a version.
   */
  recall(meta: ReadonlyMap<string, unknown>): readonly (readonly [key: string, value: unknown])[] {
    return this.#tables.flatMap(({ entity }) => {
      const own = entity.lenses.chain
      const key = REMEMBERED + entity.name
      const known = rememberedChain(meta.get(key))
      const change = known && this.#changeOf(entity, known)
      if (change !== undefined) this.#refuse(entity, change)
      const wider = known ? joined(own, known) : ok(own)
      const text = canonical(chainData(wider.ok ? wider.value : own))
      const same = known && text === canonical(chainData(known))
      return same ? [] : [[key, { text, check: checksum(text) }] as const]
    })
  }

  /**
   * Compares the types of this build with the published versions that are known here.
   * @throws CountersignError `schema_refused`
   */
  assertPublished(): void {
    this.learn()
    for (const { entity, refusal } of this.#tables)
      if (refusal !== undefined) this.#refuse(entity, refusal)
  }

  #changeOf({ each, lenses }: Entity, known: Chain): string | undefined {
    return each ? undefined : shapeChange(lenses.chain, known)
  }

  #refuse({ name }: Entity, change: string): never {
    this.#troubles.set(name, change)
    this.#notify()
    throw new CountersignError('schema_refused', change, { entity: name, reason: change })
  }

  /**
   * Records the types whose versions cannot be published, and why: other builds cannot read them.
   */
  cannotPublish(types: ReadonlyMap<string, string>): void {
    if (types.size + this.#unpublished.size === 0) return
    this.#unpublished.clear()
    for (const [type, why] of types)
      this.#unpublished.set(type, `${type}: its versions cannot be published: ${why}`)
    this.#notify()
  }

  #notify(): void {
    const [trouble] = [...this.#troubles.values(), ...this.#unpublished.values()]
    this.#onTrouble(trouble)
  }

  /** Rows to publish: for each type at most one, the newest version that the space lacks. */
  proposals(): readonly Proposal[] {
    return this.#tables.flatMap(({ entity }) => {
      if (this.#troubles.has(entity.name) || entity.each) return []
      const proposal = proposalOf(entity.lenses.chain, this.#published(entity.name))
      return proposal && !this.#table.row(proposal.id) ? [proposal] : []
    })
  }

  #published(type: string): readonly Chain[] {
    return [...this.#table.rows()].flatMap((row) => {
      const chain = row['type'] === type ? chainOfRow(row) : undefined
      return chain?.ok ? [chain.value] : []
    })
  }
}

/** Parses a remembered chain; undefined where the record is absent or damaged. */
function rememberedChain(kept: unknown): Chain | undefined {
  const { text, check } = (kept ?? {}) as { readonly text?: unknown; readonly check?: unknown }
  if (typeof text !== 'string' || checksum(text) !== check) return undefined
  const chain = parseChain(JSON.parse(text))
  return chain.ok ? chain.value : undefined
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
