/**
 * The next turn of the event loop, as soon as others have had theirs. A browser holds timers that
 * start each other back for 4 ms each, and for a second where nobody looks; messages it does not.
 */

export interface Turns {
  readonly setImmediate?: (task: () => void) => unknown
  readonly clearImmediate?: (handle: unknown) => void
  readonly setTimeout: (task: () => void, delayMs: number) => unknown
  readonly clearTimeout: (handle: unknown) => void
  readonly MessageChannel?: new () => ChannelLike
}

interface ChannelLike {
  readonly port1: { onmessage: (() => void) | null }
  readonly port2: { postMessage(message: null): void }
}

/** Runs a task once in a later turn. Returns its cancellation. */
export type NextTurn = (task: () => void) => () => void

/** How this platform runs a task in the next turn, with the least delay that it has. */
export function nextTurn(globals: Turns): NextTurn {
  // Looked up at each call: a test may put a clock of its own in the place of the platform's.
  if (globals.setImmediate) {
    return (task) => {
      // Whoever replaces the one replaces both.
      const handle = globals.setImmediate!(task)
      // As above.
      return () => globals.clearImmediate!(handle)
    }
  }
  if (globals.MessageChannel) return overChannel(new globals.MessageChannel())
  return (task) => {
    const timer = globals.setTimeout(task, 0)
    return () => globals.clearTimeout(timer)
  }
}

/** Each message is a turn for the task that waits longest. */
function overChannel({ port1, port2 }: ChannelLike): NextTurn {
  const waiting: ((() => void) | undefined)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (task) => {
    let own: (() => void) | undefined = task
    waiting.push(() => own?.())
    port2.postMessage(null)
    return () => {
      own = undefined
    }
  }
}
