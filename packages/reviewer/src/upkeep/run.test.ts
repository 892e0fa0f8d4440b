/** The command line: help, faults in one line, `inspect` and `compact`. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileOf } from '../store/sqlite-spaces.ts'
import { type Folder, SPACE, fill, freshFolder, reviewerOf } from './filled.test-kit.ts'
import { said } from './said.test-kit.ts'

let folder: Folder

beforeAll(async () => {
  folder = freshFolder()
  await fill(folder)
})
afterAll(() => rmSync(folder.folder, { recursive: true, force: true }))

test('--help of the program, and of each command', async () => {
  const { code, stdout } = await said('--help')
  expect([code, stdout]).toEqual([0, expect.stringContaining('COMMAND FOLDER [options]')])
  for (const name of ['inspect', 'verify', 'export', 'import', 'compact']) {
    expect(stdout).toContain(`\n  ${name}`)
    const help = await said(name, '--help')
    expect([help.code, help.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^Usage: .* ${name} FOLDER \\[options\\]\n`)),
    ])
  }
})

test('the program of the package, as a process', () => {
  const program = new URL('../cli.ts', import.meta.url).pathname
  const call = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, ['--conditions=@countersign/source', program, ...args], {
      encoding: 'utf8',
    })
  const verified = call('verify', folder.data)
  expect([verified.status, verified.stderr]).toEqual([0, ''])
  expect(verified.stdout).toContain(`space ${SPACE}: whole: `)
  const failed = call('verify')
  expect([failed.status, failed.stdout]).toEqual([1, ''])
  expect(failed.stderr).toMatch(/^reviewer: verify takes one folder of spaces [^\n]+\n$/)
})

describe('what is wrong is one line on stderr, and exit code 1', () => {
  test.for([
    [['erase', 'data'], /there is no command "erase"/],
    [['inspect'], /inspect takes one folder of spaces/],
    [['inspect', 'data', '--out', 'x'], /inspect has no option --out/],
    [['verify', 'data', '--space', 'X'], /--space must be a lower-case uuid, not "X"/],
    [['export', 'data', '--out', 'x'], /export needs --space/],
    [['export', 'data', '--space', SPACE], /export needs --out/],
    [['import', 'data'], /import needs --in/],
    [['import', 'data', '--in', 'no-such-file'], /there is no file no-such-file/],
    [['inspect', 'no-such-folder'], /cannot read no-such-folder/],
    [['verify', 'data', '--colour'], /--colour/],
  ] as const)('%j', async ([args, says]) => {
    const { code, stdout, stderr } = await said(...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^reviewer: [^\n]+\n$/)
    expect(stderr).toMatch(says)
  })

  test('a space that is not there, and a file that is no space', async () => {
    const other = SPACE.replace(/1$/, '2')
    expect((await said('inspect', folder.data, '--space', other)).stderr).toContain(
      `there is no space ${other} in `,
    )
    const file = fileOf(folder.data, other)
    writeFileSync(file, 'this is a diary'.repeat(100))
    const { code, stdout } = await said('verify', folder.data, '--space', other)
    expect([code, stdout]).toEqual([1, expect.stringContaining('not a database')])
    rmSync(file)
  })
})

test('inspect: what is in a space, in words and as JSON, beside a running reviewer', async () => {
  const running = await reviewerOf(folder)
  try {
    const { code, stdout, stderr } = await said('inspect', folder.data)
    expect([code, stderr]).toEqual([0, ''])
    for (const line of [
      `space ${SPACE}`,
      `  reviewer    ${running.publicKey}`,
      /^ {2}position {4}seq \d+ of epoch \d, \d+ commits$/m,
      /^ {2}epoch {7}1 from seq 0, genesis, 20\d\d-/m,
      /^ {14}issue: 4$/m,
      /^ {14}post: 1$/m,
      '  rejections  1',
      '  published   issue 1, post 1',
      /^ {14}batches: \d+ rows, [1-9][\d.]* KiB$/m,
    ])
      expect(stdout).toMatch(line)
    const { spaces } = JSON.parse((await said('inspect', folder.data, '--json')).stdout) as {
      readonly spaces: readonly unknown[]
    }
    expect(spaces).toMatchObject([
      { space: SPACE, reviewerKey: running.publicKey, entities: { issue: 4, post: 1 } },
    ])
  } finally {
    await running.close()
  }
})

test('compact gives space back, and the space stays whole', async () => {
  const file = fileOf(folder.data, SPACE)
  const db = new DatabaseSync(file)
  db.exec('create table ballast (text text)')
  db.prepare('insert into ballast values (?)').run('x'.repeat(1_000_000))
  db.exec('drop table ballast')
  db.close()
  const before = readFileSync(file).length
  const { code, stdout } = await said('compact', folder.data)
  expect([code, stdout]).toEqual([0, expect.stringMatching(/ MiB before, [\d.]+ KiB after\n$/)])
  expect(readFileSync(file).length).toBeLessThan(before - 900_000)
  expect(await said('verify', folder.data)).toMatchObject({ code: 0, stderr: '' })
})

test('compact says that a reviewer writes, and changes nothing', async () => {
  const db = new DatabaseSync(fileOf(folder.data, SPACE))
  db.exec('begin immediate')
  const { code, stderr } = await said('compact', folder.data)
  db.exec('rollback')
  db.close()
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^reviewer: another reviewer uses /)])
})
