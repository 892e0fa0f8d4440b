/**
 * Events that make a retry, or a check of a link, worthwhile: the network came back, or the page
 * became visible or was resumed. Several may occur together. Subscribes to nothing outside a page.
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
