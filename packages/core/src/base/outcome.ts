/**
 * Outcomes of expected conditions, and the errors that calls of the public
 * interface throw. Untrusted input returns an `Outcome`; a wrong call by the
 * app throws `CountersignError` and changes nothing.
 */

export type Outcome<T, E = Fault> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

/** Why untrusted input was rejected: a stable code and a sentence. */
export interface Fault {
  readonly code: string
  readonly message: string
}

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export const fail = (
  code: string,
  message: string,
): { readonly ok: false; readonly error: Fault } => ({
  ok: false,
  error: { code, message },
})

/** The stable codes of errors that a call into the store can throw. */
export type ErrorCode =
  | 'not_ready'
  | 'closed'
  | 'not_loaded'
  | 'unknown_entity'
  | 'unknown_type'
  | 'unknown_message'
  | 'entity_exists'
  | 'invalid'
  | 'schema_refused'
  | 'needs_upgrade'
  | 'too_large'
  | 'outbox_full'
  | 'transaction_async'
  | 'transaction_state'
  | 'halted'
  | 'unavailable'

/** The subject of a wrong call; a part that does not apply is absent. */
export interface ErrorSubject {
  readonly entity?: string | undefined
  readonly id?: string | undefined
  readonly field?: string | undefined
  readonly reason?: string | undefined
  /** For `import`: index of the row, counted from 0. */
  readonly index?: number | undefined
}

/** Thrown by calls of the public interface. The call that threw it changed nothing. */
export class CountersignError extends Error {
  override readonly name = 'CountersignError'
  readonly code: ErrorCode
  readonly entity: string | undefined
  readonly id: string | undefined
  readonly field: string | undefined
  readonly reason: string | undefined
  readonly index: number | undefined

  constructor(code: ErrorCode, message: string, about: ErrorSubject = {}) {
    super(message)
    this.code = code
    this.entity = about.entity
    this.id = about.id
    this.field = about.field
    this.reason = about.reason
    this.index = about.index
  }
}
