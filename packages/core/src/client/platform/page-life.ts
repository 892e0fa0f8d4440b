/** Page lifecycle of a browser: the events after which a page may be discarded. Absent in Node. */
import type { OpenChannel } from '../../ports/channel.ts'

export interface PageGlobals {
  readonly document?: {
    readonly visibilityState: string
    addEventListener(type: string, listener: () => void): void
    removeEventListener(type: string, listener: () => void): void
  }
  readonly BroadcastChannel?: new (name: string) => {
    onmessage: ((event: { readonly data: unknown }) => void) | null
    postMessage(message: unknown): void
    close(): void
  }
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

/** Subscribes to the events after which a page may be discarded; undefined outside of a page. */
export function onHide(globals: PageGlobals): ((listener: () => void) => () => void) | undefined {
  const { document } = globals
  if (!document || !globals.addEventListener) return undefined
  return (listener) => {
    const hidden = (): void => {
      if (document.visibilityState === 'hidden') listener()
    }
    document.addEventListener('visibilitychange', hidden)
    document.addEventListener('freeze', listener)
    // Checked above.
    globals.addEventListener!('pagehide', listener)
    return () => {
      document.removeEventListener('visibilitychange', hidden)
      document.removeEventListener('freeze', listener)
      globals.removeEventListener?.('pagehide', listener)
    }
  }
}

/** Whether the page is hidden now; undefined outside of a page. */
export function isHidden({ document }: PageGlobals): (() => boolean) | undefined {
  return document && (() => document.visibilityState === 'hidden')
}

/** BroadcastChannel, in pages only: in Node, an open channel keeps the process alive. */
export function broadcast({ document, BroadcastChannel }: PageGlobals): OpenChannel | undefined {
  if (!document || !BroadcastChannel) return undefined
  return (name, onMessage) => {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => onMessage(data)
    return { post: (message) => channel.postMessage(message), close: () => channel.close() }
  }
}
