// The build of @countersign/devtools: one entry for each export of package.json.

import type { UserConfig } from 'tsdown'
import { library } from '../tsdown.base.ts'

// The bundler warns that `'use client'` may get lost; it is kept on the first line of the output.
const config: UserConfig = {
  ...library(['src/index.ts', 'src/production.ts', 'src/panel.ts', 'src/faults.ts']),
  inputOptions: {
    onLog(level, log, pass) {
      if (log.code !== 'MODULE_LEVEL_DIRECTIVE') pass(level, log)
    },
  },
}

export default config
