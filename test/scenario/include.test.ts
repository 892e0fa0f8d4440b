/**
 * Queries with the rows that references name: live, followed by their ids where a store follows scopes, and
 * with a status for each row that is missing.
 */
import {
  type IncludedResult,
  type SyncStore,
  entity,
  followed,
  livePages,
  optional,
  reference,
} from '@countersign/core'
import { SeededRandom } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const User = entity('user', z.object({ name: z.string() }))
const Task = entity('task', {
  board: z.string(),
  title: z.string(),
  assignee: optional(reference(User)),
}).index('board', ['board'])
const Card = entity('card', z.object({ board: z.string(), author: z.string() }))
const entities = [User, Task, Card]

/** The id of a row that no store has. */
const NOBODY = '0190a6b2-3c4d-8e5f-8a7b-00000000000f'
const QUERY = {
  ...{ where: { board: 'a' }, orderBy: ['title'] as const },
  include: { assignee: true as const },
} as const

let scene: VirtualScene

afterEach(() => scene.close())

const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'

async function settled(...stores: readonly SyncStore[]): Promise<void> {
  await scene.until(() => stores.every((store) => isOnline(store) && outbox(store) === 0), 60_000)
  await scene.pass(500)
}

type Result = IncludedResult<typeof Task, { readonly assignee: true }>

/** Each title, with the status and the name of what its row refers to. */
const shown = ({ rows }: Result): readonly string[] =>
  rows.map(({ title, $included: { assignee } }) =>
    [title, assignee?.status, assignee?.row?.name].filter((part) => part !== undefined).join(' '),
  )

interface Play {
  /** Follows the whole space. */
  readonly ann: SyncStore
  /** Follows the scopes of its queries. */
  readonly bob: SyncStore
  readonly line: Line
  readonly users: readonly string[]
}

/** Ann has users, and a task on the board a for each of the first ones. */
async function play(users: number, tasks: number): Promise<Play> {
  scene = await VirtualScene.open({ entities })
  const ann = await scene.page(scene.line(), { entities })
  const ids = Array.from({ length: users }, (_, n) => ann.create(User, { name: `u${n}` }).id)
  for (let n = 0; n < tasks; n++)
    ann.create(Task, { board: 'a', title: `t${n}`, assignee: ids[n % users]! })
  await settled(ann)
  const line = scene.line()
  const bob = await scene.page(line, { entities, scope: followed })
  await scene.until(() => isOnline(bob), 5_000)
  return { ann, bob, line, users: ids }
}

describe('a store of the whole space', () => {
  it('§14 include: rows have what their references name, and say what is missing', async () => {
    const { ann, users } = await play(3, 2)
    ann.create(Task, { board: 'a', title: 'x nobody', assignee: NOBODY })
    ann.create(Task, { board: 'a', title: 'y nothing' })
    ann.create(Task, { board: 'a', title: 'z gone', assignee: users[2]! })
    ann.archive(User, users[2]!)
    const result = ann.query(Task, QUERY)
    expect(shown(result)).toEqual([
      ...['t0 ready u0', 't1 ready u1', 'x nobody unknown', 'y nothing', 'z gone archived u2'],
    ])
    expect(result).toMatchObject({ complete: true, pending: 3 })
    const [row] = result.rows
    expect({ ...row }).toEqual({ ...ann.query(Task, { where: { title: 't0' } }).rows[0] })
    expect(JSON.stringify(row)).not.toContain('included')
    expect(row).toMatchObject({
      $state: 'canonical',
      $mine: true,
      $archived: false,
      $conflicts: {},
    })
    expect(Object.isFrozen(row)).toBe(true)
    expect(Object.isFrozen(row!.$included)).toBe(true)
  })

  it('§14 include: is live, and keeps what has not changed', async () => {
    const { ann, users } = await play(2, 4)
    const live = ann.live(Task, QUERY)
    expect(ann.live(Task, { ...QUERY })).toBe(live)
    let told = 0
    const end = live.subscribe(() => told++)
    const before = live.snapshot()
    expect(live.snapshot()).toBe(before)
    ann.update(User, users[0]!, { name: 'new' })
    const after = live.snapshot()
    expect([told, shown(after)[0]]).toEqual([1, 't0 ready new'])
    expect(after.rows[1]).toBe(before.rows[1])
    expect(after.rows[0]).not.toBe(before.rows[0])
    ann.update(Task, after.rows[1]!.id, { assignee: users[0]! })
    expect([told, shown(live.snapshot())[1]]).toEqual([2, 't1 ready new'])
    // One message that changes a row and what it names.
    ann.transact(() => {
      ann.update(User, users[1]!, { name: 'other' })
      ann.update(Task, after.rows[3]!.id, { title: 't3 too' })
    })
    expect(shown(live.snapshot())[3]).toBe('t3 too ready other')
    const { id } = ann.create(User, { name: 'alone' })
    expect(live.snapshot()).toBe(live.snapshot())
    const known = told
    ann.update(User, id, { name: 'still alone' })
    expect(told).toBe(known)
    end()
    ann.update(User, users[0]!, { name: 'newer' })
    expect(told).toBe(known)
    expect(shown(live.snapshot())[0]).toBe('t0 ready newer')
  })

  it('§14 include: a field that no declaration makes a reference is named with its type', async () => {
    const { ann, users } = await play(1, 0)
    ann.create(Card, { board: 'a', author: users[0]! })
    const { rows } = ann.query(Card, { include: { author: reference(User) } })
    expect(rows[0]!.$included.author.row?.name).toBe('u0')
  })

  it('§14 include: what is no reference is refused', async () => {
    const { ann } = await play(1, 1)
    const query = (include: unknown): unknown => ann.query(Task, { include } as object)
    for (const include of [{ title: true }, { colour: true }, { assignee: false }, { assignee: 1 }])
      expect(() => query(include)).toThrow('declare it by reference()')
    for (const include of [null, true, [], undefined])
      expect(() => query(include)).toThrow('include is an object')
    expect(() => query({})).toThrow('include names no field')
    expect(() => query({ assignee: reference({ name: 'ghost' }) })).toThrow('no type of that name')
    expect(() => ann.live(Task, { include: { title: true } } as object)).toThrow('reference()')
  })
})

describe('a store that follows scopes', () => {
  it('VIEW1 VIEW3: has the rows that are named and no others, and they stay up to date', async () => {
    const { ann, bob, users } = await play(20, 3)
    const live = bob.live(Task, QUERY)
    expect(live.snapshot().complete).toBe(false)
    const end = live.subscribe(() => {})
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(shown(live.snapshot())).toEqual(['t0 ready u0', 't1 ready u1', 't2 ready u2'])
    expect(bob.query(User).rows).toHaveLength(3)
    expect(bob.query(Task, QUERY).complete).toBe(true)
    ann.update(User, users[1]!, { name: 'one' })
    ann.archive(User, users[2]!)
    await settled(ann)
    expect(shown(live.snapshot())).toEqual(['t0 ready u0', 't1 ready one', 't2 archived u2'])
    // The task now names another user: that user is sent, and the first one is not sent again.
    ann.update(Task, live.snapshot().rows[0]!.id, { assignee: users[9]! })
    await settled(ann)
    expect(shown(live.snapshot())[0]).toBe('t0 ready u9')
    expect(live.snapshot().complete).toBe(true)
    expect(bob.query(User).rows).toHaveLength(3)
    end()
    await scene.pass(61_000)
    ann.update(User, users[9]!, { name: 'late' })
    await settled(ann)
    expect(shown(live.snapshot())[0]).toBe('t0 ready u9')
    expect(live.snapshot().complete).toBe(false)
  })

  it('VIEW8: what is on its way is loading, and what the reviewer does not have is unknown', async () => {
    const { ann, bob, line } = await play(2, 1)
    ann.create(Task, { board: 'a', title: 'x', assignee: NOBODY })
    await settled(ann)
    const live = bob.live(Task, QUERY)
    const seen: string[] = []
    live.subscribe(() => {
      const now = live.snapshot()
      const statuses = now.rows.map(({ $included }) => $included.assignee?.status)
      seen.push(`${statuses.join()} ${now.complete}`)
    })
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(seen).toEqual(['loading,loading false', 'ready,unknown true'])
    expect(line.connections).toBe(1)
  })

  it('VIEW8: rows that are here and that nobody follows are not called complete', async () => {
    const { ann, bob, users } = await play(3, 3)
    await scene.result(bob.fetch(User))
    await scene.result(bob.follow(Task, { where: QUERY.where }).ready)
    expect(shown(bob.query(Task, QUERY))).toEqual(['t0 ready u0', 't1 ready u1', 't2 ready u2'])
    expect(bob.query(Task, QUERY).complete).toBe(false)
    ann.update(User, users[0]!, { name: 'new' })
    await settled(ann)
    const live = bob.live(Task, QUERY)
    expect(live.snapshot().complete).toBe(false)
    live.subscribe(() => {})
    expect(live.snapshot().complete).toBe(false)
    expect(shown(live.snapshot())[0]).toBe('t0 ready u0')
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(shown(live.snapshot())[0]).toBe('t0 ready new')
    expect(bob.query(Task, QUERY).complete).toBe(true)
  })

  it('VIEW1: an id of a row of another type names nothing, and that row is not sent', async () => {
    const { ann, bob } = await play(1, 0)
    const { id } = ann.create(Task, { board: 'b', title: 'elsewhere' })
    ann.create(Task, { board: 'a', title: 'x', assignee: id })
    await settled(ann)
    const live = bob.live(Task, QUERY)
    live.subscribe(() => {})
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(shown(live.snapshot())).toEqual(['x unknown'])
    expect(bob.query(Task).rows).toHaveLength(1)
  })

  it('VIEW9: after a broken link rows that have not changed are not sent again', async () => {
    const { ann, bob, line, users } = await play(30, 30)
    const live = bob.live(Task, QUERY)
    live.subscribe(() => {})
    await scene.until(() => live.snapshot().complete, 5_000)
    bob.setOnline(false)
    ann.update(User, users[4]!, { name: 'four' })
    await settled(ann)
    const before = line.bytes('down')
    bob.setOnline(true)
    await settled(bob)
    expect(
      shown(live.snapshot())[live.snapshot().rows.findIndex((row) => row.title === 't4')],
    ).toBe('t4 ready four')
    expect(line.bytes('down') - before).toBeLessThan(60 * 30 + 3_000)
  })

  it('§14 include: many changes of what is named need few scopes', async () => {
    const { ann, bob, line, users } = await play(120, 1)
    const live = bob.live(Task, QUERY)
    live.subscribe(() => {})
    await scene.until(() => live.snapshot().complete, 5_000)
    const { id } = live.snapshot().rows[0]!
    for (const user of users) {
      ann.update(Task, id, { assignee: user })
      await scene.pass(200)
    }
    await settled(ann)
    expect(shown(live.snapshot())).toEqual(['t0 ready u119'])
    expect(live.snapshot().complete).toBe(true)
    const scopes = line.sent
      .filter(({ kind }) => kind === 'follow')
      .map(({ text }) => (JSON.parse(text) as [string, number, number, unknown[]])[3].length)
    expect(Math.max(...scopes)).toBeLessThan(40)
  })

  it('VIEW10: a row that a person may not read is unknown to its references', async () => {
    scene = await VirtualScene.open({
      entities,
      canRead: ({ person }, row) => person?.id === 'ann' || row['name'] !== 'secret',
      authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
    })
    const ann = await scene.page(scene.line(), { entities, scope: followed, person: 'ann' })
    const secret = ann.create(User, { name: 'secret' }).id
    const open = ann.create(User, { name: 'open' }).id
    ann.create(Task, { board: 'a', title: 't0', assignee: secret })
    ann.create(Task, { board: 'a', title: 't1', assignee: open })
    await settled(ann)
    const line = scene.line()
    const bob = await scene.page(line, { entities, scope: followed, person: 'bob' })
    const live = bob.live(Task, QUERY)
    live.subscribe(() => {})
    await scene.until(() => live.snapshot().complete, 5_000)
    expect(shown(live.snapshot())).toEqual(['t0 unknown', 't1 ready open'])
    expect(line.sent.filter(({ text }) => text.includes('secret'))).toEqual([])
  })

  it('§14 include: pages have it, too', async () => {
    const { ann, bob, users } = await play(9, 9)
    const pages = livePages(bob, Task, { ...QUERY, pageSize: 4 })
    pages.subscribe(() => {})
    await scene.until(() => pages.snapshot().complete, 5_000)
    expect(shown(pages.snapshot())).toEqual([0, 1, 2, 3].map((n) => `t${n} ready u${n}`))
    expect(pages.snapshot()).toMatchObject({ hasMore: true, fetching: false, pending: 0 })
    expect(bob.query(User).rows).toHaveLength(4)
    pages.snapshot().fetchMore()
    await scene.until(() => !pages.snapshot().fetching && pages.snapshot().complete, 5_000)
    expect(shown(pages.snapshot())).toHaveLength(8)
    ann.update(User, users[7]!, { name: 'seven' })
    await settled(ann)
    expect(shown(pages.snapshot()).at(-1)).toBe('t7 ready seven')
  })
})

describe('random writes', () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))(
    '§14 include: every complete result is as the model has it, and all are in the end (seed %i)',
    async (seed) => {
      const random = new SeededRandom(900 + seed)
      const below = (count: number): number => Math.floor(random.unit() * count)
      const { ann, bob, line } = await play(6, 8)
      // She writes nothing, so her store shows what the reviewer has.
      const eve = await scene.page(scene.line(), { entities })
      await settled(eve)
      const truth = new Map<number, readonly string[]>()
      const note = (): void => {
        const users = new Map(
          eve.query(User, { archived: 'include' }).rows.map((user) => [user.id, user]),
        )
        const rows = eve.query(Task, { where: { board: 'a' }, orderBy: ['title'] }).rows
        const model = rows.map(({ title, assignee }) => {
          const user = users.get(assignee ?? '')
          const status = user ? (user.$archived ? 'archived' : 'ready') : 'unknown'
          return [title, ...(assignee ? [status, user?.name] : [])]
            .filter((part) => part !== undefined)
            .join(' ')
        })
        truth.set(eve.query(Task).asOf?.seq ?? 0, model)
      }
      for (const type of [User, Task]) eve.live(type as typeof User).subscribe(note)
      note()
      const live = bob.live(Task, QUERY)
      let checked = 0
      live.subscribe(() => {
        const result = live.snapshot()
        const expected = truth.get(result.asOf?.seq ?? -1)
        if (!result.complete || !expected) return
        checked++
        expect(shown(result)).toEqual(expected)
      })
      if (seed % 2 === 1) line.loses = () => below(15) === 0
      for (let step = 0; step < 60; step++) {
        const users = ann.query(User).rows
        const tasks = ann.query(Task).rows
        const assignee = [users[below(users.length)]?.id, NOBODY, undefined][
          Math.max(0, below(8) - 5)
        ]
        const [user, task] = [users[below(users.length)], tasks[below(tasks.length)]]
        const kind = below(8)
        if (kind === 0 || !user) ann.create(User, { name: `u${step}` })
        else if (kind === 1) ann.archive(User, user.id)
        else if (kind < 4) ann.update(User, user.id, { name: `n${step}` })
        else if (kind === 4 || !task)
          ann.create(Task, { board: 'a', title: `s${step}`, ...(assignee && { assignee }) })
        else if (kind < 7) ann.update(Task, task.id, { assignee })
        else ann.update(Task, task.id, { board: task.board === 'a' ? 'b' : 'a' })
        if (seed % 2 === 1 && below(25) === 0) line.cut()
        await scene.pass(below(200))
      }
      line.loses = () => false
      await settled(ann, bob, eve)
      await scene.pass(60_000)
      expect(checked).toBeGreaterThan(seed % 2 === 1 ? 2 : 10)
      expect(live.snapshot().complete).toBe(true)
      expect(shown(live.snapshot())).toEqual(truth.get(eve.query(Task).asOf!.seq))
      expect(shown(live.snapshot())).toEqual(shown(ann.query(Task, QUERY)))
    },
  )
})
