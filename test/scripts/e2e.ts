// Owns: `pnpm e2e`: makes sure there is a browser, then runs the end-to-end tests. Arguments go to
// playwright, as in `pnpm e2e --headed`.

import { ensureBrowser } from './browser.ts'
import { fromSource, runStages } from './stages.ts'

ensureBrowser()
await runStages('e2e', [
  {
    name: 'end-to-end tests',
    command: ['playwright', 'test', '-c', 'test', ...process.argv.slice(2)],
    env: { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${fromSource}`.trim() },
  },
])
