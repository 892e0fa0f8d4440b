/** Runs tasks after a page has painted. */
import type { NextTurn, Turns } from './next-turn.ts'

/** The fallback delay in a hidden page, which has no frames. */
const HIDDEN_MS = 50
/** The fallback delay in a visible page: it may have no frames because it is covered or off screen. */
const NO_FRAME_MS = 500

/** The globals of a page that are used. Node has none of them. */
export interface PaintGlobals {
  readonly requestAnimationFrame?: (task: () => void) => number
  readonly cancelAnimationFrame?: (handle: number) => void
  readonly document?: { readonly visibilityState: string }
}

/** Runs a task after the next paint: a browser paints after the frame callbacks, before the next turn. */
export function afterPaint(
  globals: PaintGlobals & Turns,
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
    // `clock.ts` uses this function only where `requestAnimationFrame` exists.
    frame = globals.requestAnimationFrame!(() => {
      globals.clearTimeout(timer)
      cancelTurn = next(task)
    })
    return cancel
  }
}
