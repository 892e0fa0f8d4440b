/**
 * A run: consecutive reviews of one commit, with their messages. Encoded once by the
 * reviewer, sent to everyone and stored as it is by the reviewer and by every replica.
 *
 *   run   [first seq, time, forked offsets, chain after its last review, body]
 *   body  packed messages, or for their author just [session id, clientSeqs]: the author has them
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Hash, isHash } from '../base/hash.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { Message } from '../message/message.ts'
import { isCount } from '../message/parse.ts'
import { unpackMessages } from './pack.ts'

export interface RunHead {
  readonly fromSeq: number
  /** The reviewer's clock at the commit, ms since 1970. */
  readonly at: number
  /** Offsets, from 0, of the reviews that forked an entity. */
  readonly forked: readonly number[]
  /** The reviewer's chain after the last review of the run. */
  readonly chain: Hash
}

export interface Run extends RunHead {
  readonly body: RunBody
  /** Reviews in the run. */
  readonly count: number
}

export type RunBody =
  | { readonly kind: 'messages'; readonly messages: readonly Message[] }
  | { readonly kind: 'own'; readonly sessionId: Uuid; readonly clientSeqs: readonly number[] }

/** `packed` is the text of `packMessages`. */
export function runText(head: RunHead, packed: string): string {
  return `[${head.fromSeq},${head.at},[${head.forked.join(',')}],"${head.chain}",${packed}]`
}

/** The same run for the author of its messages. */
export function ownRunText(head: RunHead, sessionId: Uuid, clientSeqs: readonly number[]): string {
  return `[${head.fromSeq},${head.at},[${head.forked.join(',')}],"${head.chain}",["${sessionId}",[${clientSeqs.join(',')}]]]`
}

export function readRun(json: unknown, space: Uuid): Outcome<Run> {
  const [fromSeq, at, forked, chain, body] = Array.isArray(json) ? (json as unknown[]) : []
  if (
    !isCount(fromSeq) ||
    fromSeq < 1 ||
    !isCount(at) ||
    !Array.isArray(forked) ||
    !forked.every((n) => isCount(n)) ||
    !isHash(chain)
  ) {
    return fail('malformed', 'a run without seq, time, forks or chain')
  }
  const head = { fromSeq, at, forked: forked as readonly number[], chain }
  if (Array.isArray(body) && typeof body[0] === 'string') {
    const [sessionId, clientSeqs] = body as [unknown, unknown]
    if (!isUuid(sessionId) || !Array.isArray(clientSeqs) || !clientSeqs.every((n) => isCount(n))) {
      return fail('malformed', 'a run names no messages')
    }
    const own = { kind: 'own', sessionId, clientSeqs: clientSeqs as readonly number[] } as const
    return ok({ ...head, count: clientSeqs.length, body: own })
  }
  const messages = unpackMessages(body, space)
  if (!messages.ok) return messages
  return ok({
    ...head,
    count: messages.value.length,
    body: { kind: 'messages', messages: messages.value },
  })
}
