/** Rotation: another key writes, at once or as soon as no message waits, and only the reviewer can link the two keys. */
import {
  type StoreOptions,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { SimChannels, rulesFor } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isIdle, names, statusOf, until } from './idle.ts'
import { SPACE, type Scene, scene, wireTo } from './wire.ts'

const Note = entity('note', z.object({ text: z.string() }))

let on: Scene
let stores: SyncStore[] = []
let channels: SimChannels

beforeEach(async () => {
  stores = []
  channels = new SimChannels()
  on = await scene({
    entities: [Note],
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
    rules: rulesFor(
      ['note'],
      ({ samePerson }, _, row) =>
        row === undefined || samePerson(row.$createdBy) || 'only its author may edit a note',
    ),
  })
})

afterEach(async () => {
  for (const store of stores) await store.close()
  await on.close()
})

interface Opened {
  readonly storage?: Storage
  readonly personalId?: string
  readonly identity?: NonNullable<StoreOptions['identity']>
  readonly platform?: StoreOptions['platform']
  readonly heard?: string[]
  readonly sent?: string[]
}

async function open({
  storage = memoryStorage(),
  personalId,
  heard = [],
  sent = [],
  ...more
}: Opened) {
  const honest = wireTo(on.reviewer)
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Note], storage, auth: personalId },
    transports: [
      {
        connect: (events) => {
          const frame = (text: string): void => {
            heard.push(text)
            events.frame(text)
          }
          const link = honest.connect({ ...events, frame })
          return { ...link, send: (text) => (sent.push(text), link.send(text)) }
        },
      },
    ],
    identity: { ...(personalId !== undefined && { personalId }), ...more.identity },
    platform: { channel: channels.tab(defaultPlatform().clock), ...more.platform },
  })
  stores.push(store)
  await store.ready
  return store
}

describe('WHO1 a new name by a call', () => {
  test('writes at once, over the same link, and rows of the earlier one stay mine, after a reload, too', async () => {
    const [storage, heard]: [Storage, string[]] = [memoryStorage(), []]
    const ann = await open({ storage, personalId: 'ann' })
    const bob = await open({ personalId: 'bob', heard })
    const first = ann.create(Note, { text: 'first' })
    await until(isIdle(ann))
    const before = statusOf(ann)
    await ann.rotate()
    const after = statusOf(ann)
    expect(after.authorId).not.toBe(before.authorId)
    expect(after.sessionId).not.toBe(before.sessionId)
    const second = ann.create(Note, { text: 'second' })
    const edit = ann.update(Note, first.id, { text: 'edited under the new name' })
    expect(await second.settled()).toMatchObject({ verdict: 'accepted' })
    expect(await edit.settled()).toMatchObject({ verdict: 'accepted' })
    expect(ann.read(Note, second.id)?.$createdBy).toBe(after.authorId)
    expect(ann.query(Note).rows.every(({ $mine }) => $mine)).toBe(true)
    expect(ann.me.getState()).toMatchObject({
      authorId: after.authorId,
      aliases: [before.authorId],
    })
    await until(() => bob.read(Note, first.id)?.text === 'edited under the new name')
    expect(bob.query(Note).rows.some(({ $mine }) => $mine)).toBe(false)
    for (const text of heard)
      expect(text.startsWith('["me"') && names(text, before.authorId!)).toBe(false)
    await ann.close()
    const again = await open({ storage, personalId: 'ann' })
    expect(statusOf(again).authorId).toBe(after.authorId)
    expect(again.query(Note).rows.every(({ $mine }) => $mine)).toBe(true)
    await until(isIdle(again))
  })

  test('of nobody who is signed in: what they wrote on this device stays theirs to them, and is another’s to the reviewer', async () => {
    const nobody = await open({})
    const { id } = nobody.create(Note, { text: 'mine' })
    await until(isIdle(nobody))
    await nobody.rotate()
    expect(nobody.read(Note, id)?.$mine).toBe(true)
    expect(await nobody.update(Note, id, { text: 'edited' }).settled()).toMatchObject({
      verdict: 'rejected',
    })
  })

  test('while a message waits, the earlier one keeps writing: no other person can link the two', async () => {
    const [storage, heard]: [Storage, string[]] = [memoryStorage(), []]
    const ann = await open({ storage, personalId: 'ann' })
    const bob = await open({ personalId: 'bob', heard })
    await until(() => isIdle(ann)() && isIdle(bob)())
    const before = statusOf(ann).authorId
    ann.setOnline(false)
    const waits = ann.create(Note, { text: 'waits' })
    const rotated = ann.rotate()
    let isRotated = false
    rotated.then(
      () => (isRotated = true),
      () => {},
    )
    ann.update(Note, waits.id, { text: 'on top of it' })
    await ann.flushed()
    expect([isRotated, statusOf(ann).authorId]).toEqual([false, before])
    // The store is closed meanwhile: the next opening continues the rotation.
    await ann.close()
    await expect(rotated).rejects.toThrow('closed')
    const again = await open({ storage, personalId: 'ann' })
    expect(statusOf(again).authorId).toBe(before)
    await until(isIdle(again))
    await until(() => bob.read(Note, waits.id)?.text === 'on top of it')
    await again.close()
    const last = await open({ storage, personalId: 'ann' })
    expect(statusOf(last).authorId).not.toBe(before)
    expect(last.read(Note, waits.id)?.$mine).toBe(true)
    expect(await last.update(Note, waits.id, { text: 'last' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
  })

  test('is that of the other tabs, too, when nothing of theirs waits', async () => {
    const storage = memoryStorage()
    const [one, two] = [
      await open({ storage, personalId: 'ann' }),
      await open({ storage, personalId: 'ann' }),
    ]
    await until(() => isIdle(one)() && isIdle(two)())
    const before = statusOf(one).authorId
    expect(statusOf(two).authorId).toBe(before)
    await one.rotate()
    await until(() => statusOf(two).authorId === statusOf(one).authorId)
    expect(statusOf(one).authorId).not.toBe(before)
    expect(await two.create(Note, { text: 'of the second tab' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
    await until(() => one.query(Note).rows.length === 1)
    expect(one.query(Note).rows[0]!.$createdBy).toBe(statusOf(one).authorId)
  })

  test('waits until the person is known', async () => {
    const store = await open({ identity: { personalId: () => new Promise(() => {}) } })
    await expect(store.rotate()).rejects.toMatchObject({ code: 'not_ready' })
  })
})

describe('WHO1 how long a name lives', () => {
  const at = (tab: string, day: number): NonNullable<StoreOptions['platform']> => {
    const { clock } = defaultPlatform()
    return { tabId: () => tab, clock: { ...clock, now: () => clock.now() + day * 86_400_000 } }
  }

  test.for<['tab' | 'day' | 'device', boolean, boolean]>([
    ['tab', false, true],
    ['day', true, false],
    ['device', true, true],
  ])('%s', async ([lifetime, isOfTabs, isOfDays]) => {
    const storage = memoryStorage()
    const identity = { lifetime }
    const authorOf = async (tab: string, day: number): Promise<string> => {
      const store = await open({ storage, identity, platform: at(tab, day) })
      const { authorId } = statusOf(store)
      await store.close()
      return authorId!
    }
    const first = await authorOf('a', 0)
    expect(await authorOf('a', 0)).toBe(first)
    expect((await authorOf('b', 0)) === first).toBe(isOfTabs)
    expect((await authorOf('a', 1)) === first).toBe(isOfDays)
  })

  test('a name of a day under which something waits writes on, until nothing does', async () => {
    const [storage, heard]: [Storage, string[]] = [memoryStorage(), []]
    const bob = await open({ personalId: 'bob', heard })
    const on = (day: number): Promise<SyncStore> =>
      open({ storage, identity: { lifetime: 'day' }, platform: at('a', day) })
    const today = await on(0)
    const before = statusOf(today)
    today.setOnline(false)
    const { id } = today.create(Note, { text: 'waits' })
    await today.flushed()
    await today.close()
    const tomorrow = await on(1)
    expect(statusOf(tomorrow).authorId).toBe(before.authorId)
    tomorrow.update(Note, id, { text: 'on top of it' })
    await until(() => bob.read(Note, id)?.text === 'on top of it')
    await until(isIdle(tomorrow))
    await tomorrow.close()
    const again = await on(1)
    expect(statusOf(again).authorId).not.toBe(before.authorId)
    await until(isIdle(again))
  })

  test('what waits under the name of another tab is delivered, and shown once it is: no write names it', async () => {
    const [storage, sent]: [Storage, string[]] = [memoryStorage(), []]
    const bob = await open({ personalId: 'bob' })
    const on = (tab: string): Promise<SyncStore> =>
      open({ storage, sent, identity: { lifetime: 'tab' }, platform: at(tab, 0) })
    const [one, two] = [await on('a'), await on('b')]
    await until(() => isIdle(one)() && isIdle(two)())
    one.setOnline(false)
    two.setOnline(false)
    const { id } = one.create(Note, { text: 'of the first' })
    await one.flushed()
    two.create(Note, { text: 'of the second' })
    expect(two.read(Note, id)).toBeUndefined()
    await one.close()
    await two.close()
    const three = await on('c')
    expect(new Set([one, two, three].map((store) => statusOf(store).authorId)).size).toBe(3)
    await until(() => bob.query(Note).rows.length === 2)
    await until(() => three.read(Note, id) !== undefined)
    three.update(Note, id, { text: 'of all' })
    await until(isIdle(three))
    const sessions = [one, two, three].map((store) => statusOf(store).sessionId!)
    for (const offer of sent.filter((text) => text.startsWith('["offer"')))
      expect(sessions.filter((session) => names(offer, session)).length).toBeLessThan(2)
  })
})
