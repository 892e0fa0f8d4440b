/**
 * Maps errors of browsers to errors of the port. Three groups: a lost connection (worth one retry
 * on a new one), a full disk (may pass), and everything else.
 */
import { StorageError, type StorageTrouble } from '@countersign/core/ports'

/**
 * Names of errors for a connection that was lost during a call: Chrome and Firefox abort its
 * transactions with AbortError, Safari with UnknownError ("Connection to Indexed Database
 * server lost"), a new transaction on it throws InvalidStateError.
 */
const lostNames: ReadonlySet<string> = new Set([
  'AbortError',
  'InvalidStateError',
  'TransactionInactiveError',
  'UnknownError',
  'DatabaseClosedError',
])

const troubles: Readonly<Record<string, StorageTrouble>> = {
  QuotaExceededError: 'quota',
  VersionError: 'version',
  DatabaseClosedError: 'closed',
}

/** Whether a retry on a new connection may succeed. */
export function isConnectionLost(error: unknown): boolean {
  return lostNames.has(nameOf(error))
}

/**
 * Wraps an error; `what` names the failed call and its storage. An error of the port is returned as
 * it is.
 */
export function toStorageError(error: unknown, what: string): StorageError {
  if (error instanceof StorageError) return error
  const trouble = troubles[nameOf(error)] ?? 'failed'
  const wrapped = new StorageError(trouble, `${what}: ${nameOf(error)}: ${messageOf(error)}`)
  wrapped.cause = error
  return wrapped
}

/** Dexie wraps some errors in OpenFailedError; the inner one is more precise. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownThrow'
  const inner: unknown = 'inner' in error ? error.inner : undefined
  return error.name === 'OpenFailedError' && inner instanceof Error ? inner.name : error.name
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
