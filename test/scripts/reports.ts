// Owns: the runners' JSON reports: how many tests passed, failed and were skipped, and the
// names of those that did not pass. The title of a skipped test names what it `(needs …)`.

import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { root } from './stages.ts'

export interface Result {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Files and titles of what failed; the text of a file that did not load. */
  readonly failures: readonly string[]
  /** Files, titles and reasons of what was left out. */
  readonly omissions: readonly string[]
}

export const NOTHING: Result = { passed: 0, failed: 0, skipped: 0, failures: [], omissions: [] }

export function add(a: Result, b: Result): Result {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
    omissions: [...a.omissions, ...b.omissions],
  }
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

export function vitestResult(file: string): Result {
  const report = reportIn<VitestReport>(file)
  if (!report) return NOTHING
  const failures: string[] = []
  const omissions: string[] = []
  for (const { name, status, message, assertionResults } of report.testResults) {
    const at = relative(root, name)
    const named = (wanted: string): string[] =>
      assertionResults.filter((test) => test.status === wanted).map((test) => test.fullName.trim())
    const failed = named('failed')
    if (status === 'failed' && failed.length === 0)
      failures.push(`${at}: ${message.split('\n')[0] || 'did not load'}`)
    failures.push(...failed.map((title) => `${at}: ${title}`))
    const left = [...named('skipped'), ...named('pending'), ...named('todo')]
    omissions.push(...left.map((title) => `${at}: ${title}${reasonIn(title)}`))
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
    omissions,
  }
}

function reasonIn(title: string): string {
  return title.includes('(needs ') ? '' : ': no reason given'
}

interface PlaywrightSuite {
  readonly title: string
  readonly file: string
  readonly suites?: readonly PlaywrightSuite[]
  readonly specs?: readonly {
    readonly title: string
    readonly tests: readonly {
      readonly status: string
      readonly annotations: readonly { readonly type: string; readonly description?: string }[]
    }[]
  }[]
}

interface PlaywrightReport {
  readonly stats: Readonly<Record<'expected' | 'flaky' | 'unexpected' | 'skipped', number>>
  readonly suites: readonly PlaywrightSuite[]
  readonly errors: readonly { readonly message?: string }[]
}

export function playwrightResult(file: string): Result {
  const report = reportIn<PlaywrightReport>(file)
  if (!report) return NOTHING
  const failures = report.errors.map(({ message }) => `e2e: ${message?.split('\n')[0]}`)
  const omissions: string[] = []
  const visit = ({ file: at, suites = [], specs = [] }: PlaywrightSuite): void => {
    for (const { title, tests } of specs) {
      for (const { status, annotations } of tests) {
        if (status === 'unexpected') failures.push(`${at}: ${title}`)
        if (status !== 'skipped') continue
        const reason = annotations.find(({ type }) => type === 'skip')?.description
        omissions.push(`${at}: ${title}${reason ? `: ${reason}` : reasonIn(title)}`)
      }
    }
    for (const suite of suites) visit(suite)
  }
  for (const suite of report.suites) visit(suite)
  const { stats } = report
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected,
    skipped: stats.skipped,
    failures,
    omissions,
  }
}

function reportIn<T>(file: string): T | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined
}
