/**
 * A store that lives as long as the component that makes it. Opened after the first commit, never
 * during a render, so a render that React abandons opens nothing, and a server opens nothing.
 * Closed by reference: StrictMode and hot reload unmount and mount again in one task, and find
 * the same store; one that no component holds any more is closed in the next task.
 */
import { type DependencyList, useEffect, useRef, useState } from 'react'
import { type StoreOptions, type SyncStore, createSyncStore } from '@countersign/core'

/**
 * The store of these options; undefined in the first render, on a server, and while other `deps`
 * have just arrived. `make` is called again, and the store before it closed, when an item of
 * `deps` differs by `Object.is`.
 * @throws CountersignError `invalid` (while React commits) for options that no store can have.
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
