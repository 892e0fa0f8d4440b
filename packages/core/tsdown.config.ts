// Owns: how @countersign/core is built. One entry for each door of package.json.

import type { Rolldown, UserConfig } from 'tsdown'
import { library } from '../../tsdown.base.ts'

type ModuleOf = (id: string) => Rolldown.ModuleInfo | null

let atOnce: Set<string> | undefined

/** Whether the main door loads a module at once, and not with a part. */
function isAtOnce(id: string, moduleOf: ModuleOf): boolean {
  if (!atOnce) {
    atOnce = new Set([new URL('src/index.ts', import.meta.url).pathname])
    for (const each of atOnce) for (const next of moduleOf(each)?.importedIds ?? []) atOnce.add(next)
  }
  return atOnce.has(id)
}

const config: UserConfig = {
  ...library([
    'src/index.ts',
    'src/ports/index.ts',
    'src/message.ts',
    'src/wire/index.ts',
    'src/node/index.ts',
    'src/inspect/index.ts',
    'src/testing/index.ts',
  ]),
  // What is loaded at once is one file: the bundler of an app would make a chunk of whatever is
  // shared by the same parts, a dozen of them, and compress each by itself.
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: (id, { getModuleInfo }) => (isAtOnce(id, getModuleInfo) ? 'at-once' : undefined) },
      ],
    },
  },
}

export default config
