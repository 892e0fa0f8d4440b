/**
 * A store that follows scopes: it has the rows of its queries, reports which results are complete, and
 * writes on rows of which it does not know all writes up to its position.
 */
import { type Row, type SyncStore, entity, followed } from '@countersign/core'
import { SeededRandom } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Task = entity('task', z.object({ board: z.string(), title: z.string(), n: z.number() }))
const entities = [Task]

let scene: VirtualScene

afterEach(() => scene.close())

const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
const on = (board: string): { readonly where: { readonly board: string } } => ({ where: { board } })
const titles = (store: SyncStore, board: string): readonly string[] =>
  store
    .query(Task, on(board))
    .rows.map(({ title }) => title)
    .sort()

interface Play {
  /** Follows the whole space. */
  readonly ann: SyncStore
  /** Follows the scopes of its queries. */
  readonly bob: SyncStore
  readonly line: Line
}

/** Ann has `count` rows on each of the boards. */
async function play(boards: readonly string[], count: number): Promise<Play> {
  scene = await VirtualScene.open()
  const ann = await scene.page(scene.line(), { entities })
  for (const board of boards)
    for (let n = 0; n < count; n++) ann.create(Task, { board, title: `${board} ${n}`, n })
  await scene.until(() => isOnline(ann) && outbox(ann) === 0, 20_000)
  const line = scene.line()
  const bob = await scene.page(line, { entities, scope: followed })
  await scene.until(() => isOnline(bob), 5_000)
  return { ann, bob, line }
}

async function settled(...stores: readonly SyncStore[]): Promise<void> {
  await scene.until(() => stores.every((store) => isOnline(store) && outbox(store) === 0), 60_000)
  await scene.pass(100)
}

/** What all stores show alike of the rows of a board. */
function picture(store: SyncStore, board: string): unknown {
  const { rows } = store.query(Task, { ...on(board), archived: 'include' })
  const shown = rows.map((row) => {
    const conflicts = Object.entries(row.$conflicts).map(
      ([field, { base, candidates }]) =>
        [field, base, candidates.map(({ msgId, value }) => [msgId, value])] as const,
    )
    const fields = { ...row } as Record<string, unknown>
    for (const [field] of conflicts) delete fields[field]
    return { fields, conflicts, heads: row.$heads, archived: row.$archived, key: row.$orderKey }
  })
  return shown.sort((a, b) => (a.fields['id']! < b.fields['id']! ? -1 : 1))
}

describe('what is followed', () => {
  it('VIEW1 VIEW3: a store has the rows of the boards that it follows, and no others', async () => {
    const { bob, line } = await play(['a', 'b', 'c'], 40)
    expect(bob.query(Task).rows).toEqual([])
    expect(bob.query(Task, on('b')).complete).toBe(false)
    const before = line.bytes('down')
    const followed = bob.follow(Task, on('b'))
    await scene.result(followed.ready)
    expect(titles(bob, 'b')).toHaveLength(40)
    expect(bob.query(Task).rows).toHaveLength(40)
    expect(bob.query(Task, on('b')).complete).toBe(true)
    expect(bob.query(Task, { where: { board: 'b', n: { gt: 3 } } }).complete).toBe(true)
    expect(bob.query(Task, on('a')).complete).toBe(false)
    expect(bob.query(Task).complete).toBe(false)
    const bytes = line.bytes('down') - before
    expect(bytes).toBeGreaterThan(4_000)
    expect(bytes).toBeLessThan(40 * 400)
  })

  it('VIEW3: rows come and go as they move, and edits of other boards cost nothing', async () => {
    const { ann, bob, line } = await play(['a', 'b'], 3)
    await scene.result(bob.follow(Task, on('a')).ready)
    const [moved] = ann.query(Task, on('a')).rows
    ann.update(Task, moved!.id, { board: 'b' })
    await settled(ann)
    expect(titles(bob, 'a')).toEqual(['a 1', 'a 2'])
    const [other] = ann.query(Task, { where: { title: 'b 1' } }).rows
    const before = line.bytes('down')
    ann.update(Task, other!.id, { title: 'b one' })
    await settled(ann)
    expect(line.bytes('down')).toBe(before)
    ann.update(Task, other!.id, { board: 'a' })
    await settled(ann)
    expect(titles(bob, 'a')).toEqual(['a 1', 'a 2', 'b one'])
    expect(picture(bob, 'a')).toEqual(picture(ann, 'a'))
  })

  it('VIEW1 VIEW3: a range narrows what is followed, and rows move in and out of it', async () => {
    const { ann, bob, line } = await play(['a', 'b'], 30)
    const before = line.bytes('down')
    await scene.result(bob.follow(Task, { where: { board: 'a', n: { gte: 10, lt: 14 } } }).ready)
    expect(titles(bob, 'a')).toEqual(['a 10', 'a 11', 'a 12', 'a 13'])
    expect(line.bytes('down') - before).toBeLessThan(10 * 400)
    const complete = (n: object): boolean =>
      bob.query(Task, { where: { board: 'a', n: n as { gt: number } } }).complete
    expect([complete({ gt: 10, lt: 14 }), complete({ eq: 12 })]).toEqual([true, true])
    expect([complete({ gt: 10 }), complete({ gte: 10, lte: 14 })]).toEqual([false, false])
    await scene.result(bob.follow(Task, { where: { n: { gte: 28 } } }).ready)
    expect(titles(bob, 'b')).toEqual(['b 28', 'b 29'])
    const [row] = ann.query(Task, { where: { title: 'a 12' } }).rows
    ann.update(Task, row!.id, { n: 20 })
    await settled(ann)
    const shown = bob.query(Task, { where: { board: 'a', n: { gte: 10, lt: 14 } } })
    expect(shown).toMatchObject({ complete: true, rows: { length: 3 } })
    ann.update(Task, row!.id, { n: 13 })
    await settled(ann)
    expect(bob.read(Task, row!.id)?.n).toBe(13)
  })

  it('§14 queries: a live query follows its rows while it has subscribers, and a minute longer', async () => {
    const { ann, bob } = await play(['a', 'b'], 2)
    const live = bob.live(Task, on('a'))
    let told = 0
    const end = live.subscribe(() => told++)
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(live.snapshot().rows).toHaveLength(2)
    expect(told).toBeGreaterThan(0)
    end()
    await scene.pass(59_000)
    ann.create(Task, { board: 'a', title: 'in time', n: 0 })
    await settled(ann)
    expect(live.snapshot()).toMatchObject({ complete: true, rows: { length: 3 } })
    await scene.pass(2_000)
    ann.create(Task, { board: 'a', title: 'too late', n: 0 })
    await settled(ann)
    expect(live.snapshot()).toMatchObject({ complete: false, rows: { length: 3 } })
  })

  it('VIEW8: fetch asks once, and its rows are not kept up to date', async () => {
    const { ann, bob } = await play(['a', 'b'], 2)
    const result = await scene.result(bob.fetch(Task, on('b')))
    expect(result).toMatchObject({ complete: true, rows: { length: 2 } })
    ann.create(Task, { board: 'b', title: 'later', n: 0 })
    await settled(ann)
    expect(bob.query(Task, on('b'))).toMatchObject({ complete: false, rows: { length: 2 } })
    expect(ann.peek(Task, result.rows[0]!.id).status).toBe('ready')
    expect(bob.peek(Task, ann.query(Task, on('a')).rows[0]!.id).status).toBe('loading')
  })
})

describe('writes of a store that follows scopes', () => {
  it('VIEW5: are accepted and settled, whether their rows are followed or not', async () => {
    const { ann, bob } = await play(['a', 'b'], 2)
    await scene.result(bob.follow(Task, on('a')).ready)
    const [row] = bob.query(Task, on('a')).rows
    bob.update(Task, row!.id, { title: 'of Bob' })
    const { id } = bob.create(Task, { board: 'b', title: 'elsewhere', n: 1 })
    bob.update(Task, id, { n: 2 })
    bob.update(Task, row!.id, { title: 'of Bob again', board: 'b' })
    await settled(ann, bob)
    expect(bob.read(Task, id)).toMatchObject({ title: 'elsewhere', n: 2, $state: 'canonical' })
    expect(bob.read(Task, row!.id)).toMatchObject({ title: 'of Bob again', $state: 'canonical' })
    expect(bob.refused.snapshot()).toEqual([])
    expect(titles(bob, 'a')).toEqual(['a 1'])
    expect(titles(ann, 'b')).toEqual(['b 0', 'b 1', 'elsewhere', 'of Bob again'])
  })

  it('AUT5: a write on a row that was edited since it was seen is beside the edit, and loses nothing', async () => {
    const { ann, bob } = await play(['a', 'b'], 2)
    const fetched = await scene.result(bob.fetch(Task, on('b')))
    const { id } = fetched.rows[0]!
    await scene.result(bob.follow(Task, on('a')).ready)
    ann.update(Task, id, { title: 'of Ann' })
    ann.create(Task, { board: 'a', title: 'moves the position', n: 0 })
    await settled(ann, bob)
    expect(bob.read(Task, id)?.title).toBe('b 0')
    bob.update(Task, id, { title: 'of Bob' })
    await settled(ann, bob)
    const values = (store: SyncStore): unknown[] =>
      store.read(Task, id)!.$conflicts['title']!.candidates.map(({ value }) => value)
    expect(values(ann)).toEqual(['of Ann', 'of Bob'])
    expect(values(bob)).toEqual(['of Ann', 'of Bob'])
    expect(bob.read(Task, id)!.$conflicts['title']!.base).toBe('b 0')
  })
})

describe('a new link', () => {
  it('VIEW9: brings what has changed, and of the other rows their ids', async () => {
    const { ann, bob, line } = await play(['a', 'b'], 60)
    await scene.result(bob.follow(Task, on('a')).ready)
    bob.setOnline(false)
    const [edited, moved, archived] = ann.query(Task, on('a')).rows
    const [other] = ann.query(Task, on('b')).rows
    ann.update(Task, edited!.id, { title: 'edited' })
    ann.update(Task, moved!.id, { board: 'b' })
    ann.update(Task, other!.id, { board: 'a' })
    ann.archive(Task, archived!.id)
    await settled(ann)
    const kept = bob.query(Task, on('a')).rows.at(-1)
    const before = line.bytes('down')
    const withB = bob.follow(Task, on('b'))
    bob.setOnline(true)
    await scene.until(() => isOnline(bob), 5_000)
    await scene.result(withB.ready)
    expect(picture(bob, 'a')).toEqual(picture(ann, 'a'))
    expect(picture(bob, 'b')).toEqual(picture(ann, 'b'))
    // The same object: it was not sent.
    expect(bob.read(Task, kept!.id)).toBe(kept)
    // The greeting, 60 rows of the other board, 57 ids and three rows.
    const bytes = line.bytes('down') - before
    expect(bytes).toBeGreaterThan(60 * 250)
    expect(bytes).toBeLessThan(60 * 250 + 60 * 100)
  })
})

describe('a slow reader', () => {
  it('VIEW3: gets many commits at once, and each row in its latest state', async () => {
    const { ann, bob, line } = await play(['a'], 40)
    line.bytesPerMs = { up: 20, down: 20 }
    const followed = bob.follow(Task, on('a'))
    const ids = ann.query(Task).rows.map(({ id }) => id)
    for (let n = 0; n < 1_000; n++) {
      ann.update(Task, ids[n % 7]!, { title: `${n} `.repeat(100), n })
      if (n % 5 === 0) bob.create(Task, { board: 'b', title: 'of Bob', n })
      await scene.pass(10)
    }
    await scene.result(followed.ready)
    await settled(ann, bob)
    await scene.pass(20_000)
    expect(picture(bob, 'a')).toEqual(picture(ann, 'a'))
    expect(picture(bob, 'b')).toEqual(picture(ann, 'b'))
    expect(line.connections).toBe(1)
    const follows = line.sent.filter(({ kind }) => kind === 'follow').map(({ text }) => text)
    expect(follows.filter((text) => text.startsWith('["follow",1,1,'))).not.toEqual([])
    // The store never asks for everything again.
    expect(follows.filter((text) => /^\["follow",(?!1,)\d+,1,/.test(text))).toEqual([])
    // One state for each edit would be more.
    expect(line.bytes('down')).toBeLessThan(650_000)
  })
})

describe('storage', () => {
  it('§15 stores: rows are here after a reload without a link, and are not called complete', async () => {
    const { ann } = await play(['a', 'b'], 3)
    const disk = scene.disk()
    const first = await scene.page(scene.line(), { entities, disk, scope: followed })
    await scene.result(first.follow(Task, on('b')).ready)
    first.create(Task, { board: 'a', title: 'own', n: 1 })
    await settled(ann, first)
    await scene.pass(2_000)
    await scene.result(first.close())
    const again = await scene.page(scene.line(), {
      entities,
      disk,
      scope: followed,
      online: false,
    })
    expect(titles(again, 'b')).toEqual(['b 0', 'b 1', 'b 2'])
    expect(titles(again, 'a')).toEqual(['own'])
    expect(outbox(again)).toBe(0)
    expect(again.query(Task, on('b')).complete).toBe(false)
    again.setOnline(true)
    await scene.result(again.follow(Task, on('b')).ready)
    expect(picture(again, 'b')).toEqual(picture(ann, 'b'))
    await scene.pass(2_000)
    await scene.result(again.close())
    const all = await scene.page(scene.line(), { entities, disk })
    await settled(all)
    expect(picture(all, 'a')).toEqual(picture(ann, 'a'))
    expect(all.status.getState().damaged).toEqual([])
  })
})

/** What a store that calls a board complete shows of it, by the position. */
interface Claim {
  readonly seq: number
  readonly board: string
  readonly rows: ReadonlyMap<string, string>
  /** Rows that this store has pending changes of. */
  readonly pending: ReadonlySet<string>
}

const textOf = ({ board, title, n, $heads, $archived }: Row<typeof Task>): string =>
  JSON.stringify([board, title, n, $heads, $archived])

/** All that a store claims of a board from now on. */
function claimsOf(store: SyncStore, board: string): readonly Claim[] {
  const claims: Claim[] = []
  const live = store.live(Task, { ...on(board), archived: 'include' })
  live.subscribe(() => {
    const { rows, complete, asOf } = live.snapshot()
    if (!complete) return
    const all = store.query(Task, { archived: 'include' }).rows
    const pending = all.filter(({ $state }) => $state !== 'canonical').map(({ id }) => id)
    const shown = rows.map((row) => [row.id, textOf(row)] as const)
    claims.push({ seq: asOf!.seq, board, rows: new Map(shown), pending: new Set(pending) })
  })
  return claims
}

/** The rows of the space after each commit, as a store on a sound line has them. */
function truthOf(store: SyncStore): ReadonlyMap<number, readonly Row<typeof Task>[]> {
  const truth = new Map<number, readonly Row<typeof Task>[]>([[0, []]])
  const live = store.live(Task, { archived: 'include' })
  live.subscribe(() => {
    const { rows, asOf } = live.snapshot()
    truth.set(asOf?.seq ?? 0, rows)
  })
  return truth
}

function faultOf(
  { seq, board, rows, pending }: Claim,
  truth: ReadonlyMap<number, readonly Row<typeof Task>[]>,
): string | undefined {
  const then = truth.get(seq)
  if (!then) return undefined // the sound store has taken several commits at once
  const candidates = (row: Row<typeof Task>): readonly unknown[] =>
    row.$conflicts['board']?.candidates.map(({ value }) => value) ?? [row.board]
  for (const row of then) {
    if (pending.has(row.id) || !candidates(row).includes(board)) continue
    const shown = rows.get(row.id)
    const isConflict = Object.keys(row.$conflicts).length > 0 // each shows its own value
    if (row.board === board && shown === undefined && !isConflict)
      return `at ${seq} ${row.id} is missing`
    if (shown !== undefined && shown !== textOf(row) && !isConflict)
      return `at ${seq} ${row.id} is ${shown} and not ${textOf(row)}`
  }
  for (const id of rows.keys()) {
    if (pending.has(id)) continue
    const row = then.find((each) => each.id === id)
    if (!row || !candidates(row).includes(board)) return `at ${seq} ${id} is on the board ${board}`
  }
  return undefined
}

describe('a bad line', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'VIEW4 VIEW7: with lost frames and broken links, boards are the same for all in the end (seed %i)',
    async (seed) => {
      const any = new SeededRandom(100 + seed)
      const below = (count: number): number => Math.floor(any.unit() * count)
      const boards = ['a', 'b', 'c']
      scene = await VirtualScene.open()
      const eve = await scene.page(scene.line(), { entities })
      const truth = truthOf(eve)
      const claims: (readonly Claim[])[] = []
      const people: { store: SyncStore; line: Line; board: string | undefined }[] = []
      for (const board of [undefined, 'a', 'b', 'a']) {
        const line = scene.line()
        const scope = board ? followed : undefined
        const store = await scene.page(line, { entities, scope })
        if (board) claims.push(claimsOf(store, board))
        people.push({ store, line, board })
      }
      let isBad = true
      for (const { line } of people) line.loses = () => isBad && below(12) === 0
      for (let step = 0; step < 120; step++) {
        const { store, line } = people[below(people.length)]!
        const rows = store.query(Task).rows
        const row = rows[below(Math.max(1, rows.length))]
        const board = boards[below(3)]!
        if (!row || below(5) === 0) store.create(Task, { board, title: `t${step}`, n: step })
        else if (below(3) === 0) store.update(Task, row.id, { board })
        else if (below(8) === 0) store.archive(Task, row.id)
        else store.update(Task, row.id, { title: `t${step}`, n: step })
        if (below(15) === 0) line.cut()
        await scene.pass(below(400))
      }
      isBad = false
      await scene.until(
        () => people.every(({ store }) => isOnline(store) && outbox(store) === 0),
        300_000,
      )
      await scene.pass(60_000)
      const made = claims.flat()
      expect(made.filter(({ seq }) => truth.has(seq)).length).toBeGreaterThan(60)
      expect(made.flatMap((claim) => faultOf(claim, truth) ?? [])).toEqual([])
      const [ann, ...others] = people
      for (const { store, board } of others) {
        expect(store.query(Task, on(board!)).complete).toBe(true)
        expect(picture(store, board!)).toEqual(picture(ann!.store, board!))
        expect(store.status.getState().halted).toBeUndefined()
        expect(store.refused.snapshot()).toEqual([])
      }
    },
  )
})
