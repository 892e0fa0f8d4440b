// Owns: `pnpm audit:dependencies`: licences, and faults that are known of what the lockfiles name. What
// needs the registry is left out, with a word, where it does not answer.

import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Licences, advisories, licenceFaults, lockFaults } from './audit-rules.ts'
import { root } from './stages.ts'

const ANSWER_MS = 60_000

/** What pnpm prints, also where it ends with an error: it does when it has found something. */
function pnpm(...args: readonly string[]): string {
  const options = { cwd: root, encoding: 'utf8', timeout: ANSWER_MS, maxBuffer: 2 ** 26 } as const
  try {
    return execFileSync('npx', ['pnpm', ...args], {
      ...options,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string }
    return stdout ?? ''
  }
}

function licences(...args: readonly string[]): Licences {
  return JSON.parse(pnpm('licenses', 'list', '--json', ...args)) as Licences
}

/** What an app gets with our packages. */
function shipped(): ReadonlySet<string> {
  const all = Object.values(
    licences('--prod', '--filter', './packages/*', '--filter', './devtools'),
  )
  return new Set(all.flat().map(({ name }) => name))
}

const names = shipped()
const found = licenceFaults(licences(), (name) => names.has(name))
for (const lockfile of globSync('**/pnpm-lock.yaml', {
  cwd: root,
  exclude: ['**/node_modules/**'],
}))
  for (const fault of lockFaults(readFileSync(join(root, lockfile), 'utf8')))
    found.push(`${lockfile}: ${fault}`)
const told = advisories(pnpm('audit', '--json'))
found.push(...(told ?? []))

for (const fault of found) console.error(`audit: ${fault}`)
if (told === undefined)
  console.log('audit: the registry does not answer about advisories: that part is skipped')
console.log(`audit: ${names.size} packages are shipped with ours, ${found.length} faults`)
if (names.size === 0) console.error('audit: no package is shipped with ours: this cannot be')
process.exitCode = found.length > 0 || names.size === 0 ? 1 : 0
