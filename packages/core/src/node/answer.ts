/**
 * What is read in the store or in the caches for one link, and sent over some time: batches, pages,
 * states, histories. Once values are erased, what was read before may have them, and is not sent any
 * more: the link ends, resumes, and is sent what is left of them (ERA2).
 *
 *   begun ─▶ read ─▶ sent ─▶ read ─▶ …          erased meanwhile ─▶ the link ends with the next frame
 *
 * Frames that are made and sent in one turn, as those of a commit, need none.
 */

/** A link, as far as answers need it. */
export interface AnsweredLink {
  readonly closed: boolean
  /** Whether its login has ended. */
  readonly isExpired: boolean
  send(frame: string): void
  /** A part of an answer. */
  sendPart(frame: string): void
  /** The end of an answer, which makes the link live. */
  through(frame: string): void
  close(reason: string): void
}

export const RESUME = 'values were erased; resume'

export class Answer {
  readonly #link: AnsweredLink
  readonly #erased: () => number
  readonly #asOfSeq: number

  /** `erased`: the seq of the newest erasure. Made before the first read. */
  constructor(link: AnsweredLink, erased: () => number) {
    this.#link = link
    this.#erased = erased
    this.#asOfSeq = erased()
  }

  /** Whether the link has ended, or its login, also because values were erased. */
  get isOver(): boolean {
    if (this.#erased() !== this.#asOfSeq) this.#link.close(RESUME)
    return this.#link.closed || this.#link.isExpired
  }

  send(frame: string): void {
    if (!this.isOver) this.#link.send(frame)
  }

  sendPart(frame: string): void {
    if (!this.isOver) this.#link.sendPart(frame)
  }

  through(frame: string): void {
    if (!this.isOver) this.#link.through(frame)
  }
}
