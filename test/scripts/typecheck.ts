// Owns: the type checks. The wide view first, then each package with only what its sources may see.

import { globSync } from 'node:fs'
import { runStages } from './stages.ts'

const projects = ['.', ...globSync('{packages/*,devtools}/tsconfig*.json').sort()]

await runStages(
  'typecheck',
  projects.map((project) => ({ name: `types of ${project}`, command: ['tsc', '-p', project] })),
)
