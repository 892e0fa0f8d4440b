/** What peers have reviewed while the reviewer was away, and is brought to it: one batch at a time, until it answers. */
import { CountersignError } from '../base/outcome.ts'
import { isLongerThan } from '../base/size.ts'
import { lineCount } from '../facts/line.ts'
import type { Limits } from '../facts/limits.ts'
import type { NackReason, Position } from '../facts/message.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import type { FlushSeal } from '../wire/held-frame.ts'

/** Without an answer for this long it is given up, and brought again later. */
const ANSWER_MS = 30_000

/** A batch that a peer has reviewed, with every line of what it accepted. */
export interface BroughtBatch {
  readonly text: string
  /** Of its flushes, in order. */
  readonly seals: readonly FlushSeal[]
  /** The position before it, and the one after it. */
  readonly from: Pick<Position, 'seq' | 'chain'>
  readonly position: Position
}

/** What became of it: every message has a verdict, or one waits for this reason; or it is too large to be brought. */
export type Brought = NackReason | 'judged' | 'too_large'

interface Asked {
  readonly seq: number
  readonly sinceMs: number
  readonly resolve: (answer: Brought) => void
  readonly reject: (error: CountersignError) => void
}

export class BringRequests {
  readonly #limits: Pick<Limits, 'authorFrameBytesMax'>
  #asked: Asked | undefined

  constructor(limits: Pick<Limits, 'authorFrameBytesMax'>) {
    this.#limits = limits
  }

  /** Rejects with `unavailable` where another one is under way, the link is lost, or no answer comes. */
  ask(
    { text, seals, from, position }: BroughtBatch,
    { nowMs, send }: { readonly nowMs: number; readonly send: (frame: string) => void },
  ): Promise<Brought> {
    if (this.#asked) return Promise.reject(notBrought('another batch is under way'))
    const frame = authorFrame(
      'held',
      {
        ...{ epochs: [], from, position, batches: [lineCount(text)] },
        seals: seals.map(({ publicKey, seal }) => ({ publicKey, seal })),
      },
      text,
    )
    if (isLongerThan(frame, this.#limits.authorFrameBytesMax)) return Promise.resolve('too_large')
    const { promise, resolve, reject } = Promise.withResolvers<Brought>()
    this.#asked = { seq: position.seq, sinceMs: nowMs, resolve, reject }
    send(frame)
    return promise
  }

  heard({ seq, why }: ReviewerFrame & { readonly kind: 'back' }): void {
    const asked = this.#asked
    if (asked?.seq !== seq) return
    this.#asked = undefined
    asked.resolve(why ?? 'judged')
  }

  tick(nowMs: number): void {
    if (this.#asked && nowMs - this.#asked.sinceMs >= ANSWER_MS)
      this.#giveUp('the reviewer does not answer')
  }

  /** The link is gone. */
  lost(): void {
    this.#giveUp('the link was lost')
  }

  #giveUp(why: string): void {
    const asked = this.#asked
    this.#asked = undefined
    asked?.reject(notBrought(why))
  }
}

/** Why a batch of peers is not brought now. */
export function notBrought(why: string): CountersignError {
  return new CountersignError('unavailable', `what peers have reviewed is not brought: ${why}`, {
    reason: why,
  })
}
