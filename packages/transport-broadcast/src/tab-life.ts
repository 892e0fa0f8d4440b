/**
 * Whether another tab lives, by Web Locks: each tab holds one with its name, which the browser frees
 * when the tab is gone, also by a crash. Where there are no Web Locks (a page without a secure
 * context), only silence tells.
 */

interface LockManagerLike {
  request(
    name: string,
    options: { readonly signal: AbortSignal },
    holder: () => Promise<void> | undefined,
  ): Promise<unknown>
}

function lockManager(): LockManagerLike | undefined {
  return (globalThis.navigator as { readonly locks?: LockManagerLike } | undefined)?.locks
}

/** Holds the lock of that name. Resolves when it is held; `free` frees it, before or after. */
export function holdLock(name: string): { readonly held: Promise<void>; free(): void } {
  const locks = lockManager()
  if (!locks) return { held: Promise.resolve(), free: () => {} }
  const freed = Promise.withResolvers<void>()
  const aborting = new AbortController()
  const held = new Promise<void>((resolve) => {
    const asked = locks.request(name, { signal: aborting.signal }, () => {
      resolve()
      return freed.promise
    })
    asked.catch(() => resolve()) // aborted, or forbidden to this page: silence tells
  })
  return {
    held,
    free: () => {
      aborting.abort()
      freed.resolve()
    },
  }
}

/** Calls `gone` once nobody holds the lock of that name. Returns a function that ends this. */
export function onceFree(name: string, gone: () => void): () => void {
  const aborting = new AbortController()
  lockManager()
    ?.request(name, { signal: aborting.signal }, () => {
      gone()
      return undefined
    })
    .catch(() => {}) // aborted, or forbidden to this page
  return () => aborting.abort()
}
