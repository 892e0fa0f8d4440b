/** The types a deployment declares, from a module of its own. */
import { Entity } from '@countersign/core/reviewer'
import { loadModule } from './load.ts'

/** Rejects with one line when the file cannot be loaded, or does not export a list of types. */
export async function readEntities(file: string): Promise<readonly Entity[]> {
  const { default: types } = await loadModule('--entities', file)
  if (!Array.isArray(types) || !types.every((type) => type instanceof Entity)) {
    throw new Error(`--entities ${file} must export a list of types as its default`)
  }
  return types
}
