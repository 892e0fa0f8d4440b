/** Damaged rows: each is reported with its key, and all other rows are read as before. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { checksum } from '@countersign/core/ports'
import type { SpaceStore, SpaceStores } from '@countersign/core/ports'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sqliteSpaces } from './sqlite-spaces.ts'
import { MUCH, SPACE, commitOf, fileOf, fill, freshFolder } from './spaces.test-kit.ts'

let folder: string
let spaces: SpaceStores
let store: SpaceStore

beforeEach(async () => {
  folder = freshFolder()
  spaces = sqliteSpaces(folder)
  await fill(spaces.open(SPACE))
  await spaces.close()
  spaces = sqliteSpaces(folder)
  store = spaces.open(SPACE)
})

afterEach(async () => {
  await spaces.close()
  rmSync(folder, { recursive: true, force: true })
})

function tamper(sql: string): void {
  const db = new DatabaseSync(fileOf(folder))
  db.exec(sql)
  db.close()
}

/** Flips one bit of a text in the file itself. */
function rot(text: string): void {
  const bytes = readFileSync(fileOf(folder))
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThan(0)
  bytes[at + text.length - 1]! ^= 1
  writeFileSync(fileOf(folder), bytes)
}

const few = { count: 9, bytes: MUCH }

/** Every text of the space, or the error in its place. */
async function texts(): Promise<string[]> {
  const rows = [
    ...(await store.batches(0, MUCH)),
    ...(await Promise.all([1, 3, 5, 7].map((seq) => store.seals(seq)))),
    ...(await store.sessions([1, 2])),
    ...(await store.authors(['a1', 'a2'])),
    ...(await store.revocations()),
    ...(await store.rejections('s2', 0, 9)),
    ...(await store.states(['e1', 'e2'], MUCH)),
    ...(await store.changes('e1', 9, few)),
  ]
  return rows.map((row) => {
    if (row === undefined) return 'none'
    return row.text.ok ? row.text.value : `${row.text.error.code}: ${row.text.error.message}`
  })
}

describe('a row whose text rots is reported with its key, the others are read', () => {
  test.for([
    ['text of batch 3', 'the batch of seqs 3 to 4'],
    ['seals of batch 5', 'the seals of the batch of seqs 5 to 6'],
    ['session s2', 'session 2 (s2)'],
    ['person of author a2', 'author a2'],
    ['revocation of ann', `a revocation (${checksum('person ann')})`],
    ['rejection number 2', 'the rejection of message m2 (session 2, clientSeq 3)'],
    ['state e2', 'the state of entity e2 (t, seq 8)'],
    ['change number 2', 'the change of entity number 1 at 2'],
  ] as const)('%s', async ([text, key]) => {
    const before = await texts()
    await spaces.close()
    rot(text)
    spaces = sqliteSpaces(folder)
    store = spaces.open(SPACE)
    const after = await texts()
    expect(after).toEqual(
      before.map((one) => (one === text ? `damaged: ${key} is damaged in the store` : one)),
    )
    expect(after).not.toEqual(before)
  })
})

describe('a row whose values rot is reported', () => {
  test.for([
    ['update batches set text = text || 1 where from_seq = 3', 'the batch of seqs 3 to 4'],
    ['update states set seq = 7 where entity = "e1"', 'the state of entity e1 (t, seq 7)'],
    ['update states set type = "x" where entity = "e1"', 'the state of entity e1 (x, seq 8)'],
    ['update rejections set client_seq = 20 where msg_id = "m0"', 'the rejection of message m0'],
    ['update seals set from_seq = 2, to_seq = 2 where from_seq = 1', 'the seals of the batch'],
    ['update sessions set session_id = "s9" where no = 2', 'session 2 (s9)'],
    ['update revocations set text = "null" where key = "person ann"', 'a revocation ('],
    ['update authors set text = "somebody else" where author_id = "a1"', 'author a1'],
  ] as const)('%s', async ([sql, key]) => {
    tamper(sql.replaceAll('"', "'"))
    const found = [
      ...(await texts()),
      ...(await store.rejections('s9', 0, 9)).map((row) => JSON.stringify(row)),
    ]
    expect(found.filter((one) => one.includes(key))).not.toEqual([])
  })
})

test('batches that are gone are reported as the seqs that are missing', async () => {
  tamper('delete from batches where from_seq in (3, 7)')
  const rows = await store.batches(0, MUCH)
  expect(rows.map((row) => `${row.fromSeq}-${row.toSeq} ${row.text.ok}`)).toEqual([
    '1-2 true',
    '3-4 false',
    '5-6 true',
    '7-8 false',
  ])
  expect((await store.batches(3, MUCH)).map((row) => row.fromSeq)).toEqual([4, 5, 7])
  tamper('delete from seals where from_seq = 3')
  expect((await store.seals(4))?.text.ok).toBe(false)
  expect((await store.seals(5))?.text.ok).toBe(true)
})

test('a damaged run of the ledger: its messages are damaged, not unknown, and get no other verdict', async () => {
  tamper('update ledger set count = 1 where session_no = 1 and client_seq = 11')
  const answers = await store.ledger('s1', [1, 2, 11, 12, 21])
  expect(answers.map(({ kind }) => kind)).toEqual([
    'accepted',
    'accepted',
    'damaged',
    'damaged',
    'accepted',
  ])
  await expect(store.ledgerRuns('s1', 0, 9)).rejects.toMatchObject({ trouble: 'corrupt' })
  const accepted = [{ sessionId: 's1', clientSeq: 12, count: 1, seq: 9 }]
  const { commits } = await store.head()
  const call = store.append(commitOf(8, commits, { accepted }))
  await expect(call).rejects.toThrow('the ledger of session 1 from clientSeq 11')
  expect((await store.head()).commits).toBe(commits)
  // Other sessions go on.
  const other = [{ sessionId: 's2', clientSeq: 12, count: 1, seq: 9 }]
  expect(await store.append(commitOf(8, commits, { accepted: other }))).toBe('committed')
})

test.for([
  ['head', 'update head set seq = 6', 'the head (epoch 1, seq 6'],
  ['position of the states', 'update behind set through = 7', 'the position of the states'],
] as const)(
  'a damaged %s is a StoreError, and nothing is written over it',
  async ([, sql, what]) => {
    tamper(sql)
    for (const call of [
      () => store.head(),
      () => store.append(commitOf(8, 4)),
      () => store.writeBehind({ epoch: 1, fromThrough: 8, through: 8, states: [], changes: [] }),
    ]) {
      await expect(call()).rejects.toMatchObject({ trouble: 'corrupt' })
      await expect(call()).rejects.toThrow(what)
    }
  },
)

test('damaged states can be made again from the truth', async () => {
  tamper("update states set text = 'x'; update behind set entities = 9")
  await store.resetBehind()
  expect(await store.head()).toMatchObject({ seq: 8, through: 0, entities: 0 })
  expect((await store.batches(0, MUCH)).every(({ text }) => text.ok)).toBe(true)
})

test('a scan reports damaged states in their places', async () => {
  tamper("update states set text = 'x' where entity = 'e1'")
  const scan = await store.scan()
  const { states } = await scan.page(undefined, MUCH)
  expect(states.map(({ entity, text }) => `${entity} ${text.ok}`)).toEqual(['e1 false', 'e2 true'])
})

test('damaged meta is a StoreError that names the key', async () => {
  tamper("update meta set value = 'x' where key = 'key'")
  await expect(store.meta('key')).rejects.toThrow('meta "key" is damaged')
})
