/** What a reviewer signs: positions, which vouch for all up to them, and rejections; and how an epoch begins. */
import { type Hash, hash, hashBytes } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'
import type { EpochOpen, Position, Rejection } from '../message/message.ts'

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
