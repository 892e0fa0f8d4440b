/**
 * Virtual time: one queue of events for everything that happens in a simulated world, so that
 * an hour passes in a second and every run of one seed is the same run. Nothing here moves by
 * itself: whoever holds the clock steps it, and lets promises settle between the steps.
 *
 * A process (a tab, a server) looks at time through its own `ProcessClock`: with its own offset
 * and drift, and with an end. What a dead process had set up never happens; what a frozen one
 * had set up happens when it thaws.
 */
import type { Clock } from '../ports/clock.ts'

interface Event {
  readonly atMs: number
  /** Events of one moment run in the order in which they were set up. */
  readonly no: number
  readonly task: () => void
  cancelled: boolean
}

/** 2025-01-01, in milliseconds since 1970: when every virtual world begins. */
const EPOCH_MS = 1_735_689_600_000

/** A clock that stands still until `step` moves it to the next event and runs that. */
export class VirtualClock implements Clock {
  readonly #queue: Event[] = []
  #nowMs = 0
  #count = 0

  now(): number {
    return EPOCH_MS + Math.floor(this.#nowMs)
  }

  /** Virtual milliseconds since the world began. */
  monotonic(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): () => void {
    const event = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      no: this.#count++,
      task,
      cancelled: false,
    }
    this.#push(event)
    return () => (event.cancelled = true)
  }

  soon(task: () => void): void {
    this.after(0, task)
  }

  /** When the next event is due, or undefined when nothing waits. */
  get nextMs(): number | undefined {
    while (this.#queue[0]?.cancelled) this.#pop()
    return this.#queue[0]?.atMs
  }

  /** Moves to the next event and runs it. False when there is none. */
  step(): boolean {
    const event = this.nextMs === undefined ? undefined : this.#pop()
    if (!event) return false
    this.#nowMs = event.atMs
    event.task()
    return true
  }

  // A binary heap, the earliest event first.

  #push(event: Event): void {
    const queue = this.#queue
    let at = queue.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, queue[above]!)) break
      queue[at] = queue[above]!
      at = above
    }
    queue[at] = event
  }

  #pop(): Event | undefined {
    const queue = this.#queue
    const first = queue[0]
    const last = queue.pop()
    if (last === undefined || last === first) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= queue.length) break
      if (below + 1 < queue.length && isBefore(queue[below + 1]!, queue[below]!)) below++
      if (!isBefore(queue[below]!, last)) break
      queue[at] = queue[below]!
      at = below
    }
    queue[at] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.no < b.no)
}

/** How the clock of one process differs from the world's. */
export interface ClockSkew {
  /** How far the wall clock of this process is wrong, in ms. */
  readonly offsetMs?: number
  /** How much faster its clocks run: 0.1 is ten percent. */
  readonly drift?: number
}

/** What a clock of one process takes. */
export interface ProcessOptions extends ClockSkew {
  /** Called for everything that happens to this process, right before it does. */
  readonly onTurn?: () => void
}

/** Time as one process sees it, until it dies. */
export class ProcessClock implements Clock {
  readonly #clock: Clock
  readonly #bornMs: number
  readonly #speed: number
  readonly #onTurn: (() => void) | undefined
  #offsetMs: number
  #dead = false
  /** What came due while frozen. */
  #frozen: (() => void)[] | undefined

  constructor(clock: Clock, { offsetMs = 0, drift = 0, onTurn }: ProcessOptions = {}) {
    this.#onTurn = onTurn
    this.#clock = clock
    this.#bornMs = clock.monotonic()
    this.#speed = 1 + drift
    this.#offsetMs = offsetMs
  }

  get dead(): boolean {
    return this.#dead
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined
  }

  now(): number {
    const lived = this.#clock.monotonic() - this.#bornMs
    return this.#clock.now() + Math.floor(this.#offsetMs + lived * (this.#speed - 1))
  }

  monotonic(): number {
    return (this.#clock.monotonic() - this.#bornMs) * this.#speed
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#set(delayMs / this.#speed, task)
  }

  soon(task: () => void): void {
    this.#set(0, task)
  }

  /** Something from outside reaches this process: heard when it lives, later when it is frozen. */
  deliver(task: () => void): void {
    if (this.#dead) return
    if (this.#frozen) {
      this.#frozen.push(task)
      return
    }
    this.#onTurn?.()
    task()
  }

  /** The wall clock is set to another time. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  freeze(): void {
    if (!this.#dead) this.#frozen ??= []
  }

  /** Everything that came due meanwhile happens now, in order, each as an event of its own. */
  thaw(): void {
    const waiting = this.#frozen
    this.#frozen = undefined
    for (const task of waiting ?? []) this.#set(0, task)
  }

  /** The process is gone: nothing it has set up, and nothing sent to it, happens any more. */
  kill(): void {
    this.#dead = true
    this.#frozen = undefined
  }

  #set(delayMs: number, task: () => void): () => void {
    let cancelled = false
    const cancel = this.#clock.after(delayMs, () =>
      this.deliver(() => {
        if (!cancelled) task()
      }),
    )
    return () => {
      cancelled = true
      cancel()
    }
  }
}
