// Owns: the proof that the audit of dependencies finds what it is there for.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KNOWN, advisories, licenceFaults, lockFaults, lockedPackages } from './audit-rules.ts'
import { root } from './stages.ts'

const lockfile = (...entries: readonly string[]): string =>
  ["lockfileVersion: '9.0'", 'packages:', '', ...entries, '', 'snapshots:', '  x@1.0.0: {}'].join(
    '\n',
  )
const sound = (name: string): string => `  ${name}:\n    resolution: {integrity: sha512-AAAA}\n`

test('our own lockfile is read, and nothing in it has a known fault', () => {
  const text = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
  const names = new Set(lockedPackages(text).map(({ name }) => name))
  expect(names.size).toBeGreaterThan(100)
  for (const { name } of KNOWN) expect(names).toContain(name)
  expect(lockFaults(text)).toEqual([])
})

test.each([
  [sound('socket.io-parser@4.2.2'), 'has CVE-2023-32695, which 4.2.3 mends'],
  [sound('ws@8.17.0'), 'has CVE-2024-37890'],
  [sound('ws@7.5.9'), 'has CVE-2024-37890, which 7.5.10 mends'],
  [sound('ws@4.9.9'), 'has CVE-2024-37890, which 8.17.1 mends'],
  ['  left@1.0.0:\n    resolution: {integrity: sha1-AAAA}\n', 'no sha512'],
  [
    "  '@a/b@https://example.org/x.tgz':\n    resolution: {integrity: sha512-A, tarball: https://x}\n",
    'is not from a registry',
  ],
])('of %j: %s', (entry, says) => {
  expect(lockFaults(lockfile(sound('fine@1.0.0'), entry))).toEqual([expect.stringContaining(says)])
})

test('what is sound, newer, or of another name has no fault; a form that is unknown has one', () => {
  const entries = ['ws@8.17.1', 'ws@8.18.0', 'ws@6.2.3', "'@scope/ws@1.0.0'", 'ws@10.0.0'].map(
    sound,
  )
  expect(lockFaults(lockfile(...entries))).toEqual([])
  expect(lockFaults('packages: []')).toEqual([expect.stringContaining('form has changed')])
})

test('licences: what asks more than a notice is a fault; of a tool a little more may pass', () => {
  const licences = {
    MIT: [{ name: 'a' }],
    'MPL-2.0': [{ name: 'tool' }, { name: 'shipped' }],
    'GPL-3.0': [{ name: 'b' }],
    Unknown: [{ name: 'c' }],
  }
  expect(licenceFaults(licences, (name) => name === 'shipped')).toEqual([
    'shipped is under MPL-2.0',
    'b is under GPL-3.0',
    'c is under Unknown',
  ])
})

test('advisories: those of the answer; nothing where there is no answer', () => {
  const one = { module_name: 'a', severity: 'high', title: 'it breaks', github_advisory_id: 'G-1' }
  expect(advisories(JSON.stringify({ advisories: { 1: one } }))).toEqual([
    'a: it breaks (high, G-1)',
  ])
  expect(advisories(JSON.stringify({ advisories: {} }))).toEqual([])
  for (const none of ['', 'null', '{"error":{"code":"405"}}', 'ERR_PNPM_AUDIT_BAD_RESPONSE'])
    expect(advisories(none)).toBeUndefined()
})
