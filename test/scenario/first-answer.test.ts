/** The answers of queries while a store reads its storage: the exact answer, or none yet. */
import {
  type AnyRow,
  type Entity,
  type Query,
  type SyncStore,
  add,
  entity,
  memoryStorage,
  rename,
} from '@countersign/core'
import type { Page, Storage } from '@countersign/core/ports'
import { SeededRandom, createLimitedStore } from '@countersign/core/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { slow } from './slow-pages.ts'
import { SPACE, type Scene, scene } from './wire.ts'

const plain = entity(
  'issue',
  z.object({ title: z.string(), status: z.enum(['open', 'done']), points: z.number().optional() }),
)
const Issue = plain.index('open', ['status', 'points']).index('newest', ['-$createdOrderKey'])
const Label = entity('label', z.object({ name: z.string() }))
/** The next build: another name for an indexed field, and another index. */
const Next = plain
  .version(
    2,
    z.object({
      title: z.string(),
      status: z.enum(['open', 'done']),
      size: z.number().optional(),
      due: z.string(),
    }),
    [rename('points', 'size'), add('due', 'never')],
  )
  .index('open', ['status', '-size'])

const LIMITS = { storedPageEntitiesMax: 3, checkpointStepsMax: 6, sliceMs: 0 }

const QUERIES: readonly Query<Entity>[] = [
  { where: { status: 'open' }, orderBy: ['points'], limit: 4 },
  { where: { status: 'done' }, orderBy: ['-points'], limit: 3 },
  { where: { status: 'open', points: { gte: 3 } }, limit: 5 },
  { where: { points: undefined }, limit: 2 },
  { orderBy: ['-$createdOrderKey'], limit: 3 },
  { where: { status: 'open' }, archived: 'include', limit: 6 },
  { where: { status: 'open' } },
  { where: { title: 'b' }, limit: 2 },
]

let on: Scene | undefined
afterEach(async () => {
  await on?.close()
  on = undefined
})

/** A device with its storage, and another author; both write on the same rows. */
class Day {
  readonly storage = memoryStorage()
  readonly #random: SeededRandom
  readonly #on: Scene
  ann!: SyncStore
  bob!: SyncStore

  constructor(seed: number, on: Scene) {
    this.#random = new SeededRandom(seed)
    this.#on = on
  }

  below(end: number): number {
    return Math.floor(this.#random.unit() * end)
  }

  async pass(): Promise<void> {
    const { storage } = this
    this.bob = await this.#on.open({ entities: [Issue, Label] })
    this.ann = await this.#on.open({ entities: [Issue, Label], storage, limits: LIMITS })
    for (let round = 0; round < 10; round++) {
      const isApart = this.below(3) === 0
      if (isApart) this.ann.setOnline(false)
      for (let writes = this.below(12); writes > 0; writes--)
        this.write(this.below(2) === 0 ? this.ann : this.bob)
      if (isApart) this.ann.setOnline(true)
      await this.#on.settle()
    }
    this.ann.setOnline(false)
    for (let writes = this.below(5); writes > 0; writes--) this.write(this.ann)
    await this.ann.flushed()
    await this.ann.close()
    this.bob.setOnline(false)
  }

  write(store: SyncStore): void {
    const ids = store.query(Issue, { archived: 'include' }).rows.map(({ id }) => id)
    const id = ids[this.below(ids.length)]
    const title = ['a', 'b', 'c'][this.below(3)]!
    const status = this.below(2) === 0 ? ('open' as const) : ('done' as const)
    const points = this.below(4) === 0 ? undefined : this.below(10)
    switch (id === undefined ? 0 : this.below(6)) {
      case 0:
      case 1:
        store.create(Issue, { title, status, ...(points !== undefined && { points }) })
        return
      case 2:
        store.update(Issue, id!, { points }) // there is a row, see above
        return
      case 3:
        store.update(Issue, id!, { status }) // as above
        return
      case 4:
        store.create(Label, { name: title })
        return
      default:
        if (store.peek(Issue, id!).status === 'archived') store.restore(Issue, id!) // as above
        else store.archive(Issue, id!) // as above
    }
  }
}

interface Answer {
  readonly rows: readonly unknown[]
  readonly isEarly: boolean
}

/** Opens a store without a reviewer, and collects each answer of the queries until it is ready, and the one after that. */
async function opened(
  storage: Storage,
  entities: readonly [Entity, ...Entity[]],
  queries: readonly Query<Entity>[],
): Promise<{ readonly store: SyncStore; readonly answers: readonly (readonly Answer[])[] }> {
  const [type] = entities
  const store = createLimitedStore({ server: true, space: SPACE, entities, storage }, LIMITS)
  const answers = queries.map((): Answer[] => [])
  const live = queries.map((query) => store.live(type, query))
  const look = (): void => {
    const isEarly = store.peek(type, crypto.randomUUID()).status === 'loading'
    for (const [i, each] of live.entries()) {
      const { rows, complete } = each.snapshot()
      if (complete) answers[i]!.push({ rows, isEarly })
      else expect(rows).toEqual([])
    }
  }
  const ends = live.map((each) => each.subscribe(look))
  await store.ready
  look()
  for (const end of ends) end()
  return { store, answers }
}

const withoutKeys = ({ no, text, check }: Page): Page => ({ no, text, check })

/** Checks that every answer of a query is the last one, row by row. Returns how many were early. */
function sameThroughout(answers: readonly (readonly Answer[])[]): number {
  for (const each of answers) for (const { rows } of each) expect(rows).toBe(each.at(-1)!.rows) // each has one, once ready
  return answers.filter((each) => each.some(({ isEarly }) => isEarly)).length
}

/** The last answer. Rows are compared with their state and conflicts. */
function shown(answers: readonly Answer[]): readonly unknown[] {
  const rows = answers.at(-1)!.rows as readonly AnyRow[] // as above
  return rows.map((row) => ({
    ...row,
    $state: row.$state,
    $conflicts: Object.keys(row.$conflicts),
  }))
}

describe('§15 the first answer', () => {
  test('DSK1: what a query answers while pages are read is its answer when all are read', async () => {
    let early = 0
    for (let seed = 1; seed <= 16; seed++) {
      on = await scene()
      const day = new Day(seed, on)
      await day.pass()
      const { store, answers } = await opened(slow(day.storage), [Issue, Label], QUERIES)
      early += sameThroughout(answers)
      await store.close()
      const whole = await opened(
        slow(day.storage, { change: withoutKeys }),
        [Issue, Label],
        QUERIES,
      )
      expect(sameThroughout(whole.answers)).toBe(0)
      for (const [i, each] of answers.entries())
        expect(shown(each), `seed ${seed}, query ${i}`).toEqual(shown(whole.answers[i]!))
      await whole.store.close()
      await on.close()
      on = undefined
    }
    expect(early).toBeGreaterThan(20) // of 128; how many depends on timing
  }, 60_000)

  test('DSK1: a build with another version or index waits for all pages of the type', async () => {
    on = await scene()
    const storage = memoryStorage()
    const bob = await on.open({ entities: [Issue] })
    const ann = await on.open({ entities: [Issue], storage, limits: LIMITS })
    for (let points = 0; points < 20; points++) {
      bob.create(Issue, { title: 'a', status: 'open', points })
      await on.settle()
    }
    await ann.close()
    const query = { where: { status: 'open' }, limit: 2 }
    const same = await opened(slow(storage), [Issue], [{ ...query, orderBy: ['points'] }])
    expect(sameThroughout(same.answers)).toBe(1)
    await same.store.close()
    // All pages are of this type: an answer before all are read would lack some of its rows.
    const next = await opened(slow(storage), [Next], [{ ...query, orderBy: ['-size'] }])
    expect(sameThroughout(next.answers)).toBe(0)
    expect(shown(next.answers[0]!)).toMatchObject([{ size: 19 }, { size: 18 }])
    await next.store.close()
  })

  test('DSK1: a type whose pages are all read answers any query, while those of others are not', async () => {
    on = await scene()
    const storage = memoryStorage()
    const bob = await on.open({ entities: [Issue, Label] })
    const ann = await on.open({ entities: [Issue, Label], storage, limits: LIMITS })
    bob.create(Label, { name: 'red' })
    for (let points = 0; points < 20; points++) {
      bob.create(Issue, { title: 'a', status: 'open', points })
      await on.settle()
    }
    await ann.close()
    const { store, answers } = await opened(
      slow(storage),
      [Label, Issue],
      [{ where: { name: 'red' } }],
    )
    expect(sameThroughout(answers)).toBe(1)
    expect(shown(answers[0]!)).toHaveLength(1)
    await store.close()
  })

  test('DSK2: damaged keys change no answer, and a damaged page discards the state', async () => {
    on = await scene()
    const day = new Day(7, on)
    await day.pass()
    const sound = await opened(slow(day.storage), [Issue, Label], QUERIES)
    await sound.store.close()
    for (const no of [0, 1, 2]) {
      const rotten = slow(day.storage, {
        change: (page) => (page.no === no ? altered(page, 'keys') : page),
      })
      const { store, answers } = await opened(rotten, [Issue, Label], QUERIES)
      for (const [i, each] of answers.entries())
        expect(shown(each)).toEqual(shown(sound.answers[i]!))
      expect(store.status.getState().damaged).toEqual([])
      await store.close()
    }
    const torn = slow(day.storage, {
      change: (page) => (page.no === 1 ? altered(page, 'text') : page),
    })
    const { store } = await opened(torn, [Issue, Label], QUERIES)
    expect(store.status.getState().damaged).toMatchObject([{ kind: 'state' }])
    await store.close()
  })
})

/** A page with a letter changed in its text, or in the text of its keys. */
function altered(page: Page, which: 'text' | 'keys'): Page {
  const change = (text: string): string => text.replace('open', 'opem').replace('done', 'dome')
  if (which === 'text') return { ...page, text: change(page.text) }
  return { ...page, keys: { ...page.keys!, text: change(page.keys!.text) } } // each page has keys
}

test('DSK3: rows that came as a tail are on pages at the next opening', async () => {
  on = await scene()
  const bob = await on.open({ entities: [Issue] })
  for (let points = 0; points < 40; points++) {
    bob.create(Issue, { title: 'a', status: 'open', points })
    await on.settle()
  }
  const storage = memoryStorage()
  await on.open({
    ...{ entities: [Issue], storage },
    limits: { checkpointStepsMax: 512, checkpointStepBytesMax: 32_768 },
  })
  await on.settle()
  const handle = await storage.open(() => {}, SPACE)
  await vi.waitFor(async () => {
    const { checkpoint, segments } = await handle.read()
    expect([checkpoint !== undefined, segments]).toEqual([true, []])
  })
  await handle.close()
})
