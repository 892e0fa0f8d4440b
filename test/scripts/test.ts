// Owns: `pnpm test`, everything that is tested, in order, on a bare machine: a browser, the unit,
// jsdom and browser tests, React 18, the simulated world, the end-to-end tests. Stops at the first
// part that fails. The last line is `N passed, N failed`, counted by the runners themselves; a
// world counts one test for each seed, a part that fails without a count counts as one failure.
// Before it come the names of failed tests, and of skipped ones with the reason.
// Parts can be chosen: `pnpm test react18 e2e`.

import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBrowser } from './browser.ts'
import { NOTHING, type Result, add, playwrightResult, vitestResult } from './reports.ts'
import { fromSource, root, run, type Stage } from './stages.ts'

interface Part extends Stage {
  /** What its tests came to; called only after the command ended. */
  readonly result: (code: number) => Result
  readonly absent?: boolean
}

const worldSeeds = 200
const worldFile = 'test/world/cli.ts'
const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const parts: readonly Part[] = [
  vitest('unit', 'vitest.config.ts'),
  vitest('react18', 'test/react18/vitest.config.ts'),
  {
    name: 'world',
    command: ['node', fromSource, worldFile, '--seeds', String(worldSeeds)],
    result: (code) =>
      code === 0
        ? { ...NOTHING, passed: worldSeeds }
        : { ...NOTHING, failed: 1, failures: ['world: a seed broke a promise, see above'] },
    absent: !existsSync(join(root, worldFile)),
  },
  {
    name: 'e2e',
    command: ['playwright', 'test', '-c', 'test', '--reporter=list,json'],
    env: {
      PLAYWRIGHT_JSON_OUTPUT_NAME: report('e2e'),
      // Tests and what they import resolve workspace packages to their sources.
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${fromSource}`.trim(),
    },
    result: () => playwrightResult(report('e2e')),
    absent: globSync('test/browser/**/*.e2e.ts', { cwd: root }).length === 0,
  },
]

const chosen = process.argv.slice(2).filter((argument) => argument !== '--')
const unknown = chosen.find((name) => !parts.some((part) => part.name === name))
if (unknown !== undefined) {
  console.error(
    `test: no part "${unknown}"; there are ${parts.map((part) => part.name).join(', ')}`,
  )
  process.exit(1)
}

console.log(`test: Node ${process.versions.node}, browser ${ensureBrowser().executablePath}`)
process.exit(await runParts(parts.filter((part) => !chosen.length || chosen.includes(part.name))))

async function runParts(list: readonly Part[]): Promise<number> {
  let total = NOTHING
  let exitCode = 0
  for (const part of list) {
    if (part.absent === true) {
      console.log(`test: ${part.name} has no tests yet`)
      continue
    }
    console.log(`\ntest: ${part.name}`)
    const code = await run(part.command, part.env)
    total = add(total, atLeastOneFailure(part, code))
    if (code !== 0) {
      console.error(`\ntest: FAILED at "${part.name}" (${part.command.join(' ')})`)
      exitCode = 1
      break
    }
  }
  printNames('skipped', total.omissions)
  printNames('failed', total.failures)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  return exitCode
}

function vitest(name: string, config: string): Part {
  const outputs = ['--reporter=default', '--reporter=json', `--outputFile.json=${report(name)}`]
  return {
    name,
    command: ['vitest', 'run', '--config', config, ...outputs],
    result: () => vitestResult(report(name)),
  }
}

function report(name: string): string {
  return join(folder, `${name}.json`)
}

/** A runner that fails without failing a test: a file that does not load, an error outside of all. */
function atLeastOneFailure({ name, result }: Part, code: number): Result {
  const found = result(code)
  if (code === 0 || found.failed > 0) return found
  const failures = found.failures.length > 0 ? found.failures : [`${name}: ended with code ${code}`]
  return { ...found, failed: 1, failures }
}

function printNames(what: string, names: readonly string[]): void {
  if (names.length === 0) return
  console.log(`\ntest: ${names.length} ${what}`)
  for (const name of names) console.log(`  ${name}`)
}
