/**
 * Sessions, messages, flushes and offers that are made past the store, as a second implementation
 * would make them. Nothing is looked up here: parents and what an author had seen are the caller's.
 *
 *   openings   newOpening, signedOpening, provedOpening     session line   sessionOf
 *   changes    changeByHand, seenByHand           messages       messageByHand, each in its own flush
 *   flushes    flushOf, sealOf, offerOf           liars          change a `FlushText`, then `hashesOf`
 *
 * Whoever lies changes a text: `offerOf` sends any session line with any head and lines, and
 * `hashesOf` gives the hashes that such a text has, to seal it as it stands or as it was.
 */
import {
  type AuthoredMessage,
  type Change,
  type ChangeKind,
  FACT_BOUNDS,
  type Flush,
  type FlushHashes,
  type FlushText,
  type Json,
  type Message,
  type Names,
  type Seen,
  type Session,
  type SessionFacts,
  type SessionOpening,
  type Uuid,
  authoredIn,
  composeFlush,
  composeSession,
  flushHashes,
  grantBytes,
  hashBytes,
  personalCommit,
  sealBytes,
  sessionHash,
  shortId,
  textOfFlush,
  toBase64url,
  uuid4,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair, Signer } from '@countersign/core/ports'
import { type ProvedOpening, authorFrame } from '@countersign/core/protocol'
import {
  type MessageName,
  type SeededRandom,
  namesOfSeen,
  seenOwn,
} from '@countersign/core/testing'

/** Who signs. */
export interface SignerByHand {
  readonly space: Uuid
  readonly signer: Signer
  readonly keys: KeyPair
}

// Openings and session lines.

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

/** The commitment to a person that the session line carries. */
export function commitOf(space: Uuid, { personalId, salt }: SessionOpening): string {
  return personalCommit(space, personalId, salt)
}

/** The opening with the signature of these keys, whoever is named in it. */
export async function signedOpening(
  { space, signer, keys }: SignerByHand,
  opening: SessionOpening,
): Promise<SessionOpening> {
  const { authorId, sessionId } = opening
  const commit = commitOf(space, opening)
  const sig = await signer.sign(keys, grantBytes(space, authorId, { sessionId, commit }))
  return { ...opening, sig }
}

/** What a whoami key signs to speak for its session over a link, whose reviewer drew the nonce. */
export function bindBytesOf(space: Uuid, sessionId: Uuid, nonce: string): Uint8Array {
  return hashBytes('cs/bind', [nonce, shortId(space), shortId(sessionId)])
}

/** The opening with a proof by these keys over a link, whoever is named in it. */
export async function provedOpening(
  { space, signer, keys }: SignerByHand,
  opening: SessionOpening,
  nonce: string,
): Promise<ProvedOpening> {
  const proof = await signer.sign(keys, bindBytesOf(space, opening.sessionId, nonce))
  return { ...opening, proof }
}

/** The session of an opening, of a store that has met no reviewer; `more` takes the place of its facts. */
export function sessionOf(
  space: Uuid,
  opening: SessionOpening,
  more: Partial<SessionFacts> = {},
): Session {
  const { authorId, sessionId } = opening
  const personalCommitment = commitOf(space, opening)
  const facts = { space, authorId, sessionId, personalCommit: personalCommitment, eid: null }
  return composeSession({ ...facts, ...more })
}

// Messages.

/** What a message is named by: it needs no id for that, so no flush yet. */
export type Numbered = Pick<AuthoredMessage, 'session' | 'clientSeq'>

export function nameOf({ session, clientSeq }: Numbered): MessageName {
  return { sessionId: session.facts.sessionId, clientSeq }
}

export interface ChangeByHand {
  readonly type: string
  readonly entityId: Uuid
  readonly kind: ChangeKind
  readonly set: Readonly<Record<string, Json>>
  readonly parents: readonly Numbered[]
  readonly keep?: Readonly<Record<string, readonly Numbered[]>> | undefined
  /** Default: 1. */
  readonly version?: number
  readonly sid?: Uuid
}

/**
 * A change in a message of that session. `seen`: all that its author had seen of the entity, its
 * parents among them, and nothing else: what is of other sessions is named here by session and
 * number, what is of this one is the business of the message's `seen` (`seenByHand`).
 */
export function changeByHand(
  sessionId: Uuid,
  { type, entityId, kind, set, parents, keep, version = 1, sid }: ChangeByHand,
  seen: Iterable<Numbered>,
): Change {
  const regs = Object.keys(set).sort()
  const named = namesOfSeen(sessionId, {
    parents: parents.map(nameOf),
    seen: [...seen].map(nameOf),
  })
  const kept = Object.keys(keep ?? {})
    .sort()
    .map((reg) => ({ reg, names: namesAlone(sessionId, keep![reg]!) }))
  return {
    shape: { type, kind, schemaVersion: version, regs },
    entityId,
    parents: named.parents,
    values: regs.map((reg) => set[reg]!),
    ...(kept.length > 0 && { keep: kept }),
    ...(named.own.length > 0 && { own: named.own }),
    ...(sid !== undefined && { sid }),
  }
}

/** Names of exactly these messages, as `keep` has them: of another session it can name one. */
export function namesAlone(sessionId: Uuid, messages: readonly Numbered[]): Names {
  const names = messages.map(nameOf)
  const others = names.filter((name) => name.sessionId !== sessionId)
  if (new Set(others.map((name) => name.sessionId)).size !== others.length)
    throw new Error('keep names one message of another session')
  return {
    canonical: [],
    own: names
      .filter((name) => name.sessionId === sessionId)
      .map(({ clientSeq }) => clientSeq)
      .sort((a, b) => a - b),
    others: others
      .map((name) => ({ ...name, from: name.clientSeq, except: [] }))
      .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
  }
}

/**
 * Nothing canonical, and of the own session exactly those messages among `seen`. It stands once for
 * all changes of a message: what is seen for one of its entities is seen for all of them.
 */
export function seenByHand(
  { facts }: Session,
  clientSeq: number,
  seen: Iterable<Numbered> = [],
): Seen {
  const own = [...seen].filter(({ session }) => session.facts.sessionId === facts.sessionId)
  return seenOwn(clientSeq, new Set(own.map((message) => message.clientSeq)))
}

/** One for each line of a message: of one change one, else one for each change and one for the message. */
export function saltsFor(
  { length }: readonly Change[],
  bytes: (count: number) => Uint8Array,
): readonly string[] {
  const lines = length === 1 ? 1 : length + 1
  return Array.from({ length: lines }, () => toBase64url(bytes(12)))
}

/** A message in a flush of its own, which has its id. */
export interface MessageByHand extends AuthoredMessage {
  readonly flush: Flush
}

/** `seen` is nothing where it is not given. */
export type FactsByHand = Message & { readonly seen?: Seen | undefined }

/** The message that has these facts in its lines, with its id and hash. */
export function messageByHand(session: Session, { seen, ...message }: FactsByHand): MessageByHand {
  const flush = flushOf(session, seen ?? seenByHand(session, message.clientSeq), [message])
  return { ...authoredIn(flush, session)[0]!, flush }
}

// Flushes and offers.

/** A flush of any messages that have a text, in the order of their numbers. */
export function flushOf(session: Session, seen: Seen, messages: readonly Message[]): Flush {
  const endless = { flushMessagesMax: 10_000, flushBytesMax: 2 ** 30, messageBytesMax: 2 ** 30 }
  const bounds = { ...FACT_BOUNDS, ...endless, messageChangesMax: 10_000 }
  const made = composeFlush(session, { seen, messages }, bounds)
  if (!made.ok) throw new Error(made.error.message)
  return made.value
}

/** The hashes of a text, also of one that was changed by hand and that no reader would take. */
export function hashesOf({ line }: Pick<Session, 'line'>, text: FlushText): FlushHashes {
  return flushHashes(sessionHash(line), text)
}

/** The signature of these keys over a flush. */
export function sealOf(
  { signer, keys }: Pick<SignerByHand, 'signer' | 'keys'>,
  { hashes }: Pick<Flush, 'hashes'>,
): Promise<string> {
  return signer.sign(keys, sealBytes(hashes))
}

/** The frame that offers these texts, whatever they and their seal are. */
export function offerOf(
  { line }: Pick<Session, 'line'>,
  { text }: Pick<Flush, 'text'>,
  sig: string,
): string {
  return authorFrame('offer', { sig, rejections: null }, `${line}\n${textOfFlush(text)}`)
}

/** The frame that offers a flush, sealed by its author. */
export async function sealedOffer(
  by: Pick<SignerByHand, 'signer' | 'keys'>,
  session: Session,
  flush: Flush,
): Promise<string> {
  return offerOf(session, flush, await sealOf(by, flush))
}

/** The text with one line in the place of another: `change` gets it, parsed, and gives the new one. */
export function withLine(
  { head, lines }: FlushText,
  at: number,
  change: (line: Json[]) => Json,
): FlushText {
  const changed = JSON.stringify(change(JSON.parse(lines[at]!) as Json[]))
  return { head, lines: lines.with(at, changed) }
}

/** The text with another head, as `withLine`. */
export function withHead({ head, lines }: FlushText, change: (head: Json[]) => Json): FlushText {
  return { head: JSON.stringify(change(JSON.parse(head) as Json[])), lines }
}

/** The text with two lines in each other's place. */
export function withSwapped({ head, lines }: FlushText, one: number, other: number): FlushText {
  return { head, lines: lines.with(one, lines[other]!).with(other, lines[one]!) }
}
