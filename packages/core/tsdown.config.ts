// Owns: how @countersign/core is built. One entry for each door of package.json.

import { fileURLToPath } from 'node:url'
import type { Rolldown, UserConfig } from 'tsdown'
import { library } from '../../tsdown.base.ts'

interface Modules {
  getModuleInfo(id: string): Rolldown.ModuleInfo | null
}

/** Sources, and all that they import before they run. */
function closureOf(files: readonly string[], modules: Modules): Set<string> {
  const found = new Set(files.map((file) => fileURLToPath(new URL(file, import.meta.url))))
  for (const each of found)
    for (const next of modules.getModuleInfo(each)?.importedIds ?? []) found.add(next)
  return found
}

const LIGHT = ['src/ports/index.ts', 'src/message.ts', 'src/wire/index.ts', 'src/inspect/index.ts']

let groups: Map<string, string> | undefined

/** The file of a module that every app with a store loads at once; undefined for parts and rare names. */
function fileOf(id: string, modules: Modules): string | undefined {
  if (!groups) {
    const light = closureOf(LIGHT, modules)
    const atOnce = closureOf(['src/client/create.ts', 'src/schema/entity.ts'], modules)
    groups = new Map([...atOnce].map((each) => [each, light.has(each) ? 'base' : 'at-once']))
  }
  return groups.get(id)
}

const config: UserConfig = {
  ...library([
    'src/index.ts',
    'src/ports/index.ts',
    'src/message.ts',
    'src/wire/index.ts',
    'src/node/index.ts',
    'src/node/upkeep/index.ts',
    'src/inspect/index.ts',
    'src/client/peers/index.ts',
    'src/testing/index.ts',
  ]),
  // What is loaded at once is two files, one of them for the other doors too: the bundler of an app
  // would make a chunk of whatever is shared by the same parts, a dozen, and compress each by itself.
  outputOptions: {
    // Without a hash: `pnpm size` counts parts by their names.
    chunkFileNames: 'parts/[name].js',
    codeSplitting: {
      groups: ['base', 'at-once'].map((file, i) => ({
        debugName: file,
        priority: 2 - i,
        name: (id: string, modules: Modules) => (fileOf(id, modules) === file ? file : undefined),
      })),
    },
  },
}

export default config
