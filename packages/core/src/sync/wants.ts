/**
 * The open request of one link for everything since the position.
 *
 *   want ──▶ tail*, page*, settled* (progress) ──▶ through: answered
 *
 * A request without progress for 20 s is repeated, even if other frames arrive: a frame for another
 * reason is no sign that the answer was not lost. Batches may be either, so after 40 s without an
 * end they do not count as progress; a reviewer that is still answering ignores the second want.
 */
import type { Position } from '../facts/message.ts'
import { authorFrame } from '../wire/frames.ts'

/** Timeout after which an offer without an answer, or a want without progress, is repeated. */
export const ANSWER_MS = 20_000

export interface WantsParts {
  readonly now: () => number
  readonly position: () => Position | null
  /** Names of the kept pages. */
  readonly pages: () => readonly string[] | null
  readonly send: (frame: string) => void
}

export class Wants {
  readonly #parts: WantsParts
  /** Holds the request back while lost batches are handed back to the reviewer. */
  isHeld = false
  #asked: { readonly atMs: number; progressMs: number } | undefined

  constructor(parts: WantsParts) {
    this.#parts = parts
  }

  get any(): boolean {
    return this.#asked !== undefined
  }

  /** Requests everything since the position, unless such a request is open. */
  all(): void {
    if (!this.#asked && !this.isHeld) this.again()
  }

  /**
   * The same, also if an earlier answer may be under way: it is known to be incomplete, or late.
   */
  again(): void {
    const { now, position, pages, send } = this.#parts
    this.#asked = { atMs: now(), progressMs: now() }
    send(authorFrame('want', { have: position(), pages: pages() }))
  }

  /** Called with a part of a snapshot, which is always an answer. */
  progress(): void {
    if (this.#asked) this.#asked.progressMs = this.#parts.now()
  }

  /** Called with batches, which may be live ones: they count as an answer for a limited time. */
  tail(): void {
    const asked = this.#asked
    if (asked) asked.progressMs = Math.min(this.#parts.now(), asked.atMs + ANSWER_MS)
  }

  /** Called at the end of an answer, or for a link without a session, which gets none. */
  answered(): void {
    this.#asked = undefined
  }

  /** Called from time to time. */
  tick(): void {
    if (this.#asked && this.#asked.progressMs <= this.#parts.now() - ANSWER_MS) this.again()
  }
}
