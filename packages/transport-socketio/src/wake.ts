/**
 * When it is worth trying again, or asking a link whether it lives: the network came back, the user
 * looks at the page again, or the browser thawed it. Several of these may come together. Elsewhere than in a page there are no such signs, and nothing is listened to.
 */

export function onWake(wake: () => void): () => void {
  const page = typeof document === 'undefined' ? undefined : document
  const global = typeof addEventListener === 'undefined' ? undefined : globalThis
  const seen = (): void => {
    if (page?.visibilityState === 'visible') wake()
  }
  const online = (): void => wake()
  const shown = ({ persisted }: Event & { readonly persisted?: boolean }): void => {
    if (persisted) wake() // from the back-forward cache
  }
  global?.addEventListener('online', online)
  global?.addEventListener('pageshow', shown)
  page?.addEventListener('visibilitychange', seen)
  page?.addEventListener('resume', online)
  return () => {
    global?.removeEventListener('online', online)
    global?.removeEventListener('pageshow', shown)
    page?.removeEventListener('visibilitychange', seen)
    page?.removeEventListener('resume', online)
  }
}
