/**
 * A run: consecutive reviews of one commit, with their messages. Encoded once by the
 * reviewer, sent to everyone and stored as it is by the reviewer and by every replica.
 *
 *   run       [first seq, time, forked offsets, chain after its last review, body, assigned?, bases?]
 *   body      packed messages, or for their author just [session id, clientSeqs]: the author has them
 *   assigned  list of [offset, values by register for each change, 0 where it has none]; or 0
 *   bases     list of [offset, bases by register for each change, 0 where it has none]
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Hash, isHash } from '../base/hash.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { Assigned, Bases, Message } from '../message/message.ts'
import { assignedFault, isCount } from '../message/parse.ts'
import { packBases, readBases } from './bases.ts'
import { unpackMessages } from './pack.ts'

export interface RunHead {
  readonly fromSeq: number
  /** The reviewer's clock at the commit, ms since 1970. */
  readonly at: number
  /** Offsets, from 0, of the reviews that forked an entity. */
  readonly forked: readonly number[]
  /** The reviewer's chain after the last review of the run. */
  readonly chain: Hash
  /** What the reviewer assigned, by offset: aligned with the changes of that message. */
  readonly assigned?: ReadonlyMap<number, readonly Assigned[]>
  /** What stood before registers that were left with several live writes, by offset. */
  readonly bases?: ReadonlyMap<number, readonly Bases[]>
}

export interface Run extends RunHead {
  readonly body: RunBody
  /** Reviews in the run. */
  readonly count: number
}

export type RunBody =
  | { readonly kind: 'messages'; readonly messages: readonly Message[] }
  | { readonly kind: 'own'; readonly sessionId: Uuid; readonly clientSeqs: readonly number[] }

const NONE: Assigned = Object.freeze({})

/** `packed` is the text of `packMessages`. */
export function runText(head: RunHead, packed: string): string {
  return `[${headText(head)},${packed}${moreText(head)}]`
}

/** The same run for the author of its messages. */
export function ownRunText(head: RunHead, sessionId: Uuid, clientSeqs: readonly number[]): string {
  return `[${headText(head)},["${sessionId}",[${clientSeqs.join(',')}]]${moreText(head)}]`
}

function headText({ fromSeq, at, forked, chain }: RunHead): string {
  return `${fromSeq},${at},[${forked.join(',')}],"${chain}"`
}

function moreText({ assigned, bases }: RunHead): string {
  const given = [...(assigned ?? [])].map(([offset, changes]) => [offset, packAssigned(changes)])
  const before = [...(bases ?? [])].map(([offset, changes]) => [offset, packBases(changes)])
  if (before.length > 0)
    return `,${given.length > 0 ? JSON.stringify(given) : 0},${JSON.stringify(before)}`
  return given.length > 0 ? `,${JSON.stringify(given)}` : ''
}

/** Values by register for each change of one message, as they are sent. */
export function packAssigned(changes: readonly Assigned[]): readonly (Assigned | 0)[] {
  return changes.map((values) => (Object.keys(values).length > 0 ? values : 0))
}

export function readRun(json: unknown, space: Uuid): Outcome<Run> {
  const [fromSeq, at, forked, chain, body, packedAssigned, packedBases] = Array.isArray(json)
    ? (json as unknown[])
    : []
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
  const read = readBody(body, space)
  if (!read.ok) return read
  const count =
    read.value.kind === 'own' ? read.value.clientSeqs.length : read.value.messages.length
  const assigned = readAssignedList(packedAssigned, read.value, count)
  if (typeof assigned === 'string') return fail('malformed', assigned)
  const bases = readBasesList(packedBases, read.value, count)
  if (typeof bases === 'string') return fail('malformed', bases)
  const head = { fromSeq, at, forked: forked as readonly number[], chain }
  const more = { ...(assigned && { assigned }), ...(bases && { bases }) }
  return ok({ ...head, ...more, count, body: read.value })
}

function readBody(body: unknown, space: Uuid): Outcome<RunBody> {
  if (Array.isArray(body) && typeof body[0] === 'string') {
    const [sessionId, clientSeqs] = body as [unknown, unknown]
    if (!isUuid(sessionId) || !Array.isArray(clientSeqs) || !clientSeqs.every((n) => isCount(n))) {
      return fail('malformed', 'a run names no messages')
    }
    return ok({ kind: 'own', sessionId, clientSeqs: clientSeqs as readonly number[] })
  }
  const messages = unpackMessages(body, space)
  return messages.ok ? ok({ kind: 'messages', messages: messages.value }) : messages
}

/** What was assigned in a run; a text says what is wrong with it. */
function readAssignedList(
  packed: unknown,
  body: RunBody,
  count: number,
): ReadonlyMap<number, readonly Assigned[]> | string | undefined {
  if (packed === undefined || packed === 0) return undefined
  if (!Array.isArray(packed)) return 'assigned values are no list'
  const found = new Map<number, readonly Assigned[]>()
  for (const item of packed as unknown[]) {
    const [offset, values] = Array.isArray(item) ? (item as unknown[]) : []
    if (!isCount(offset, count - 1) || found.has(offset)) return 'assigned values of no review'
    const message = body.kind === 'messages' ? body.messages[offset] : undefined
    const read = readAssigned(values, message)
    if (typeof read === 'string') return read
    found.set(offset, read)
  }
  return found
}

/** The bases of a run; a text says what is wrong with them. */
function readBasesList(
  packed: unknown,
  body: RunBody,
  count: number,
): ReadonlyMap<number, readonly Bases[]> | string | undefined {
  if (packed === undefined) return undefined
  if (!Array.isArray(packed)) return 'bases are no list'
  const found = new Map<number, readonly Bases[]>()
  for (const item of packed as unknown[]) {
    const [offset, changes] = Array.isArray(item) ? (item as unknown[]) : []
    if (!isCount(offset, count - 1) || found.has(offset)) return 'bases of no review'
    const message = body.kind === 'messages' ? body.messages[offset] : undefined
    const read = readBases(changes, message?.changes.length)
    if (!read) return 'bases that are none'
    found.set(offset, read)
  }
  return found
}

/** What was assigned to one message, its changes checked where they are known; or what is wrong. */
export function readAssigned(packed: unknown, message?: Message): readonly Assigned[] | string {
  if (!Array.isArray(packed) || packed.length === 0) return 'assigned values are no list'
  if (message && packed.length !== message.changes.length)
    return 'assigned values are not those of the changes'
  const read: Assigned[] = []
  for (const [i, values] of (packed as unknown[]).entries()) {
    const fault = values === 0 ? undefined : assignedFault(values, message?.changes[i]?.meta)
    if (fault) return fault
    read.push(values === 0 ? NONE : (values as Assigned))
  }
  return read
}
