/** Where a store runs. */

/** Whether this is a page or a worker of a browser, or a platform that has a `window` like one. */
export function isClient(): boolean {
  const { window, importScripts } = globalThis as { window?: unknown; importScripts?: unknown }
  return window !== undefined || importScripts !== undefined
}
