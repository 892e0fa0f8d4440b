/** The files of spaces: which are rejected, how they are opened, how many, and that erased text is gone. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StoreError } from './errors.ts'
import { SPACE_SCHEMA_VERSION, openSpaceFile } from './space-file.ts'
import { sqliteSpaces } from './sqlite-spaces.ts'
import { MUCH, SPACE, commitOf, fileOf, fill, freshFolder } from './spaces.test-kit.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = freshFolder()
  file = fileOf(folder)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

const OTHER = 'ab000000-0000-4000-8000-000000000002'

async function troubleOf(space = SPACE): Promise<string> {
  const spaces = sqliteSpaces(folder)
  try {
    await spaces.open(space).head()
    return 'none'
  } catch (error) {
    const { name, trouble, message } = error as StoreError
    expect(name).toBe('StoreError')
    expect(message).toContain(fileOf(folder, space))
    expect(message).not.toContain('\n')
    return trouble
  } finally {
    await spaces.close()
  }
}

async function filled(): Promise<void> {
  const spaces = sqliteSpaces(folder)
  await fill(spaces.open(SPACE))
  await spaces.close()
}

function foreign(sql: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe('files that are refused', () => {
  test('unwritable: a file where the folder should be, a folder where the file should be', async () => {
    writeFileSync(dirname(file), '')
    expect(await troubleOf()).toBe('unwritable')
    rmSync(dirname(file))
    mkdirSync(file, { recursive: true })
    expect(await troubleOf()).toBe('unwritable')
  })

  test('corrupt: a file that is no database, which stays as it was', async () => {
    mkdirSync(dirname(file))
    writeFileSync(file, 'this is a diary and not a database'.repeat(100))
    expect(await troubleOf()).toBe('corrupt')
    expect(readFileSync(file, 'utf8')).toMatch(/^this is a diary/)
  })

  test.runIf(process.getuid?.() === 0)(
    'unwritable: a folder of somebody else (needs root)',
    () => {
      chmodSync(folder, 0o755)
      const store = new URL('sqlite-spaces.ts', import.meta.url).pathname
      const code = `import { sqliteSpaces } from ${JSON.stringify(store)}
        const store = sqliteSpaces(${JSON.stringify(folder)}).open(${JSON.stringify(SPACE)})
        await store.head().catch((e) => console.log(e.trouble))`
      const { stdout } = spawnSync(
        process.execPath,
        ['--conditions=@countersign/source', '--input-type=module', '-e', code],
        { uid: 65_534, encoding: 'utf8' },
      )
      expect(stdout.trim()).toBe('unwritable')
    },
    20_000,
  )

  test('an open that failed is tried again by the next call', async () => {
    writeFileSync(dirname(file), '')
    const spaces = sqliteSpaces(folder)
    const store = spaces.open(SPACE)
    await expect(store.head()).rejects.toMatchObject({ trouble: 'unwritable' })
    rmSync(dirname(file))
    expect((await store.head()).seq).toBe(0)
    await spaces.close()
  })

  test('corrupt: a file cut short, and pages overwritten in the middle', async () => {
    await filled()
    const bytes = readFileSync(file)
    for (const damaged of [
      bytes.subarray(0, 4_096 * 4),
      Buffer.from(bytes).fill(0xff, 4_096, bytes.length),
    ]) {
      writeFileSync(file, damaged)
      expect(await troubleOf()).toBe('corrupt')
    }
  })

  test('not_ours: a database of another program, which stays as it was', async () => {
    foreign('create table diary (text)')
    const before = readFileSync(file)
    expect(await troubleOf()).toBe('not_ours')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('not_ours: the file of another space under the name of this one', async () => {
    await filled()
    renameSync(file, fileOf(folder, OTHER))
    expect(await troubleOf(OTHER)).toBe('not_ours')
  })

  test('newer: written by a later version of this package', async () => {
    await filled()
    foreign(`pragma user_version = ${SPACE_SCHEMA_VERSION + 1}`)
    expect(await troubleOf()).toBe('newer')
  })

  test('what is no uuid is no name of a file', () => {
    const spaces = sqliteSpaces(folder)
    for (const name of ['', '..', `../${SPACE}`, SPACE.toUpperCase(), `${SPACE}.sqlite`]) {
      expect(() => spaces.open(name)).toThrow('is not a space id')
    }
  })

  test.for(['journal_mode', 'synchronous', 'fullfsync', 'secure_delete'])(
    'a database that does not take %s is not used',
    async (setting) => {
      const exec = Reflect.get(DatabaseSync.prototype, 'exec') as (sql: string) => void
      vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
        this: DatabaseSync,
        sql: string,
      ) {
        // As in a database without the setting; `full` is what this one begins with.
        const ignored = sql.startsWith(`pragma ${setting} =`)
        if (!ignored) Reflect.apply(exec, this, [sql])
        else if (setting === 'synchronous') Reflect.apply(exec, this, ['pragma synchronous = off'])
      })
      expect(await troubleOf()).toBe('failed')
    },
  )
})

test('each commit is in the log and on the platter before it counts', () => {
  const db = openSpaceFile(file)
  const answers = ['journal_mode', 'synchronous', 'fullfsync', 'checkpoint_fullfsync'].map(
    (setting) => Object.values(db.prepare(`pragma ${setting}`).get()!)[0],
  )
  db.close()
  // `synchronous` is 2 for full; with 1, what was told may be gone after a power cut.
  expect(answers).toEqual(['wal', 2, 1, 1])
})

describe('open files', () => {
  test('readable by their owner only', async () => {
    await filled()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
  })

  test.for([2, 3, 5])('of 12 spaces in use %i files are open at most', async (openFilesMax) => {
    const close = vi.spyOn(DatabaseSync.prototype, 'close')
    const names = Array.from({ length: 12 }, (_, at) => `${SPACE.slice(0, -2)}${10 + at}`)
    const spaces = sqliteSpaces(folder, { openFilesMax })
    const stores = names.map((name) => spaces.open(name))
    expect(readdirSync(folder)).toEqual([])
    let most = 0
    for (let round = 0; round < 2; round++) {
      for (const [at, store] of stores.entries()) {
        await stores[Math.max(0, at - 1)]!.head()
        await store.append(commitOf(round * 2, round))
        // A file that is open has a log beside it.
        const logs = readdirSync(join(folder, 'ab')).filter((name) => name.endsWith('-wal'))
        most = Math.max(most, logs.length)
      }
    }
    expect(most).toBe(openFilesMax)
    // The space before is still open when it is asked again: each is opened once a round.
    expect(close.mock.calls.length).toBe(2 * 12 - openFilesMax)
    for (const store of stores) expect((await store.head()).seq).toBe(4)
    await spaces.close()
    expect(readdirSync(join(folder, 'ab')).toSorted()).toEqual(
      names.map((name) => `${name}.sqlite`).toSorted(),
    )
  })

  test('a scan goes on while the file of its space is closed for others', async () => {
    const spaces = sqliteSpaces(folder, { openFilesMax: 2 })
    const store = spaces.open(SPACE)
    await fill(store)
    const scan = await store.scan()
    for (const name of ['3', '4', '5']) await spaces.open(SPACE.slice(0, -1) + name).head()
    const { states } = await scan.page(undefined, MUCH)
    expect(states).toHaveLength(2)
    await spaces.close()
  })

  test('after a failed write the file is opened again, and the store works on', async () => {
    const spaces = sqliteSpaces(folder)
    const store = spaces.open(SPACE)
    await fill(store)
    // What the database refuses stands for a full disk.
    const big = { fromSeq: 9, toSeq: 9, text: 'x'.repeat(100), seals: '' }
    foreign(
      'create trigger full before insert on batches begin select raise(abort, "full"); end'.replaceAll(
        '"',
        "'",
      ),
    )
    await expect(store.append(commitOf(8, 4, { batch: big }))).rejects.toMatchObject({
      name: 'StoreError',
    })
    foreign('drop trigger full')
    expect((await store.head()).seq).toBe(8)
    expect(await store.append(commitOf(8, 4))).toBe('committed')
    await spaces.close()
  })
})

describe('erased text', () => {
  const secret = 'the secret that must be erased'

  /** Whether the secret stands anywhere in the files, the log included. */
  function isLeft(): boolean {
    return readdirSync(join(folder, 'ab')).some((name) =>
      readFileSync(join(folder, 'ab', name)).includes(secret),
    )
  }

  test.for([10, 3_000, 70_000])('of %i characters is in no file after it', async (length) => {
    const text = `${secret} ${'.'.repeat(length)}`
    const spaces = sqliteSpaces(folder)
    const store = spaces.open(SPACE)
    await fill(store)
    const sessions = [{ sessionId: 's2', text: '' }]
    const rejections = [{ msgId: 'mx', sessionId: 's2', clientSeq: 90, text }]
    const batch = { fromSeq: 9, toSeq: 9, text, seals: '' }
    await store.append(commitOf(8, 4, { batch, sessions, rejections }))
    await store.claimMeta('kept', text)
    const write = (fromThrough: number, through: number, value: string): Promise<string> =>
      store.writeBehind({
        epoch: 1,
        erases: value === 'erased',
        fromThrough,
        through,
        states: [{ entity: 'e1', type: 't', seq: through, text: value }],
        changes: [{ entity: 'e1', seq: 9, text: value }],
      })
    await write(8, 9, text)
    expect(isLeft()).toBe(true)
    // While a scan reads it, the log cannot be cut: the next write does it.
    const scan = await store.scan()
    const redacted = {
      batches: [{ fromSeq: 9, text: 'redacted' }],
      rejections: [{ msgId: 'mx', text: 'redacted' }],
      meta: [{ key: 'kept', value: 'redacted' }],
    }
    const redact = commitOf(9, 5, { redacted })
    expect(await store.append(redact)).toBe('committed')
    expect(await write(9, 11, 'erased')).toBe('written')
    expect(isLeft()).toBe(true)
    await scan.close()
    await store.append(commitOf(11, 6))
    expect(isLeft()).toBe(false)
    await spaces.close()
    expect(isLeft()).toBe(false)
  })
})
