/**
 * A write, and the page reloads: what the next page finds of it. A bare IndexedDB `put` is what any
 * page can do; ours has a hash and a signature to make.
 */
import { type SyncStore, entity } from '@countersign/core'
import { z } from 'zod'
import { openStore } from './sides.ts'

export type LeavingKind = 'bare' | 'ours'

const Note = entity('note', z.object({ text: z.string() }))

interface Leaving {
  write(text: string): void
  /** Resolves when it is durable, as far as this side can report. */
  settled(): Promise<void>
}

/** Writes in a page that is idle, and reloads it so many ms later; 0: in the same task. */
export async function writeAndLeave(
  kind: LeavingKind,
  { name, text, delayMs }: { name: string; text: string; delayMs: number },
): Promise<void> {
  sessionStorage.removeItem('settled')
  const side = kind === 'ours' ? oursOf(await openNotes(name)) : await bareSide(name)
  await new Promise((resolve) => setTimeout(resolve, 20))
  side.write(text)
  void side.settled().then(() => sessionStorage.setItem('settled', text))
  if (delayMs === 0) location.reload()
  else setTimeout(() => location.reload(), delayMs)
}

export interface Found {
  /** The row is there as soon as the store is ready. */
  readonly found: boolean
  /** It was not, and came within seconds. */
  readonly late: boolean
  /** The page had got the report that it is durable. */
  readonly settled: boolean
}

const LATE_MS = 3_000

export async function findLeft(kind: LeavingKind, name: string, text: string): Promise<Found> {
  const settled = sessionStorage.getItem('settled') === text
  if (kind === 'bare') return { found: await bareHas(name, text), late: false, settled }
  const store = await openNotes(name)
  const has = (): boolean => store.query(Note).rows.some((row) => row.text === text)
  const found = has()
  if (!found) await new Promise((resolve) => setTimeout(resolve, LATE_MS))
  const late = !found && has()
  await store.close()
  return { found, late, settled }
}

function openNotes(name: string): Promise<SyncStore> {
  return openStore(name, [Note])
}

function oursOf(store: SyncStore): Leaving {
  return {
    write: (text) => void store.create(Note, { text }),
    settled: () => store.flushed(),
  }
}

async function bareSide(name: string): Promise<Leaving> {
  const database = await bare(name)
  let done: Promise<void> = Promise.resolve()
  return {
    write(text) {
      const transaction = database.transaction('notes', 'readwrite')
      transaction.objectStore('notes').put({ text })
      done = new Promise((resolve) => (transaction.oncomplete = () => resolve()))
    },
    settled: () => done,
  }
}

async function bareHas(name: string, text: string): Promise<boolean> {
  const database = await bare(name)
  const all = await answer<{ text: string }[]>(
    database.transaction('notes').objectStore('notes').getAll(),
  )
  database.close()
  return all.some((note) => note.text === text)
}

function bare(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(`bare-${name}`, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('notes', { autoIncrement: true })
  }
  return answer(opening)
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error as DOMException)
  })
}
