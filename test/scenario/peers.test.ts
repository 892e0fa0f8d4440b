/**
 * Peers in Node: the gateway of the reviewer introduces them to each other, and they work without it.
 * The same with pages is in `test/browser/peers.e2e.ts`.
 */
import { createSyncStore, defaultPlatform, entity, memoryStorage } from '@countersign/core'
import type { SyncStore } from '@countersign/core'
import { type AcceptLink, type Peers, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { startReviewer } from '@countersign/reviewer'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { socketIo } from '@countersign/transport-socketio'
import { webRtcPeers } from '@countersign/transport-webrtc'
import { RTCPeerConnection as Werift } from 'werift'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'

const Note = entity('note', z.object({ text: z.string() }))

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((done) => setTimeout(done, 5))
  }
}

async function opened(options: Parameters<typeof createSyncStore>[0]): Promise<SyncStore> {
  const store = createSyncStore({ storage: memoryStorage(), ...options, server: true })
  ends.push(() => store.close())
  await store.ready
  return store
}

const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'

test('LNK7: peers of one space meet through its reviewer, and stay connected when it is gone', async () => {
  const { signer, clock, random } = defaultPlatform()
  const server = await startReviewer({ spaces: memorySpaces(), port: 0 })
  ends.push(() => server.close())
  const { space, url } = server

  /** A store that follows the server, and the peers that its link introduces it to. */
  async function joined(): Promise<{ readonly store: SyncStore; readonly peers: Peers }> {
    const home = socketIo(url)
    // werift has its own types of the same interface.
    const platform = Werift as unknown as typeof RTCPeerConnection
    const peers = webRtcPeers({ signalling: home.signalling, RTCPeerConnection: platform })
    ends.push(() => peers.close())
    const store = await opened({ space, entities: [Note], transports: [home] })
    await until('online', () => isOnline(store))
    return { store, peers }
  }
  const [one, two] = [await joined(), await joined()]

  // A reviewer with a space of its own, so that nothing in this test comes from the server.
  const keys = await signer.generate()
  const apart = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
  const platform = { keys, signer, clock, random }
  const reviewer = await createReviewer({ space: apart, spaces: memorySpaces(), ...platform })
  const accept: AcceptLink = (link, peer) => reviewer.connect(link, peer)
  one.peers.serve(accept)
  const follower = await opened({
    ...{ space: apart, entities: [Note], transports: [two.peers.transport] },
    reviewerKey: keys.publicKey,
  })
  await until('online over WebRTC', () => isOnline(follower))

  await server.close()
  await until('the server is gone', () => !isOnline(one.store) && !isOnline(two.store))
  const { id } = follower.create(Note, { text: 'by the peer alone' })
  await until('a verdict', () => follower.read(Note, id)?.$state === 'canonical')

  // When the reviewing peer leaves, there are no more verdicts, and later writes wait.
  one.peers.close()
  await until('offline', () => !isOnline(follower))
  const kept = follower.create(Note, { text: 'kept' })
  await new Promise((done) => setTimeout(done, 50))
  expect(follower.read(Note, kept.id)?.$state).toBe('pending')
  expect(follower.status.getState().outboxMessages).toBe(1)
  await reviewer.close()
})

test('OPN8: a peer that reviews with another key is refused, and gets no person', async () => {
  const { signer, clock, random } = defaultPlatform()
  const space = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
  const [home, other] = [await signer.generate(), await signer.generate()]
  const platform = { keys: other, signer, clock, random }
  const impostor = await createReviewer({ space, spaces: memorySpaces(), ...platform })
  const [serving, following] = [broadcastPeers(space), broadcastPeers(space)]
  ends.push(() => serving.close())
  ends.push(() => following.close())
  const frames: string[] = []
  serving.serve((link, peer) => {
    const attached = impostor.connect(link, peer)
    return {
      frame: (text) => {
        frames.push(text)
        attached.frame(text)
      },
      closed: () => attached.closed(),
    }
  })
  const store = await opened({
    ...{ space, entities: [Note], transports: [following.transport] },
    ...{ reviewerKey: home.publicKey, identity: { personalId: 'ada' } },
  })
  const { id } = store.create(Note, { text: 'for home alone' })
  await until('a refusal', () => store.status.getState().connectionRefusal !== undefined)
  expect(store.status.getState().connectionRefusal).toBe('other_reviewer')
  expect(store.read(Note, id)?.$state).toBe('pending')
  expect(frames.map((text) => text.slice(0, 8))).toEqual(['["hello"'])
  await impostor.close()
})

test('LNK8 peers over WebRTC hear each other, and reach one by its id, when the signalling is gone', async () => {
  const server = await startReviewer({ spaces: memorySpaces(), port: 0 })
  ends.push(() => server.close())
  const { space, url } = server
  const joined = async (): Promise<{ readonly peers: Peers; readonly heard: string[] }> => {
    const home = socketIo(url)
    // werift has its own types of the same interface.
    const platform = Werift as unknown as typeof RTCPeerConnection
    const peers = webRtcPeers({ signalling: home.signalling, RTCPeerConnection: platform })
    ends.push(() => peers.close())
    const heard: string[] = []
    peers.listen((text, from) => heard.push(`${text} ${from}`))
    const store = createSyncStore({ space, entities: [Note], transports: [home], server: true })
    ends.push(() => store.close())
    await store.ready
    await until('online', () => store.status.getState().connection === 'online')
    return { peers, heard }
  }
  const [one, two] = [await joined(), await joined()]
  await until('two hears one', () => {
    one.peers.say('hello')
    return two.heard.length > 0
  })
  await server.close()
  one.peers.serve((link) => ({ frame: (text) => link.send(`${text} back`), closed: () => {} }))
  const frames: string[] = []
  const from = two.heard[0]!.split(' ')[1]!
  const link = two.peers.reach(from).connect({
    open: () => link.send('there'),
    frame: (text) => frames.push(text),
    closed: () => {},
  })
  await until('an answer', () => frames.length > 0)
  expect(frames).toEqual(['there back'])
})
