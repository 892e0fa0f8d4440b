/** A page with a store in IndexedDB, which may review its space itself; and what shows of its storage. */
import { type StorageHealth, createSyncStore, defaultPlatform, entity } from '@countersign/core'
import type { SyncStore, UnsentReport } from '@countersign/core'
import { type AcceptLink, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { dexieStorage } from '@countersign/storage-dexie'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { z } from 'zod'

const Note = entity('note', z.object({ text: z.string() }))
const SPACE = '0195a1f0-5a50-7c3e-8f4e-3f6b1d2a9c02'
const NAME = 'notes'

let store: SyncStore | undefined

/** The store, which every test opens first. */
function opened(): SyncStore {
  if (!store) throw new Error('the store is not open')
  return store
}

const page = {
  async review(): Promise<void> {
    const { signer, clock, random } = defaultPlatform()
    const [keys, spaces] = [await signer.generate(), memorySpaces()]
    const reviewer = await createReviewer({ space: SPACE, spaces, keys, signer, clock, random })
    const accept: AcceptLink = (link, peer) => reviewer.connect(link, peer)
    broadcastPeers(SPACE).serve(accept)
  },
  async open(): Promise<void> {
    const { transport } = broadcastPeers(SPACE)
    const storage = dexieStorage(NAME)
    store = createSyncStore({ space: SPACE, entities: [Note], storage, transports: [transport] })
    await store.ready
  },
  write: (text: string): string => opened().create(Note, { text }).id,
  flushed: () => opened().flushed(),
  caughtUp: (): boolean => opened().status.getState().caughtUp,
  notes: (): readonly (readonly [text: string, state: string])[] =>
    opened()
      .query(Note, { orderBy: ['text'] })
      .rows.map(({ text, $state }) => [text, $state] as const),
  health: (): StorageHealth | undefined => opened().status.getState().storageHealth,
  export: (): Promise<string> => opened().export(),
  import: (text: string): Promise<UnsentReport> => opened().importUnsent(text),
  /** Deletes the databases, as a browser does that lacks space. Resolves to their number. */
  async evict(): Promise<number> {
    const names = (await indexedDB.databases()).flatMap(({ name = '' }) =>
      name.startsWith(`countersign/${NAME}/`) ? [name] : [],
    )
    for (const name of names)
      await new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase(name)
        deleting.addEventListener('success', () => resolve())
        deleting.addEventListener('blocked', () => reject(new Error(`${name} is open`)))
        deleting.addEventListener('error', () => reject(deleting.error as Error))
      })
    return names.length
  },
}

declare global {
  interface Window {
    storagePage: typeof page
  }
}

globalThis.window.storagePage = page
