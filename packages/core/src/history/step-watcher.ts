/**
 * The watcher of the steps of a replica: devtools, while they are attached. Outbox, repo and tail
 * call it after each step; without a watcher, a step costs one check for undefined.
 */
import type { Position } from '../facts/message.ts'
import type { Entry } from './entry.ts'
import type { ErasedBefore } from './erased.ts'

/**
 *   written ─▶ queued | volatile ─▶ sent ─▶ accepted ─▶ settled
 *                  ▲                 │ └───────────────▶ settled (refused)
 *                  └──── waiting ◀───┘
 *
 * `arrived`: canonical, and not pending here before. `accepted`: canonical, and pending before.
 * `settled`: removed from the outbox, with its review or its rejection.
 */
export type MessageStep =
  | 'written'
  | 'queued'
  | 'volatile'
  | 'sent'
  | 'waiting'
  | 'arrived'
  | 'accepted'
  | 'settled'

export interface StepWatcher {
  /** A step of one message. `written` is in the turn of the app's write. */
  message(step: MessageStep, entry: Entry): void
  /** The canonical state was replaced by the one at that position. */
  snapshot(position: Position): void
  /** Values of a row that were written before that seq were erased. */
  erased(erased: ErasedBefore): void
}
