/** Which row of `$schema` to write, so that a space has the versions of a type. */
import type { Uuid } from '../base/uuid.ts'
import type { Chain } from './lens/chain.ts'
import { chainData } from './lens/data.ts'
import { type SchemaRow, schemaId } from './system.ts'

/** A row of `$schema` to write. */
export interface Proposal {
  readonly id: Uuid
  readonly values: SchemaRow
}

/**
 * The newest version of a type that is not published. A row holds the whole chain up to its version,
 * so this one is enough.
 */
export function proposalOf(chain: Chain, published: readonly Chain[]): Proposal | undefined {
  const isPublished = (number: number, revision: number): boolean =>
    published.some(({ versions }) => (versions[number - 1]?.revision ?? -1) >= revision)
  for (let number = chain.version; number > 0; number--) {
    const { revision } = chain.versions[number - 1]!
    if (isPublished(number, revision)) continue
    const type = chain.entity
    return {
      id: schemaId(type, number, revision),
      values: { type, number, revision, chain: chainData(chain, number) },
    }
  }
  return undefined
}
