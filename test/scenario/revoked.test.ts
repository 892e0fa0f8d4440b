/** A store whose author id, or whose person, was revoked: what the store shows, keeps and delivers. */
import {
  type StoreOptions,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import { memorySpaces } from '@countersign/core/ports'
import type { SpaceStores, Storage } from '@countersign/core/ports'
import { type Scene, SPACE, scene, wireTo } from './wire.ts'
import { isIdle, statusOf, until } from './idle.ts'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'

const Note = entity('note', z.object({ text: z.string() }))
const NAME = 'this author id was revoked by the operator of this space'
const PERSON = 'this person was revoked by the operator of this space'

let on: Scene | undefined
const stores: SyncStore[] = []

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await on?.close()
  on = undefined
})

async function start(spaces: SpaceStores = memorySpaces()): Promise<Scene> {
  on = await scene({
    ...{ spaces, entities: [Note] },
    authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
  })
  return on
}

async function open(
  personalId: string,
  storage: Storage = memoryStorage(),
  platform: StoreOptions['platform'] = {},
): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Note], storage, auth: personalId, platform },
    transports: [wireTo(on!.reviewer)],
    identity: { personalId },
  })
  stores.push(store)
  await store.ready
  await until(isIdle(store))
  return store
}

const textsOf = (store: SyncStore): string[] =>
  store
    .query(Note)
    .rows.map(({ text }) => text)
    .sort()

test('RVK3 a person who is revoked is told why, keeps what they have, and reads nothing new', async () => {
  const { reviewer } = await start()
  const [ann, bob] = [await open('ann'), await open('bob')]
  ann.create(Note, { text: 'hers' })
  await until(() => textsOf(bob).length === 1)
  await reviewer.revoke({ personalId: 'ann' })
  await until(() => statusOf(ann).connection === 'unauthorised')
  bob.create(Note, { text: 'secret' })
  await until(isIdle(bob))
  await until(() => statusOf(ann).connectionNote === PERSON)
  expect(statusOf(ann)).toMatchObject({
    connection: 'unauthorised',
    connectionRefusal: 'unauthorised',
    capabilities: [],
    identityTrouble: undefined,
  })
  expect([textsOf(ann), textsOf(bob)]).toEqual([['hers'], ['hers', 'secret']])
})

test('RVK2 what was written before is delivered, what is written since is in `refused`, and stays there to be written again', async () => {
  const { reviewer } = await start()
  const [ann, bob] = [await open('ann'), await open('bob')]
  ann.setOnline(false)
  ann.create(Note, { text: 'before' })
  await ann.flushed()
  await new Promise((done) => setTimeout(done, 5))
  await reviewer.revoke({ personalId: 'ann' })
  await new Promise((done) => setTimeout(done, 5))
  const since = ann.create(Note, { text: 'since' })
  ann.setOnline(true)
  expect(await since.settled()).toMatchObject({ verdict: 'rejected', reason: 'revoked' })
  await until(() => textsOf(bob).includes('before'))
  expect(textsOf(bob)).toEqual(['before'])
  const [refused] = ann.refused.snapshot()
  expect(refused).toMatchObject({ detail: `${PERSON}: it was written since` })
  await reviewer.readmit({ personalId: 'ann' })
  ann.setAuth('ann')
  await until(isIdle(ann))
  ann.reauthor(refused!.messageId)
  await until(() => textsOf(bob).length === 2)
  expect(textsOf(bob)).toEqual(['before', 'since'])
})

test('RVK3 a device whose author id was revoked goes on under a new one: what waits is delivered first', async () => {
  const spaces = memorySpaces()
  const { reviewer } = await start(spaces)
  const storage = memoryStorage()
  const [ann, bob] = [await open('ann', storage), await open('bob')]
  const { authorId } = statusOf(ann)
  ann.setOnline(false)
  const { id } = ann.create(Note, { text: 'before' })
  await ann.flushed()
  await new Promise((done) => setTimeout(done, 5))
  await reviewer.revoke({ authorId: authorId! })
  ann.setOnline(true)
  await until(() => statusOf(ann).connectionNote === NAME)
  await ann.rotate()
  expect(statusOf(ann).authorId).not.toBe(authorId)
  expect(await ann.update(Note, id, { text: 'after' }).settled()).toMatchObject({
    verdict: 'accepted',
  })
  await until(() => textsOf(bob)[0] === 'after')
  expect(bob.read(Note, id)?.$createdBy).toBe(authorId)
  await until(isIdle(ann))
})

test('RVK4 a key in foreign hands delivers nothing; its outbox is kept', async () => {
  const { reviewer } = await start()
  const [ann, bob] = [await open('ann'), await open('bob')]
  ann.setOnline(false)
  ann.create(Note, { text: 'of the thief, or hers' })
  await ann.flushed()
  await reviewer.revoke({ authorId: statusOf(ann).authorId! }, { late: 'refused' })
  ann.setOnline(true)
  await until(() => statusOf(ann).connectionNote === NAME)
  expect(statusOf(ann)).toMatchObject({ connection: 'unauthorised', outboxMessages: 1 })
  expect(textsOf(bob)).toEqual([])
})
