/**
 * A page without a server: it may review a space, and has a store that follows a page that does, as
 * another tab or over WebRTC.
 */
import { createSyncStore, defaultPlatform, entity } from '@countersign/core'
import type { SyncStore } from '@countersign/core'
import { type AcceptLink, type Transport, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { dexieStorage } from '@countersign/storage-dexie'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { byHand, webRtcPeers } from '@countersign/transport-webrtc'
import { z } from 'zod'

const Note = entity('note', z.object({ text: z.string() }))
const SPACE = '0195a1f0-5a50-7c3e-8f4e-3f6b1d2a9c01'

export interface Seen {
  readonly connection: string
  readonly outbox: number
  /** Text and state of each note, in order of their texts. */
  readonly notes: readonly (readonly [text: string, state: string])[]
}

const texts = byHand()
let remote: Transport | undefined
let store: SyncStore | undefined

/** WebRTC, joined when a page first needs it. */
function overWebRtc(): ReturnType<typeof webRtcPeers> {
  const peers = webRtcPeers({ signalling: texts })
  remote = peers.transport
  return peers
}

/** The store, which every test opens first. */
function opened(): SyncStore {
  if (!store) throw new Error('the store is not open')
  return store
}

const page = {
  /** Reviews the space in this page, for tabs and over WebRTC. Resolves to the reviewer's key. */
  async review(): Promise<string> {
    const { signer, clock, random } = defaultPlatform()
    const [keys, spaces] = [await signer.generate(), memorySpaces()]
    const reviewer = await createReviewer({ space: SPACE, spaces, keys, signer, clock, random })
    const accept: AcceptLink = (link, peer) => reviewer.connect(link, peer)
    broadcastPeers(SPACE).serve(accept)
    overWebRtc().serve(accept)
    return keys.publicKey
  },
  async open(reviewerKey: string, way: 'tabs' | 'webrtc', name: string): Promise<void> {
    if (way === 'webrtc') overWebRtc()
    // Set just now.
    const transport = way === 'tabs' ? broadcastPeers(SPACE).transport : remote!
    const storage = dexieStorage(name, { persist: false })
    const identity = { personalId: name }
    const transports = [transport]
    store = createSyncStore({
      ...{ space: SPACE, entities: [Note], storage, transports, identity, reviewerKey },
    })
    await store.ready
  },
  offer: () => texts.offerText(),
  accept: (text: string) => texts.accept(text),
  write: (text: string): string => opened().create(Note, { text }).id,
  edit(from: string, to: string): void {
    const row = opened()
      .query(Note)
      .rows.find(({ text }) => text === from)
    if (!row) throw new Error(`no note says ${from}`)
    opened().update(Note, row.id, { text: to })
  },
  seen(): Seen {
    const { connection, outboxMessages: outbox } = opened().status.getState()
    const rows = opened().query(Note, { orderBy: ['text'] }).rows
    return { connection, outbox, notes: rows.map(({ text, $state }) => [text, $state] as const) }
  },
  flushed: () => opened().flushed(),
}

declare global {
  interface Window {
    peerPage: typeof page
  }
}

globalThis.window.peerPage = page
