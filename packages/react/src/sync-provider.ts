/**
 * Provides one store to the hooks below it. The store belongs to the app: the provider
 * neither opens nor closes it, so it may be replaced, shared by several roots, or nested
 * inside another provider; the nearest provider is used.
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

/** Provides a store to the hooks of its descendants. The app creates and closes the store. */
export function SyncProvider({ store, children }: SyncProviderProps): ReactElement {
  return createElement(StoreContext.Provider, { value: store }, children)
}

/** The nearest store. `hook` is the name of the calling hook, for the error message. */
export function useNearestStore(hook: string): SyncStore {
  const store = useContext(StoreContext)
  if (store === null) {
    throw new Error(`${hook} was called outside a provider: wrap the app in <SyncProvider store>.`)
  }
  return store
}
