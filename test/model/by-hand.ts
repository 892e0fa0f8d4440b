/**
 * Messages, openings and offers that are made past the store, as a second implementation would
 * make them. Nothing is looked up here: parents and what an author had seen are the caller's.
 */
import {
  type Change,
  type Message,
  type MessageHeader,
  type SessionOpening,
  grantBytes,
  identify,
  leafHash,
  personalCommit,
  sealBytes,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair, Signer } from '@countersign/core/ports'
import { offerFrame, packMessages } from '@countersign/core/protocol'
import { type SeededRandom, seenNothing } from '@countersign/core/testing'

/** A header without what follows from the rest; `seen` is nothing where it is not given. */
export type HeaderByHand = Omit<MessageHeader, 'v' | 'seen' | 'leaves'> &
  Partial<Pick<MessageHeader, 'v' | 'seen'>>

/** The message that has these facts in its header, and its id and hash. */
export function messageByHand(facts: HeaderByHand, changes: readonly Change[]): Message {
  const seen = seenNothing(facts.clientSeq)
  const header: MessageHeader = { v: 1, seen, ...facts, leaves: changes.map(leafHash) }
  return { ...identify(header), header, changes }
}

export interface SessionByHand {
  readonly space: string
  readonly signer: Signer
  readonly keys: KeyPair
}

/** A new session of a key, whose id and salt are drawn from `random`, not signed yet. */
export function newOpening(
  { publicKey }: KeyPair,
  personalId: string,
  random: SeededRandom,
): SessionOpening {
  const sessionId = uuid4(random.bytes(16))
  const salt = toBase64url(random.bytes(16))
  return { authorId: whoamiId(publicKey), publicKey, sessionId, personalId, salt, sig: '' }
}

/** The commitment to a person that the messages of a session carry. */
export function commitOf(space: string, { personalId, salt }: SessionOpening): string {
  return personalCommit(space, personalId, salt)
}

/** The opening with the signature of these keys, whoever is named in it. */
export async function signedOpening(
  { space, signer, keys }: SessionByHand,
  opening: SessionOpening,
): Promise<SessionOpening> {
  const { authorId, sessionId } = opening
  const commit = commitOf(space, opening)
  const sig = await signer.sign(keys, grantBytes(space, authorId, { sessionId, commit }))
  return { ...opening, sig }
}

/** The signature of these keys over a flush, in the name of an author. */
export function sealOf(
  { space, signer, keys }: SessionByHand,
  messages: readonly Message[],
  authorId: string,
): Promise<string> {
  const hashes = messages.map(({ hash }) => hash)
  return signer.sign(keys, sealBytes(space, authorId, hashes))
}

/** The frame that offers a flush, sealed by its author. */
export async function sealedOffer(
  session: SessionByHand,
  messages: readonly Message[],
  authorId: string,
): Promise<string> {
  const sig = await sealOf(session, messages, authorId)
  return offerFrame(packMessages(messages), sig, session.keys.publicKey)
}
