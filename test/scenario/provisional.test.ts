/**
 * Peers that review for each other while the home reviewer is away, over the transports that apps use;
 * in real time, so an election takes its seconds. Many more such tests are in `test/world/peers`.
 */
import { createSyncStore, defaultPlatform, entity, memoryStorage } from '@countersign/core'
import type { SyncStore } from '@countersign/core'
import { provisional } from '@countersign/core/peers'
import { type Storage, type Transport, memorySpaces } from '@countersign/core/ports'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { SPACE, wireTo } from './wire.ts'

const Note = entity('note', z.object({ text: z.string() }))

vi.setConfig({ testTimeout: 60_000 })

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((done) => setTimeout(done, 5))
  }
}

/** With a space, so that no key and no hash has it by chance. */
const idOf = (name: string): string => `${name} of peers`

interface Scene {
  home: Reviewer
  /** Who cannot reach home. */
  readonly away: Set<string>
  /** Frames between peers: to those that review, and from them. */
  readonly told: string[]
  readonly answered: string[]
  /** A person opens a store; the same storage each time. */
  open(personalId: string): Promise<SyncStore>
  /** Home ends, for all, or is back. */
  leaves(): Promise<void>
  returns(): Promise<void>
}

/** Home, and stores of persons that meet as peers. */
async function scene(): Promise<Scene> {
  const { signer, clock, random } = defaultPlatform()
  const keys = await signer.generate()
  const spaces = memorySpaces()
  const options = { space: SPACE, spaces, keys, signer, clock, random, entities: [Note] }
  const storages = new Map<string, Storage>()
  let isAway = false
  const made: Scene = {
    home: await createReviewer(options),
    away: new Set(),
    told: [],
    answered: [],
    leaves: () => {
      isAway = true
      return made.home.close()
    },
    returns: async () => {
      made.home = await createReviewer(options)
      isAway = false
      made.away.clear()
    },
    open: async (personalId) => {
      const peers = broadcastPeers(`notes of ${SPACE}`)
      const serve = peers.serve.bind(peers)
      peers.serve = (accept) =>
        serve((link, peer) => {
          const send = (text: string): void => (made.answered.push(text), link.send(text))
          const far = accept({ send, close: (reason) => link.close(reason) }, peer)
          return { ...far, frame: (text) => (made.told.push(text), far.frame(text)) }
        })
      const transport: Transport = {
        connect: (events) => {
          if (!isAway && !made.away.has(personalId)) return wireTo(made.home).connect(events)
          queueMicrotask(() => events.closed('home is away'))
          return { send: () => {}, close: () => {} }
        },
      }
      const storage = storages.get(personalId) ?? memoryStorage()
      storages.set(personalId, storage)
      const store = createSyncStore({
        ...{ space: SPACE, entities: [Note], storage, server: true },
        peers: provisional(peers),
        ...{
          transports: [transport],
          reviewerKey: keys.publicKey,
          identity: { personalId: idOf(personalId) },
        },
        auth: `token of ${idOf(personalId)}`,
      })
      ends.push(() => store.close())
      await store.ready
      await until('online', () => store.status.getState().connection === 'online')
      return store
    },
  }
  ends.push(() => made.home.close())
  return made
}

test('PEER7, PEER11, PEER12 a peer reviews while home is away, and home has all of it when it is back', async () => {
  const all = await scene()
  const { told } = all
  const stores = [await all.open('ada'), await all.open('bob'), await all.open('cyd')] as const
  const [ada, bob, cyd] = stores
  const { id } = ada.create(Note, { text: 'by home' })
  await until('canonical', () => cyd.read(Note, id)?.$state === 'canonical')

  await all.leaves()
  await until('a reviewer', () => stores.every(({ status }) => status.getState().provisional))
  const terms = stores.map(({ status }) => status.getState().provisional)
  expect(new Set(terms.map((term) => term?.reviewerId)).size).toBe(1)
  expect(terms.filter((term) => term?.isSelf)).toHaveLength(1)

  ada.update(Note, id, { text: 'by a peer' })
  await until('provisional', () => bob.read(Note, id)?.text === 'by a peer')
  await until('the mark', () => ada.read(Note, id)?.$state === 'provisional')
  expect(bob.read(Note, id)?.$reviewer).toBe(terms[0]?.reviewerId)
  bob.update(Note, id, { text: 'on top of it' })
  const { id: other } = cyd.create(Note, { text: 'new' })
  await until('all have it', () =>
    stores.every((store) => {
      const rows = [store.read(Note, id), store.read(Note, other)]
      return rows.every((row) => row?.$state === 'provisional') && rows[0]?.text === 'on top of it'
    }),
  )
  expect(bob.status.getState().outboxMessages).toBe(1)
  expect(told.length).toBeGreaterThan(0)
  for (const text of told)
    for (const name of ['ada', 'bob', 'cyd']) expect(text).not.toContain(idOf(name))

  await all.returns()
  await until('canonical again', () =>
    stores.every((store) => store.query(Note).rows.every(({ $state }) => $state === 'canonical')),
  )
  for (const store of stores) {
    expect(store.read(Note, id)?.text).toBe('on top of it')
    expect(store.read(Note, id)?.$conflicts).toEqual({})
    expect(store.read(Note, other)?.text).toBe('new')
    expect(store.status.getState().provisional).toBeUndefined()
  }
})

test('PEER13 ERA2 peers hand no erased value to each other, and one that was away learns of it by what home has signed', async () => {
  const all = await scene()
  const stores = [await all.open('ada'), await all.open('bob'), await all.open('cyd')] as const
  const [ada, bob, cyd] = stores
  const { id } = ada.create(Note, { text: 'canary 1' })
  const { id: other } = bob.create(Note, { text: 'other' })
  await until('canonical', () =>
    [id, other].every((one) =>
      stores.every((store) => store.read(Note, one)?.$state === 'canonical'),
    ),
  )
  // Cyd loses home first, and has the value.
  all.away.add('cyd')
  cyd.setOnline(false)
  cyd.setOnline(true)
  await until('parted', () => cyd.status.getState().connection === 'connecting')
  expect(await all.home.eraseValues(id)).toMatchObject({ ok: true })
  ada.update(Note, other, { text: 'after' })
  await until('erased', () =>
    [ada, bob].every(
      (store) =>
        store.read(Note, id)?.$redacted.length === 1 && store.read(Note, other)?.text === 'after',
    ),
  )
  expect(cyd.read(Note, id)?.text).toBe('canary 1')
  all.told.length = all.answered.length = 0
  await all.leaves()
  await until('a reviewer', () => stores.every(({ status }) => status.getState().provisional))
  await until('Cyd follows', () => cyd.read(Note, other)?.text === 'after')
  expect(cyd.read(Note, id)).toMatchObject({ $redacted: ['text'], $state: 'canonical' })
  bob.update(Note, id, { text: 'written anew' })
  await until('by a peer', () => stores.every((one) => one.read(Note, id)?.text === 'written anew'))
  expect(all.answered.some((text) => text.includes('written anew'))).toBe(true)
  expect([...all.told, ...all.answered].filter((text) => text.includes('canary'))).toEqual([])
  await all.returns()
  await until('canonical again', () =>
    stores.every((store) => store.read(Note, id)?.$state === 'canonical'),
  )
  for (const store of stores)
    expect(store.read(Note, id)).toMatchObject({ text: 'written anew', $redacted: [] })
})

test('PEER14, PEER15 what an author wrote with the peers is brought home when the author is gone', async () => {
  const all = await scene()
  const [ann, bob, cyd] = [await all.open('ann'), await all.open('bob'), await all.open('cyd')]
  const there = [bob, cyd]
  const { id } = ann.create(Note, { text: 'by home' })
  await until('canonical', () =>
    [ann, ...there].every((store) => store.read(Note, id)?.$state === 'canonical'),
  )
  await all.leaves()
  await until('a reviewer', () =>
    [ann, ...there].every(({ status }) => status.getState().provisional),
  )
  ann.update(Note, id, { text: 'by Ann, with the peers' })
  const { id: other } = ann.create(Note, { text: 'new' })
  await until('provisional', () =>
    there.every((store) =>
      [id, other].every((one) => store.read(Note, one)?.$state === 'provisional'),
    ),
  )
  const { authorId } = ann.status.getState()
  await ann.close()
  await until('a reviewer again', () =>
    there.every(({ status }) => status.getState().provisional !== undefined),
  )

  await all.returns()
  await until('canonical again', () =>
    there.every((store) =>
      [id, other].every((one) => store.read(Note, one)?.$state === 'canonical'),
    ),
  )
  for (const store of there) {
    expect(store.read(Note, id)).toMatchObject({
      ...{ text: 'by Ann, with the peers', $author: authorId, $conflicts: {} },
    })
    expect(store.read(Note, other)).toMatchObject({ text: 'new', $author: authorId })
  }
  const before = cyd.status.getState().position

  const again = await all.open('ann')
  await until('nothing waits', () => again.status.getState().outboxMessages === 0)
  expect(again.read(Note, id)).toMatchObject({ text: 'by Ann, with the peers', $conflicts: {} })
  expect(again.query(Note).rows).toHaveLength(2)
  expect(again.status.getState().position?.seq).toBe(before?.seq)
  expect(again.refused.snapshot()).toEqual([])
})
