/**
 * The reviewer's chain: each review hashes the one before it, so that one signature on a
 * position vouches for everything up to it.
 */
import { canonical } from '../base/canonical.ts'
import { type Hash, hash, hashBytes, hashText } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import type { Assigned, EpochOpen, Position, Rejection } from './message.ts'

/** Characters of a chain that an author names in "seen": 128 bits and a little. */
const START_CHARS = 22

/** The part of a chain by which an author says how far it had read. */
export function chainStart(chain: Hash): string {
  return chain.slice(0, START_CHARS)
}

/** The parts of a review that the chain covers. */
export interface ChainLink {
  readonly space: Uuid
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  readonly msgId: Uuid
  readonly hash: Hash
  readonly forked: boolean
  readonly assigned?: readonly Assigned[] | undefined
  readonly at: number
}

/** The chain after one more review. */
export function chainAfter(previous: Hash, link: ChainLink): Hash {
  const assigned = link.assigned ? `"assigned":${canonical(link.assigned)},` : ''
  const forked = link.forked ? '"forked":true,' : ''
  // Canonical JSON of [previous, review], with the keys of the review in order.
  return hashText(
    'cs/chain',
    `["${previous}",{"about":{"hash":"${link.hash}","msgId":"${link.msgId}"},${assigned}"at":${link.at},"eid":"${link.eid}",` +
      `"epoch":${link.epoch},${forked}"reviewerId":"${link.reviewerId}","seq":${link.seq},"space":"${link.space}","v":1,"verdict":"accepted"}]`,
  )
}

/** What a reviewer signs to vouch for a position. */
export function positionBytes(space: Uuid, position: Position): Uint8Array {
  return hashBytes('cs/pos', [space, position.eid, position.epoch, position.seq, position.chain])
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
