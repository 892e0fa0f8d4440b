/**
 * The items that a decision may lack. Verdicts are computed synchronously from the caches; on a cache
 * miss, `Missing` is thrown with the item, which is loaded before the message is judged again.
 */
import type { Uuid } from '../base/uuid.ts'

export type Need =
  | { readonly kind: 'entity'; readonly id: Uuid }
  /** Every entity of a type, for a rule that reads all rows. */
  | { readonly kind: 'type'; readonly type: string }
  /** The accepted writes of an entity. */
  | { readonly kind: 'changes'; readonly id: Uuid }
  /** The verdict on a message of a session. */
  | { readonly kind: 'number'; readonly sessionId: Uuid; readonly clientSeq: number }
  /** The accepted message at a seq. */
  | { readonly kind: 'message'; readonly seq: number }
  | { readonly kind: 'rejection'; readonly id: Uuid }
  /** The person behind an author id. */
  | { readonly kind: 'author'; readonly id: Uuid }

export class Missing extends Error {
  override readonly name = 'Missing'
  readonly need: Need

  constructor(need: Need) {
    super(`a decision needs ${JSON.stringify(need)}`)
    this.need = need
  }
}
