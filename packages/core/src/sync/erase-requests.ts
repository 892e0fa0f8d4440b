/**
 * Erasures that were asked for over one link, until they are answered. What is not answered in time is
 * asked for again, as it may be done twice; when the link is lost, whoever waits hears so.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'

/** Without an answer for this long, an erasure is asked for again, and given up after some times. */
const ANSWER_MS = 30_000
const ASKED_MAX = 6

interface Asked {
  readonly answer: Promise<number>
  readonly frame: string
  readonly resolve: (seq: number) => void
  readonly reject: (error: CountersignError) => void
  askedAtMs: number
  times: number
}

export class EraseRequests {
  /** By entity: an answer names nothing else. */
  readonly #asked = new Map<Uuid, Asked>()

  /**
   * Resolves to the seq as of which nothing of the values is left at the reviewer. Rejects with
   * `unavailable`, also when it is refused.
   */
  ask(
    entityId: Uuid,
    regs: readonly Reg[] | null,
    { nowMs, send }: { readonly nowMs: number; readonly send: (frame: string) => void },
  ): Promise<number> {
    const frame = authorFrame('erase', { entityId, regs })
    const known = this.#asked.get(entityId)
    if (known?.frame === frame) return known.answer
    if (known) return Promise.reject(notErased('another erasure of it is under way', entityId))
    const { promise: answer, resolve, reject } = Promise.withResolvers<number>()
    this.#asked.set(entityId, { answer, frame, resolve, reject, askedAtMs: nowMs, times: 1 })
    send(frame)
    return answer
  }

  heard({ entityId, seq, why }: ReviewerFrame & { readonly kind: 'erased' }): void {
    const asked = this.#asked.get(entityId)
    this.#asked.delete(entityId)
    if (why === null) asked?.resolve(seq)
    else asked?.reject(notErased(why, entityId))
  }

  /** Time has passed: asks again, or gives up. */
  tick(nowMs: number, send: (frame: string) => void): void {
    for (const [entityId, asked] of this.#asked) {
      if (nowMs - asked.askedAtMs < ANSWER_MS) continue
      asked.askedAtMs = nowMs
      if (asked.times++ < ASKED_MAX) send(asked.frame)
      else this.#giveUp(entityId, 'the reviewer does not answer')
    }
  }

  /** The link is gone. */
  lost(): void {
    for (const entityId of [...this.#asked.keys()]) this.#giveUp(entityId, 'the link was lost')
  }

  #giveUp(entityId: Uuid, why: string): void {
    const asked = this.#asked.get(entityId)
    this.#asked.delete(entityId)
    asked?.reject(notErased(why, entityId))
  }
}

/** Why values are not erased, or may not be. */
export function notErased(why: string, entityId: Uuid): CountersignError {
  return new CountersignError('unavailable', `the values of ${entityId} are not erased: ${why}`, {
    id: entityId,
    reason: why,
  })
}
