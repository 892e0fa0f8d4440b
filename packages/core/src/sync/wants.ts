/**
 * What was asked of the reviewer over one link and is not answered yet: everything since the position.
 *
 *   want ──▶ tail*, page*, settled* (progress) ──▶ through: answered
 *
 * What shows no progress for 20 s is asked for again, whatever else arrives: a frame that others
 * caused says nothing about an answer that was lost. Batches may be either, so after 40 s without an
 * end they count no more; a reviewer that is still answering ignores the second want.
 */
import type { Position } from '../facts/message.ts'
import { authorFrame } from '../wire/frames.ts'

/** An offer without an answer, or a want without progress, for this long is made again. */
export const ANSWER_MS = 20_000

export interface WantsParts {
  readonly now: () => number
  readonly position: () => Position | null
  /** Names of pages that are here. */
  readonly pages: () => readonly string[] | null
  readonly send: (frame: string) => void
}

export class Wants {
  readonly #parts: WantsParts
  /** Nothing is asked for: the reviewer is given back what it lost first. */
  isHeld = false
  #asked: { readonly atMs: number; progressMs: number } | undefined

  constructor(parts: WantsParts) {
    this.#parts = parts
  }

  get any(): boolean {
    return this.#asked !== undefined
  }

  /** Everything since the position, unless that is asked for already. */
  all(): void {
    if (!this.#asked && !this.isHeld) this.again()
  }

  /** The same, though an earlier answer may be on its way: it is known to be incomplete, or late. */
  again(): void {
    const { now, position, pages, send } = this.#parts
    this.#asked = { atMs: now(), progressMs: now() }
    send(authorFrame('want', { have: position(), pages: pages() }))
  }

  /** A part of a snapshot has come, which is always an answer. */
  progress(): void {
    if (this.#asked) this.#asked.progressMs = this.#parts.now()
  }

  /** Batches have come, which may be live ones: for so long, and no longer, they are taken for an answer. */
  tail(): void {
    const asked = this.#asked
    if (asked) asked.progressMs = Math.min(this.#parts.now(), asked.atMs + ANSWER_MS)
  }

  /** The end of an answer has come, or there is none for a link without a session. */
  answered(): void {
    this.#asked = undefined
  }

  /** Time has passed. */
  tick(): void {
    if (this.#asked && this.#asked.progressMs <= this.#parts.now() - ANSWER_MS) this.again()
  }
}
