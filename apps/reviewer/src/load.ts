/** A module of the deployment, named on the command line. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the module exports. Rejects with one line that begins with the option. */
export async function loadModule(
  option: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  } catch (error) {
    throw new Error(
      `${option} ${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}
