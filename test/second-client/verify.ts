// Owns: what of a reviewer is believed (SPEC 21): each signature over what it says, and whose it is.

import {
  chainPrefix,
  hashText,
  idOfKey,
  isSigned,
  longId,
  shortId,
  textHash,
  uuid8,
  valueHash,
} from './encode.ts'
import { type Json, count, demand, list, object, text } from './refusal.ts'

export interface Position {
  eid: string
  epoch: number
  seq: number
  chain: string
  sig: string
}

/** Whom a client follows: the epoch record that it believes. */
export interface Followed {
  space: string
  eid: string
  epoch: number
  reviewerId: string
  reviewerKey: string
}

export interface Greeting {
  followed: Followed
  position: Position
  /** The reviewer's clock. */
  at: number
  credits: { messages: number; bytes: number }
  nonce: string
  /** The position at seq 0, from which the chain goes on. */
  start: Position
}

export function readPosition(json: Json | undefined): Position {
  const [eid, epoch, seq, chain, sig] = list(json, 'FRM5 position', 5)
  return {
    eid: longId(eid, 'FRM5 position'),
    epoch: count(epoch, 'FRM5 position'),
    seq: count(seq, 'FRM5 position'),
    chain: hashText(chain, 'FRM5 position'),
    sig: text(sig, 'FRM5 position'),
  }
}

export function positionJson({ eid, epoch, seq, chain, sig }: Position): Json[] {
  return [shortId(eid), epoch, seq, chain, sig]
}

export function positionHash(space: string, { eid, epoch, seq, chain }: Omit<Position, 'sig'>) {
  return valueHash('cs/pos', [shortId(space), shortId(eid), epoch, seq, chain])
}

/** GATE2, in its order, for the reviewer whose key is given, or for any. */
export function checkGreeting(
  [v, lineage, at, credits, nonce, time, sig]: readonly Json[],
  asked: { space: string; nonce: string; reviewerKey: string | undefined },
): Greeting {
  demand(v === 2, 'OPN2', 'another version')
  const record = object(list(lineage, 'OPN1').at(-1), 'OPN1')
  const start = checkRecord(record, asked)
  const reviewerKey = text(record['reviewerKey'], 'EPO3')
  const { eid, epoch } = start
  const position = readPosition(at)
  demand(position.eid === eid && position.epoch === epoch, 'OPN8', 'a position of another epoch')
  const said = [asked.nonce, text(nonce, 'OPN8'), shortId(asked.space), shortId(eid)]
  const where = [epoch, position.seq, position.chain, count(time, 'OPN8')]
  const greeting = valueHash('cs/welcome', [...said, ...where])
  demand(isSigned(greeting, sig, reviewerKey), 'OPN8', 'the greeting is not signed for this link')
  const [messages, bytes] = list(credits, 'FRM5 credits', 2)
  return {
    followed: { space: asked.space, eid, epoch, reviewerId: idOfKey(reviewerKey), reviewerKey },
    position,
    at: time as number,
    credits: { messages: count(messages, 'OFF2'), bytes: count(bytes, 'OFF2') },
    nonce: text(nonce, 'OPN8'),
    start,
  }
}

/** EPO1 to EPO4: what the record says of itself, and who signed it. */
function checkRecord(
  record: { [key: string]: Json },
  asked: { space: string; reviewerKey: string | undefined },
): Position {
  demand(record['space'] === asked.space, 'OPN2', 'another space')
  const { eid, chain, sig, ...said } = record
  const prev = said['prev'] === null ? null : object(said['prev'], 'EPO1')['chain']!
  demand(uuid8(valueHash('cs/chain', [prev, said])) === eid, 'EPO1', 'another eid')
  const opened = valueHash('cs/chain', [prev, { ...said, eid }])
  demand(opened === chain, 'EPO2', 'another chain')
  const key = text(said['reviewerKey'], 'EPO3')
  demand(idOfKey(key) === said['reviewerId'], 'ID1', 'not the id of its key')
  demand((asked.reviewerKey ?? key) === key, 'EPO4', 'another reviewer')
  const at = { eid, epoch: count(said['epoch'], 'EPO1'), seq: 0, chain }
  demand(isSigned(positionHash(asked.space, at), sig, key), 'EPO3', 'the record is not signed')
  return { ...at, sig: text(sig, 'EPO3') }
}

/** GATE4: a position of this epoch that the reviewer has signed. */
export function checkPosition(json: Json | undefined, followed: Followed): Position {
  const position = readPosition(json)
  const same = position.eid === followed.eid && position.epoch === followed.epoch
  demand(same, 'GATE4', 'a position of another epoch')
  const signed = positionHash(followed.space, position)
  demand(isSigned(signed, position.sig, followed.reviewerKey), 'POS2', 'a position is not signed')
  return position
}

/** CATCH10. */
export function checkEnd(
  position: Position,
  [sig, at]: readonly Json[],
  followed: Followed,
): number {
  const { eid, epoch, seq, chain } = position
  const where = [shortId(followed.space), shortId(eid), epoch, seq, chain]
  const said = valueHash('cs/live', [...where, count(at, 'CATCH10')])
  demand(isSigned(said, sig, followed.reviewerKey), 'CATCH10', 'an end that is not signed')
  return at as number
}

/** VRD5. */
export function checkAccepted([session, reviews, sig]: readonly Json[], followed: Followed): void {
  const ids = [shortId(followed.space), shortId(followed.eid), followed.epoch]
  const said = valueHash('cs/accepted', [...ids, session!, reviews!])
  demand(isSigned(said, sig, followed.reviewerKey), 'VRD5', 'an acceptance is not signed')
}

/** VRD6, of a nack that concerns its messages alone, over the link with that nonce of the reviewer. */
export function checkNack(
  [reason, session, clientSeqs, detail, alone, sig]: readonly Json[],
  followed: Followed,
  nonce: string,
): void {
  if (alone !== 1) return
  const ids = [nonce, shortId(followed.space), shortId(followed.eid), followed.epoch]
  const said = valueHash('cs/nack', [...ids, session!, clientSeqs!, reason!, detail!])
  demand(isSigned(said, sig, followed.reviewerKey), 'VRD6', 'a nack is not signed')
}

/** WHO9: the author ids of a person, over the link with that nonce of the reviewer. */
export function checkMe(
  [authorIds, sig]: readonly Json[],
  followed: Followed,
  nonce: string,
): string[] {
  const about = [nonce, shortId(followed.space), shortId(followed.eid), followed.epoch]
  const said = valueHash('cs/me', [...about, authorIds!])
  demand(isSigned(said, sig, followed.reviewerKey), 'WHO9', 'author ids are not signed')
  return list(authorIds, 'WHO9').map((id) => longId(id, 'WHO9'))
}

/** HIST6: a part of a history, over the link with that nonce of the reviewer. */
export function checkHistory(
  fields: readonly Json[],
  texts: string,
  { followed, nonce }: { followed: Followed; nonce: string },
): void {
  const ids = [nonce, shortId(followed.space), shortId(followed.eid), followed.epoch]
  const said = valueHash('cs/history', [...ids, ...fields.slice(0, 6), textHash('cs/told', texts)])
  demand(isSigned(said, fields[6], followed.reviewerKey), 'HIST6', 'a history is not signed')
}

export interface Rejection {
  msgId: string
  hash: string
  reason: string
  detail?: string
  standing?: Json
}

/** GATE8 and REJ2. */
export function checkRejection(json: Json, followed: Followed): Rejection {
  const { sig, ...rejection } = object(json, 'REJ2')
  const { space, eid, reviewerId } = rejection
  const ours = space === followed.space && eid === followed.eid
  demand(ours && reviewerId === followed.reviewerId, 'GATE8', 'a rejection of another reviewer')
  demand(count(rejection['epoch'], 'GATE8') <= followed.epoch, 'GATE8', 'of a later epoch')
  const signed = isSigned(valueHash('cs/reject', rejection), sig, followed.reviewerKey)
  demand(signed, 'REJ2', 'a rejection is not signed')
  return rejection as { [key: string]: Json } & Rejection
}

/** SNAP6: of the text of a page. */
export function pageHash(content: string): string {
  return textHash('cs/page', content)
}

/** SNAP7: of a whole `settled` frame. */
export function listHash(frame: string): string {
  return textHash('cs/list', frame)
}

/** SNAP6 and SNAP7: all pages of a snapshot, and all lists that belong to it on this link. */
export function checkSnapshot(
  position: Position,
  parts: { pages: readonly string[]; lists: readonly string[]; nonce: string },
  [sig, settled]: readonly Json[],
  followed: Followed,
): void {
  const { eid, epoch, seq, chain } = position
  const where = [shortId(followed.space), shortId(eid), epoch, seq, chain]
  const said = valueHash('cs/snapshot', ['all', ...where, [...parts.pages].sort()])
  demand(isSigned(said, sig, followed.reviewerKey), 'SNAP6', 'a snapshot is not signed')
  const about = valueHash('cs/settled', [parts.nonce, said, [...parts.lists].sort()])
  const [lists, own] = list(settled, 'SNAP7', 2)
  demand(lists === parts.lists.length, 'SNAP7', 'another number of lists')
  demand(isSigned(about, own, followed.reviewerKey), 'SNAP7', 'lists are not signed')
}

/** GATE10: whether an author had the same history as we. */
export function sameHistory(seenChain: string, ours: string): boolean {
  return chainPrefix(ours) === seenChain
}
