/**
 * The system entity `$schema`: versions of types as rows, written by reviewed messages like any
 * other, so that a build can read values of newer versions. A row is one revision of one version of
 * one type, with its chain; its id is derived from these three, so the first build to publish a
 * version wins.
 */
import { hashBytes } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Outcome, fail } from '../base/outcome.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import type { Chain } from './lens/chain.ts'
import { parseChain } from './lens/data.ts'
import { type FieldSchema, schemaOf } from './codec.ts'
import { type Entity, entity } from './entity.ts'

const count = (least: number): FieldSchema<number> =>
  schemaOf(
    `a whole number from ${least} on`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least,
  )

export interface SchemaRow {
  readonly type: string
  readonly number: number
  readonly revision: number
  readonly chain: Json
}

export const SCHEMA: Entity<'$schema', SchemaRow, SchemaRow> = entity(
  '$schema',
  {
    type: schemaOf<string>('the name of a type', (value) => typeof value === 'string'),
    number: count(1),
    revision: count(0),
    chain: schemaOf<Json>('a chain of versions', (value) => parseChain(value).ok),
  },
  { idPolicy: 'supplied' },
)

/** The id of the row of one revision of one version. */
export function schemaId(type: string, number: number, revision: number): Uuid {
  return uuid8(hashBytes('cs/entity', ['$schema', type, number, revision]))
}

/** The chain of a `$schema` row, validated: any author may have written it. */
export function chainOfRow(row: {
  readonly id: Uuid
  readonly [field: string]: unknown
}): Outcome<Chain> {
  const { type, number, revision, chain } = row
  const parsed = parseChain(chain)
  if (!parsed.ok) return parsed
  // A chain has version 1.
  const last = parsed.value.versions.at(-1)!
  const isSame =
    parsed.value.entity === type && parsed.value.version === number && last.revision === revision
  return isSame && row.id === schemaId(type, number as number, revision as number)
    ? parsed
    : fail('invalid', 'a row of $schema does not match its chain')
}
