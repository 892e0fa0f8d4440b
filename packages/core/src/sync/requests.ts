/** What is asked of the reviewer besides the canonical state, over one link, until it is answered. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Reg } from '../schema/registers.ts'
import type { ReviewerFrame } from '../wire/frames.ts'
import { EraseRequests, notErased } from './erase-requests.ts'
import { Histories, type HistoryAnswer, unavailable } from './history.ts'

export interface RequestsParts {
  readonly space: Uuid
  readonly limits: Limits
  readonly clock: Clock
}

export type { HistoryAnswer }

/** Sends over the present link; undefined: there is none that is greeted. */
type Send = ((frame: string) => void) | undefined

const NO_LINK = 'there is no link to the reviewer'

export class Requests {
  readonly #histories: Histories
  readonly #erasures = new EraseRequests()
  readonly #clock: Clock

  constructor({ space, limits, clock }: RequestsParts) {
    this.#clock = clock
    this.#histories = new Histories(space, limits)
  }

  /**
   * The accepted messages of an entity. Rejects with a CountersignError `unavailable` when there is no
   * link, when it is lost, or when too many wait for theirs.
   */
  history(entityId: Uuid, asOfSeq: number, send: Send): Promise<HistoryAnswer> {
    if (!send) return Promise.reject(unavailable(NO_LINK, entityId))
    return this.#histories.ask(entityId, { nowMs: this.#clock.monotonic(), asOfSeq, send })
  }

  /** Erases values of an entity; `regs` null: of all registers. Rejects as `history` does. */
  erase(entityId: Uuid, regs: readonly Reg[] | null, send: Send): Promise<number> {
    if (!send) return Promise.reject(notErased(NO_LINK, entityId))
    return this.#erasures.ask(entityId, regs, { nowMs: this.#clock.monotonic(), send })
  }

  /** An answer has come. A text says what is wrong with it. */
  heard(
    frame: ReviewerFrame & { readonly kind: 'history' | 'erased' },
    nowMs: number,
  ): string | undefined {
    if (frame.kind === 'history') return this.#histories.heard(frame, nowMs)
    this.#erasures.heard(frame)
    return undefined
  }

  /** Time has passed: asks again, or gives up. */
  tick(nowMs: number, send: (frame: string) => void): void {
    this.#histories.tick(nowMs, send)
    this.#erasures.tick(nowMs, send)
  }

  /** The link is gone. */
  lost(): void {
    this.#histories.lost()
    this.#erasures.lost()
  }
}
