/**
 * What the reviewer holds against a row of `$schema`: a version that was published stays what it
 * is. A later revision may correct how its values are translated, and says so.
 */
import type { Chain } from '../schema/lens/chain.ts'
import { describeCorrection, sameSteps } from '../schema/lens/correction.ts'
import type { Entry } from '../history/entry.ts'
import type { Entity } from '../schema/entity.ts'
import { appFolds } from '../schema/merging.ts'
import { SCHEMA, chainOfRow } from '../schema/system.ts'
import type { SpaceRows } from './rows.ts'
import type { Batch, FoldsOf } from './space.ts'

/** Types that every space has, whatever a deployment knows. */
export const systemTypes: ReadonlyMap<string, Entity> = new Map([[SCHEMA.name, SCHEMA as Entity]])

/** The types of a deployment by name, `$schema` among them; undefined where it takes any type. */
export function typesOf(
  entities: readonly Entity[] | undefined,
): ReadonlyMap<string, Entity> | undefined {
  return entities && new Map([SCHEMA as Entity, ...entities].map((type) => [type.name, type]))
}

/** The fold of an app's operations threw or made no JSON; the value stays as it was. */
export interface FoldFailure {
  /** The type whose field it folds. */
  readonly entity: string
  readonly error: string
  readonly stack: string | undefined
}

/** How the types fold the operations of the app. */
export function foldsOf(
  types: ReadonlyMap<string, Entity> | undefined,
  onFailure: (failure: FoldFailure) => void,
): FoldsOf {
  return (type) => {
    const known = types?.get(type)
    return (
      known &&
      appFolds(known.versions, (thrown) => {
        const isError = thrown instanceof Error
        const error = isError ? thrown.message : String(thrown)
        const stack = isError ? thrown.stack : undefined
        onFailure({ entity: type, error, stack })
      })
    )
  }
}

/** Why the rows of `$schema` that a message writes are refused, or undefined. */
export function schemaFault(entry: Entry, rows: SpaceRows, batch: Batch): string | undefined {
  for (const write of entry.writes) {
    if (write.type !== SCHEMA.name) continue
    if (write.kind !== 'create') return 'a published version stays what it is; publish a revision'
    const proposed = chainOfRow({ id: write.entityId, ...write.values })
    if (!proposed.ok) return proposed.error.message
    for (const row of rows.all(SCHEMA.name, batch)) {
      const stands = row['type'] === proposed.value.entity ? chainOfRow(row) : undefined
      if (!stands?.ok) continue
      const { number, revision } = row as unknown as { number: number; revision: number }
      const differs = difference(stands.value, proposed.value)
      if (differs !== undefined) return `published already, and otherwise: ${differs}`
      const mine = proposed.value.versions[number - 1]
      if (mine && mine.revision > revision) {
        const correction = describeCorrection(stands.value, proposed.value)
        if (correction.kind === 'different') return `no correction: ${correction.reason}`
      }
    }
  }
  return undefined
}

/** What differs in a version that both have at the same revision. */
function difference(stands: Chain, proposed: Chain): string | undefined {
  for (const [i, { revision }] of stands.versions.entries()) {
    if (proposed.versions[i]?.revision !== revision) continue
    const differs = sameSteps(stands, proposed, i + 1)
    if (differs !== undefined) return differs
  }
  return undefined
}
