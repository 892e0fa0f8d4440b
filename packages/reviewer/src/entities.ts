/** Loads the types of a deployment from its module. */
import { Entity } from '@countersign/core/reviewer'
import { loadModule } from './load.ts'

/** Loads the types. Rejects with a one-line error when the file cannot be loaded, or exports no list of types. */
export async function readEntities(file: string): Promise<readonly Entity[]> {
  const { default: types } = await loadModule('--entities', file)
  if (!Array.isArray(types) || !types.every((type) => type instanceof Entity)) {
    throw new Error(`--entities ${file} must export a list of types as its default`)
  }
  return types
}
