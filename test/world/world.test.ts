/**
 * The world itself under test: a handful of seeds, that one seed is one history, and that a
 * planted bug is caught. `pnpm world` runs the many.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, test, vi } from 'vitest'
import { WORKLOADS, planFor, workloadOf } from './plan.ts'
import { misfits } from './plant.ts'
import { PLANTED } from './planted/all.ts'
import { failureText } from './print.ts'
import { type Report, runSeed } from './run.ts'
import { REGRESSION_SEEDS } from './seeds.ts'
import { SOMETIMES } from './sometimes.ts'

// The machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const cli = new URL('cli.ts', import.meta.url).pathname

describe('the world', () => {
  test.for([1, 5, 1_000, 123_456])('holds its promises under seed %i', async (seed) => {
    const { violation, events } = await runSeed(seed)
    expect(violation).toBeUndefined()
    expect(events).toBeGreaterThan(50)
  })

  test.for(WORKLOADS)('holds its promises under workload %s', async (workload) => {
    const report = await runSeed(2, { workload })
    expect(report.violation).toBeUndefined()
    expect(report.workload).toBe(workload)
    const worked = new Map(report.counts).get('action: write') ?? 0
    expect(worked).toBeGreaterThan(0)
  })

  test.for(REGRESSION_SEEDS.slice(0, 4))('holds where it did not: $found', async ({ seed }) => {
    expect((await runSeed(seed)).violation).toBeUndefined()
  })

  test.for([3, 40])('seed %i is one history, with or without output', async (seed) => {
    const first = await runSeed(seed)
    const second = await runSeed(seed, { verbose: true })
    expect(second.hash).toBe(first.hash)
    expect(second.events).toBe(first.events)
    expect(second.counts).toEqual(first.counts)
    expect((await runSeed(seed + 1)).hash).not.toBe(first.hash)
  })

  test('plans differ: every fault and feature is on somewhere, and off somewhere', () => {
    const plans = Array.from({ length: 300 }, (_, seed) => planFor(seed))
    for (const fault of ['power', 'rot', 'evict', 'reviewerKillAtCommit', 'stranger'] as const) {
      const share = plans.filter(({ weights }) => weights.has(fault)).length / plans.length
      expect(share).toBeGreaterThan(0.1)
      expect(share).toBeLessThan(0.6)
    }
    expect(plans.every(({ tabs }) => tabs.reduce((a, b) => a + b, 0) <= 8)).toBe(true)
    for (const workload of WORKLOADS)
      expect(plans.some((plan) => plan.workload === workload)).toBe(true)
    expect(new Set(SOMETIMES).size).toBe(SOMETIMES.length)
  })
})

describe('a failure is printed', () => {
  const failed: Report = {
    seed: 7,
    workload: workloadOf(7),
    events: 12,
    virtualMs: 1,
    hash: 'abc',
    counts: [],
    violation: { invariant: 'S8', what: 'a conflict too many' },
    history: undefined,
  }

  test('with the history of a second run', () => {
    const again = { ...failed, history: ['first', 'second'] }
    const text = failureText(failed, again)
    expect(text).toContain('seed 7 breaks S8: a conflict too many')
    expect(text).toContain('first\nsecond\nworld: replay with: npx pnpm world --seed 7 --verbose')
    expect(text).not.toContain('second time')
  })

  test('also when the second run holds, or breaks something else', () => {
    const holds = { ...failed, violation: undefined, hash: 'def', history: ['other'] }
    const text = failureText(failed, holds)
    expect(text).toContain('seed 7 breaks S8: a conflict too many')
    expect(text).toContain('did not fail again (12 events and trace abc, then 12 and def)')
    const other = { ...holds, violation: { invariant: 'S1', what: 'a row' } }
    expect(failureText(failed, other)).toContain('broke S1 instead: a row')
  })

  test('with a workload of its own, and a bug, in the line to replay it', () => {
    const workload = WORKLOADS.find((name) => name !== workloadOf(7))!
    const text = failureText({ ...failed, workload }, failed, { bug: 'some-bug' })
    expect(text).toContain(`--seed 7 --verbose --workload ${workload} --bug some-bug`)
  })
})

describe('planted bugs', () => {
  test('fit the code they are planted in', () => {
    expect(PLANTED.flatMap(misfits)).toEqual([])
  })

  test('have names of their own', () => {
    expect(new Set(PLANTED.map(({ name }) => name)).size).toBe(PLANTED.length)
    expect(PLANTED.length).toBeGreaterThanOrEqual(30)
  })

  test.for(['ack-before-commit', 'half-message-applied'])('%s is caught', (bug) => {
    const options = ['--planted', '--bug', bug, '--seeds', '20', '--threads', '1']
    const node = ['--conditions=@countersign/source', cli, ...options]
    const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/caught by S\d+ at seed \d+/)
    expect(status).toBe(0)
  })

  test('a planted bug that no longer fits the code fails loudly', () => {
    const script = `
      import { plant } from ${JSON.stringify(new URL('plant.ts', import.meta.url).pathname)}
      const edit = { module: 'fold/apply.ts', from: 'this stands nowhere', to: '' }
      plant({ name: 'lost', what: '', edits: [edit] })
      await import('@countersign/core/testing')
    `
    const node = ['--conditions=@countersign/source', '--input-type=module', '--eval', script]
    const cwd = new URL('..', import.meta.url).pathname
    const { status, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', cwd })
    expect(stderr).toContain('planted bug "lost": found 0 times')
    expect(status).not.toBe(0)
  })
})
