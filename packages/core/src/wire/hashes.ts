/**
 * Hashes of a reviewer's texts.
 *
 *   first   = SHA-256('cs/first' ‖ LF ‖ line)
 *   review  = SHA-256('cs/review' ‖ LF ‖ hash of the message ‖ line)
 *   base    = SHA-256('cs/base' ‖ LF ‖ line)
 *   chain   = H('cs/chain', [chain before, first, for each flush its head and its places, reviews])
 */
import { type Hash, hash, hashLine } from '../base/hash.ts'

/** The chain before the first record of a space. */
export const NO_CHAIN: Hash = ''

/** The hash of a batch's first line: the first link of its chain. */
export function firstHash(line: string): Hash {
  return hashLine('cs/first', line)
}

/** The hash of a review line, bound to its message. */
export function reviewHash(message: Hash, line: string): Hash {
  return hashLine('cs/review', message + line)
}

/** The hash of the line with the value of a base; its salt hides the value. */
export function baseHash(line: string): Hash {
  return hashLine('cs/base', line)
}

/** `links`: the hash of the first line, then of everything that follows it. */
export function chainAfter(before: Hash, links: readonly Hash[]): Hash {
  return hash('cs/chain', [before, ...links])
}
