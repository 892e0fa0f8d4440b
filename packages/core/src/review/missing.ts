/**
 * What a decision lacks. A verdict is found in one turn, on what is in the caches; what is not there is
 * named by an exception and loaded, and the message is judged again.
 */
import type { Uuid } from '../base/uuid.ts'

export type Need =
  | { readonly kind: 'entity'; readonly id: Uuid }
  /** Every entity of a type: a rule asks for all rows. */
  | { readonly kind: 'type'; readonly type: string }
  /** The accepted writes of an entity. */
  | { readonly kind: 'changes'; readonly id: Uuid }
  /** What became of a message of a session. */
  | { readonly kind: 'number'; readonly sessionId: Uuid; readonly clientSeq: number }
  /** The accepted message at a seq. */
  | { readonly kind: 'message'; readonly seq: number }
  | { readonly kind: 'rejection'; readonly id: Uuid }

export class Missing extends Error {
  override readonly name = 'Missing'
  readonly need: Need

  constructor(need: Need) {
    super(`a decision needs ${JSON.stringify(need)}`)
    this.need = need
  }
}
