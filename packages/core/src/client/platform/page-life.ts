/**
 * Page lifecycle of a browser: paints, and the events after which a page may be discarded. Absent
 * in Node.
 */
import type { OpenChannel } from '../../ports/channel.ts'
import type { NextTurn, Turns } from './next-turn.ts'

/** The fallback delay in a hidden page, which has no frames. */
const HIDDEN_MS = 50
/** The fallback delay in a visible page: it may have no frames because it is covered or off screen. */
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

/** Runs a task after the next paint: a browser paints after the frame callbacks, before the next turn. */
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
    // `platform.ts` uses this function only where `requestAnimationFrame` exists.
    frame = globals.requestAnimationFrame!(() => {
      globals.clearTimeout(timer)
      cancelTurn = next(task)
    })
    return cancel
  }
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

/** BroadcastChannel, in pages only: in Node, an open channel keeps the process alive. */
export function broadcast({ document, BroadcastChannel }: PageGlobals): OpenChannel | undefined {
  if (!document || !BroadcastChannel) return undefined
  return (name, onMessage) => {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => onMessage(data)
    return { post: (message) => channel.postMessage(message), close: () => channel.close() }
  }
}
