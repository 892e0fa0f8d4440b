/**
 * Peers that review for each other while the home reviewer is away, over the transports that apps use;
 * in real time, so that suspicion takes its seconds. Many more are in `test/world/peers`.
 */
import { createSyncStore, defaultPlatform, entity, memoryStorage } from '@countersign/core'
import type { SyncStore } from '@countersign/core'
import { provisional } from '@countersign/core/peers'
import { type Transport, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
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

test('PEER7 PEER12 a peer reviews while home is away, and home has all of it when it is back', async () => {
  const { signer, clock, random } = defaultPlatform()
  const keys = await signer.generate()
  const spaces = memorySpaces()
  const options = { space: SPACE, spaces, keys, signer, clock, random, entities: [Note] }
  let home = await createReviewer(options)
  ends.push(() => home.close())
  let isAway = false
  const told: string[] = []
  const transport: Transport = {
    connect: (events) => {
      if (!isAway) return wireTo(home).connect(events)
      queueMicrotask(() => events.closed('home is away'))
      return { send: () => {}, close: () => {} }
    },
  }
  const open = async (personalId: string): Promise<SyncStore> => {
    const peers = broadcastPeers(`notes of ${SPACE}`)
    const serve = peers.serve.bind(peers)
    // What peers are told.
    peers.serve = (accept) =>
      serve((link, peer) => {
        const far = accept(link, peer)
        return { ...far, frame: (text) => (told.push(text), far.frame(text)) }
      })
    const store = createSyncStore({
      ...{ space: SPACE, entities: [Note], storage: memoryStorage(), server: true },
      peers: provisional(peers),
      ...{ transports: [transport], reviewerKey: keys.publicKey, identity: { personalId } },
      auth: `token of ${personalId}`,
    })
    ends.push(() => store.close())
    await store.ready
    await until('online', () => store.status.getState().connection === 'online')
    return store
  }
  const stores = [await open('ada'), await open('bob'), await open('cyd')] as const
  const [ada, bob, cyd] = stores
  const { id } = ada.create(Note, { text: 'by home' })
  await until('canonical', () => cyd.read(Note, id)?.$state === 'canonical')

  isAway = true
  await home.close()
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
  for (const text of told) expect(text).not.toMatch(/ada|bob|cyd/)

  home = await createReviewer(options)
  isAway = false
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
