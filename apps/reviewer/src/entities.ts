/** The types a deployment declares, from a module of its own. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Entity } from '@countersign/core/reviewer'

/** Rejects with one line when the file cannot be loaded, or does not export a list of types. */
export async function readEntities(file: string): Promise<readonly Entity[]> {
  let types: unknown
  try {
    types = ((await import(pathToFileURL(resolve(file)).href)) as { default?: unknown }).default
  } catch (error) {
    throw new Error(
      `--entities ${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
  if (!Array.isArray(types) || !types.every((type) => type instanceof Entity)) {
    throw new Error(`--entities ${file} must export a list of types as its default`)
  }
  return types
}
