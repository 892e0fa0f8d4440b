/**
 * What a page does besides running code: it paints, and it may be gone at any time. Given the
 * globals of a browser; in Node there are none of these.
 */
import type { OpenChannel } from '../../ports/channel.ts'
import type { NextTurn, Turns } from './next-turn.ts'

/** In a hidden page no frame ever comes. */
const HIDDEN_MS = 50
/** A visible page may have no frames either: another window covers it, or its frame is off screen. */
const NO_FRAME_MS = 500

export interface PageGlobals {
  readonly requestAnimationFrame?: (task: () => void) => number
  readonly cancelAnimationFrame?: (handle: number) => void
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

/** A frame is painted after its callbacks, so the turn after them is after the paint. */
export function afterPaint(
  globals: PageGlobals & Turns,
  next: NextTurn,
): (task: () => void) => () => void {
  return (task) => {
    let cancelTurn: (() => void) | undefined
    let frame = 0
    const isHidden = globals.document?.visibilityState === 'hidden'
    const timer = globals.setTimeout(
      () => {
        cancel()
        task()
      },
      isHidden ? HIDDEN_MS : NO_FRAME_MS,
    )
    const cancel = (): void => {
      globals.clearTimeout(timer)
      globals.cancelAnimationFrame?.(frame)
      cancelTurn?.()
    }
    // The caller has asked whether there is one.
    frame = globals.requestAnimationFrame!(() => {
      globals.clearTimeout(timer)
      cancelTurn = next(task)
    })
    return cancel
  }
}

/** Listens for the moments after which a page may be gone; undefined where there is no page. */
export function onHide(globals: PageGlobals): ((listener: () => void) => () => void) | undefined {
  const { document } = globals
  if (!document || !globals.addEventListener) return undefined
  return (listener) => {
    const hidden = (): void => {
      if (document.visibilityState === 'hidden') listener()
    }
    document.addEventListener('visibilitychange', hidden)
    document.addEventListener('freeze', listener)
    // Where there is a document, there is this.
    globals.addEventListener!('pagehide', listener)
    return () => {
      document.removeEventListener('visibilitychange', hidden)
      document.removeEventListener('freeze', listener)
      globals.removeEventListener?.('pagehide', listener)
    }
  }
}

/** Only where there are pages: in Node, an open channel keeps the process alive. */
export function broadcast({ document, BroadcastChannel }: PageGlobals): OpenChannel | undefined {
  if (!document || !BroadcastChannel) return undefined
  return (name, onMessage) => {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => onMessage(data)
    return { post: (message) => channel.postMessage(message), close: () => channel.close() }
  }
}
