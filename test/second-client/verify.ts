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
import { type Json, count, demand, list, object, parse, text } from './refusal.ts'

export interface Position {
  eid: string
  epoch: number
  seq: number
  chain: string
  sig: string
}

/** A term of a reviewer: what its record opens. */
export interface Term {
  eid: string
  epoch: number
  seq: number
  chain: string
  /** The position that it continues. */
  prev: Omit<Position, 'sig'> | null
}

/** Whom a client follows: the epoch records that it believes, the last one present. */
export interface Followed {
  space: string
  eid: string
  epoch: number
  terms: readonly Term[]
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
  const records = list(lineage, 'OPN1').map((line) => readRecord(text(line, 'OPN1')))
  const { reviewerKey, eid, epoch } = checkRecords(records, asked)
  const position = readPosition(at)
  demand(position.eid === eid && position.epoch === epoch, 'OPN8', 'a position of another epoch')
  const said = [asked.nonce, text(nonce, 'OPN8'), shortId(asked.space), shortId(eid)]
  const where = [epoch, position.seq, position.chain, count(time, 'OPN8')]
  const greeting = valueHash('cs/welcome', [...said, ...where])
  demand(isSigned(greeting, sig, reviewerKey), 'OPN8', 'the greeting is not signed for this link')
  const [messages, bytes] = list(credits, 'FRM5 credits', 2)
  return {
    followed: {
      ...{ space: asked.space, eid, epoch, terms: records },
      ...{ reviewerId: idOfKey(reviewerKey), reviewerKey },
    },
    position,
    at: time as number,
    credits: { messages: count(messages, 'OFF2'), bytes: count(bytes, 'OFF2') },
    nonce: text(nonce, 'OPN8'),
  }
}

export interface Record extends Term {
  space: string
  reviewerId: string
  reviewerKey: string
}

/** BATCH12, EPO1 and EPO2: the record of an epoch, its id, and the chain after it. */
export function readRecord(line: string): Record {
  const record = list(parse(line, 'BATCH12'), 'BATCH12', 10)
  demand(record.length === 10 && record[0] === 'epoch' && record[3] === 2, 'BATCH12', 'no epoch')
  const [, seq, , , space, reviewer, reviewerKey, epoch, , from] = record
  const prev = from === null ? null : readPrev(list(from, 'BATCH12', 4))
  const at = count(seq, 'BATCH12')
  demand(at === (prev ? prev.seq + 1 : 0), 'BATCH12', 'not the next seq')
  const link = textHash('cs/first', line)
  return {
    ...{ eid: uuid8(link), epoch: count(epoch, 'BATCH12'), seq: at, prev },
    chain: valueHash('cs/chain', [prev?.chain ?? '', link]),
    ...{ space: longId(space, 'BATCH12'), reviewerId: longId(reviewer, 'BATCH12') },
    reviewerKey: text(reviewerKey, 'BATCH12'),
  }
}

function readPrev([eid, epoch, seq, chain]: Json[]): Omit<Position, 'sig'> {
  return {
    eid: longId(eid, 'BATCH12'),
    epoch: count(epoch, 'BATCH12'),
    seq: count(seq, 'BATCH12'),
    chain: hashText(chain, 'BATCH12'),
  }
}

/** EPO3 and EPO4: each continues the one before it, and the last one is of whom we follow. */
function checkRecords(
  records: readonly Record[],
  asked: { space: string; reviewerKey: string | undefined },
): Record {
  for (const [i, { prev }] of records.entries())
    demand(i === 0 || prev?.eid === records[i - 1]!.eid, 'EPO3', 'epochs that are not linked')
  const present = records.at(-1)
  demand(present !== undefined, 'OPN1', 'no epoch')
  demand(present.space === asked.space, 'OPN2', 'another space')
  const { reviewerKey: key, reviewerId } = present
  demand(idOfKey(key) === reviewerId, 'ID1', 'not the id of its key')
  demand((asked.reviewerKey ?? key) === key, 'EPO4', 'another reviewer')
  return present
}

/** Whether a position is on the lineage that is followed, as far as its epoch says. */
export function isFollowed(
  { eid, seq }: { eid: string; seq: number },
  { terms }: Followed,
): boolean {
  const at = terms.findIndex((term) => term.eid === eid)
  return at >= 0 && seq <= (terms[at + 1]?.prev?.seq ?? Infinity)
}

/** GATE4: a position of this epoch that the reviewer has signed. */
export function checkPosition(json: Json | undefined, followed: Followed): Position {
  const position = readPosition(json)
  const term = followed.terms.find(({ eid }) => eid === position.eid)
  const same = isFollowed(position, followed) && position.epoch === term?.epoch
  demand(same, 'GATE4', 'a position of another lineage')
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
  const { space, reviewerId } = rejection
  const ours = space === followed.space
  demand(ours && reviewerId === followed.reviewerId, 'GATE8', 'a rejection of another reviewer')
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
