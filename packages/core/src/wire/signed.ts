/** The bytes that a reviewer or an author signs. */
import { type Hash, hash, hashBytes, hashLine } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'
import type { Position, Rejection } from '../facts/message.ts'

/** The 32 bytes that a reviewer signs for a position; the signature covers everything before it. */
export function positionBytes(space: Uuid, { eid, epoch, seq, chain }: Position): Uint8Array {
  return hashBytes('cs/pos', [shortId(space), shortId(eid), epoch, seq, chain])
}

/** The bytes that a reviewer signs for a rejection; omits a signature that it has already. */
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

/** The bytes that a reviewer signs for a welcome: it is online, and this is its newest position. */
export function welcomeBytes(
  space: Uuid,
  {
    nonces,
    position,
    at,
  }: {
    /** The nonces of author and reviewer: fresh for each link. */
    readonly nonces: readonly [author: string, reviewer: string]
    readonly position: Position
    /** The reviewer's clock, ms since 1970. */
    readonly at: number
  },
): Uint8Array {
  const { eid, epoch, seq, chain } = position
  return hashBytes('cs/welcome', [...nonces, shortId(space), shortId(eid), epoch, seq, chain, at])
}

/** The bytes that a reviewer signs for its newest position at a time of its clock. */
export function liveBytes(
  space: Uuid,
  { eid, epoch, seq, chain }: Position,
  at: number,
): Uint8Array {
  return hashBytes('cs/live', [shortId(space), shortId(eid), epoch, seq, chain, at])
}

/**
 * The bytes that a whoami key signs to bind its session to one link; the reviewer drew the nonce.
 */
export function bindBytes(space: Uuid, sessionId: Uuid, nonce: string): Uint8Array {
  return hashBytes('cs/bind', [nonce, shortId(space), shortId(sessionId)])
}

/**
 * The bytes that a reviewer signs for accepted messages of a session: rows of clientSeq, seq, time,
 * forked.
 */
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

/**
 * The bytes that a reviewer signs for messages without a verdict, with the reason; bound to a link
 * by its nonce.
 */
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

/**
 * The bytes that a reviewer signs for a frame of states, bound to a link by its nonce. `accepted`: by
 * session, rows as in `acceptedBytes`.
 */
export function statesBytes(
  space: Uuid,
  { eid, epoch, seq, chain }: Position,
  told: {
    readonly nonce: string
    readonly at: number
    readonly numbers: readonly [no: number, of: number, done: number, more: 0 | 1, erased: number]
    readonly kept: readonly Uuid[]
    readonly gone: readonly Uuid[]
    readonly accepted: readonly (readonly [
      sessionId: Uuid,
      reviews: readonly (readonly [number, number, number, number])[],
    ])[]
    readonly texts: string
  },
): Uint8Array {
  const { nonce, at, numbers, texts } = told
  const [kept, gone] = [told.kept.map(shortId), told.gone.map(shortId)]
  const accepted = told.accepted.map(([sessionId, reviews]): Json => [shortId(sessionId), reviews])
  const place = [shortId(space), shortId(eid), epoch, seq, chain, at]
  return hashBytes('cs/states', [
    nonce,
    ...place,
    ...numbers,
    kept,
    gone,
    accepted,
    pageHash(texts),
  ])
}

/** A part of a history, as in its frame. */
export interface ToldHistory {
  readonly entityId: Uuid
  readonly asOfSeq: number
  readonly part: number
  readonly end: string
  readonly terms: readonly Pick<Rejection, 'reviewerId' | 'eid' | 'epoch'>[]
  readonly messages: readonly { readonly term: number; readonly lines: number }[]
}

/** The bytes that a reviewer signs for a part of a history, bound to a link by its nonce. */
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

/**
 * The bytes that a reviewer signs for the stored seal of the flush with a seq, bound to a link by
 * its nonce.
 */
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

/** The bytes that a reviewer signs for the author ids of a person, bound to a link by its nonce. */
export function meBytes(
  space: Uuid,
  { eid, epoch }: Pick<Position, 'eid' | 'epoch'>,
  me: { readonly nonce: string; readonly authorIds: readonly Uuid[] },
): Uint8Array {
  const ids = me.authorIds.map((id) => shortId(id))
  return hashBytes('cs/me', [me.nonce, shortId(space), shortId(eid), epoch, ids])
}

/** The hash of the text of a page. */
export function pageHash(text: string): Hash {
  return hashLine('cs/page', text)
}

/** Of the hash of a page, as its name in `want` and `kept`: 96 bits. */
export const PAGE_NAME_CHARACTERS = 16

/** The name of a stored page in a `want`. */
export function pageName(hash: Hash): string {
  return hash.slice(0, PAGE_NAME_CHARACTERS)
}

/** The hash of a `settled` frame. */
export function listHash(frame: string): Hash {
  return hashLine('cs/list', frame)
}

/** The scope of a snapshot. So far always the whole space. */
const ALL = 'all'

function snapshotJson(
  space: Uuid,
  { eid, epoch, seq, chain }: Position,
  pages: readonly Hash[],
): Json {
  return [ALL, shortId(space), shortId(eid), epoch, seq, chain, [...pages].sort()]
}

/**
 * The bytes that a reviewer signs for a snapshot: its scope, position, and the hashes of its pages.
 */
export function snapshotBytes(space: Uuid, at: Position, pages: readonly Hash[]): Uint8Array {
  return hashBytes('cs/snapshot', snapshotJson(space, at, pages))
}

/**
 * The bytes that a reviewer signs for the accepted messages of the bound sessions in a snapshot,
 * bound to a link by its nonce: the snapshot, and the hashes of the `settled` frames.
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

/** The bytes that a reviewer signs for the answer to an erasure, bound to a link by its nonce. */
export function erasedBytes(
  space: Uuid,
  { eid, epoch }: Pick<Position, 'eid' | 'epoch'>,
  about: {
    readonly nonce: string
    readonly entityId: Uuid
    readonly seq: number
    readonly why: string | null
  },
): Uint8Array {
  const { nonce, entityId, seq, why } = about
  const place = [nonce, shortId(space), shortId(eid), epoch, shortId(entityId)]
  return hashBytes('cs/erased', [...place, seq, why])
}
