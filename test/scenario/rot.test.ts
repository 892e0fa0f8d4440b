/** Storages with damaged records: the store opens, lists what is damaged, and continues with the rest. */
import { type SyncStore, createSyncStore, entity, memoryStorage } from '@countersign/core'
import type { Page, PageKeys, PageReading, Storage, StoredState } from '@countersign/core/ports'
import { SeededRandom, rulesFor, simSigner } from '@countersign/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readWhole } from '../contract/storage-kit.ts'
import { SPACE, type Scene, scene } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string(), note: z.string().default('') }))
const signer = simSigner({ random: new SeededRandom(3) })
const platform = { signer }

let on: Scene | undefined

afterEach(async () => {
  await on?.close()
  on = undefined
})

/** The storage of a device after a day: rows with a checkpoint, a refusal, and messages that were not sent yet. */
async function aDay(storage: Storage) {
  on = await scene({
    signer,
    keys: await signer.generate(),
    rules: rulesFor(['todo'], (_, { values }) => (values['title'] === 'bomb' ? 'no bombs' : true)),
  })
  const openOn = (at: Storage) => (): Promise<SyncStore> =>
    on!.open({ entities: [Todo], storage: at, platform, checkpointSteps: 2 })
  const store = await openOn(storage)()
  const [seen] = await Promise.all(
    ['seen', 'also seen', 'and', 'more'].map(async (title) => {
      const written = store.create(Todo, { title })
      await written.settled()
      return written.id
    }),
  )
  const bomb = store.create(Todo, { title: 'bomb' })
  await bomb.settled()
  await on.settle()
  store.setOnline(false)
  const receipts = [
    store.create(Todo, { title: 'waits' }),
    store.create(Todo, { title: 'waits too', note: 'é 🎈 العربية' }),
  ]
  await store.flushed()
  receipts.push(store.update(Todo, seen!, { title: 'edited offline' }))
  await store.flushed()
  receipts.push(store.update(Todo, receipts[0]!.id, { note: 'on top' }))
  await store.flushed()
  const pending = receipts.map(({ messageId }) => messageId)
  const rejected = bomb.messageId
  await store.close()
  const state = await readWhole(await storage.open(() => undefined))
  return { openOn, pending, rejected, state, seen: seen! }
}

/** A stored state with the pages of its checkpoint. */
type Whole = Awaited<ReturnType<typeof readWhole>>

/** A storage that gives back `state`, and forgets what is written. */
function holding(state: Whole): Storage {
  return {
    open: async () => ({
      read: async () => state,
      pages: async (_, reading) => givenPages(state, reading),
      write: async () => ({ order: 1, isCheckpointStored: true }),
      claim: async (key, value) => (state.meta.has(key) ? state.meta.get(key) : value),
      waiting: async () => state.outbox,
      erase: async () => undefined,
      close: async () => undefined,
    }),
  }
}

/** Pages and keys may be anything; a database has a number for each, whatever its record says. */
function givenPages({ checkpoint }: Whole, reading: PageReading): boolean {
  const pages = Object.values(Object(checkpoint?.pages) as Record<string, Page>)
  reading.begin({
    numbers: pages.map((_, no) => no),
    keys: new Map(pages.map((page, no) => [no, Object(page).keys as PageKeys] as const)),
  })
  for (let next = reading.next(); next.length > 0; next = reading.next())
    reading.take(next.map((no) => pages[no]!))
  return true
}

/** A storage that begins with `state`, whatever it is, and keeps what is written. */
async function withState(state: Whole): Promise<Storage> {
  const inner = memoryStorage()
  let given: Whole | undefined = state
  return {
    async open(onTrouble, space) {
      const handle = await inner.open(onTrouble, space)
      if (given) {
        const { segments, outbox, meta, advance, checkpoint } = given
        given = undefined
        await handle.write({
          durability: 'strict',
          segments: segments.filter(({ kind }) => kind !== 'tail'),
          outboxAdd: outbox,
          meta: [...meta],
          ...(advance && { advance }),
          ...(checkpoint && { checkpoint }),
        })
        const tail = segments.filter(({ kind }) => kind === 'tail')
        await handle.write({ durability: 'strict', segments: tail })
      }
      return handle
    },
  }
}

/** A storage that returns a changed text for one segment, whatever is written. */
function rotting(inner: Storage, key: string, change: (text: string) => string): Storage {
  return {
    async open(onTrouble, space) {
      const handle = await inner.open(onTrouble, space)
      const read = async (): Promise<StoredState> => {
        const state = await handle.read()
        const segments = state.segments.map((stored) =>
          stored.key === key ? { ...stored, text: change(stored.text) } : stored,
        )
        return { ...state, segments }
      }
      return {
        read,
        write: (batch) => handle.write(batch),
        claim: (name, value) => handle.claim(name, value),
        pages: (name, reading) => handle.pages(name, reading),
        waiting: () => handle.waiting(),
        erase: () => handle.erase(),
        close: () => handle.close(),
      }
    },
  }
}

type Damaged = readonly [what: string, state: Whole, doomed: RegExp]

const flip = (text: string, at: number, bits = 1): string =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ bits) + text.slice(at + 1)

/** Places all over a text, its ends among them. */
function places({ length }: string, count = length > 100 ? 6 : 2): readonly number[] {
  const all = Array.from({ length: count }, (_, i) => Math.floor(((length - 1) * i) / (count - 1)))
  return [...new Set(all.filter((at) => at >= 0))]
}

/** A value with one thing in it changed, in many ways. */
function* variants(value: unknown, depth = 0): Generator<readonly [string, unknown]> {
  for (const other of depth === 0 ? [undefined, null, 5, {}] : [null, 5])
    yield [`is ${JSON.stringify(other)}`, other]
  if (typeof value === 'number')
    yield* [value + 1, value + 2 ** 36].map((n) => [`is ${n}`, n] as const)
  if (typeof value === 'string')
    for (const [i, at] of places(value).entries())
      yield i % 3 === 1
        ? [`is cut at ${at}`, value.slice(0, at)]
        : [`has a letter changed at ${at}`, flip(value, at)]
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    for (const [what, changed] of variants(inner, depth + 1)) {
      const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
      Reflect.set(copy, name, changed)
      yield [`.${name} ${what}`, copy]
    }
  }
}

function* damages(state: Whole): Generator<Damaged> {
  for (const [i, stored] of state.segments.entries()) {
    const others = state.segments.filter((_, at) => at !== i)
    const own = stored.kind === 'own' ? new RegExp(stored.key) : /^$/
    // No other record says that the message was refused.
    if (stored.kind !== 'rejections')
      yield [`segment ${stored.key} is gone`, { ...state, segments: others }, own]
    const kinds = ['own', 'tail', 'rejections', 'draft', 'none'].map((kind) => ({
      ...stored,
      kind,
    }))
    for (const [what, changed] of [
      ...variants(stored),
      ...kinds.map((each) => [`kind is ${each.kind}`, each] as const),
    ]) {
      const segments = state.segments.map((each, at) => (at === i ? changed : each))
      yield [`segment ${stored.key} ${what}`, { ...state, segments: segments as never }, own]
    }
  }
  for (const [key, value] of state.meta) {
    const without = new Map([...state.meta].filter(([name]) => name !== key))
    yield [`meta ${key} is gone`, { ...state, meta: without }, /^$/]
    for (const [what, changed] of variants(value))
      yield [`meta ${key} ${what}`, { ...state, meta: new Map(state.meta).set(key, changed) }, /^$/]
  }
  for (const [i, key] of state.outbox.entries())
    for (const at of places(key)) {
      const outbox = state.outbox.map((each, n) => (n === i ? flip(key, at, 64) : each))
      yield [`outbox ${key} has a letter changed at ${at}`, { ...state, outbox }, /^$/]
    }
  for (const field of ['advance', 'checkpoint'] as const)
    for (const [what, changed] of variants(state[field]))
      yield [`${field} ${what}`, { ...state, [field]: changed }, /^$/]
}

describe('§15 damage', () => {
  test('a store over any damaged record opens, and each own message is shown, waits, or is named', async () => {
    const { state, pending, rejected } = await aDay(memoryStorage())
    expect(state.checkpoint && state.advance && state.outbox.length).toBeGreaterThan(2)
    const kinds = new Set(state.segments.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['own', 'rejections']))
    const failed: string[] = []
    let reports = 0
    for (const [what, rotten] of damages(state)) {
      const errors: unknown[] = []
      const store = createSyncStore({
        space: SPACE,
        entities: [Todo],
        storage: holding(rotten),
        platform,
        onError: (error) => errors.push(error),
      })
      const opened = await store.ready.then(
        () => undefined,
        (error: unknown) => error,
      )
      const { damaged, storageTrouble, halted, outboxMessages } = store.status.getState()
      reports += damaged.length
      if (opened ?? halted ?? errors[0])
        failed.push(`${what}: ${String(opened ?? halted ?? errors[0])}`)
      if (damaged.length > 0 && storageTrouble !== 'damaged') failed.push(`${what}: not told`)
      const named = new Set([
        ...damaged.flatMap(({ messageIds }) => messageIds),
        ...store.refused.snapshot().map(({ messageId }) => messageId),
      ])
      const unnamed = [...pending, rejected].filter((id) => !named.has(id))
      // Where the ids in a record are lost, the record itself is named.
      const isNamed = damaged.some(({ kind }) => kind !== 'state' && kind !== 'identity')
      if (unnamed.length > outboxMessages && !isNamed)
        failed.push(`${what}: ${unnamed.length} not named, ${outboxMessages} wait`)
      await store.close()
    }
    expect(failed).toEqual([])
    expect(reports).toBeGreaterThan(100)
  }, 30_000)

  test('what is left of damaged own messages can be written again, and all others go', async () => {
    const day = await aDay(memoryStorage())
    const inner = await withState(day.state)
    const [first] = day.state.outbox
    const reopen = day.openOn(rotting(inner, first!, (text) => text.replace('"waits"', '"waitz"')))
    const store = await reopen()
    const { damaged, storageTrouble } = store.status.getState()
    expect([damaged.map(({ key }) => key), storageTrouble]).toEqual([[first], 'damaged'])
    expect(damaged[0]!.text).toContain('waitz')
    await on!.settle()
    expect(store.read(Todo, day.seen)).toMatchObject({
      title: 'edited offline',
      $state: 'canonical',
    })
    const refused = store.refused.snapshot().map(({ reason, state }) => [reason, state])
    expect(refused).toEqual(
      expect.arrayContaining([
        ['damaged', 'rejected'],
        ['parent_rejected', 'blocked'],
        ['unauthorised', 'rejected'],
      ]),
    )
    const left = store.refused.snapshot().find(({ reason }) => reason === 'damaged')!
    expect(left.changes[0]!.values).toMatchObject({ title: 'waits too', note: 'é 🎈 العربية' })
    const [again] = store.reauthor(left.messageId)
    expect(await again!.settled()).toMatchObject({ verdict: 'accepted' })
    store.discard(first!)
    expect(store.status.getState()).toMatchObject({ damaged: [], storageTrouble: undefined })
    await store.close()
    const later = await reopen()
    expect(later.status.getState()).toMatchObject({ damaged: [], storageTrouble: undefined })
    expect(later.refused.snapshot().map(({ reason }) => reason)).not.toContain('damaged')
  })

  const isNeeded = (which: string): boolean => which === 'both' || which === 'whoami'
  test.for(['session:', 'opening:', 'both', 'whoami'])(
    'of the two records of a session one is enough; without any, or its key, its messages can be written again (%s)',
    async (which) => {
      const day = await aDay(memoryStorage())
      const isGone = (key: string): boolean =>
        which === 'both' ? /^(session|opening):/.test(key) : key.startsWith(which)
      const meta = new Map([...day.state.meta].filter(([key]) => !isGone(key)))
      const store = await day.openOn(await withState({ ...day.state, meta }))()
      await on!.settle()
      const { damaged, outboxMessages } = store.status.getState()
      expect(outboxMessages).toBe(0)
      const lost = store.refused.snapshot().filter(({ reason }) => reason === 'damaged')
      expect(damaged.map(({ kind }) => kind)).toEqual(isNeeded(which) ? ['session'] : [])
      expect(lost.length).toBe(isNeeded(which) ? day.pending.length : 0)
      for (const { messageId } of lost)
        if (store.refused.snapshot().some((each) => each.messageId === messageId))
          store.reauthor(messageId)
      await on!.settle()
      expect(store.status.getState()).toMatchObject({ outboxMessages: 0, damaged: [] })
      const rows = store.query(Todo).rows.map(({ title, note, $state }) => [title, note, $state])
      for (const row of [
        ['waits', 'on top', 'canonical'],
        ['waits too', 'é 🎈 العربية', 'canonical'],
        ['edited offline', '', 'canonical'],
      ])
        expect(rows).toContainEqual(row)
    },
  )

  test('a damaged verdict is asked for again, and kept', async () => {
    const day = await aDay(memoryStorage())
    const { key } = day.state.segments.find(({ kind }) => kind === 'rejections')!
    const reopen = day.openOn(rotting(await withState(day.state), key, (text) => flip(text, 30)))
    for (const reports of [1, 0]) {
      const store = await reopen()
      expect(store.status.getState().damaged).toHaveLength(reports)
      await on!.settle()
      expect(store.refused.snapshot()).toMatchObject([
        { messageId: day.rejected, reason: 'unauthorised' },
      ])
      await store.close()
    }
  })

  test('a damaged position is fetched again, and its report ends', async () => {
    const day = await aDay(memoryStorage())
    const advance = { ...day.state.advance!, text: flip(day.state.advance!.text, 1) }
    const store = await day.openOn(await withState({ ...day.state, advance }))()
    expect(store.status.getState().damaged).toMatchObject([{ kind: 'state', key: 'advance' }])
    while (store.status.getState().connection !== 'online')
      await new Promise((resolve) => setTimeout(resolve, 2))
    await Promise.resolve() // the status follows at the end of a turn
    expect(store.status.getState()).toMatchObject({ damaged: [], storageTrouble: undefined })
    expect(store.query(Todo).rows).toHaveLength(6)
  })
})
