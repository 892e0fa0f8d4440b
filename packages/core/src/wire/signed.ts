/** What a reviewer signs: positions, which vouch for all up to them, and rejections; and how an epoch begins. */
import { type Hash, hash, hashBytes, hashLine } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'
import type { EpochOpen, Position, Rejection } from '../facts/message.ts'

/** The 32 bytes that a reviewer signs to vouch for a position and all before it. */
export function positionBytes(space: Uuid, { eid, epoch, seq, chain }: Position): Uint8Array {
  return hashBytes('cs/pos', [shortId(space), shortId(eid), epoch, seq, chain])
}

type EpochBody = Omit<EpochOpen, 'eid' | 'chain' | 'sig'>

function epochJson(body: EpochBody): Json {
  const { v, space, reviewerId, epoch, seq, prev, reviewerKey, why, at } = body
  // A signature stands outside: any position may be signed later.
  const from = prev && { eid: prev.eid, epoch: prev.epoch, seq: prev.seq, chain: prev.chain }
  return { v, space, reviewerId, epoch, seq, reviewerKey, why, at, prev: from }
}

/** The id that an epoch record gives itself, and the first link of its chain. */
export function epochIdentity(body: EpochBody): { eid: Uuid; chain: Hash } {
  const json = epochJson(body)
  const previous = body.prev?.chain ?? null
  const eid = uuid8(hashBytes('cs/chain', [previous, json]))
  return { eid, chain: hash('cs/chain', [previous, { ...(json as object), eid } as Json]) }
}

/** What a reviewer signs in a rejection; its signature, where it has one already, is left out. */
export function rejectionBytes(
  rejection: Omit<Rejection, 'sig'> & { readonly sig?: string },
): Uint8Array {
  const { detail, standing, sig: _, ...rest } = rejection
  const body = {
    ...rest,
    ...(detail !== undefined && { detail }),
    ...(standing !== undefined && { standing }),
  }
  return hashBytes('cs/reject', body as unknown as Json)
}

/** What a reviewer signs to greet: it is alive, and this is its newest position. */
export function welcomeBytes(
  space: Uuid,
  {
    nonces,
    position,
    at,
  }: {
    /** The author's and the reviewer's: fresh for each link. */
    readonly nonces: readonly [author: string, reviewer: string]
    readonly position: Position
    /** The reviewer's clock, ms since 1970. */
    readonly at: number
  },
): Uint8Array {
  const { eid, epoch, seq, chain } = position
  return hashBytes('cs/welcome', [...nonces, shortId(space), shortId(eid), epoch, seq, chain, at])
}

/** What a reviewer signs to say that a position was its newest one at that time of its clock. */
export function liveBytes(
  space: Uuid,
  { eid, epoch, seq, chain }: Position,
  at: number,
): Uint8Array {
  return hashBytes('cs/live', [shortId(space), shortId(eid), epoch, seq, chain, at])
}

/** What a whoami key signs to speak for its session over one link, whose reviewer drew the nonce. */
export function bindBytes(space: Uuid, sessionId: Uuid, nonce: string): Uint8Array {
  return hashBytes('cs/bind', [nonce, shortId(space), shortId(sessionId)])
}

/** What a reviewer signs to say where messages of a session stand: rows of clientSeq, seq, time, forked. */
export function acceptedBytes(
  space: Uuid,
  {
    eid,
    epoch,
    sessionId,
  }: { readonly eid: Uuid; readonly epoch: number; readonly sessionId: Uuid },
  reviews: readonly (readonly [number, number, number, number])[],
): Uint8Array {
  return hashBytes('cs/accepted', [
    shortId(space),
    shortId(eid),
    epoch,
    shortId(sessionId),
    reviews,
  ])
}

/** What a reviewer signs to say of messages that they have no verdict, and why; over one link, by its nonce. */
export function nackBytes(
  space: Uuid,
  { eid, epoch }: Pick<Position, 'eid' | 'epoch'>,
  nack: {
    readonly nonce: string
    readonly sessionId: Uuid
    readonly clientSeqs: readonly number[]
    readonly reason: string
    readonly detail: string
  },
): Uint8Array {
  const { nonce, sessionId, clientSeqs, reason, detail } = nack
  const about = [shortId(space), shortId(eid), epoch, shortId(sessionId), clientSeqs]
  return hashBytes('cs/nack', [nonce, ...about, reason, detail])
}

/** A part of a history, as it stands in its frame. */
export interface ToldHistory {
  readonly entityId: Uuid
  readonly asOfSeq: number
  readonly part: number
  readonly end: string
  readonly terms: readonly Pick<Rejection, 'reviewerId' | 'eid' | 'epoch'>[]
  readonly messages: readonly { readonly term: number; readonly lines: number }[]
}

/** What a reviewer signs to vouch for a part of a history, over the link with that nonce. */
export function historyBytes(
  space: Uuid,
  { eid, epoch }: Pick<Position, 'eid' | 'epoch'>,
  told: ToldHistory & { readonly nonce: string; readonly texts: string },
): Uint8Array {
  const { nonce, entityId, asOfSeq, part, end, texts } = told
  const terms = told.terms.map((term) => [shortId(term.reviewerId), shortId(term.eid), term.epoch])
  const messages = told.messages.map(({ term, lines }) => [term, lines])
  const about = [nonce, shortId(space), shortId(eid), epoch, shortId(entityId), asOfSeq, part, end]
  return hashBytes('cs/history', [...about, terms, messages, hashLine('cs/told', texts)])
}

/** What a reviewer signs to say which seal it keeps of the flush with a seq; over one link, by its nonce. */
export function keptBytes(
  space: Uuid,
  { eid, epoch }: Pick<Position, 'eid' | 'epoch'>,
  kept: {
    readonly nonce: string
    readonly seq: number
    readonly publicKey: string | null
    readonly seal: string | null
  },
): Uint8Array {
  const { nonce, seq, publicKey, seal } = kept
  return hashBytes('cs/kept', [nonce, shortId(space), shortId(eid), epoch, seq, publicKey, seal])
}

/** The hash of the text of a page. */
export function pageHash(text: string): Hash {
  return hashLine('cs/page', text)
}

/** The hash of a frame that says what became of the messages of a session. */
export function listHash(frame: string): Hash {
  return hashLine('cs/list', frame)
}

/** What a snapshot covers. Today all of a space. */
const ALL = 'all'

function snapshotJson(
  space: Uuid,
  { eid, epoch, seq, chain }: Position,
  pages: readonly Hash[],
): Json {
  return [ALL, shortId(space), shortId(eid), epoch, seq, chain, [...pages].sort()]
}

/** What a reviewer signs to vouch for a snapshot: its scope and position, and the hashes of its pages. */
export function snapshotBytes(space: Uuid, at: Position, pages: readonly Hash[]): Uint8Array {
  return hashBytes('cs/snapshot', snapshotJson(space, at, pages))
}

/**
 * What a reviewer signs to say what a snapshot contains of the sessions that are bound, over the link
 * with that nonce: the same snapshot, and the hashes of the frames that name the sessions.
 */
export function settledBytes(
  space: Uuid,
  at: Position,
  told: {
    readonly nonce: string
    readonly pages: readonly Hash[]
    readonly lists: readonly Hash[]
  },
): Uint8Array {
  const snapshot = hash('cs/snapshot', snapshotJson(space, at, told.pages))
  return hashBytes('cs/settled', [told.nonce, snapshot, [...told.lists].sort()])
}
