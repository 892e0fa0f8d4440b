import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreError } from './errors.ts'
import { SCHEMA_VERSION, openDatabase } from './sqlite-file.ts'
import { sqliteReviewerStore } from './sqlite.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-file-'))
  file = join(folder, 'space.sqlite')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** The trouble of opening `path`; the message must be one line that names the file. */
async function troubleOf(path: string): Promise<string> {
  const store = sqliteReviewerStore(path)
  try {
    await store.load()
    return 'none'
  } catch (error) {
    const { trouble, message } = error as StoreError
    expect(error).toBeInstanceOf(StoreError)
    expect(message).toContain(path)
    expect(message).not.toContain('\n')
    return trouble
  } finally {
    await store.close()
  }
}

async function madeStore(runs: number): Promise<void> {
  const store = sqliteReviewerStore(file)
  for (let seq = 1; seq <= runs; seq++) {
    const ids = [`00000000-0000-8000-8000-${String(seq).padStart(12, '0')}`]
    await store.append({
      epoch: 1,
      expectSeq: seq - 1,
      runs: [{ fromSeq: seq, toSeq: seq, ids, text: 't'.repeat(3000), seals: '' }],
      rejections: [],
      sessions: [],
      head: `head ${seq}`,
    })
  }
  await store.close()
}

function foreign(sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe('files that are refused', () => {
  test('unwritable: a file stands where the folder should be', async () => {
    writeFileSync(join(folder, 'plain'), '')
    expect(await troubleOf(join(folder, 'plain'))).toBe('unwritable')
    expect(await troubleOf(join(folder, 'plain', 'space.sqlite'))).toBe('unwritable')
  })

  test('unwritable: a folder stands where the file should be', async () => {
    mkdirSync(file)
    expect(await troubleOf(file)).toBe('unwritable')
  })

  test('corrupt: a file that is no database, which stays as it was', async () => {
    writeFileSync(file, 'this is a diary and not a database'.repeat(100))
    expect(await troubleOf(file)).toBe('corrupt')
    expect(readFileSync(file, 'utf8')).toMatch(/^this is a diary/)
  })

  test('corrupt: pages overwritten in the middle', async () => {
    await madeStore(40)
    const bytes = readFileSync(file)
    bytes.fill(0xff, 4096 * 8, 4096 * 20)
    writeFileSync(file, bytes)
    expect(await troubleOf(file)).toBe('corrupt')
  })

  test('corrupt: a file cut short', async () => {
    await madeStore(40)
    writeFileSync(file, readFileSync(file).subarray(0, 4096 * 10))
    expect(await troubleOf(file)).toBe('corrupt')
  })

  test('not_ours: a database of another program, which stays as it was', async () => {
    foreign('create table diary (text)')
    const before = readFileSync(file)
    expect(await troubleOf(file)).toBe('not_ours')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('newer: written by a later version of this package', async () => {
    await madeStore(1)
    foreign(`pragma user_version = ${SCHEMA_VERSION + 1}`)
    expect(await troubleOf(file)).toBe('newer')
  })

  test('in_use: a second store in the same process, until the first is closed', async () => {
    const first = sqliteReviewerStore(file)
    await first.load()
    expect(await troubleOf(file)).toBe('in_use')
    // The failed attempt has not loosened the grip of the first.
    expect(await troubleOf(file)).toBe('in_use')
    await first.close()
    expect(await troubleOf(file)).toBe('none')
  })

  test.runIf(process.getuid?.() === 0)(
    'unwritable: a folder of somebody else (needs root)',
    () => {
      chmodSync(folder, 0o755)
      const store = new URL('sqlite.ts', import.meta.url).pathname
      const code = `import { sqliteReviewerStore } from ${JSON.stringify(store)}
        await sqliteReviewerStore(${JSON.stringify(file)}).load().catch((e) => console.log(e.trouble))`
      const { stdout } = spawnSync(
        process.execPath,
        ['--conditions=@countersign/source', '--input-type=module', '-e', code],
        { uid: 65_534, encoding: 'utf8' },
      )
      expect(stdout.trim()).toBe('unwritable')
    },
    20_000,
  )
})

describe('files that are made', () => {
  test('the file holds a key, so only its owner may read it', async () => {
    const path = join(folder, 'deep', 'er')
    expect(await troubleOf(path)).toBe('none')
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'reviewer.sqlite')).mode & 0o777).toBe(0o600)
  })

  test('an open that failed is tried again by the next call', async () => {
    writeFileSync(join(folder, 'plain'), '')
    const store = sqliteReviewerStore(join(folder, 'plain'))
    await expect(store.load()).rejects.toThrow(StoreError)
    rmSync(join(folder, 'plain'))
    expect((await store.load()).head).toBeUndefined()
    await store.close()
  })
})

describe('durability', () => {
  test.each(['a new file', 'a file that is there'])(
    'what a power cut may take is settled by pragmas that hold: %s',
    async (which) => {
      if (which === 'a file that is there') await madeStore(1)
      const db = openDatabase(file)
      const read = (name: string): unknown =>
        Object.values(db.prepare(`pragma ${name}`).get() as object)[0]
      const names = ['journal_mode', 'synchronous', 'fullfsync', 'locking_mode']
      const held = names.map((name) => [name, read(name)])
      db.close()
      expect(Object.fromEntries(held)).toEqual({
        journal_mode: 'wal',
        synchronous: 2, // full: the log is on the disk when a commit returns
        fullfsync: 1, // and where a disk has a cache, through it
        locking_mode: 'exclusive',
      })
    },
  )

  test('a write that fails leaves no transaction behind, and nothing of it in the file', async () => {
    await madeStore(2)
    const store = sqliteReviewerStore(file)
    await store.load()
    const twice = {
      epoch: 1,
      expectSeq: 2,
      runs: [
        {
          fromSeq: 3,
          toSeq: 3,
          ids: ['00000000-0000-8000-8000-000000000003'],
          text: 't',
          seals: '',
        },
        {
          fromSeq: 4,
          toSeq: 4,
          ids: ['00000000-0000-8000-8000-000000000001'],
          text: 't',
          seals: '',
        },
      ],
      rejections: [{ msgId: 'r', sessionId: 's', text: 'r' }],
      sessions: [{ sessionId: 's', text: 's' }],
      head: 'head 4',
    }
    await expect(store.append(twice)).rejects.toThrow('stored already')
    // As a power cut would find it: the files of this moment, opened elsewhere.
    const copy = join(folder, 'copy.sqlite')
    for (const ending of ['', '-wal'])
      if (existsSync(file + ending)) copyFileSync(file + ending, copy + ending)
    for (const path of [copy, file]) {
      if (path === file) await store.close()
      const again = sqliteReviewerStore(path)
      const { head, sessions, rejections } = await again.load()
      expect([head, sessions, rejections]).toEqual(['head 2', [], []])
      expect(await again.readRuns(0, 10)).toHaveLength(2)
      await again.close()
    }
  })
})
