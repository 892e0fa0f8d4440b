// Owns: how @countersign/devtools is built. One entry for each door of package.json.

import type { UserConfig } from 'tsdown'
import { library } from '../tsdown.base.ts'

// The bundler warns that `'use client'` may get lost; it stands on the first line of the result.
const config: UserConfig = {
  ...library(['src/index.ts', 'src/production.ts', 'src/panel.ts', 'src/faults.ts']),
  inputOptions: {
    onLog(level, log, pass) {
      if (log.code !== 'MODULE_LEVEL_DIRECTIVE') pass(level, log)
    },
  },
}

export default config
