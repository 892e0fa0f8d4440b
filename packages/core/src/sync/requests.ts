/** What is asked of the reviewer besides the canonical state, over one link, until it is answered. */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Reg } from '../schema/registers.ts'
import type { ReviewerFrame } from '../wire/frames.ts'
import { BringRequests, type Brought, type BroughtBatch, notBrought } from './bring-requests.ts'
import { EraseRequests, notErased } from './erase-requests.ts'
import { Histories, type HistoryAnswer, unavailable } from './history.ts'

export interface RequestsParts {
  readonly tail: { readonly position: { readonly seq: number } | null }
  readonly space: Uuid
  readonly limits: Limits
  readonly clock: Clock
}

export type { HistoryAnswer }

/** Sends over a link. */
type Send = (frame: string) => void

const NO_LINK = 'there is no link to the reviewer'

export class Requests {
  readonly #histories: Histories
  readonly #erasures = new EraseRequests()
  readonly #brought: BringRequests
  readonly #parts: RequestsParts
  /** undefined: no link is greeted. */
  readonly #send: () => Send | undefined

  constructor(parts: RequestsParts, send: () => Send | undefined) {
    this.#parts = parts
    this.#send = send
    this.#histories = new Histories(parts.space, parts.limits)
    this.#brought = new BringRequests(parts.limits)
  }

  /**
   * The accepted messages of an entity. Rejects with a CountersignError `unavailable` when there is no
   * link, when it is lost, or when too many wait for theirs.
   */
  history(entityId: Uuid): Promise<HistoryAnswer> {
    const { clock, tail } = this.#parts
    const send = this.#send()
    if (!send) return Promise.reject(unavailable(NO_LINK, entityId))
    const asOfSeq = tail.position?.seq ?? 0
    return this.#histories.ask(entityId, { nowMs: clock.monotonic(), asOfSeq, send })
  }

  /** Erases values of an entity; `regs` null: of all registers. Rejects as `history` does. */
  erase(entityId: Uuid, regs: readonly Reg[] | null): Promise<number> {
    const send = this.#send()
    if (!send) return Promise.reject(notErased(NO_LINK, entityId))
    return this.#erasures.ask(entityId, regs, { nowMs: this.#parts.clock.monotonic(), send })
  }

  /** Brings what peers have reviewed. Rejects as `history` does. */
  bring(batch: BroughtBatch): Promise<Brought> {
    const send = this.#send()
    if (!send) return Promise.reject(notBrought(NO_LINK))
    return this.#brought.ask(batch, { nowMs: this.#parts.clock.monotonic(), send })
  }

  /** An answer has come. A text says what is wrong with it. */
  heard(
    frame: ReviewerFrame & { readonly kind: 'history' | 'erased' | 'back' },
    nowMs: number,
  ): string | undefined {
    if (frame.kind === 'history') return this.#histories.heard(frame, nowMs)
    if (frame.kind === 'back') this.#brought.heard(frame)
    else this.#erasures.heard(frame)
    return undefined
  }

  /** Time has passed: asks again, or gives up. */
  tick(nowMs: number, send: Send): void {
    this.#histories.tick(nowMs, send)
    this.#erasures.tick(nowMs, send)
    this.#brought.tick(nowMs)
  }

  /** The link is gone. */
  lost(): void {
    this.#histories.lost()
    this.#erasures.lost()
    this.#brought.lost()
  }
}
