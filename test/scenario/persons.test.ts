/**
 * Several persons in one browser: each has a key, an outbox and rows of their own under one storage
 * name. Signing out with unsent work, and signing in after anonymous work.
 */
import {
  type SignOutOptions,
  type StoreOptions,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Storage, StoredState, Transport } from '@countersign/core/ports'
import { SimChannels, partitionOf, rulesFor } from '@countersign/core/testing'
import { dexieStorage } from '@countersign/storage-dexie'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isIdle, names, statusOf, until } from './idle.ts'
import { SPACE, type Scene, scene, wireTo } from './wire.ts'

const Note = entity('note', z.object({ text: z.string(), by: z.string().optional() }))

let on: Scene
let stores: SyncStore[] = []
let channels: SimChannels

beforeEach(async () => {
  stores = []
  channels = new SimChannels()
  on = await scene({
    entities: [Note],
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
    rules: rulesFor(['note'], ({ samePerson }, { values }, row) => {
      if (values['text'] === 'no') return 'not this'
      return row === undefined || samePerson(row.$createdBy) || 'only its author may edit a note'
    }),
  })
})

afterEach(async () => {
  for (const store of stores) await store.close()
  await on.close()
})

interface Opened extends Pick<NonNullable<StoreOptions['identity']>, 'claim'> {
  readonly storage: Storage
  readonly personalId?: NonNullable<StoreOptions['identity']>['personalId']
  readonly online?: boolean
  /** It gets no messages of other tabs. */
  readonly deaf?: boolean
  /** The frames that the reviewer sends to this store. */
  readonly heard?: string[]
  /** The frames that this store sends. */
  readonly sent?: string[]
}

async function open({
  storage,
  personalId,
  claim = false,
  online = true,
  deaf = false,
  heard = [],
  sent = [],
}: Opened): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Note], storage },
    transports: [tapped(wireTo(on.reviewer), heard, sent)],
    identity: { ...(personalId !== undefined && { personalId }), claim },
    // Where `personalId` is a function, these tests have no login.
    auth: typeof personalId === 'string' ? personalId : undefined,
    platform: { channel: deaf ? undefined : channels.tab(defaultPlatform().clock) },
  })
  if (!online) store.setOnline(false)
  stores.push(store)
  await store.ready
  return store
}

function tapped(honest: Transport, heard: string[], sent: string[]): Transport {
  return {
    connect(events) {
      const frame = (text: string): void => {
        heard.push(text)
        events.frame(text)
      }
      const link = honest.connect({ ...events, frame })
      return { send: (text) => (sent.push(text), link.send(text)), close: () => link.close() }
    },
  }
}

const textsOf = (store: SyncStore): string[] =>
  store
    .query(Note)
    .rows.map(({ text }) => text)
    .sort()

async function stored(storage: Storage, personalId?: string): Promise<StoredState> {
  const handle = await storage.open(() => {}, partitionOf(SPACE, personalId))
  const state = await handle.read()
  await handle.close()
  return state
}

describe.for<[string, () => Storage]>([
  ['memory', memoryStorage],
  ['IndexedDB', () => dexieStorage(crypto.randomUUID(), { persist: false })],
])('two persons in one storage (%s)', ([, makeStorage]) => {
  test('PER1 have other keys, outboxes and rows: nothing of the first is sent or shown to the second', async () => {
    const storage = makeStorage()
    const ann = await open({ storage, personalId: 'ann', online: false })
    ann.create(Note, { text: 'canary of ann' })
    const { authorId } = statusOf(ann)
    await ann.close()
    const [heard, sent]: [string[], string[]] = [[], []]
    const bob = await open({ storage, personalId: 'bob', heard, sent })
    expect(textsOf(bob)).toEqual([])
    bob.create(Note, { text: 'of bob' })
    await until(isIdle(bob))
    expect(statusOf(bob).authorId).not.toBe(authorId)
    expect([...heard, ...sent].filter((text) => /canary|"ann"/.test(text))).toEqual([])
    expect(sent.some((text) => names(text, authorId!))).toBe(false)
    await bob.close()
    // Opened again: her message still waits, under her key, and is sent as hers.
    const again = await open({ storage, personalId: 'ann' })
    expect([textsOf(again), statusOf(again).authorId]).toEqual([['canary of ann'], authorId])
    await until(isIdle(again))
    expect(textsOf(again)).toEqual(['canary of ann', 'of bob'])
    expect(again.query(Note).rows.map((row) => [row.text, row.$mine])).toEqual(
      expect.arrayContaining([
        ['canary of ann', true],
        ['of bob', false],
      ]),
    )
  })

  test.for<[SignOutOptions['unsent'], boolean, boolean]>([
    ['keep', true, true],
    ['refuse', false, true],
    ['discard', true, false],
  ])('PER4 a sign-out with unsent work reports it (%s)', async ([unsent, leaves, stays]) => {
    const storage = makeStorage()
    const ann = await open({ storage, personalId: 'ann' })
    const first = ann.create(Note, { text: 'sent' })
    const refused = ann.create(Note, { text: 'no' })
    await until(isIdle(ann))
    expect(await refused.settled()).toMatchObject({ verdict: 'rejected' })
    ann.setOnline(false)
    ann.update(Note, first.id, { by: 'Ann' })
    const report = await ann.signOut({ unsent })
    expect(report.signedOut).toBe(leaves)
    expect(report.unsent.map(({ state, changes }) => [state, changes])).toEqual([
      ['rejected', [expect.objectContaining({ kind: 'create', values: { text: 'no' } })]],
      ['waiting', [{ entity: 'note', id: first.id, kind: 'update', values: { by: 'Ann' } }]],
    ])
    expect(statusOf(ann).ended).toBe(leaves ? 'signed_out' : undefined)
    expect(textsOf(ann)).toEqual(leaves ? [] : ['sent'])
    if (leaves) expect(() => ann.create(Note, { text: 'late' })).toThrow('closed')
    await ann.close()
    expect((await stored(storage, 'ann')).meta.size > 0).toBe(stays)
    const again = await open({ storage, personalId: 'ann' })
    await until(isIdle(again))
    expect(again.read(Note, first.id)).toMatchObject(stays ? { by: 'Ann' } : { text: 'sent' })
    expect(again.read(Note, first.id)?.by).toBe(stays ? 'Ann' : undefined)
  })

  test('PER4 where everything is sent, `refuse` deletes what is here', async () => {
    const storage = makeStorage()
    const ann = await open({ storage, personalId: 'ann' })
    ann.create(Note, { text: 'sent' })
    await until(isIdle(ann))
    const { authorId } = statusOf(ann)
    expect(await ann.signOut({ unsent: 'refuse' })).toEqual({ signedOut: true, unsent: [] })
    const left = await stored(storage, 'ann')
    expect([left.segments, left.meta.size, left.checkpoint]).toEqual([[], 0, undefined])
    const again = await open({ storage, personalId: 'ann' })
    await until(() => textsOf(again).length === 1)
    expect(statusOf(again).authorId).not.toBe(authorId)
    await until(() => again.query(Note).rows[0]!.$mine)
  })

  test('PER3 who signs in takes along what they wrote before: it keeps its ids and history, and is theirs to the reviewer alone', async () => {
    const storage = makeStorage()
    const heard: string[] = []
    const other = await open({ storage: makeStorage(), personalId: 'cyd', heard })
    const nobody = await open({ storage })
    const before = nobody.create(Note, { text: 'before' })
    await until(isIdle(nobody))
    nobody.setOnline(false)
    const waits = nobody.create(Note, { text: 'waits' })
    nobody.update(Note, before.id, { by: 'nobody' })
    const { authorId } = statusOf(nobody)
    const ids = [waits.messageId, waits.id]
    await nobody.close()
    const ann = await open({ storage, personalId: 'ann', claim: true })
    expect(textsOf(ann)).toEqual(['before', 'waits'])
    expect(ann.read(Note, before.id)).toMatchObject({ by: 'nobody', $mine: true })
    await until(isIdle(ann))
    await until(() => ann.me.getState().signedIn)
    const { entries } = await ann.history(Note, waits.id)
    expect(entries.map((entry) => [entry.messageId, entry.authorId])).toEqual([[ids[0], authorId]])
    await ann.close()
    // The anonymous partition is empty: the next one without a login is another person.
    expect(textsOf(await open({ storage, online: false }))).toEqual([])
    const later = await open({ storage, personalId: 'ann' })
    await until(isIdle(later))
    const rotated = statusOf(later).authorId
    expect(rotated).not.toBe(authorId)
    expect(later.me.getState().aliases).toContain(authorId)
    expect(later.query(Note).rows.every(({ $mine }) => $mine)).toBe(true)
    expect(await later.update(Note, waits.id, { by: 'Ann' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
    // On another device, with all of this offline.
    await later.close()
    const phone = await open({ storage: makeStorage(), personalId: 'ann' })
    await until(() => phone.query(Note).rows.length === 2 && phone.me.getState().signedIn)
    expect(await phone.update(Note, before.id, { text: 'hers' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
    await until(() => other.read(Note, before.id)?.text === 'hers')
    // No frame that another client gets has two of her author ids because they are one person's.
    expect(heard.filter((text) => text.startsWith('["me"') && names(text, authorId!))).toEqual([])
    expect(await other.update(Note, before.id, { text: 'mine' }).settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'unauthorised',
    })
  })
})

describe('an opening without an answer', () => {
  const never = (): Promise<string> => new Promise(() => {})

  test('PER2 after a sign-out shows nothing of the former person', async () => {
    const storage = memoryStorage()
    const ann = await open({ storage, personalId: async () => 'ann' })
    ann.create(Note, { text: 'of ann' })
    await until(isIdle(ann))
    await ann.signOut({ unsent: 'keep' })
    const unknown = await open({ storage, personalId: never })
    expect(textsOf(unknown)).toEqual([])
    await unknown.close()
    expect(textsOf(await open({ storage, personalId: async () => 'ann' }))).toEqual(['of ann'])
  })

  test('PER5 that turns out to be of another person sends nothing, and ends with its rows gone', async () => {
    const storage = memoryStorage()
    const ann = await open({ storage, personalId: async () => 'ann' })
    ann.create(Note, { text: 'of ann' })
    await until(isIdle(ann))
    await ann.close()
    let answer: (id: string) => void = () => {}
    const sent: string[] = []
    const unknown = await open({
      ...{ storage, sent },
      personalId: () => new Promise((resolve) => (answer = resolve)),
    })
    expect(textsOf(unknown)).toEqual(['of ann'])
    answer('bob')
    await until(() => statusOf(unknown).connection === 'closed')
    expect([statusOf(unknown).ended, textsOf(unknown)]).toEqual(['other_person', []])
    expect(sent.filter((text) => text.startsWith('["bind"'))).toEqual([])
    const bob = await open({ storage, personalId: async () => 'bob' })
    await until(isIdle(bob))
    expect(bob.query(Note).rows.map(({ $mine }) => $mine)).toEqual([false])
  })

  test('PER2 of a first opening is the next person’s, and of no other person', async () => {
    const storage = memoryStorage()
    let answer: (id: string) => void = () => {}
    const first = await open({
      ...{ storage, online: false },
      personalId: () => new Promise((resolve) => (answer = resolve)),
    })
    first.create(Note, { text: 'early' })
    answer('ann')
    await until(() => statusOf(first).identityTrouble === undefined)
    await first.close()
    const bob = await open({ storage, personalId: async () => 'bob' })
    await until(isIdle(bob))
    expect(textsOf(bob)).toEqual([])
    await bob.close()
    const ann = await open({ storage, personalId: async () => 'ann' })
    expect(textsOf(ann)).toEqual(['early'])
    await until(isIdle(ann))
  })

  test('PER4 keeps nothing for a person who is not known yet', async () => {
    const storage = memoryStorage()
    const unknown = await open({ storage, personalId: never })
    unknown.create(Note, { text: 'whose?' })
    expect(await unknown.signOut({ unsent: 'keep' })).toMatchObject({ signedOut: false })
    expect(await unknown.signOut({ unsent: 'discard' })).toMatchObject({ signedOut: true })
    expect(textsOf(await open({ storage, personalId: async () => 'ann' }))).toEqual([])
  })
})

describe('several tabs', () => {
  test('PER5 a sign-out closes the others, and what was typed there is kept', async () => {
    const storage = memoryStorage()
    const [one, two] = [
      await open({ storage, personalId: 'ann' }),
      await open({ storage, personalId: 'ann' }),
    ]
    await until(() => isIdle(one)() && isIdle(two)())
    two.setOnline(false)
    two.create(Note, { text: 'typed in the other tab' })
    await one.signOut({ unsent: 'refuse' })
    await until(() => statusOf(two).connection === 'closed')
    expect([statusOf(two).ended, textsOf(two)]).toEqual(['signed_out', []])
    const ann = await open({ storage, personalId: 'ann' })
    expect(textsOf(ann)).toEqual(['typed in the other tab'])
  })

  test('PER3 a sign-in closes anonymous ones, and takes their last changes along', async () => {
    const storage = memoryStorage()
    const nobody = await open({ storage, online: false })
    nobody.create(Note, { text: 'typed' })
    const ann = await open({ storage, personalId: 'ann', claim: true })
    await until(() => statusOf(nobody).connection === 'closed')
    expect([statusOf(nobody).ended, textsOf(nobody)]).toEqual(['taken_along', []])
    await until(isIdle(ann))
    expect(textsOf(ann)).toEqual(['typed'])
  })

  test('PER3 one that does not close keeps its work, and the next opening takes it along', async () => {
    const storage = memoryStorage()
    const nobody = await open({ storage, deaf: true, online: false })
    nobody.create(Note, { text: 'typed' })
    await nobody.flushed()
    const ann = await open({ storage, personalId: 'ann', claim: true })
    expect(statusOf(ann).identityTrouble).toContain('open in another tab')
    expect([textsOf(ann), textsOf(nobody)]).toEqual([[], ['typed']])
    await ann.close()
    await nobody.close()
    expect(textsOf(await open({ storage, personalId: 'ann', claim: true }))).toEqual(['typed'])
  })
})

test.for(['read', 'write', 'erase'] as const)(
  'PER3 a crash while it is taken along (%s) loses nothing, and shows it to nobody else',
  async (step) => {
    const inner = memoryStorage()
    const nobody = await open({ storage: inner, online: false })
    nobody.create(Note, { text: 'typed' })
    await nobody.close()
    let isBroken = true
    const storage: Storage = {
      async open(onTrouble, partition) {
        const handle = await inner.open(onTrouble, partition)
        const isFrom = partition === SPACE
        const fails = async <T>(call: () => Promise<T>, is: boolean): Promise<T> => {
          if (isBroken && is) throw new Error('the tab is gone')
          return call()
        }
        return {
          read: () => fails(() => handle.read(), step === 'read' && !isFrom),
          pages: (name, reading) => handle.pages(name, reading),
          waiting: () => handle.waiting(),
          claim: (key, value) => handle.claim(key, value),
          write: (batch) => fails(() => handle.write(batch), step === 'write' && !isFrom),
          erase: () => fails(() => handle.erase(), step === 'erase'),
          close: () => handle.close(),
        }
      },
    }
    const dying = await open({ storage, personalId: 'ann', claim: true, online: false })
    await dying.close()
    isBroken = false
    const later = await open({ storage: inner, online: false })
    expect(textsOf(later)).toEqual([])
    await later.close()
    const ann = await open({ storage: inner, personalId: 'ann' })
    await until(isIdle(ann))
    expect(textsOf(ann)).toEqual(['typed'])
  },
)
