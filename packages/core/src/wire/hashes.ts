/**
 * Hashes of a reviewer's texts.
 *
 *   first   = SHA-256('cs/first' ‖ LF ‖ line)
 *   review  = SHA-256('cs/review' ‖ LF ‖ hash of the message ‖ line)
 *   base    = SHA-256('cs/base' ‖ LF ‖ line)
 *   chain   = H('cs/chain', [chain before, first, of each flush its head and one a place, reviews])
 */
import { type Hash, hash, hashBytes, hashLine } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'

/** The chain before the first record of a space. */
export const NO_CHAIN: Hash = ''

export function firstHash(line: string): Hash {
  return hashLine('cs/first', line)
}

export function reviewHash(message: Hash, line: string): Hash {
  return hashLine('cs/review', message + line)
}

export function baseHash(line: string): Hash {
  return hashLine('cs/base', line)
}

/** `links`: the hash of the first line, then of all that follows it. */
export function chainAfter(before: Hash, links: readonly Hash[]): Hash {
  return hash('cs/chain', [before, ...links])
}

/** How far a lineage has come. */
export interface Position {
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  readonly chain: Hash
}

/** The 32 bytes that a reviewer signs to vouch for a position and all before it. */
export function positionBytes(space: Uuid, { eid, epoch, seq, chain }: Position): Uint8Array {
  return hashBytes('cs/pos', [shortId(space), shortId(eid), epoch, seq, chain])
}
