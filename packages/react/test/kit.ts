/**
 * Shared by the tests of this package: a type, a store without a server, a wrapper that
 * counts open subscriptions, and a tally of renders. React 18 and 19 run the same tests.
 */
import { createSyncStore, entity, memoryStorage, type SyncStore } from '@countersign/core'
import { onTestFinished, vi } from 'vitest'
import { z } from 'zod'

export const Issue = entity(
  'issue',
  z.object({
    title: z.string(),
    status: z.enum(['open', 'doing', 'done']),
    points: z.number().int(),
  }),
)

/** An open store of its own space, in memory, without a network. Closed when the test ends. */
export async function openStore(): Promise<SyncStore> {
  const space = crypto.randomUUID()
  const store = createSyncStore({
    server: true,
    space,
    entities: [Issue],
    storage: memoryStorage(),
  })
  onTestFinished(() => store.close())
  await store.ready
  return store
}

/** Creates an issue and returns its id. */
export function addIssue(store: SyncStore, title: string, points: number = 0): string {
  return store.create(Issue, { title, status: 'open', points }).id
}

export interface Counted {
  readonly store: SyncStore
  /** Subscriptions open now: to rows, queries, lists and the status together. */
  readonly open: () => number
  /** Subscriptions opened since the start. */
  readonly opened: () => number
}

interface Open {
  snapshot(): unknown
  subscribe(listener: () => void): () => void
}

/** The same store; every subscription made through the returned one is counted. */
export function counted(store: SyncStore): Counted {
  let open = 0
  let opened = 0
  const count = (end: () => void): (() => void) => {
    open++
    opened++
    let ended = false
    return () => {
      if (!ended) open--
      ended = true
      end()
    }
  }
  const status: SyncStore['status'] = {
    ...store.status,
    subscribe: (listener) => count(store.status.subscribe(listener)),
  }
  // One wrapper for each open query or list, so that what is shared stays one object.
  const wrappers = new WeakMap<object, object>()
  const wrap = <T extends Open>(real: T): T => {
    const known = wrappers.get(real)
    if (known) return known as T
    const wrapped: Open = {
      snapshot: () => real.snapshot(),
      subscribe: (listener) => count(real.subscribe(listener)),
    }
    wrappers.set(real, wrapped)
    return wrapped as T
  }
  const live = ((type: typeof Issue, query?: object) =>
    wrap(store.live(type, query))) as SyncStore['live']
  const conflicts: SyncStore['conflicts'] = (type) => wrap(store.conflicts(type))
  const refused = wrap(store.refused)
  const subscribe: SyncStore['subscribe'] = (type, id, listener) =>
    count(store.subscribe(type, id, listener))
  const own: Partial<SyncStore> = { status, live, conflicts, refused, subscribe }
  const counting = new Proxy({} as SyncStore, {
    get(_, key) {
      const value = Reflect.get(own, key) ?? Reflect.get(store, key, store)
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
  return { store: counting, open: () => open, opened: () => opened }
}

export interface Tally {
  /** Called by a component in its render. */
  hit(name: string, value?: unknown): void
  count(name: string): number
  values(name: string): readonly unknown[]
  clear(): void
}

/** Counts renders by name, and stores the value of each. */
export function tally(): Tally {
  const seen = new Map<string, unknown[]>()
  return {
    hit: (name, value) => void seen.set(name, [...(seen.get(name) ?? []), value]),
    count: (name) => seen.get(name)?.length ?? 0,
    values: (name) => seen.get(name) ?? [],
    clear: () => seen.clear(),
  }
}

/** Suppresses React's own report of a caught error; the returned function ends that. */
export function hushErrors(): () => void {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  // React 18 rethrows on the window in development, and jsdom prints it unless prevented.
  const prevent = (event: Event): void => event.preventDefault()
  window.addEventListener('error', prevent)
  return () => {
    errors.mockRestore()
    window.removeEventListener('error', prevent)
  }
}
