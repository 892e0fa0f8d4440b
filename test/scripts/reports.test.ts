// Owns: the proof that the end of `pnpm test` names what failed and why something was left out.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { NOTHING, add, playwrightResult, vitestResult } from './reports.ts'
import { root } from './stages.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-reports-'))
afterAll(() => rmSync(folder, { recursive: true }))

function written(report: unknown): string {
  const file = join(folder, 'report.json')
  writeFileSync(file, JSON.stringify(report))
  return file
}

test('vitest: files and titles of what failed, of files that did not load, and of what was left out', () => {
  const result = vitestResult(
    written({
      numPassedTests: 1,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 0,
      testResults: [
        {
          name: join(root, 'test/a.test.ts'),
          status: 'failed',
          message: '',
          assertionResults: [
            { fullName: 'a holds', status: 'passed' },
            { fullName: 'a breaks', status: 'failed' },
            { fullName: 'a as root (needs root)', status: 'skipped' },
            { fullName: 'a without a word', status: 'pending' },
          ],
        },
        {
          name: join(root, 'test/b.test.ts'),
          status: 'failed',
          message: 'no such module\nat line 1',
          assertionResults: [],
        },
      ],
    }),
  )
  expect(result).toEqual({
    passed: 1,
    failed: 1,
    skipped: 2,
    failures: ['test/a.test.ts: a breaks', 'test/b.test.ts: no such module'],
    omissions: [
      'test/a.test.ts: a as root (needs root)',
      'test/a.test.ts: a without a word: no reason given',
    ],
  })
})

test('playwright: the same, with the reasons of its annotations', () => {
  const spec = (title: string, status: string, description?: string): object => ({
    title,
    tests: [{ status, annotations: description ? [{ type: 'skip', description }] : [] }],
  })
  const result = playwrightResult(
    written({
      stats: { expected: 3, flaky: 0, unexpected: 1, skipped: 1 },
      errors: [],
      suites: [
        {
          title: 'a.e2e.ts',
          file: 'a.e2e.ts',
          specs: [spec('holds', 'expected')],
          suites: [
            {
              title: 'inside',
              file: 'a.e2e.ts',
              specs: [spec('breaks', 'unexpected'), spec('rests', 'skipped', 'needs a camera')],
            },
          ],
        },
      ],
    }),
  )
  expect(result.failures).toEqual(['a.e2e.ts: breaks'])
  expect(result.omissions).toEqual(['a.e2e.ts: rests: needs a camera'])
  expect(add(result, NOTHING)).toEqual(result)
})

test('a runner without a report adds nothing', () => {
  expect(vitestResult(join(folder, 'none.json'))).toEqual(NOTHING)
})
