/**
 * What browsers throw, in the words of the port. Three groups: the connection is gone (worth one
 * retry on a fresh one), the disk is full (may pass), and everything else.
 */
import { StorageError, type StorageTrouble } from '@countersign/core/ports'

/**
 * Names under which browsers report a connection that died under a call: Chrome and Firefox end
 * its transactions with AbortError, Safari with UnknownError ("Connection to Indexed Database
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

/** Whether the same job may succeed on a new connection. */
export function isConnectionLost(error: unknown): boolean {
  return lostNames.has(nameOf(error))
}

/** `what` says which call on which storage failed. An error of the port passes through. */
export function toStorageError(error: unknown, what: string): StorageError {
  if (error instanceof StorageError) return error
  const trouble = troubles[nameOf(error)] ?? 'failed'
  const wrapped = new StorageError(trouble, `${what}: ${nameOf(error)}: ${messageOf(error)}`)
  wrapped.cause = error
  return wrapped
}

/** Dexie wraps what it cannot name better; the inner error then says more. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UnknownThrow'
  const inner: unknown = 'inner' in error ? error.inner : undefined
  return error.name === 'OpenFailedError' && inner instanceof Error ? inner.name : error.name
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
