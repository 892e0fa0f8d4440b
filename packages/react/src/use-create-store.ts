/**
 * A store that lives as long as the component that creates it. Opened after the first commit, never
 * during a render, so an abandoned render or a server opens nothing. Closed by reference count:
 * StrictMode and hot reload unmount and remount in one task, and keep the same store; an unmounted
 * store is closed in the next task.
 */
import { type DependencyList, useEffect, useRef, useState } from 'react'
import { type StoreOptions, type SyncStore, createSyncStore } from '@countersign/core'

/**
 * The store of these options; undefined in the first render, on a server, and right after a change
 * of `deps`. When an item of `deps` differs by `Object.is`, `make` is called again, and the
 * previous store is closed.
 * @throws CountersignError `invalid` (while React commits) for invalid options.
 */
export function useCreateStore(
  make: () => StoreOptions,
  deps: DependencyList,
): SyncStore | undefined {
  const held = useRef<Held>(undefined)
  const [current, setCurrent] = useState<Held>()
  /* oxlint-disable react-hooks/exhaustive-deps -- The list is the caller's, as in useMemo. */
  useEffect(() => {
    if (!held.current?.isOf(deps)) held.current = new Held(createSyncStore(make()), deps)
    const { current: own } = held
    own.hold()
    setCurrent(own)
    return () => own.release()
  }, deps)
  /* oxlint-enable react-hooks/exhaustive-deps */
  return current?.isOf(deps) ? current.store : undefined
}

class Held {
  readonly store: SyncStore
  readonly #deps: DependencyList
  #holders = 0
  #closed = false

  constructor(store: SyncStore, deps: DependencyList) {
    this.store = store
    this.#deps = deps
  }

  isOf(deps: DependencyList): boolean {
    return (
      !this.#closed &&
      deps.length === this.#deps.length &&
      deps.every((dep, i) => Object.is(dep, this.#deps[i]))
    )
  }

  hold(): void {
    this.#holders++
  }

  release(): void {
    this.#holders--
    setTimeout(() => {
      if (this.#holders > 0 || this.#closed) return
      this.#closed = true
      void this.store.close()
    }, 0)
  }
}
