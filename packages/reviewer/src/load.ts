/** Loads a module of the deployment, named on the command line. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The exports of the module. Rejects with a one-line error that begins with the option. */
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
