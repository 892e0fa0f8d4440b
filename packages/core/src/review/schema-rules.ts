/**
 * Checks rows of `$schema`: a published version is immutable. A later revision may only correct the
 * translation of its values.
 */
import type { Chain } from '../schema/lens/chain.ts'
import { describeCorrection, sameSteps } from '../schema/lens/correction.ts'
import type { Entry } from '../history/entry.ts'
import type { Entity } from '../schema/entity.ts'
import { appFolds } from '../schema/app-folds.ts'
import { SCHEMA, chainOfRow } from '../schema/system.ts'
import type { SpaceRows } from './rows.ts'
import type { DecisionBatch, FoldsOf } from './space.ts'

/** Types that every space has, independent of the deployment. */
export const systemTypes: ReadonlyMap<string, Entity> = new Map([[SCHEMA.name, SCHEMA as Entity]])

/** The types of a deployment by name, `$schema` among them; undefined where it takes any type. */
export function typesOf(
  entities: readonly Entity[] | undefined,
): ReadonlyMap<string, Entity> | undefined {
  return entities && new Map([SCHEMA as Entity, ...entities].map((type) => [type.name, type]))
}

/** The fold of an app's operations threw or returned no JSON; the value is unchanged. */
export interface FoldFailure {
  /** The type whose field it folds. */
  readonly entity: string
  readonly error: string
  readonly stack: string | undefined
}

/** The fold functions of the types, by field. */
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

/** Why the rows of `$schema` in a message are invalid; undefined: valid. */
export function schemaFault(
  entry: Entry,
  rows: SpaceRows,
  batch: DecisionBatch,
): string | undefined {
  for (const write of entry.writes) {
    if (write.type !== SCHEMA.name) continue
    if (write.kind !== 'create') return 'a published version is immutable; publish a revision'
    const proposed = chainOfRow({ id: write.entityId, ...write.values })
    if (!proposed.ok) return proposed.error.message
    for (const row of rows.all(SCHEMA.name, batch)) {
      const stands = row['type'] === proposed.value.entity ? chainOfRow(row) : undefined
      if (!stands?.ok) continue
      const { number, revision } = row as unknown as { number: number; revision: number }
      const differs = publishedFault(stands.value, proposed.value)
      if (differs !== undefined) return differs
      const mine = proposed.value.versions[number - 1]
      if (mine && mine.revision > revision) {
        const correction = describeCorrection(stands.value, proposed.value)
        if (correction.kind === 'different')
          return `the revision is not a correction: ${correction.reason}`
      }
    }
  }
  return undefined
}

/** Why a chain contradicts one that is published: it has other steps in a version of the same revision. */
export function publishedFault(stands: Chain, proposed: Chain): string | undefined {
  for (const [i, { revision }] of stands.versions.entries()) {
    if (proposed.versions[i]?.revision !== revision) continue
    const differs = sameSteps(stands, proposed, i + 1)
    if (differs !== undefined) return `already published with other content: ${differs}`
  }
  return undefined
}
