/**
 * Every verb of the store, made to throw at every place where it calls the app or reaches a bound.
 * After each throw: the call has changed nothing, no transaction is left open, the next write is stored
 * and sent, the number of undoable transactions is the same, and a restart shows the same rows.
 */
import {
  type FieldSchema,
  type SyncStore,
  add,
  entity,
  memoryStorage,
  wrap,
} from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { LIMITS } from '@countersign/core/message'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { thrownBy } from './thrown.ts'
import { SPACE, type Scene, scene } from './wire.ts'

/** Throws at the call that it was armed for. */
const trap = {
  left: Number.POSITIVE_INFINITY,
  step(): void {
    if (--this.left === 0) throw new Error('trapped')
  },
}

const rule = (): undefined => trap.step() as undefined

/** A field that calls the app for each value. */
function field<T>(accepts: (value: unknown) => value is T): FieldSchema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        trap.step()
        return accepts(value) ? { value } : { issues: [{ message: 'another kind of value' }] }
      },
    },
  }
}
const title = field((value) => typeof value === 'string')
const text = z.string().optional()
const First = entity('task', { title, body: text, note: text }, { rule })
const Task = First.version(
  2,
  { title, body: z.array(z.string()).optional(), note: text, done: z.boolean() },
  [wrap('body'), add('done', false)],
)
/** Imports and rows over every bound. */
const Item = entity(
  'item',
  { title, body: text, note: text, more: text },
  { idPolicy: 'supplied', rule },
)
const Bag = entity('bag', { size: z.number() })

let open: Scene
let storage: Storage
let store: SyncStore

beforeEach(async () => {
  open = await scene({
    capabilities: () => ['read', 'write', 'publish', 'migrate'],
    review: ({ changes }) =>
      changes.some(({ values }) => values['note'] === 'refused') ? 'refused by name' : undefined,
  })
  storage = memoryStorage()
  store = await open.open({ entities: [Task, Item, Bag], storage })
  await open.settle()
})

afterEach(async () => {
  trap.left = Number.POSITIVE_INFINITY
  await open.close()
})

const types = [Task, Item, Bag] as const

function rowsOf(shown: SyncStore): string {
  const rows = types.flatMap((type) => [
    ...shown.query(type as never, { archived: 'include' }).rows,
  ])
  return JSON.stringify(
    rows
      .map((row) => ({
        ...(row as { id: string }),
        archived: (row as { $archived: boolean }).$archived,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
}

const counts = ({ status }: SyncStore): readonly number[] => {
  const { undoable, redoable } = status.getState()
  return [undoable, redoable]
}

/** Checks that the next write is a message of its own; undoes it, so that it leaves no trace. */
async function goesOn(): Promise<void> {
  const seen: string[] = []
  const receipt = store.create(Bag, { size: 1 })
  expect(receipt.messageId).toMatch(/^[0-9a-f-]{36}$/)
  const end = store.subscribe(Bag, receipt.id, () => seen.push(receipt.id))
  store.update(Bag, receipt.id, { size: 2 })
  expect(seen).toHaveLength(1)
  end()
  expect((await receipt.settled()).verdict).toBe('accepted')
}

async function settledCounts(): Promise<readonly number[]> {
  await open.settle()
  return counts(store)
}

/** Checks that another device, and a restart of this one, show the same rows as this one. */
async function sameElsewhere(): Promise<void> {
  await open.settle()
  const shown = rowsOf(store)
  const other = await open.open({ entities: types })
  await open.settle()
  expect(rowsOf(other)).toBe(shown)
  await store.close()
  store = await open.open({ entities: types, storage })
  expect(rowsOf(store)).toBe(shown)
  await open.settle()
  expect(rowsOf(store)).toBe(shown)
}

/**
 * Runs the verb again and again, trapped one call later each time, until it gets through; each time
 * it throws, nothing may have changed. Returns how often it threw.
 */
async function trappedEverywhere(verb: () => unknown, { whole = true } = {}): Promise<number> {
  for (let at = 1; ; at++) {
    const before = [rowsOf(store), await settledCounts()]
    trap.left = at
    const error = await thrownBy(verb)
    const hit = trap.left <= 0
    trap.left = Number.POSITIVE_INFINITY
    if (!hit) {
      expect(error).toBeUndefined()
      return at - 1
    }
    expect(error).toBeInstanceOf(Error)
    if (whole) expect([rowsOf(store), await settledCounts()]).toEqual(before)
    await goesOn()
  }
}

describe('a verb that throws in the app’s own code', () => {
  const made = (): string => store.create(Task, { title: 'a', note: 'n', done: false }).id

  const verbs: [string, () => () => unknown, number][] = [
    ['create', () => () => store.create(Task, { title: 'b', done: true }), 2],
    [
      'update',
      () => {
        const id = made()
        return () => store.update(Task, id, { title: 'b' })
      },
      2,
    ],
    [
      'resolve',
      () => {
        const id = made()
        return () => store.resolve(Task, id, { title: 'b' })
      },
      2,
    ],
    [
      'archive',
      () => {
        const id = made()
        return () => store.archive(Task, id)
      },
      1,
    ],
    [
      'restore',
      () => {
        const id = made()
        store.archive(Task, id)
        return () => store.restore(Task, id)
      },
      1,
    ],
    [
      'transact',
      () => {
        const id = made()
        return () =>
          store.transact(() => {
            trap.step()
            store.update(Task, id, { title: 'b' })
            trap.step()
            store.create(Task, { title: 'c', done: true })
            store.update(Task, id, { note: 'm' })
            trap.step()
          })
      },
      7,
    ],
    [
      'transact within transact',
      () => {
        const id = made()
        return () =>
          store.transact(() => {
            store.update(Task, id, { title: 'b' })
            store.transact(() => {
              store.update(Task, id, { title: 'c' })
              store.transact(() => store.create(Task, { title: 'd', done: true }))
              trap.step()
            })
            trap.step()
          })
      },
      6,
    ],
  ]
  it.each(verbs)('§11: %s', async (_, prepare, least) => {
    const verb = prepare()
    await open.settle()
    expect(await trappedEverywhere(verb)).toBeGreaterThanOrEqual(least)
    await sameElsewhere()
  })

  it('§11: undo and redo keep their step', async () => {
    const id = store.create(Task, { title: 'a', done: false }).id
    store.update(Task, id, { title: 'b' })
    expect(await thrownBy(() => store.undo())).toBeUndefined()
    expect(await thrownBy(() => store.redo())).toBeUndefined()
    const trappedAt = async (verb: () => unknown): Promise<void> => {
      const before = [rowsOf(store), await settledCounts()]
      trap.left = 1
      expect(await thrownBy(verb)).toMatchObject({ message: 'trapped' })
      expect([rowsOf(store), await settledCounts()]).toEqual(before)
    }
    await trappedAt(() => store.undo())
    await trappedAt(() => store.undo())
    store.undo()
    expect(store.read(Task, id)!.title).toBe('a')
    await trappedAt(() => store.redo())
    store.redo()
    expect(store.read(Task, id)!.title).toBe('b')
    expect(await settledCounts()).toEqual([2, 0])
    await goesOn()
    await sameElsewhere()
  })

  it('§6: reauthor, of messages that depend on one another', async () => {
    const id = store.create(Task, { title: 'a', note: 'refused', done: false }).id
    store.update(Task, id, { title: 'b' })
    store.update(Task, id, { done: true })
    await open.settle()
    const refused = store.refused.snapshot()
    expect(refused.map(({ state }) => state)).toEqual(['rejected', 'blocked', 'blocked'])
    const receipts: unknown[] = []
    const verb = (): unknown => receipts.push(...store.reauthor(refused[0]!.messageId))
    expect(await trappedEverywhere(verb)).toBe(3)
    expect(receipts).toHaveLength(3)
    await open.settle()
    // The same message is refused again, once.
    expect(store.refused.snapshot().map(({ state }) => state)).toEqual([
      'rejected',
      'blocked',
      'blocked',
    ])
    expect(
      await thrownBy(() => store.transact(() => store.reauthor(refused[0]!.messageId))),
    ).toMatchObject({ code: expect.stringMatching(/transaction_state|unknown_message/) })
    await goesOn()
    await sameElsewhere()
  })

  it('§22: import, before its first row is written', async () => {
    const rows = Array.from({ length: 5 }, (_, i) => ({ title: `${i}` }))
    expect(await trappedEverywhere(() => store.import(Item, rows))).toBeGreaterThanOrEqual(10)
    await sameElsewhere()
  })

  it('§22: import, in what it calls between its messages', async () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({
      title: `${i}`,
      id: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
    }))
    let throws = 0
    for (let at = 1, error: unknown = 'none'; error !== undefined; at++) {
      let calls = 0
      const call = (): void => {
        if (++calls === at) throw new Error('trapped')
      }
      const signal = {
        get aborted() {
          call()
          return false
        },
      }
      error = await thrownBy(() => store.import(Item, rows, { onProgress: call, signal }))
      if (error === undefined) break
      expect(error).toMatchObject({ message: 'trapped' })
      throws++
      await goesOn()
    }
    expect(throws).toBeGreaterThanOrEqual(4)
    for (const { id, title: shown } of rows) expect(store.read(Item, id)!.title).toBe(shown)
    const before = open.reviewer.state.seq
    expect(await store.import(Item, rows)).toEqual({ messages: 0, rows: 400, skipped: 400 })
    expect(open.reviewer.state.seq).toBe(before)
    await sameElsewhere()
  })

  it('§13: migrate', async () => {
    const old = await open.open({ entities: [First] })
    for (let i = 0; i < 40; i++) old.create(First, { title: `${i}`, body: 'x' })
    await open.settle()
    const done: number[] = []
    const verb = (): unknown =>
      store.migrate(Task, {
        to: 2,
        onProgress: (rows) => {
          done.push(rows)
          trap.step()
        },
      })
    expect(await trappedEverywhere(verb, { whole: false })).toBeGreaterThanOrEqual(20)
    await open.settle()
    expect((await store.migrate(Task, { to: 2, dryRun: true })).rows).toBe(0)
    expect(old.query(First).rows.every(({ body }) => body === 'x')).toBe(true)
    await sameElsewhere()
  })
})

describe('a transaction within a transaction', () => {
  it('§11: that throws and is caught takes back its own writes, and no others', async () => {
    const id = store.create(Task, { title: 'a', note: 'n', done: false }).id
    const kept = store.create(Task, { title: 'kept', done: false }).id
    await open.settle()
    const seen: unknown[] = []
    store.subscribe(Task, id, () => seen.push(store.read(Task, id)!.title))
    store.transact(() => {
      store.update(Task, id, { title: 'b' })
      try {
        store.transact(() => {
          store.update(Task, id, { title: 'c', note: 'm' })
          store.update(Task, kept, { title: 'changed' })
          store.create(Task, { title: 'never', done: false })
          try {
            store.transact(() => {
              store.archive(Task, id)
              throw new Error('inner')
            })
          } catch {}
          expect(store.read(Task, id)).toMatchObject({ title: 'c' })
          throw new Error('outer')
        })
      } catch {}
      expect(store.read(Task, id)).toMatchObject({ title: 'b', note: 'n' })
      store.transact(() => store.update(Task, id, { done: true }))
      store.create(Task, { title: 'after', done: false })
    })
    expect(seen).toEqual(['b'])
    const shown = (): unknown =>
      store.query(Task, { orderBy: ['title'] }).rows.map((row) => [row.title, row.note, row.done])
    const after = [
      ['after', undefined, false],
      ['b', 'n', true],
      ['kept', undefined, false],
    ]
    expect(shown()).toEqual(after)
    await sameElsewhere()
    expect(shown()).toEqual(after)
  })

  it('§11: of which nothing is left, leaves no message', async () => {
    const before = open.reviewer.state.seq
    const { receipt } = store.transact(() => {
      for (const fault of ['one', 'two']) {
        try {
          store.transact(() => {
            store.create(Task, { title: fault, done: false })
            throw new Error(fault)
          })
        } catch {}
      }
    })
    expect(receipt).toBeUndefined()
    await goesOn()
    await open.settle()
    expect(open.reviewer.state.seq).toBe(before + 2)
    expect(store.query(Task).rows).toEqual([])
  })

  it('§11: an async one that is caught takes back its writes', async () => {
    const { receipt } = store.transact(() => {
      expect(() =>
        store.transact(async () => void store.create(Task, { title: 'never', done: false })),
      ).toThrow(/async/)
    })
    expect(receipt).toBeUndefined()
    expect(store.query(Task).rows).toEqual([])
    await goesOn()
  })
})

describe('a verb at its bounds', () => {
  const text = 'x'.repeat(65_536)
  /** Four of them fit one message, twenty do not. */
  const large = 'x'.repeat(Math.min(65_536, Math.floor(LIMITS.messageBytesMax / 20)))
  const half = 'half \ud83d'
  const faults: [string, () => unknown, string][] = [
    ['create: a text', () => store.create(Item, { title: `${text}x` }), 'invalid'],
    ['create: half of a pair', () => store.create(Item, { title: half }), 'invalid'],
    ['create: an id', () => store.create(Item, { title: '' }, { id: 'no' }), 'invalid'],
    ['update: a row', () => store.update(Item, SPACE, { title: '' }), 'unknown_entity'],
    ['archive: a row', () => store.archive(Item, SPACE), 'unknown_entity'],
    ['restore: a row', () => store.restore(Item, SPACE), 'unknown_entity'],
    ['resolve: a text', () => store.resolve(Item, first(), { title: `${text}x` }), 'invalid'],
    [
      'transact: rows',
      () =>
        store.transact(() =>
          Array.from({ length: 4_097 }, (_, i) => store.create(Bag, { size: i })),
        ),
      'too_large',
    ],
    [
      'transact: bytes',
      () =>
        store.transact(() =>
          Array.from({ length: 20 }, () => store.create(Item, { title: large, body: large })),
        ),
      'too_large',
    ],
    ['migrate: a version', () => store.migrate(Task, { to: 9 }), 'invalid'],
    ['import: a text', () => store.import(Item, [{ title: '' }, { title: `${text}x` }]), 'invalid'],
    ['reauthor: a message', () => store.reauthor(SPACE), 'unknown_message'],
    ['discard: a message', () => store.discard(SPACE), 'unknown_message'],
  ]
  const first = (): string => store.query(Item).rows[0]!.id

  it('§20: throws at the call, and changes nothing', async () => {
    store.create(Item, { title: 'first' })
    for (const [name, verb, code] of faults) {
      const before = [rowsOf(store), await settledCounts()]
      const error = await thrownBy(verb)
      expect(error, name).toMatchObject({ code })
      expect([rowsOf(store), await settledCounts()], name).toEqual(before)
      await goesOn()
    }
    await sameElsewhere()
  })

  it.each(['reauthor', 'migrate', 'import'] as const)(
    '§11: %s within a transaction is refused, and leaves the transaction as it was',
    async (verb) => {
      const id = store.create(Item, { title: 'a' }).id
      store.create(Item, { title: 'b', note: 'refused' })
      await open.settle()
      const later: Promise<unknown>[] = []
      const errors: unknown[] = []
      store.transact(() => {
        store.update(Item, id, { title: 'c' })
        try {
          if (verb === 'reauthor') store.reauthor(store.refused.snapshot()[0]!.messageId)
          else if (verb === 'migrate') later.push(thrownBy(() => store.migrate(Item, { to: 1 })))
          else later.push(thrownBy(() => store.import(Item, [{ title: 'never' }])))
        } catch (error) {
          errors.push(error)
        }
        store.update(Item, id, { body: 'd' })
      })
      expect([...errors, ...(await Promise.all(later))]).toMatchObject([
        { code: 'transaction_state' },
      ])
      expect(store.query(Item).rows.map((row) => [row.title, row.body])).toEqual([['c', 'd']])
      await goesOn()
      await sameElsewhere()
    },
  )

  it('§20: an undo that is too large for one message keeps its step', async () => {
    const fields = { title: large, body: large, note: large, more: large }
    const ids = Array.from({ length: 5 }, () => store.create(Item, fields).id)
    store.transact(() => {
      for (const id of ids) {
        for (const name of Object.keys(fields)) store.update(Item, id, { [name]: '' })
      }
    })
    const before = [rowsOf(store), await settledCounts()]
    expect(await thrownBy(() => store.undo())).toMatchObject({ code: 'too_large' })
    expect([rowsOf(store), await settledCounts()]).toEqual(before)
    await goesOn()
    await sameElsewhere()
  })
})
