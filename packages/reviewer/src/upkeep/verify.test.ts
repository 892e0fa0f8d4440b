/**
 * `verify` on a space that stores have written through a reviewer: whole, it has no fault; with a record
 * of any kind changed, that record is named.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SpaceStore } from '@countersign/core/ports'
import { verifySpace } from '@countersign/core/upkeep'
import type { VerifyOptions, VerifyProgress } from '@countersign/core/upkeep'
import { nodeSigner } from '../node/signer.ts'
import { sumOf } from '../store/row.ts'
import { fileOf, sqliteSpaces } from '../store/sqlite-spaces.ts'
import {
  type Folder,
  Issue,
  Post,
  SPACE,
  fill,
  freshFolder,
  personOf,
  reviewerOf,
  settled,
} from './filled.test-kit.ts'
import { type Said, said } from './said.test-kit.ts'

let whole: Folder
let data: string
let copies = 0

beforeAll(async () => {
  whole = freshFolder()
  await fill(whole)
})
afterAll(() => rmSync(whole.folder, { recursive: true, force: true }))

beforeEach(() => {
  data = join(whole.folder, `copy-${++copies}`)
  cpSync(whole.data, data, { recursive: true })
})

interface Row {
  readonly rowid: number
  readonly text: string
}

/** Changes the file by SQL. `sum(key, text)` is the checksum of a row, for what looks whole. */
function change(sql: string): void {
  const db = new DatabaseSync(fileOf(data, SPACE))
  db.function('sum', (key, text) => sumOf(String(key), String(text)))
  db.exec(sql)
  db.close()
}

/** Flips one bit in the middle of the text of the first row of a table. */
function flip(table: string, key: string, column = 'text'): void {
  const db = new DatabaseSync(fileOf(data, SPACE))
  const read = db.prepare(`select ${key} as rowid, ${column} as text from ${table} limit 1`)
  const { rowid, text } = read.get() as unknown as Row
  const at = Math.floor(text.length / 2)
  const flipped = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`
  db.prepare(`update ${table} set ${column} = ? where ${key} = ?`).run(flipped, rowid)
  db.close()
}

const faultsIn = ({ stdout }: Said): readonly string[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith(`space ${SPACE}: `))
    .map((line) => line.slice(`space ${SPACE}: `.length))

test('a whole space has no fault, also beside a running reviewer', async () => {
  const running = await reviewerOf({ ...whole, data })
  const beside = await said('verify', data)
  expect([beside.code, beside.stderr]).toEqual([0, ''])
  await running.close()
  const { code, stdout, stderr } = await said('verify', data)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(
    new RegExp(
      `^space ${SPACE}: whole: seq \\d+ of epoch \\d, \\d+ batches, \\d+ sessions, 1 rejection, `,
    ),
  )
  const { spaces } = JSON.parse((await said('verify', data, '--json')).stdout) as {
    readonly spaces: readonly { readonly space: string; readonly faults: readonly unknown[] }[]
  }
  expect(spaces).toMatchObject([{ space: SPACE, faults: [], report: { faults: 0, rejections: 1 } }])
})

test('what a reviewer commits while a space is read is not part of it, and no fault', async () => {
  const running = await reviewerOf({ ...whole, data })
  const ann = await personOf('ann', () => running.reviewer)
  const spaces = sqliteSpaces(data, { readOnly: true })
  const store = spaces.open(SPACE)
  const faults: string[] = []
  const { seq } = await store.head()
  let wrote = 0
  // Each read of the log finds one more message, and one more refusal.
  const writing = new Proxy(store, {
    get: (target, name: keyof SpaceStore) =>
      name === 'batches' || name === 'rejections'
        ? async (...given: unknown[]) => {
            ann.create(Issue, { title: `meanwhile ${++wrote}`, points: 0 })
            await ann.create(Issue, { title: 'no', points: 0 }).settled()
            await settled(ann)
            return (target[name] as (...all: unknown[]) => unknown)(...given)
          }
        : (target[name] as (...all: unknown[]) => unknown).bind(target),
  })
  const report = await verifySpace({
    ...{ space: SPACE, store: writing, signer: nodeSigner() },
    onFault: ({ place, what }) => faults.push(`${place}: ${what}`),
  })
  expect([faults, report.seq]).toEqual([[], seq])
  expect(wrote).toBeGreaterThan(2)
  expect((await store.head()).seq).toBeGreaterThan(seq)
  await Promise.all([ann.close(), spaces.close()])
  await running.close()
})

describe('one bit of a record is named with its place', () => {
  test.for([
    ['head', 'one', 'text', /^the head: the head \(epoch \d+, seq \d+, .* is damaged/],
    ['batches', 'from_seq', 'text', /^the batch of seqs 1 to \d+: .* is damaged/],
    ['seals', 'from_seq', 'text', /^the seals of the batch of seqs 1 to \d+: .* is damaged/],
    ['sessions', 'no', 'text', /^session 1 \([\w-]+\): .* is damaged/],
    ['authors', 'no', 'text', /^the person of author [\w-]+: .* is damaged/],
    ['rejections', 'no', 'text', /^the rejection of message [\w-]+: .* is damaged/],
    ['states', 'no', 'text', /^the state of entity [\w-]+ \(\S+, seq \d+\): .* is damaged/],
    ['changes', 'entity_no', 'sum', /^the change of entity [\w-]+ at seq \d+: .* is damaged/],
    ["(select * from meta where key = 'epoch')", '', '', /^the genesis: meta "epoch" is damaged/],
    ['ledger', 'session_no', 'sum', /^the ledger of session [\w-]+: .* is damaged/],
    ['behind', 'one', 'sum', /^the head: the position of the states .* is damaged/],
  ] as const)('%s', async ([table, key, column, says]) => {
    if (key === '') change("update meta set value = value || ' ' where key = 'epoch'")
    else flip(table, key, column)
    const told = await said('verify', data)
    expect([told.code, told.stderr]).toEqual([1, ''])
    expect(faultsIn(told)).toContainEqual(expect.stringMatching(says))
  })

  test('a page of the file', async () => {
    const file = fileOf(data, SPACE)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0x61, 4_096 * 3, 4_096 * 5))
    const told = await said('verify', data)
    expect(told.code).toBe(1)
    expect(faultsIn(told)[0]).toMatch(/^the file: /)
  })
})

const BATCH = "'the batch of seqs ' || from_seq || ' to ' || to_seq"
const SEALS = "'the seals of the batch of seqs ' || from_seq || ' to ' || to_seq"
const RUN =
  "'the ledger of session ' || session_no || ' from clientSeq ' || client_seq || ' (' || count || ' at seq ' || seq || ')'"

describe('a record that was exchanged, with its checksum, contradicts another one', () => {
  test.for([
    [
      'a value in a batch',
      `update batches set text = replace(text, '"uno"', '"dos"');
       update batches set sum = sum(${BATCH}, text)`,
      /^the batch of seqs \d+ to \d+: its lines lead to another chain/,
    ],
    [
      'a batch that is gone',
      'delete from batches where from_seq = 2',
      /^the batch of seqs 2 to \d+: the batch .* is damaged in the store/,
    ],
    [
      'a seal of another flush',
      `update seals set text = (select text from seals where from_seq = 1) where from_seq = 2;
       update seals set sum = sum(${SEALS}, text)`,
      /^the seals of the batch of seqs 2 to \d+: author [\w-]+ has not signed the flush/,
    ],
    [
      'a seal that is gone',
      `update seals set text = '{"seals":[null],"forked":[]}'
       where from_seq = (select max(from_seq) from seals);
       update seals set sum = sum(${SEALS}, text)`,
      /^the seals of the batch of seqs \d+ to \d+: author [\w-]+ has not signed the flush/,
    ],
    [
      'a session of another author',
      `update sessions set text = replace(text, '"authorId":"', '"authorId":"0') where no = 1;
       update sessions set sum = sum('session ' || no || ' (' || session_id || ')', text)`,
      /^session 1 \([\w-]+\): its author id is not that of its key/,
    ],
    [
      'a number at another seq',
      `update ledger set seq = 1 where seq > 1;
       update ledger set sum = sum(${RUN}, '')`,
      /^the ledger of session [\w-]+: clientSeq \d+ is accepted at seq 1, and the log has it at/,
    ],
    [
      'a number that the log has not',
      `update ledger set count = count + 7 where seq = 1;
       update ledger set sum = sum(${RUN}, '')`,
      /^the ledger of session [\w-]+: /,
    ],
    [
      'the words of a rejection',
      `update rejections set text = replace(text, 'not this one', 'not that one');
       update rejections set sum = sum('the rejection of message ' || msg_id || ' (session ' ||
         session_no || ', clientSeq ' || client_seq || ')', text)`,
      /^the rejection of message [\w-]+: it is not signed by the reviewer/,
    ],
    [
      'a value in a state',
      `update states set text = replace(text, '"two"', '"zwo"');
       update states set sum =
         sum('the state of entity ' || entity || ' (' || type || ', seq ' || seq || ')', text)`,
      /^the state of entity [\w-]+ \(issue, seq \d+\): it differs from the fold of its messages/,
    ],
    [
      'a state that is gone',
      `delete from states where no = (select max(no) from states where type = 'issue')`,
      /^the state of entity [\w-]+ \(issue\): it is missing, and message \d+ changes it/,
    ],
    [
      'a change that is gone',
      'delete from changes where seq = 1',
      /^the changes of entity [\w-]+: they are not those of the log/,
    ],
  ] as const)('%s', async ([, sql, says]) => {
    change(sql)
    const told = await said('verify', data)
    expect([told.code, told.stderr]).toEqual([1, ''])
    expect(faultsIn(told)).toContainEqual(expect.stringMatching(says))
  })

  test('the head of another commit', async () => {
    change(`
      update head set text = replace(text, '"number",1,', '"number",1,9');
      update head set sum = sum('the head (epoch ' || epoch || ', seq ' || seq || ', commit ' ||
        commits || ', ' || sessions || ' sessions)', text)`)
    expect(faultsIn(await said('verify', data))).toEqual([
      'the head: its last assigned values are not those of the log',
      '1 fault',
    ])
  })
})

describe('verifySpace', () => {
  async function verified(more: Partial<VerifyOptions>): Promise<readonly string[]> {
    const faults: string[] = []
    const spaces = sqliteSpaces(data, { readOnly: true })
    const report = await verifySpace({
      ...{ space: SPACE, store: spaces.open(SPACE), signer: nodeSigner() },
      onFault: ({ place, what }) => faults.push(`${place}: ${what}`),
      ...more,
    })
    await spaces.close()
    expect(report).toMatchObject({ faults: faults.length, statesUnverified: undefined })
    return faults
  }

  test('folds a part of the entities in each of several passes', async () => {
    const passes: string[] = []
    const more = {
      entitiesMax: 2,
      onProgress: ({ pass, passes: of }: VerifyProgress) => passes.push(`${pass} of ${of}`),
    }
    expect(await verified(more)).toEqual([])
    expect([...new Set(passes)]).toEqual(['1 of 4', '2 of 4', '3 of 4', '4 of 4'])
    change(`update states set text = replace(text, '"two"', '"zwo"');
      delete from states where no = (select max(no) from states where type = 'issue');
      update states set sum =
        sum('the state of entity ' || entity || ' (' || type || ', seq ' || seq || ')', text)`)
    expect(await verified(more)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/issue, seq \d+\): it differs from the fold/),
        expect.stringMatching(/^the state of entity [\w-]+ \(issue\): it is missing/),
      ]),
    )
  })

  test("compares what an app's own operations make where its types are known", async () => {
    const entities = [Issue, Post]
    expect(await verified({ entities })).toEqual([])
    change(`update states set text = replace(text, '"a note","another"', '"a note","else"') where type = 'post';
      update states set sum =
        sum('the state of entity ' || entity || ' (' || type || ', seq ' || seq || ')', text)`)
    expect(await verified({})).toEqual([])
    expect(await verified({ entities })).toEqual([
      expect.stringMatching(/^the state of entity [\w-]+ \(post, seq \d+\): it differs/),
    ])
  })
})
