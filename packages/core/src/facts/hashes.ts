/**
 * Hashes of texts: one call for each text, over the text as sent.
 *
 *   session = SHA-256('cs/session' ‖ LF ‖ line)
 *   head    = SHA-256('cs/head' ‖ LF ‖ session ‖ line)
 *   line    = SHA-256('cs/line' ‖ LF ‖ head ‖ hash of the line before, or nothing ‖ line)
 *
 * Hashes are written as 43 characters. A line starts with `[`, so the parts cannot run together.
 */
import { type Hash, hashBytes, hashLine } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { idOfHash } from './ids.ts'
import type { FlushHashes, FlushText } from './types.ts'

/** Identifies a session by its line. */
export function sessionHash(line: string): Hash {
  return hashLine('cs/session', line)
}

/** Binds the head line of a flush to its session. */
export function headHash(session: Hash, line: string): Hash {
  return hashLine('cs/head', session + line)
}

/** `before` is the hash of the line before it in the flush, '' for the first. */
export function lineHash(head: Hash, before: Hash, line: string): Hash {
  return hashLine('cs/line', head + before + line)
}

/** The id of the message whose last line has this hash. */
export function messageId(line: Hash): Uuid {
  return idOfHash(line)
}

/** Hashes the head and every line of a flush, in order: one call of SHA-256 each. */
export function flushHashes(session: Hash, text: FlushText): FlushHashes {
  const head = headHash(session, text.head)
  const lines: Hash[] = []
  for (const line of text.lines) lines.push(lineHash(head, lines.at(-1) ?? '', line))
  return { session, head, lines }
}

/** The 32 bytes that the author signs: H('cs/seal', [head, hashes of the lines…]). */
export function sealBytes({ head, lines }: Pick<FlushHashes, 'head' | 'lines'>): Uint8Array {
  return hashBytes('cs/seal', [head, ...lines])
}
