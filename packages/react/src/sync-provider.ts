/**
 * Hands one store to the hooks below it. The store belongs to the app: the provider
 * neither opens nor closes it, so it may be swapped, shared by several roots, or be
 * nested inside another provider, where the nearest one counts.
 */
import { createContext, createElement, useContext } from 'react'
import type { Context, ReactElement, ReactNode } from 'react'
import type { SyncStore } from '@countersign/core'

/** Props of `SyncProvider`; another `store` renders the hooks below again. */
export interface SyncProviderProps {
  readonly store: SyncStore
  readonly children?: ReactNode
}

const StoreContext: Context<SyncStore | null> = createContext<SyncStore | null>(null)

/**
 * Gives a store to the hooks of the components below it. The app makes the store, and closes it.
 */
export function SyncProvider({ store, children }: SyncProviderProps): ReactElement {
  return createElement(StoreContext.Provider, { value: store }, children)
}

/** The nearest store. `hook` is the name that the app called, for the message. */
export function useNearestStore(hook: string): SyncStore {
  const store = useContext(StoreContext)
  if (store === null) {
    throw new Error(`${hook} was called outside a provider: wrap the app in <SyncProvider store>.`)
  }
  return store
}
