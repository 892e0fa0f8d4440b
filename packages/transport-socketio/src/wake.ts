/**
 * When it is worth trying again at once: the network came back, or the user looks at the page
 * again. Elsewhere than in a page there are no such signs, and nothing is listened to.
 */

export function onWake(wake: () => void): () => void {
  const page = typeof document === 'undefined' ? undefined : document
  const global = typeof addEventListener === 'undefined' ? undefined : globalThis
  const seen = (): void => {
    if (page?.visibilityState === 'visible') wake()
  }
  const online = (): void => wake()
  global?.addEventListener('online', online)
  page?.addEventListener('visibilitychange', seen)
  return () => {
    global?.removeEventListener('online', online)
    page?.removeEventListener('visibilitychange', seen)
  }
}
