/**
 * Virtual time: one event queue for a whole simulated world, so that an hour passes in a second and
 * every run of one seed is the same. The clock never advances by itself: the test steps it, and lets
 * promises settle between steps.
 *
 * A process (a tab, a server) has its own `ProcessClock`, with an offset and drift. Tasks of a dead
 * process never run; tasks of a frozen one run when it thaws.
 */
import type { Clock } from '../ports/clock.ts'

interface Event {
  readonly atMs: number
  /** Events of one moment run in the order in which they were scheduled. */
  readonly no: number
  readonly task: () => void
  cancelled: boolean
}

/** 2025-01-01, in ms since 1970: the start of every virtual world. */
const EPOCH_MS = 1_735_689_600_000

/** A clock that advances only by `step`, which runs the next event. */
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

  /** When the next event is due; undefined when there is none. */
  get nextMs(): number | undefined {
    while (this.#queue[0]?.cancelled) this.#pop()
    return this.#queue[0]?.atMs
  }

  /** Advances to the next event and runs it. Returns false when there is none. */
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
  /** The error of the process's wall clock, in ms. */
  readonly offsetMs?: number
  /** How much faster its clocks run: 0.1 is ten percent. */
  readonly drift?: number
}

/** The options of a process clock. */
export interface ProcessOptions extends ClockSkew {
  /** Called right before each task of this process. */
  readonly onTurn?: () => void
}

/** The clock of one process, until it dies. */
export class ProcessClock implements Clock {
  readonly #clock: Clock
  readonly #bornMs: number
  readonly #speed: number
  readonly #onTurn: (() => void) | undefined
  #offsetMs: number
  #dead = false
  /** Tasks that came due while frozen. */
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

  /** Runs a task from outside in this process: now, after the thaw when frozen, never when dead. */
  deliver(task: () => void): void {
    if (this.#dead) return
    if (this.#frozen) {
      this.#frozen.push(task)
      return
    }
    this.#onTurn?.()
    task()
  }

  /** Sets the wall clock forward or back. */
  jump(ms: number): void {
    this.#offsetMs += ms
  }

  freeze(): void {
    if (!this.#dead) this.#frozen ??= []
  }

  /** Ends the freeze: tasks that came due run now, in order, each as an event of its own. */
  thaw(): void {
    const waiting = this.#frozen
    this.#frozen = undefined
    for (const task of waiting ?? []) this.#set(0, task)
  }

  /** Kills the process: its scheduled tasks and deliveries to it never run. */
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
