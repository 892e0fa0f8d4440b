// Owns: `pnpm test`, everything that is tested, in order, on a bare machine: a browser, the unit,
// jsdom and browser tests, React 18, the simulated world, the end-to-end tests. Stops at the first
// part that fails. The last line is `N passed, N failed`, counted by the runners themselves; a
// world counts one test for each seed, a part that fails without a count counts as one failure.
// Parts can be chosen: `pnpm test react18 e2e`.

import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBrowser } from './browser.ts'
import { fromSource, root, run, type Stage } from './stages.ts'

interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Part extends Stage {
  /** How many tests ran; called only after the command ended. */
  readonly count: (code: number) => Count
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
    count: (code) =>
      code === 0
        ? { passed: worldSeeds, failed: 0, skipped: 0 }
        : { passed: 0, failed: 1, skipped: 0 },
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
    count: () => playwrightCount(report('e2e')),
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
  let total: Count = { passed: 0, failed: 0, skipped: 0 }
  let exitCode = 0
  for (const part of list) {
    if (part.absent === true) {
      console.log(`test: ${part.name} has no tests yet`)
      continue
    }
    console.log(`\ntest: ${part.name}`)
    const code = await run(part.command, part.env)
    total = add(total, atLeastOneFailure(code, part.count(code)))
    if (code !== 0) {
      console.error(`\ntest: FAILED at "${part.name}" (${part.command.join(' ')})`)
      exitCode = 1
      break
    }
  }
  if (total.skipped > 0) console.log(`\ntest: ${total.skipped} skipped, see the reasons above`)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  return exitCode
}

function vitest(name: string, config: string): Part {
  const outputs = ['--reporter=default', '--reporter=json', `--outputFile.json=${report(name)}`]
  return {
    name,
    command: ['vitest', 'run', '--config', config, ...outputs],
    count: () => vitestCount(report(name)),
  }
}

function report(name: string): string {
  return join(folder, `${name}.json`)
}

function vitestCount(file: string): Count {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0 }
  const said = JSON.parse(readFileSync(file, 'utf8'))
  return {
    passed: said.numPassedTests,
    failed: said.numFailedTests,
    skipped: said.numPendingTests + said.numTodoTests,
  }
}

function playwrightCount(file: string): Count {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0 }
  const { stats } = JSON.parse(readFileSync(file, 'utf8'))
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
}

/** A file that does not load fails its runner without failing a test. */
function atLeastOneFailure(code: number, count: Count): Count {
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
}

function add(a: Count, b: Count): Count {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }
}
