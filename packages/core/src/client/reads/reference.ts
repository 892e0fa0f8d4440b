/** The declaration of a reference. It brings along what reads the rows that references name. */
import { type FieldSchema, type RefTo, schemaOf } from '../../schema/codec.ts'
import { INCLUDE } from './include.ts'

/**
 * The id of a row of that type. It may dangle: that row may arrive later, or never. Queries read it along
 * with `include`.
 */
export function reference<T extends { readonly name: string }>(to: T): FieldSchema<RefTo<T>> {
  return {
    ...schemaOf<RefTo<T>>(
      `the id of a ${to.name}`,
      (value) => typeof value === 'string' && value.length === 36,
    ),
    '~kind': `id of ${to.name}`,
    '~reference': { to: to.name, include: INCLUDE },
  }
}
