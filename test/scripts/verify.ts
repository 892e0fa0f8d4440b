// Owns: `pnpm verify`, what must hold before a release besides the tests.

import { runStages, type Stage } from './stages.ts'

const script = (name: string): Stage => ({ name, command: ['pnpm', name] })

await runStages('verify', [
  script('lint'),
  script('format:check'),
  script('typecheck'),
  script('tidy'),
  script('build'),
  script('packed'),
  script('size'),
  script('audit:dependencies'),
  { name: 'bench', command: ['pnpm', 'bench', '--short'] },
])
console.log('verify: everything holds')
