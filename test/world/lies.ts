/** What a liar says, and for which reason each of it must be refused. */
import type {
  FinalReason,
  Message,
  MessageHeader,
  SessionOpening,
  Uuid,
} from '@countersign/core/message'
import type { Random } from '../model/random.ts'

/** Whom a lie is about, with what they have written and bound. */
export interface Victim {
  readonly header: MessageHeader
  readonly opening: SessionOpening
}

/** The liar as this file needs it. */
export interface Telling {
  readonly random: Random
  /** Their own session, honestly. */
  readonly opening: SessionOpening
  newSession(): Uuid
  open(opening: SessionOpening): Promise<SessionOpening>
  seal(messages: readonly Message[], authorId: Uuid): Promise<string>
  message(more?: Partial<MessageHeader>): Message
}

export interface Seal {
  readonly messages: readonly Message[]
  readonly sig: string
  readonly publicKey: string
}

/** One of them; an offer is made after an honest bind of the own session. */
export interface Told {
  readonly bind?: SessionOpening
  readonly offer?: Seal
}

export interface Lie {
  readonly name: string
  /** Why its link is struck, in words of the reviewer. */
  readonly struck?: string
  /** Or why its message is refused. */
  readonly reason?: FinalReason
  /** Whether it is a lie only once the sessions that it names have a verdict. */
  readonly needsKnown?: boolean
  make(by: Telling, of: Victim): Promise<Told>
}

const WRONG_KEY = 'the author id is not that of the key'
const WRONG_SEAL = 'the seal does not match what was offered'
const WRONG_GRANT = 'the session is not signed by its author'
const TAKEN = 'the session is bound to another person'

const SEALS: readonly Lie[] = [
  {
    name: 'sealed by another key',
    struck: WRONG_KEY,
    make: (by, of) => offered(by, [theirs(by, of)], of.header.authorId),
  },
  {
    name: 'sealed by another key under the name of the right one',
    struck: WRONG_SEAL,
    make: async (by, of) => {
      const { offer } = await offered(by, [theirs(by, of)], of.header.authorId)
      return { offer: { ...offer!, publicKey: of.opening.publicKey } }
    },
  },
  {
    name: 'seal of other messages',
    struck: WRONG_SEAL,
    make: async (by) => {
      const [one, other] = [by.message(), by.message()]
      const sealed = by.random.pick([[other], [one, other], [other, one]])
      const { offer } = await offered(by, sealed, by.opening.authorId)
      return { offer: { ...offer!, messages: [one] } }
    },
  },
  {
    name: 'several authors in one offer',
    struck: 'an offer of several authors',
    make: (by, of) =>
      offered(by, by.random.shuffled([by.message(), theirs(by, of)]), by.opening.authorId),
  },
]

const MESSAGES: readonly Lie[] = [
  {
    name: 'message of the session of another',
    struck: "which is another author's",
    make: (by, { header: { sessionId, personalCommit, clientSeq } }) => {
      const next = clientSeq + by.random.between(1, 3)
      const message = by.message({ sessionId, personalCommit, clientSeq: next })
      return offered(by, [message], by.opening.authorId)
    },
  },
  {
    name: 'message that commits to another person',
    reason: 'unauthorised',
    make: (by, { header: { personalCommit } }) =>
      offered(by, [by.message({ personalCommit })], by.opening.authorId),
  },
]

const BINDS: readonly Lie[] = [
  {
    name: 'bind without a signature',
    struck: WRONG_GRANT,
    make: async (_, { opening }) => ({ bind: { ...opening, sig: '' } }),
  },
  {
    name: 'bind with the proof of another session',
    struck: WRONG_GRANT,
    make: async (by, { opening }) => ({ bind: { ...opening, sessionId: by.newSession() } }),
  },
  {
    name: 'bind with the signature of another key',
    struck: WRONG_GRANT,
    make: async (by, { opening }) => ({ bind: await by.open(opening) }),
  },
  {
    name: 'bind under the name of another author',
    struck: WRONG_KEY,
    make: async (by, { header: { authorId } }) => ({
      bind: await by.open({ ...by.opening, authorId }),
    }),
  },
  {
    name: 'bind of the session of another',
    struck: TAKEN,
    needsKnown: true,
    make: async (by, { header: { sessionId } }) => ({
      bind: await by.open({ ...by.opening, sessionId }),
    }),
  },
  {
    name: 'bind of one session to a second person',
    struck: TAKEN,
    needsKnown: true,
    make: async (by) => ({ bind: await by.open({ ...by.opening, personalId: 'another person' }) }),
  },
  {
    name: 'bind in the name of another person',
    struck: WRONG_GRANT,
    make: async (by, { opening: { personalId } }) => ({ bind: { ...by.opening, personalId } }),
  },
]

export const LIES: readonly Lie[] = [...SEALS, ...MESSAGES, ...BINDS]

const LINK = 'lie: '

/** What is counted where it was refused. */
export function refusedName(name: string): string {
  return `lie refused: ${name}`
}

/** A lie of an opening, which binds nothing. */
export function isBind(lie: Lie): boolean {
  return BINDS.includes(lie)
}

/** Of the link over which it is told. */
export function lieAddress({ name }: Lie): string {
  return LINK + name
}

export function lieAt(address: string): Lie | undefined {
  return address.startsWith(LINK)
    ? LIES.find(({ name }) => name === address.slice(LINK.length))
    : undefined
}

/** What would be the victim's next message, or one of those after it. */
function theirs(by: Telling, { header }: Victim): Message {
  const { authorId, sessionId, personalCommit } = header
  const clientSeq = header.clientSeq + by.random.between(1, 3)
  return by.message({ authorId, sessionId, personalCommit, clientSeq })
}

async function offered(by: Telling, messages: readonly Message[], authorId: Uuid): Promise<Told> {
  const sig = await by.seal(messages, authorId)
  return { offer: { messages, sig, publicKey: by.opening.publicKey } }
}
