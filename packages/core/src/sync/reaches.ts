/**
 * Questions how far the next rows of scopes reach, over one link. A question that is not answered is asked
 * again with its number; those of a link that is lost are asked over the next one.
 */
import type { Clock } from '../ports/clock.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import type { Reach, Scopes } from './scopes.ts'
import { ANSWER_MS } from './wants.ts'

/** Questions that are sent at a time; a reviewer ignores more than 16. */
const SENT_MAX = 8

interface Sent {
  readonly reach: Reach
  readonly frame: string
  atMs: number
}

export interface ReachesParts {
  readonly scopes: Scopes
  readonly clock: Pick<Clock, 'monotonic'>
  readonly send: (frame: string) => void
}

export class Reaches {
  readonly #parts: ReachesParts
  /** By number. */
  readonly #sent = new Map<number, Sent>()
  #asked = 0

  constructor(parts: ReachesParts) {
    this.#parts = parts
  }

  /** Asks what has not been asked over this link. */
  pump(): void {
    const { scopes, clock, send } = this.#parts
    scopes.onAsked = () => this.pump()
    for (const [no, { reach }] of this.#sent) if (!scopes.asked.has(reach)) this.#sent.delete(no)
    const sent = new Set([...this.#sent.values()].map(({ reach }) => reach))
    for (const reach of scopes.asked) {
      if (this.#sent.size >= SENT_MAX) return
      if (sent.has(reach)) continue
      const no = ++this.#asked
      const frame = authorFrame('reach', { no, ...reach.question() })
      this.#sent.set(no, { reach, frame, atMs: clock.monotonic() })
      send(frame)
    }
  }

  /** An answer has come, or comes again. */
  heard({ no, to }: ReviewerFrame & { readonly kind: 'reach' }): void {
    const reach = this.#sent.get(no)?.reach
    if (!reach || !this.#sent.delete(no)) return
    if (this.#parts.scopes.answered(reach)) reach.answered(to)
    this.pump()
  }

  /** Time has passed. */
  tick(): void {
    const { clock, send } = this.#parts
    const now = clock.monotonic()
    for (const sent of this.#sent.values()) {
      if (now - sent.atMs < ANSWER_MS) continue
      sent.atMs = now
      send(sent.frame)
    }
  }
}
