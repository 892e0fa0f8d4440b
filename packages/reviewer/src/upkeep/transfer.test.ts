/**
 * `export` and `import`: a space goes on elsewhere, and its stores do not notice; a file that does not
 * hold changes nothing.
 */
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SyncStore } from '@countersign/core'
import { checksum } from '@countersign/core/ports'
import type { Reviewer } from '@countersign/core/reviewer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileOf, sqliteSpaces } from '../store/sqlite-spaces.ts'
import {
  type Folder,
  Issue,
  SPACE,
  fill,
  freshFolder,
  personOf,
  reviewerOf,
  settled,
  until,
} from './filled.test-kit.ts'
import { said } from './said.test-kit.ts'

let from: Folder
let exported: string
let count = 0

beforeAll(async () => {
  from = freshFolder()
  await fill(from)
  exported = join(from.folder, 'space.jsonl')
  expect(
    await said('export', from.data, '--space', SPACE, '--out', exported, '--with-persons'),
  ).toMatchObject({ code: 0, stderr: '' })
})
afterAll(() => rmSync(from.folder, { recursive: true, force: true }))

const emptyFolder = (): string => join(from.folder, `to-${++count}`)

const rows = (store: SyncStore): unknown =>
  store
    .query(Issue)
    .rows.map((row) => ({ ...row, state: row.$state, heads: row.$heads, key: row.$orderKey }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

/** Every row of the tables that an export carries, and those that an import folds. */
function tablesOf(data: string): Record<string, unknown> {
  const db = new DatabaseSync(fileOf(data, SPACE), { readOnly: true })
  const all = [
    ...['batches', 'seals', 'sessions', 'ledger', 'rejections', 'states', 'changes'],
    ...['authors', 'behind', 'meta'],
  ]
  const found = all.map((table) => [table, db.prepare(`select * from ${table}`).all()])
  db.close()
  return Object.fromEntries(found) as Record<string, unknown>
}

test('an imported space has the same records, folded states included, and is whole', async () => {
  const to = emptyFolder()
  expect(await said('import', to, '--in', exported)).toMatchObject({ code: 0, stderr: '' })
  const [before, after] = [tablesOf(from.data), tablesOf(to)]
  for (const table of [
    'batches',
    'seals',
    'sessions',
    'ledger',
    'rejections',
    'changes',
    'behind',
    'meta',
  ])
    expect(after[table], table).toEqual(before[table])
  expect((after['authors'] as readonly unknown[]).length).toBe(
    (before['authors'] as readonly unknown[]).length,
  )
  expect(await said('verify', to)).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(to)).toEqual([SPACE.slice(0, 2)])
  expect(statSync(fileOf(to, SPACE)).mode & 0o777).toBe(0o600)
})

test('the reviewer goes on with an imported space under the same key, and stores reconnect and write', async () => {
  const to = emptyFolder()
  let running = await reviewerOf(from)
  const of = (): Pick<Reviewer, 'connect'> => running.reviewer
  const [ann, bob] = [await personOf('ann', of), await personOf('bob', of)]
  try {
    ann.create(Issue, { title: 'last before the move', points: 5 })
    await settled(ann, bob)
    const before = rows(ann)
    await running.close()
    const file = join(from.folder, 'moved.jsonl')
    await said('export', from.data, '--space', SPACE, '--out', file, '--with-persons')
    expect(await said('import', to, '--in', file)).toMatchObject({ code: 0, stderr: '' })
    const { epoch } = ann.status.getState().position!
    running = await reviewerOf({ ...from, data: to })
    await settled(ann, bob)
    expect(rows(bob)).toEqual(before)
    const receipt = bob.create(Issue, { title: 'first behind it', points: 6 })
    expect(await receipt.settled()).toMatchObject({ verdict: 'accepted' })
    await settled(ann, bob)
    expect(rows(ann)).toEqual(rows(bob))
    // The mark beside the key says that the data are as they were left: no epoch was opened.
    expect(ann.status.getState().position).toMatchObject({ epoch })
    expect(ann.status.getState()).toMatchObject({ alarm: undefined, connectionRefusal: undefined })
    const numbers = ann.query(Issue).rows.map((row) => row.number)
    expect(new Set(numbers).size).toBe(numbers.length)
    const carl = await personOf('ann', of)
    await until(() => carl.status.getState().caughtUp)
    expect(rows(carl)).toEqual(rows(ann))
    await carl.close()
  } finally {
    await ann.close()
    await bob.close()
    await running.close()
  }
  expect(await said('verify', to)).toMatchObject({ code: 0, stderr: '' })
})

test('numbers stay refused whose rejections were deleted', async () => {
  const data = join(from.folder, `copy-${++count}`)
  cpSync(from.data, data, { recursive: true })
  const spaces = sqliteSpaces(data)
  expect(await spaces.open(SPACE).forgetRejections(0, 9)).toBe(1)
  await spaces.close()
  const [file, to] = [join(from.folder, 'forgotten.jsonl'), emptyFolder()]
  await said('export', data, '--space', SPACE, '--out', file)
  expect(await said('import', to, '--in', file)).toMatchObject({ code: 0, stderr: '' })
  const [before, after] = [tablesOf(data), tablesOf(to)]
  expect([after['ledger'], after['rejections']]).toEqual([before['ledger'], []])
  expect(await said('verify', to)).toMatchObject({ code: 0, stderr: '' })
})

test('without --with-persons no person is in the file', async () => {
  const file = join(from.folder, 'public.jsonl')
  const { stdout } = await said('export', from.data, '--space', SPACE, '--out', file)
  expect(stdout).toContain('without persons')
  expect(readFileSync(exported, 'utf8')).toContain('"ann\\"')
  expect(readFileSync(file, 'utf8')).not.toMatch(/\bann\b|\bbob\b/)
  const to = emptyFolder()
  expect(await said('import', to, '--in', file)).toMatchObject({ code: 0, stderr: '' })
  expect(await said('verify', to)).toMatchObject({ code: 0, stderr: '' })
})

describe('a file that does not hold changes nothing, and its line is named', () => {
  const linesOf = (): string[] => readFileSync(exported, 'utf8').split('\n').slice(0, -1)

  async function refused(lines: readonly string[]): Promise<string> {
    const file = join(from.folder, `damaged-${++count}.jsonl`)
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
    const to = emptyFolder()
    const { code, stdout, stderr } = await said('import', to, '--in', file)
    expect([code, stdout]).toEqual([1, ''])
    expect(readdirSync(to)).toEqual([])
    return stderr
  }

  test('each line with one bit flipped, each left out, and the file cut behind each', async () => {
    const lines = linesOf()
    for (const [i, line] of lines.entries()) {
      const at = Math.floor(line.length / 2)
      const flipped = `${line.slice(0, at)}${String.fromCharCode(line.charCodeAt(at) ^ 1)}${line.slice(at + 1)}`
      expect(await refused(lines.with(i, flipped))).toMatch(`reviewer: line ${i + 1}: `)
      const without = await refused(lines.toSpliced(i, 1))
      expect(without).toMatch(/^reviewer: line \d+: /)
      const cut = await refused(lines.slice(0, i))
      expect(cut).toContain('the file ends before its last line')
    }
  })

  /** The same records with sums that hold, as whoever writes a false file would make them. */
  function summed(change: (body: string, index: number) => string): string[] {
    let sum = ''
    return linesOf().map((line, i) => {
      const body = change(`[${line.slice(line.indexOf(',') + 1)}`, i)
      sum = checksum(`${sum} ${body}`)
      return `["${sum}",${body.slice(1)}`
    })
  }

  test('a line of another version, and one behind the last', async () => {
    const other = summed((body) => body.replace('["space",1', '["space",2'))
    expect(await refused(other)).toBe(
      'reviewer: line 1: it is of version 2, and this program knows 1\n',
    )
    const lines = linesOf()
    expect(summed((body) => body)).toEqual(lines)
    expect(await refused([...lines, lines.at(-1)!])).toMatch(`line ${lines.length + 1}: `)
  })

  test.for([
    ['value of a message', '"uno', '"dos', /the batch of seqs .* lead to another chain/],
    ['word of a rejection', 'not this one', 'not that one', /is not signed by the reviewer/],
    ['key of a session', '"publicKey\\":\\"', '"publicKey\\":\\"A', /is not that of its key/],
  ] as const)('a false %s, with sums that hold', async ([, is, by, says]) => {
    const replaced = summed((body) => body.replaceAll(is, by))
    expect(replaced).not.toEqual(linesOf())
    expect(await refused(replaced)).toMatch(says)
  })

  test('a folder that has the space', async () => {
    const before = readFileSync(fileOf(from.data, SPACE))
    const { code, stderr } = await said('import', from.data, '--in', exported)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^reviewer: the space .* already/)])
    expect(readFileSync(fileOf(from.data, SPACE)).equals(before)).toBe(true)
  })

  test('an export into a file that exists', async () => {
    const told = await said('export', from.data, '--space', SPACE, '--out', exported)
    expect(told.stderr).toBe(`reviewer: ${exported} exists already\n`)
    expect(existsSync(`${exported}.part`)).toBe(false)
  })
})
