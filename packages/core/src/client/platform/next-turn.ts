/**
 * Schedules a task in the next turn of the event loop. Browsers clamp nested timers to 4 ms, and to
 * a second in hidden pages; a MessageChannel has no such delay.
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

/** Runs a task once in a later turn. Returns a function that cancels it. */
export type NextTurn = (task: () => void) => () => void

/** The fastest way of this platform to run a task in the next turn. */
export function nextTurn(globals: Turns): NextTurn {
  // Looked up at each call: a test may replace the globals with a fake clock.
  if (globals.setImmediate) {
    return (task) => {
      // A platform with `setImmediate` also has `clearImmediate`.
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

/** Each message runs the oldest task in the queue. */
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
