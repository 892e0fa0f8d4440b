// Owns: the check of what would be published. Packs every public package as a release would, then
// asks publint and arethetypeswrong about the tarball, and makes sure the private source condition
// stayed at home. Needs `pnpm build` first.

import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, runStages, type Stage } from './stages.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-packed-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const packages = globSync('{packages/*,devtools}/package.json', { cwd: root })
  .sort()
  .map((file) => file.replace(/\/package\.json$/, ''))
  .filter((path) => !JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')).private)

for (const path of packages) {
  const tarball = pack(path)
  const inside = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], {
    encoding: 'utf8',
  })
  if (inside.includes('@countersign/source')) {
    console.error(`packed: ${path} would publish the condition "@countersign/source"`)
    process.exit(1)
  }
  const stages: Stage[] = [
    { name: `publint of ${path}`, command: ['publint', 'run', tarball, '--strict'] },
    {
      name: `attw of ${path}`,
      command: ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-summary'],
    },
  ]
  await runStages('packed', stages)
}

/** Returns the path of the tarball; pnpm swaps in `publishConfig.exports` on the way. */
function pack(path: string): string {
  const args = ['-C', path, 'pack', '--pack-destination', folder, '--json']
  const said = execFileSync('pnpm', args, { cwd: root, encoding: 'utf8' })
  return JSON.parse(said.slice(said.indexOf('{'))).filename
}
