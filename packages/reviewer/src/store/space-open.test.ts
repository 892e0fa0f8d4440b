/**
 * Opening a space reads its head, not its history: checks the statements that run while a file with a
 * million changes is opened, the query plan of every statement of the store, and the bytes read from
 * the file.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { oneKey } from '@countersign/core/ports'
import { SqliteTables } from './space-tables.ts'
import { sqliteSpaces } from './sqlite-spaces.ts'
import { SPACE, fileOf, fill, freshFolder } from './spaces.test-kit.ts'

let folder: string

beforeEach(async () => {
  folder = freshFolder()
  const spaces = sqliteSpaces(folder)
  await fill(spaces.open(SPACE))
  await spaces.close()
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

/** Adds a long history directly to the file: a million changes, and 30,000 rows of each other table. */
function lengthen(): void {
  const db = new DatabaseSync(fileOf(folder))
  const numbers = `with recursive n(x) as (values (1000) union all select x + 1 from n where x < 1000999)`
  db.exec(`
    pragma synchronous = off; begin;
    ${numbers} insert into changes select x / 100, x, '', 'a change' from n;
    ${numbers} insert into ledger select 3, x * 2, 1, x, '' from n where x < 31000;
    ${numbers} insert into batches select x, x, '', 'a batch' from n where x < 31000;
    ${numbers} insert into states select x, 'entity ' || x, 't', 1, '', '', 'a state' from n where x < 31000;
    ${numbers} insert into rejections select x, 'm' || x, 3, x, '', '' from n where x < 31000;
    commit`)
  db.close()
}

test('opening a space with a million changes runs few statements and reads few rows', async () => {
  lengthen()
  const get = vi.spyOn(StatementSync.prototype, 'get')
  const exec = vi.spyOn(DatabaseSync.prototype, 'exec')
  const many = (['all', 'iterate'] as const).map((name) => vi.spyOn(StatementSync.prototype, name))
  const before = readBytes()
  const spaces = sqliteSpaces(folder)
  expect((await spaces.open(SPACE).head()).seq).toBe(8)
  const bytes = readBytes() - before
  for (const spy of many) expect(spy).not.toHaveBeenCalled()
  const ran = [
    ...get.mock.contexts.map((one) => (one as StatementSync).sourceSQL),
    ...exec.mock.calls.flat(),
  ]
  const tables = ran.filter((sql) => !sql.startsWith('pragma ')).map(tableOf)
  const rows = get.mock.results.filter(({ value }) => value !== undefined).length
  expect(tables).toEqual(['meta', 'meta', 'behind', 'head'])
  expect(rows).toBeLessThan(20)
  // Elsewhere than on Linux the bytes are not counted, and 0.
  expect(statSync(fileOf(folder)).size).toBeGreaterThan(20_000_000)
  expect(bytes).toBeLessThan(200_000)
  await spaces.close()
})

function tableOf(sql: string): string | undefined {
  return /from (\w+)/.exec(sql)?.[1]
}

function readBytes(): number {
  if (process.platform !== 'linux') return 0
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))![1])
}

test('no statement of the store scans a table that grows', () => {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  const tables = new SqliteTables(fileOf(folder), SPACE)
  const scans = [tables.scan(), tables.scan('t'), tables.scan('t', oneKey('w', 'k'))]
  const statements = prepare.mock.calls.map(([sql]) => sql)
  prepare.mockRestore()
  for (const scan of scans) scan.close()
  tables.close()
  const plans = new DatabaseSync(fileOf(folder), { readOnly: true })
  let searches = 0
  for (const sql of statements.filter((one) => !/^(?:pragma|begin|commit|rollback)/.test(one))) {
    for (const row of plans.prepare(`explain query plan ${sql}`).all()) {
      const detail = String(row['detail'])
      if (detail.startsWith('SEARCH ')) searches++
      // Rejections are few (IDEM3), and looked through where values are erased.
      else
        expect(detail, sql).toMatch(
          /^(?:SCAN (?:head|behind|revocations|rejections)\b|LIST SUBQUERY|SCALAR SUBQUERY)/,
        )
      expect(detail, sql).not.toMatch(/TEMP B-TREE/)
    }
  }
  expect(searches).toBeGreaterThan(20)
  plans.close()
})
