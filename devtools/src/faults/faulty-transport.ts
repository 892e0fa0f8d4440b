/**
 * A transport with switches for network faults: offline, frozen, delay, drop, duplicate. It only does
 * what the port allows, so it never alters a frame.
 */
import type { Link, LinkEvents, Transport } from '@countersign/core/inspect'
import type { FaultControl } from './control.ts'
import { Switches } from './switches.ts'

/** A transport with its switches. */
export interface FaultyTransport extends Transport {
  readonly faults: FaultControl
}

const DELAY_MS_MAX = 60_000

/**
 * Wraps a transport with switches for a network that is offline, slow or lossy. Without effect until
 * one is set.
 */
export function faultyTransport(inner: Transport, label: string = 'transport'): FaultyTransport {
  const faults = new Switches({
    kind: 'transport',
    label,
    switches: [
      {
        kind: 'toggle',
        id: 'offline',
        label: 'Offline',
        says: 'Links close, and none can be opened.',
      },
      {
        kind: 'toggle',
        id: 'frozen',
        label: 'Frozen',
        says: 'Links stay open and deliver nothing; frames sent meanwhile are lost.',
      },
      {
        kind: 'amount',
        id: 'delay',
        label: 'Delay',
        says: 'Each frame takes this much longer, both ways.',
        unit: 'ms',
        max: DELAY_MS_MAX,
      },
      {
        kind: 'amount',
        id: 'drop',
        label: 'Drop',
        says: 'That share of the frames is lost.',
        unit: '%',
        max: 100,
      },
      {
        kind: 'amount',
        id: 'duplicate',
        label: 'Duplicate',
        says: 'That share of the frames arrives twice.',
        unit: '%',
        max: 100,
      },
    ],
  })
  const wakes = new Set<() => void>()
  let away = false
  faults.subscribe(() => {
    const was = away
    away = faults.on('offline')
    if (was && !away) for (const wake of [...wakes]) wake()
  })
  return {
    faults,
    connect: (events) => new FaultyLink(inner, events, faults),
    onWake(wake) {
      const end = inner.onWake?.(wake)
      const own = (): void => wake()
      wakes.add(own)
      return () => {
        end?.()
        wakes.delete(own)
      }
    },
  }
}

class FaultyLink implements Link {
  readonly #events: LinkEvents
  readonly #faults: Switches
  readonly #end: () => void
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #link: Link | undefined
  #over = false

  constructor(inner: Transport, events: LinkEvents, faults: Switches) {
    this.#events = events
    this.#faults = faults
    this.#end = faults.subscribe(() => {
      if (faults.on('offline')) this.#cut()
    })
    if (faults.on('offline')) {
      this.#after(0, () => this.#cut())
      return
    }
    this.#link = inner.connect({
      open: () => this.#over || events.open(),
      frame: (text) => this.#over || this.#pass(() => events.frame(text)),
      closed: (reason) => {
        if (this.#over) return
        this.#finish()
        events.closed(reason)
      },
    })
  }

  send(text: string): void {
    if (!this.#over) this.#pass(() => this.#link?.send(text))
  }

  close(): void {
    if (this.#over) return
    this.#finish()
    this.#link?.close()
  }

  #cut(): void {
    if (this.#over) return
    this.#finish()
    this.#link?.close()
    this.#events.closed('offline by devtools')
  }

  #finish(): void {
    this.#over = true
    this.#end()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #pass(deliver: () => void): void {
    const faults = this.#faults
    if (faults.on('frozen') || faults.hits('drop')) return
    const times = faults.hits('duplicate') ? 2 : 1
    const delayMs = faults.amount('delay')
    for (let time = 0; time < times; time++) {
      // Without a delay, frames are delivered synchronously and in order.
      if (delayMs === 0 && this.#timers.size === 0) deliver()
      else this.#after(delayMs, deliver)
    }
  }

  #after(delayMs: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (!this.#over) task()
    }, delayMs)
    this.#timers.add(timer)
  }
}
