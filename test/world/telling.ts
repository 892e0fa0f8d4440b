/** The interface of lies: what they use of a liar, and the texts that they are made of. */
import {
  type Flush,
  type FinalReason,
  type FlushText,
  type Json,
  type Message,
  type NackReason,
  type Seen,
  type Session,
  type SessionFacts,
  type SessionOpening,
  type Uuid,
  composeSession,
} from '@countersign/core/message'
import type { Capability } from '@countersign/core/reviewer'
import { flushOf, hashesOf, withHead } from '../model/by-hand.ts'
import type { Random } from '../model/random.ts'

/** The victim of a lie, with their messages and bound sessions. */
export interface Victim {
  readonly session: SessionFacts
  readonly clientSeq: number
  readonly opening: SessionOpening
}

/** A written row, as far as a liar has read it: up to the newest batch. */
export interface Looked {
  readonly type: string
  readonly entityId: Uuid
  /** Seqs of its heads, and of their dependencies. */
  readonly heads: readonly number[]
  readonly others: readonly number[]
}

/** The liar as this file needs it. */
export interface Telling {
  readonly random: Random
  /** Their own session, honestly. */
  readonly opening: SessionOpening
  readonly session: Session
  /** Up to the newest batch. */
  readonly read: Pick<Seen, 'eid' | 'seq' | 'chain'>
  /** A row with dependent writes, or with several heads. */
  looked(): Looked | undefined
  bytes(count: number): Uint8Array
  open(opening: SessionOpening): Promise<SessionOpening>
  seal(session: Pick<Session, 'line'>, text: FlushText): Promise<string>
  /** The bound of messages in a flush. */
  readonly flushMessagesMax: number
  /** The next number of the own session. */
  next(): number
  /** The creation of a task, of so many rows, in a session that may be another's. */
  creation(clientSeq: number, more?: CreationFacts): Message
  /** A version of a type, as a store would publish it. */
  publication(clientSeq: number): Message
  /** An update of a task, by default on the own message before it. */
  update(clientSeq: number, more: UpdateFacts): Message
}

export interface CreationFacts {
  readonly session?: Session
  readonly rows?: number
  readonly time?: number
  readonly title?: string
  /** The session whose ids it takes; its own by default. */
  readonly ids?: Pick<SessionFacts, 'authorId' | 'sessionId'>
}

export interface UpdateFacts {
  readonly type?: string
  readonly entityId: Uuid
  readonly own?: readonly number[]
  readonly canonical?: readonly number[]
  readonly cut?: number
  readonly kind?: 'update' | 'migrate'
}

/** A text, and the seal that comes with it. */
export interface Sealed {
  readonly session: Pick<Session, 'line'>
  readonly text: FlushText
  readonly sig: string
  /** Lines at its beginning that are honest. */
  readonly honest?: number
}

/** One lie; an offer is made after an honest bind of the own session. */
export interface Told {
  readonly bind?: SessionOpening
  /** The person whose token is sent with it, where there are logins; null: no token. Default: its own person. */
  readonly person?: string | null
  /** It has a proof of another link already. */
  readonly isProved?: boolean
  readonly offer?: Sealed
  /** An honest text that is offered before it. */
  readonly before?: Sealed
  /** The capabilities of its login; undefined: the default ones. */
  readonly may?: readonly Capability[]
}

export interface Lie {
  readonly name: string
  /** The strike on its link, in words of the reviewer. */
  readonly struck?: string
  /** Or the reason for which its message is refused. */
  readonly reason?: FinalReason
  /** Where a part of it was lost on the way, it may also be refused for this reason. */
  readonly otherwise?: FinalReason
  /** Or the sentence with which its login is refused. */
  readonly refused?: string
  /** Or the reason of its nack. */
  readonly nacked?: NackReason
  /** Whether it is a lie only once the sessions that it names have a verdict. */
  readonly needsKnown?: boolean
  /** Whether it is a lie only where there are logins. */
  readonly needsLogin?: boolean
  /** Whether it is no lie any more when another author was faster. */
  readonly mayPass?: boolean
  /** Whether it is found by the chain at what was read, which a reviewer holds for some thousand commits. */
  readonly needsChain?: boolean
  /** Undefined: there is nothing to lie about. */
  make(by: Telling, of: Victim): Promise<Told | undefined>
}

export function nothing(clientSeq: number): Seen {
  return { eid: null, seq: 0, chain: '', from: clientSeq, except: [] }
}

export function flushIn(session: Session, messages: readonly Message[]): Flush {
  return flushOf(session, nothing(messages[0]!.clientSeq), messages)
}

/** A message with the next number of the victim, or a later one. */
export function theirs(
  by: Telling,
  { session: facts, clientSeq }: Victim,
): { readonly session: Session; readonly message: Message } {
  const session = composeSession(facts)
  return { session, message: by.creation(clientSeq + by.random.between(1, 3), { session }) }
}

export async function offered(
  by: Telling,
  { session, message }: { readonly session: Session; readonly message: Message },
): Promise<Told> {
  const { text } = flushIn(session, [message])
  return { offer: { session, text, sig: await by.seal(session, text) } }
}

export async function sealedFlush(
  by: Telling,
  seen: Seen,
  messages: readonly Message[],
): Promise<Told> {
  return sealedAs(by, flushOf(by.session, seen, messages).text)
}

/** A text of the own session, with the seal of another one, or its own. */
export async function sealedAs(by: Telling, text: FlushText, sealed = text): Promise<Told> {
  return { offer: { session: by.session, text, sig: await by.seal(by.session, sealed) } }
}

export function reading(by: Telling, read: Telling['read']): Promise<Told> {
  const number = by.next()
  return sealedFlush(by, { ...nothing(number), ...read }, [by.creation(number)])
}

export function misformed(by: Telling, change: (text: FlushText) => FlushText): Promise<Told> {
  return sealedAs(by, change(flushIn(by.session, [by.creation(by.next())]).text))
}

export function withText({ head, lines }: FlushText, change: (line: string) => string): FlushText {
  return { head, lines: [change(lines[0]!), ...lines.slice(1)] }
}

export function withSeen(text: FlushText, change: (seen: Json[]) => Json[]): FlushText {
  return withHead(text, (head) => head.with(2, change(head[2] as Json[])))
}

/** The hashes of an offer that may never be accepted: of each line, which may be the last of a message. */
export function hashesOfLie({ session, text, honest = 0 }: Sealed): readonly string[] {
  return hashesOf(session, text).lines.slice(honest)
}
