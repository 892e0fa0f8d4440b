/** `verify`, `export` and `import` of a space in which values were erased, also amid an erasure. */
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { counter, ops } from '@countersign/core'
import type { SpaceStore } from '@countersign/core/ports'
import type { Reviewer } from '@countersign/core/reviewer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifySpace } from '@countersign/core/upkeep'
import { nodeSigner } from '../node/signer.ts'
import { fileOf, sqliteSpaces } from '../store/sqlite-spaces.ts'
import type { RunningReviewer } from '../start.ts'
import { sumOf } from '../store/row.ts'
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
  until,
} from './filled.test-kit.ts'
import { run } from './run.ts'

/** In every value that is erased, and nowhere else. */
const SECRET = 'canary'

let from: Folder
beforeEach(async () => {
  from = freshFolder()
  await fill(from)
})
afterEach(() => rmSync(from.folder, { recursive: true, force: true }))

async function said(...args: string[]): Promise<readonly [number, string, string]> {
  let [stdout, stderr] = ['', '']
  const code = await run(args, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  })
  return [code, stdout, stderr]
}

/** Whole, as it says itself. */
async function isWhole(data: string): Promise<void> {
  const [code, stdout, stderr] = await said('verify', data)
  expect(stdout).toMatch(new RegExp(`^space ${SPACE}: whole: `))
  expect([code, stderr]).toEqual([0, ''])
}

/** Exported, and imported elsewhere. */
async function moved(data: string): Promise<{ readonly file: string; readonly to: string }> {
  const [file, to] = [join(from.folder, 'space.jsonl'), join(from.folder, 'to')]
  const exported = await said('export', data, '--space', SPACE, '--out', file, '--with-persons')
  expect([exported[0], exported[2]]).toEqual([0, ''])
  const imported = await said('import', to, '--in', file)
  expect([imported[0], imported[2]]).toEqual([0, ''])
  return { file, to }
}

const seqOf = ({ reviewer }: RunningReviewer): number | undefined => reviewer.open[0]?.state.seq

function tablesOf(data: string): unknown {
  const db = new DatabaseSync(fileOf(data, SPACE), { readOnly: true })
  const tables = ['batches', 'seals', 'sessions', 'ledger', 'rejections', 'changes', 'behind']
  const found = tables.map((table) => [table, db.prepare(`select * from ${table}`).all()])
  db.close()
  return found
}

function leftOf(data: string): readonly unknown[] {
  const db = new DatabaseSync(fileOf(data, SPACE), { readOnly: true })
  const { text } = db.prepare('select text from head').get() as { readonly text: string }
  db.close()
  const [, , , , [, , left]] = JSON.parse(text) as [0, 0, 0, 0, [number, number, unknown[]]]
  return left
}

describe('ERA10 a space in which values were erased', () => {
  test('ERA10 UPK1 UPK2 UPK3 is whole, and an import has the same, also of what the row had as the last number', async () => {
    const running = await reviewerOf(from)
    const of = (): Pick<Reviewer, 'connect'> => running.reviewer
    const [ann, bob] = [await personOf('ann', of), await personOf('bob', of)]
    const { id } = ann.create(Issue, { title: `${SECRET} 1`, points: 1 })
    const post = ann.create(Post, { likes: counter.increment(4), notes: ops.apply(`${SECRET} n`) })
    await settled(ann, bob)
    bob.setOnline(false)
    bob.update(Issue, id, { title: `${SECRET} 2` })
    ann.update(Issue, id, { title: `${SECRET} 3` })
    ann.update(Post, post.id, { likes: counter.increment(1), notes: ops.apply(`${SECRET} m`) })
    await until(() => ann.status.getState().outboxMessages === 0)
    bob.setOnline(true)
    await settled(ann, bob)
    const { number } = ann.read(Issue, id)!
    for (const one of [id, post.id])
      expect(await running.reviewer.eraseValues(SPACE, one)).toMatchObject({ ok: true })
    ann.update(Post, post.id, { likes: counter.increment(2), notes: ops.apply('after') })
    await settled(ann, bob)
    const rows = [ann.read(Issue, id)?.$redacted, ann.read(Post, post.id)?.likes]
    expect(rows).toEqual([['number', 'points', 'title'], 2])
    for (const store of [ann, bob]) await store.close()
    await running.close()

    await isWhole(from.data)
    const { file, to } = await moved(from.data)
    expect(readFileSync(file, 'utf8')).not.toContain(SECRET)
    await isWhole(to)
    expect(tablesOf(to)).toEqual(tablesOf(from.data))

    const there = await reviewerOf({ ...from, data: to })
    const carl = await personOf('ann', () => there.reviewer)
    await until(() => carl.status.getState().caughtUp)
    expect([carl.read(Issue, id)?.$redacted, carl.read(Post, post.id)?.likes]).toEqual(rows)
    expect(carl.read(Post, post.id)?.notes).toEqual(['after'])
    const next = carl.create(Issue, { title: 'next', points: 2 })
    await next.settled()
    expect(carl.read(Issue, next.id)?.number).toBe(number! + 1)
    await carl.close()
    await there.close()
  })

  test('ERA10 UPK1 also amid an erasure, and the import goes on with it', async () => {
    let running = await reviewerOf(from)
    const ann = await personOf('ann', () => running.reviewer)
    const { id } = ann.create(Issue, { title: `${SECRET} 0`, points: 1 })
    for (let n = 1; n < 150; n++) {
      ann.update(Issue, id, { title: `${SECRET} ${n}` })
      await ann.flushed()
    }
    await settled(ann)
    const seq = seqOf(running)
    const data = join(from.folder, 'amid')
    const erasing = running.reviewer.eraseValues(SPACE, id)
    while (seqOf(running) === seq) await new Promise((done) => setImmediate(done))
    mkdirSync(data)
    cpSync(from.data, data, { recursive: true })
    await erasing
    await ann.close()
    await running.close()

    expect(leftOf(data)).toHaveLength(1)
    await isWhole(data)
    const { file, to } = await moved(data)
    expect(readFileSync(file, 'utf8')).toContain(SECRET)
    await isWhole(to)
    expect(leftOf(to)).toHaveLength(1)
    running = await reviewerOf({ ...from, data: to })
    while (leftOf(to).length > 0) await new Promise((done) => setTimeout(done, 20))
    await running.close()
    await isWhole(to)
    rmSync(file)
    await moved(from.data).catch(() => {}) // `to` has it already
    expect(readFileSync(file, 'utf8')).not.toContain(SECRET)
  })

  test('ERA10 UPK1 is no fault where it happens while the space is read; states are compared another time', async () => {
    const running = await reviewerOf(from)
    const ann = await personOf('ann', () => running.reviewer)
    await until(() => ann.status.getState().caughtUp)
    const { id } = ann.query(Issue).rows.find(({ title }) => title === 'two')! // of `fill`
    const spaces = sqliteSpaces(from.data, { readOnly: true })
    const store = spaces.open(SPACE)
    const faults: string[] = []
    const erasing = new Proxy(store, {
      get: (target, name: keyof SpaceStore) =>
        name === 'batches'
          ? async (...given: unknown[]) => {
              await running.reviewer.eraseValues(SPACE, id)
              return (target[name] as (...all: unknown[]) => unknown)(...given)
            }
          : (target[name] as (...all: unknown[]) => unknown).bind(target),
    })
    const report = await verifySpace({
      ...{ space: SPACE, store: erasing, signer: nodeSigner(), entities: [Issue, Post] },
      onFault: ({ place, what }) => faults.push(`${place}: ${what}`),
    })
    expect([faults, report.statesUnverified]).toEqual([
      [],
      'values were erased meanwhile: verify again',
    ])
    await Promise.all([ann.close(), spaces.close()])
    await running.close()
    await isWhole(from.data)
  })

  test('ERA10 a head that names another erasure than the log is a fault', async () => {
    const running = await reviewerOf(from)
    const ann = await personOf('ann', () => running.reviewer)
    const { id } = ann.create(Issue, { title: `${SECRET} 1`, points: 1 })
    await settled(ann)
    await running.reviewer.eraseValues(SPACE, id)
    await ann.close()
    await running.close()
    const db = new DatabaseSync(fileOf(from.data, SPACE))
    const head = db.prepare('select * from head').get() as Record<string, string | number>
    const list = JSON.parse(String(head['text'])) as [unknown, unknown, unknown, unknown, unknown]
    list[4] = [0, 0, []]
    const text = JSON.stringify(list)
    const { epoch, seq, commits, sessions } = head
    const place = `the head (epoch ${epoch}, seq ${seq}, commit ${commits}, ${sessions} sessions)`
    db.prepare('update head set text = ?, sum = ?').run(text, sumOf(place, text))
    db.close()
    const [code, stdout] = await said('verify', from.data)
    expect(code).toBe(1)
    expect(stdout).toMatch(/the head: its newest erasure is at seq 0, that of the log at \d+/)
  })
})
