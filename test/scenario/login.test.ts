/**
 * Logins over real sockets: tokens of an issuer, verified by the reviewer that an app would start. A
 * person on several devices, a token that ends, another person's token, and the places that must have no secret.
 */
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  type Auth,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import { inspect } from '@countersign/core/inspect'
import type { Storage, Transport } from '@countersign/core/ports'
import { memorySpaces } from '@countersign/core/ports'
import { loadParts, rulesFor } from '@countersign/core/testing'
import {
  type RunningReviewer,
  type StartOptions,
  jwt,
  sqliteSpaces,
  startReviewer,
} from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { names } from './idle.ts'

// Tokens end in a second, which the first import may take.
await loadParts()

const Note = entity('note', z.object({ text: z.string(), by: z.string().optional() }))
const SECRET = new TextEncoder().encode('the issuer’s secret, thirty-two characters')

let running: RunningReviewer | undefined
let stores: SyncStore[] = []
let folder: string | undefined

afterEach(async () => {
  for (const store of stores) await store.close()
  stores = []
  await running?.close()
  running = undefined
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  folder = undefined
})

/** A token as an issuer makes it. */
function token(sub: string, forS = 600, more: object = {}): string {
  const exp = Math.floor(Date.now() / 1_000) + forS
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { iss: 'https://login.example', aud: 'notes', sub, exp, ...more },
  ]
  const body = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${body}.${createHmac('sha256', SECRET).update(body).digest('base64url')}`
}

async function start(options: Partial<StartOptions<typeof Note>> = {}): Promise<RunningReviewer> {
  running = await startReviewer({
    spaces: memorySpaces(),
    port: 0,
    entities: [Note],
    authenticate: jwt({
      ...{ key: SECRET, issuer: 'https://login.example', audience: 'notes', clockToleranceS: 0 },
      personalId: ({ sub }) => sub,
    }),
    rules: {
      note: {
        update: ({ samePerson }, _, row) =>
          samePerson(row.$createdBy) || 'only its author may edit a note',
      },
    },
    ...options,
  })
  return running
}

interface Device {
  readonly storage?: Storage
  readonly over?: (transport: Transport) => Transport
  readonly online?: boolean
}

async function device(
  personalId: string,
  auth: Auth,
  { storage = memoryStorage(), over = (transport) => transport, online = true }: Device = {},
): Promise<SyncStore> {
  const { space, url } = running!
  const store = createSyncStore({
    ...{ server: true, space, entities: [Note], storage, auth },
    transports: [over(socketIo(url))],
    identity: { personalId },
  })
  if (!online) store.setOnline(false)
  stores.push(store)
  await store.ready
  return store
}

async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { interval: 5 }).toBe(true)
}

const statusOf = (store: SyncStore): ReturnType<SyncStore['status']['getState']> =>
  store.status.getState()
const isOnline = (store: SyncStore) => (): boolean => statusOf(store).connection === 'online'

describe('AUTH7 a token that is refused', () => {
  test('is reported with a note, keeps unsent messages, and the next one delivers them', async () => {
    await start()
    const ann = await device('ann', token('ann', -5))
    const note = ann.create(Note, { text: 'a' })
    await until(() => statusOf(ann).connection === 'unauthorised')
    expect(statusOf(ann)).toMatchObject({
      connectionNote: 'the token has expired',
      connectionRefusal: 'unauthorised',
      outboxMessages: 1,
    })
    ann.setAuth(token('ann'))
    expect(await note.settled()).toMatchObject({ verdict: 'accepted' })
    await until(isOnline(ann))
    expect(statusOf(ann)).toMatchObject({ connectionNote: undefined, connectionRefusal: undefined })
  })

  test('is requested again with a growing pause, where the app gave a function', async () => {
    await start()
    const asked: number[] = []
    const ann = await device('ann', async () => {
      asked.push(performance.now())
      return asked.length < 3 ? 'not a token' : token('ann')
    })
    await until(isOnline(ann))
    expect(asked).toHaveLength(3)
    const [first = 0, second = 0, third = 0] = asked
    expect(second - first).toBeGreaterThan(400)
    expect(third - second).toBeGreaterThan(900)
  })

  test('or fails shows a note, and a slow login closes no link', async () => {
    await start()
    let isDown = true
    const ann = await device('ann', async () => {
      if (isDown) throw new Error('the login service is down')
      return token('ann')
    })
    await until(() => statusOf(ann).connection === 'unauthorised')
    expect(statusOf(ann).connectionNote).toBe('the app has no token: the login service is down')
    isDown = false
    ann.setOnline(false)
    ann.setOnline(true)
    await until(isOnline(ann))
  })
})

test('AUTH7 a person who signs out gets a note to sign in, and keeps unsent messages', async () => {
  await start()
  const ann = await device('ann', token('ann'))
  await until(isOnline(ann))
  ann.setAuth(undefined)
  await until(() => statusOf(ann).connection === 'unauthorised')
  const note = ann.create(Note, { text: 'a' })
  await until(() => statusOf(ann).connectionNote === 'no token was sent: sign in')
  ann.setAuth(() => token('ann'))
  expect(await note.settled()).toMatchObject({ verdict: 'accepted' })
})

test('AUTH7 a token that ends offline, with 100 queued writes: all are delivered with the next, none as another person', async () => {
  const authors = new Map<string, Set<string>>()
  await start({
    rules: rulesFor(['note'], ({ person, authorId }) => {
      expect(person.proved).toBe(true)
      authors.set(person.id, (authors.get(person.id) ?? new Set()).add(authorId))
      return true
    }),
  })
  const storage = memoryStorage()
  const ann = await device('ann', token('ann', 1), { storage })
  await until(isOnline(ann))
  // What the store itself publishes.
  await until(() => statusOf(ann).outboxMessages === 0)
  const before = running!.reviewer.open[0]!.state.accepted
  ann.setOnline(false)
  const notes = Array.from({ length: 100 }, (_, n) => ann.create(Note, { text: `note ${n}` }))
  await ann.flushed()
  await new Promise((done) => setTimeout(done, 1_200))
  ann.setOnline(true)
  await until(() => statusOf(ann).connection === 'unauthorised')
  expect(statusOf(ann)).toMatchObject({
    connectionNote: 'the token has expired',
    outboxMessages: 100,
  })
  // Another person signs in on the same device: her messages are not that person's.
  ann.setAuth(token('bob'))
  await until(
    () => statusOf(ann).connectionNote === 'a session is of another person than the login',
  )
  expect(statusOf(ann)).toMatchObject({ connection: 'unauthorised', outboxMessages: 100 })
  expect(running!.reviewer.open[0]!.state.accepted).toBe(before)
  ann.setAuth(token('ann'))
  const verdicts = await Promise.all(notes.map((note) => note.settled()))
  expect(verdicts.every(({ verdict }) => verdict === 'accepted')).toBe(true)
  expect([...authors]).toEqual([['ann', new Set([statusOf(ann).authorId])]])
  expect(ann.query(Note).rows).toHaveLength(100)
})

test('AUTH7 a short login is renewed before its end, over the same link', async () => {
  await start()
  let links = 0
  const asked: number[] = []
  const ann = await device(
    'ann',
    () => {
      asked.push(performance.now())
      return token('ann', 3)
    },
    {
      over: (transport) => ({
        ...transport,
        connect: (events) => (links++, transport.connect(events)),
      }),
    },
  )
  await until(isOnline(ann))
  const states = new Set<string>()
  ann.status.subscribe(({ connection }) => states.add(connection))
  await until(() => asked.length >= 4)
  expect(links).toBe(1)
  expect([...states].filter((state) => state !== 'online')).toEqual([])
})

describe('WHO8 a person on several devices', () => {
  test('only the author edits: allowed here and on the other device, refused to another person', async () => {
    await start()
    const storage = memoryStorage()
    const laptop = await device('ann', token('ann'), { storage })
    const { id } = laptop.create(Note, { text: 'hers' })
    await until(() => laptop.read(Note, id)?.$state === 'canonical')
    const phone = await device('ann', () => token('ann'))
    const bob = await device('bob', token('bob'))
    await until(() => [phone, bob].every((store) => store.read(Note, id) !== undefined))
    const [hers, again, his] = [
      laptop.update(Note, id, { by: 'laptop' }),
      phone.update(Note, id, { text: 'hers, on the phone' }),
      bob.update(Note, id, { text: 'his' }),
    ]
    expect(await hers.settled()).toMatchObject({ verdict: 'accepted' })
    expect(await again.settled()).toMatchObject({ verdict: 'accepted' })
    expect(await his.settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'unauthorised',
      detail: 'only its author may edit a note',
    })
    // After her storage was deleted she is a new author, and the same person.
    const later = await device('ann', token('ann'))
    await until(() => later.read(Note, id) !== undefined)
    expect(await later.update(Note, id, { by: 'later' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
  })

  test('WHO10 rows of the other device are mine, at once where they are known, and offline', async () => {
    await start()
    const storage = memoryStorage()
    const laptop = await device('ann', token('ann'), { storage })
    const [phone, bob] = [await device('ann', token('ann')), await device('bob', token('bob'))]
    const mine = laptop.create(Note, { text: 'laptop' }).id
    const phones = phone.create(Note, { text: 'phone' }).id
    const his = bob.create(Note, { text: 'bob' }).id
    const knows = (store: SyncStore): boolean => store.query(Note).rows.length === 3
    await until(() => [laptop, phone, bob].every(knows))
    const owned = (store: SyncStore): boolean[] =>
      [mine, phones, his].map((id) => store.read(Note, id)!.$mine)
    await until(() => owned(laptop)[1] === true)
    expect([owned(laptop), owned(phone), owned(bob)]).toEqual([
      [true, true, false],
      [true, true, false],
      [false, false, true],
    ])
    const { authorId } = statusOf(laptop)
    expect(laptop.me.getState()).toMatchObject({
      authorId,
      aliases: [statusOf(phone).authorId],
      signedIn: true,
    })
    expect(Date.now() - laptop.me.getState().since!).toBeLessThan(60_000)
    expect([phone.isMine(authorId!), bob.isMine(authorId!)]).toEqual([true, false])
    expect(laptop.isMine(laptop.read(Note, phones)!)).toBe(true)
    await laptop.close()
    const offline = await device('ann', token('ann'), { storage, online: false })
    expect(owned(offline)).toEqual([true, true, false])
    expect(offline.me.getState()).toMatchObject({ authorId, signedIn: true })
    // Another person on that device is not shown any of her rows.
    await offline.close()
    const other = await device('bob', token('bob'), { storage, online: false })
    expect(other.me.getState()).toMatchObject({ aliases: [], signedIn: false })
    expect([other.query(Note).rows, other.isMine(authorId!)]).toEqual([[], false])
  })
})

test('S18 tokens and personal ids are nowhere but on the way to the reviewer, and with it', async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-login-'))
  const lines: string[] = []
  const line = (about: object, message: string): void =>
    void lines.push(JSON.stringify([about, message]))
  const log = { debug: line, info: line, warn: line, error: line }
  await start({
    spaces: sqliteSpaces(folder),
    log,
    rules: rulesFor(['note'], ({ person }, { values }) => {
      if (values['text'] === 'throw') throw new Error(`${person.id} may not`)
      return values['text'] !== 'refuse' || `not you, ${person.id}`
    }),
  })
  const heard = new Map<string, string[]>()
  const recording =
    (name: string) =>
    (transport: Transport): Transport => ({
      ...transport,
      connect: (events) =>
        transport.connect({
          ...events,
          frame: (text) => {
            heard.set(name, [...(heard.get(name) ?? []), text])
            events.frame(text)
          },
        }),
    })
  const [annsToken, expired] = [
    token('canary-ann', 600, { jti: 'canary-jti' }),
    token('canary-ann', -9),
  ]
  const bobs = memoryStorage()
  const laptop = await device('canary-ann', expired, { over: recording('ann') })
  await until(() => statusOf(laptop).connection === 'unauthorised')
  laptop.setAuth(annsToken)
  const phone = await device('canary-ann', annsToken, { over: recording('ann') })
  const bob = await device('bob', token('bob'), { storage: bobs, over: recording('bob') })
  laptop.create(Note, { text: 'laptop' })
  phone.create(Note, { text: 'phone' })
  await laptop.create(Note, { text: 'refuse' }).settled()
  phone.create(Note, { text: 'throw' })
  await until(() => lines.some((one) => one.includes('rule_failed')))
  await until(() => bob.query(Note).rows.length === 2)
  const metrics = await (await fetch(`${running!.url}/metrics`)).text()
  const panels = await Promise.all(
    [laptop, bob].map(async (store) => {
      const source = inspect(store)!
      source.subscribe(() => {})
      const kinds = ['sync', 'types', 'queries', 'storage', 'states'] as const
      const answers = await Promise.all(kinds.map((kind) => source.ask({ kind })))
      const messages = await source.ask({ kind: 'messages', which: 'all', values: true })
      return JSON.stringify([
        answers,
        source.events(),
        // The app's own words may name the person.
        messages.map((message) => ({ ...message, refusal: undefined })),
      ])
    }),
  )
  const stored = await (await bobs.open(() => {})).read()
  const kept = JSON.stringify([
    [...stored.meta],
    stored.segments,
    stored.checkpoint,
    stored.advance,
  ])
  const { space } = running!
  for (const store of stores.splice(0)) await store.close()
  await running!.close()
  const outputs = {
    log: lines.join('\n'),
    metrics,
    panels: panels.join('\n'),
    'what Bob hears': heard.get('bob')!.join('\n'),
    'what Bob keeps': kept,
    'what the reviewer serves': served(join(folder, space.slice(0, 2), `${space}.sqlite`)),
  }
  for (const [what, text] of Object.entries(outputs)) {
    expect(text.length, what).toBeGreaterThan(100)
    for (const secret of ['canary', annsToken, expired, annsToken.split('.')[1]!])
      expect(text.includes(secret), `${what}: ${secret}`).toBe(false)
  }
  // Nothing that Bob receives links the two devices.
  const [one, two] = [statusOf(laptop).authorId!, statusOf(phone).authorId!]
  for (const text of heard.get('bob')!)
    expect(text.startsWith('["me"') && names(text, one)).toBe(false)
  expect(bob.me.getState().aliases).toEqual([])
  expect(laptop.me.getState().aliases).toEqual([two])
})

/** Every text of the space's file, except its private tables, and rejections, which are sent to their author only. */
function served(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true })
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").all() as {
    name: string
  }[]
  const own = ['sessions', 'authors', 'revocations', 'rejections']
  const names = tables.map(({ name }) => name).filter((name) => !own.includes(name))
  expect(names).toEqual(expect.arrayContaining(['batches', 'seals', 'states', 'ledger', 'meta']))
  const text = JSON.stringify(names.map((name) => db.prepare(`select * from ${name}`).all()))
  db.close()
  return text
}
