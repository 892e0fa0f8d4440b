/**
 * N1 between pages: a list by the real hooks over a real reviewer, on a server or in one of the two
 * pages. One page edits, the other records when the edit is in its document. Times are of the clock
 * that both pages share.
 */
import { createSyncStore, defaultPlatform } from '@countersign/core'
import { type AcceptLink, type Transport, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { SyncProvider, useEntity, useQuery } from '@countersign/react'
import { dexieStorage } from '@countersign/storage-dexie'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { socketIo } from '@countersign/transport-socketio'
import { byHand, webRtcPeers } from '@countersign/transport-webrtc'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { type TaskRow, digest, inputOf, taskRows } from '../../data.ts'
import { Plain, freshName } from './sides.ts'

function Item({ id }: { readonly id: string }): ReactNode {
  const row = useEntity(Plain, id)
  return <li>{row?.title}</li>
}

function List(): ReactNode {
  const { rows } = useQuery(Plain, { orderBy: ['createdAt'] })
  return (
    <ul>
      {rows.map((row) => (
        <Item key={row.id} id={row.id} />
      ))}
    </ul>
  )
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

export interface PageHandle {
  /** Creates rows, and resolves when the reviewer has them. */
  fill(count: number): Promise<void>
  /** Resolves when so many rows are in the document. */
  shows(count: number): Promise<void>
  /** Edits the row of that number; returns the time. */
  edit(row: number, title: string): number
  /** Resolves when the document shows the title, with the time at which it first did. */
  seen(title: string): Promise<number>
  digest(): string
  waiting(): number
}

declare global {
  interface Window {
    page: PageHandle
  }
}

/** Follows the reviewer at that address. */
export function openPage(url: string, space: string): Promise<void> {
  return show(space, socketIo(url))
}

const texts = byHand()

/** Reviews the space in this page, in memory, and follows it as a tab does. Resolves to the key. */
export async function openReviewing(space: string): Promise<string> {
  const { signer, clock, random } = defaultPlatform()
  const [keys, spaces] = [await signer.generate(), memorySpaces()]
  const reviewer = await createReviewer({ space, spaces, keys, signer, clock, random })
  const accept: AcceptLink = (link, peer) => reviewer.connect(link, peer)
  broadcastPeers(space).serve(accept)
  webRtcPeers({ signalling: texts }).serve(accept)
  await show(space, broadcastPeers(space).transport, keys.publicKey)
  return keys.publicKey
}

/** Follows a page that reviews, over WebRTC. */
export function openPeer(space: string, reviewerKey: string): Promise<void> {
  return show(space, webRtcPeers({ signalling: texts }).transport, reviewerKey)
}

export function offerText(): Promise<string> {
  return texts.offerText()
}

export function acceptText(text: string): Promise<string | undefined> {
  return texts.accept(text)
}

async function show(space: string, transport: Transport, reviewerKey?: string): Promise<void> {
  const store = createSyncStore({
    space,
    entities: [Plain],
    storage: dexieStorage(freshName(), { persist: false }),
    transports: [transport],
    ...(reviewerKey !== undefined && { reviewerKey }),
    onError: (error) => reportError(error),
  })
  await store.ready
  const box = document.getElementById('root')!
  const shownAt = new Map<string, number>()
  new MutationObserver((changes) => {
    const at = now()
    for (const { target } of changes) shownAt.set(target.textContent ?? '', at)
  }).observe(box, { subtree: true, childList: true, characterData: true })
  createRoot(box).render(
    <SyncProvider store={store}>
      <List />
    </SyncProvider>,
  )
  const rows = (): readonly TaskRow[] => store.query(Plain, { orderBy: ['createdAt'] }).rows
  window.page = {
    async fill(count) {
      for (const row of taskRows(count, 31)) store.create(Plain, inputOf(row), { id: row.id })
      await until(() => store.status.getState().outboxMessages === 0)
    },
    shows: (count) => until(() => box.querySelectorAll('li').length === count),
    edit(row, title) {
      const { id } = rows()[row]!
      const at = now()
      store.update(Plain, id, { title })
      return at
    },
    async seen(title) {
      await until(() => shownAt.has(title))
      return shownAt.get(title)!
    },
    digest: () => digest(rows()),
    waiting: () => store.status.getState().outboxMessages,
  }
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000
  do {
    if (performance.now() > end) throw new Error('wrong result: waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 2))
  } while (!holds())
}
