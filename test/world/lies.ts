/** The lies of a liar, each with the reason of its rejection. */
import { type FlushText, type Json, LIMITS, composeSession, uuid4 } from '@countersign/core/message'
import { flushOf, withHead, withLine, withSwapped } from '../model/by-hand.ts'
import {
  type Lie,
  flushIn,
  misformed,
  nothing,
  offered,
  reading,
  sealedAs,
  sealedFlush,
  theirs,
  withSeen,
  withText,
} from './telling.ts'
import { TRESPASSES } from './trespasses.ts'

export type { Lie }

const WRONG_KEY = 'the author id is not that of the key'
const WRONG_SEAL = 'the seal does not match what was offered'
const WRONG_GRANT = 'the session is not signed by its author'
const TAKEN = 'the session is bound to another person'
const OF_ANOTHER = "which is another author's"

const SEALS: readonly Lie[] = [
  {
    name: 'sealed by another key',
    struck: WRONG_SEAL,
    make: (by, of) => offered(by, theirs(by, of)),
  },
  {
    name: 'seal of other messages',
    struck: WRONG_SEAL,
    make: async (by) => {
      const [one, other] = [by.next(), by.next()]
      const sealed = by.random.pick([[other], [one, other]])
      const asSealed = flushIn(
        by.session,
        sealed.map((number) => by.creation(number)),
      )
      const told = flushIn(by.session, [by.creation(one)])
      return sealedAs(by, told.text, asSealed.text)
    },
  },
  {
    name: 'flush without its last line',
    struck: WRONG_SEAL,
    make: async (by) => {
      const { text } = flushIn(by.session, [by.creation(by.next()), by.creation(by.next())])
      return sealedAs(by, { head: text.head, lines: text.lines.slice(0, -1) }, text)
    },
  },
  {
    name: 'two lines of a message in each other’s place',
    struck: WRONG_SEAL,
    make: async (by) => {
      const { text } = flushIn(by.session, [by.creation(by.next(), { rows: 2 })])
      return sealedAs(by, withSwapped(text, 0, 1), text)
    },
  },
  {
    name: 'line that was changed after its seal',
    struck: WRONG_SEAL,
    make: async (by) => {
      const { text } = flushIn(by.session, [by.creation(by.next())])
      const salt = Buffer.from(by.bytes(12)).toString('base64url')
      return sealedAs(
        by,
        withLine(text, 0, (line) => line.with(3, salt)),
        text,
      )
    },
  },
  {
    name: 'head of another flush',
    struck: WRONG_SEAL,
    make: async (by) => {
      by.next() // so that `from` may be one less
      const message = by.creation(by.next())
      const { clientSeq } = message
      const texts = [clientSeq, clientSeq - 1].map((from) => {
        const seen = { ...nothing(clientSeq), from }
        return flushOf(by.session, seen, [message]).text
      })
      const [one, other] = by.random.shuffled(texts) as [FlushText, FlushText]
      return sealedAs(by, { head: other.head, lines: one.lines }, one)
    },
  },
  {
    name: 'session line of another lineage than was sealed',
    struck: WRONG_SEAL,
    make: async (by) => {
      const { text } = flushIn(by.session, [by.creation(by.next())])
      const session = composeSession({ ...by.session.facts, eid: uuid4(by.bytes(16)) })
      return { offer: { session, text, sig: await by.seal(by.session, text) } }
    },
  },
]

const MESSAGES: readonly Lie[] = [
  {
    name: 'message of the session of another',
    struck: OF_ANOTHER,
    make: (by, { session: { sessionId, personalCommit }, clientSeq }) => {
      const session = composeSession({ ...by.session.facts, sessionId, personalCommit })
      const message = by.creation(clientSeq + by.random.between(1, 3), { session })
      return offered(by, { session, message })
    },
  },
  {
    name: 'message under the name of another author',
    struck: OF_ANOTHER,
    make: (by, { session: { authorId } }) => {
      const session = composeSession({ ...by.session.facts, authorId })
      return offered(by, { session, message: by.creation(by.next(), { session }) })
    },
  },
  {
    name: 'message that commits to another person',
    reason: 'unauthorised',
    make: (by, { session: { personalCommit } }) => {
      const session = composeSession({ ...by.session.facts, personalCommit })
      return offered(by, { session, message: by.creation(by.next(), { session }) })
    },
  },
  {
    name: 'message of another space',
    struck: 'a session of another space',
    make: (by) => {
      const session = composeSession({ ...by.session.facts, space: uuid4(by.bytes(16)) })
      return offered(by, { session, message: by.creation(by.next(), { session }) })
    },
  },
]

/** Lies about what an author had read, and so about what its message may overwrite. */
const READINGS: readonly Lie[] = [
  {
    name: 'read what is not there yet',
    nacked: 'unknown_history',
    make: (by) => {
      const { seq, ...read } = by.read
      return reading(by, { ...read, seq: seq + by.random.between(1_000, 2_000) })
    },
  },
  {
    name: 'read another chain',
    nacked: 'unknown_history',
    needsChain: true,
    make: (by) => {
      const chain = Buffer.from(by.bytes(16)).toString('base64url')
      return reading(by, { ...by.read, chain })
    },
  },
  {
    name: 'own head seen and not named',
    reason: 'invalid',
    make: async (by) => {
      if (by.flushMessagesMax < 3) return undefined
      const numbers = [by.next(), by.next(), by.next()] as const
      const [first, second, third] = numbers
      const create = by.creation(first)
      const { entityId } = create.changes[0]!
      const messages = [
        create,
        by.update(second, { entityId, own: [first] }),
        by.update(third, { entityId, own: [first] }),
      ]
      const { text } = flushIn(by.session, messages)
      const sig = await by.seal(by.session, text)
      return { offer: { session: by.session, text, sig, honest: 2 } }
    },
  },
  {
    name: 'head seen and not named',
    reason: 'invalid',
    mayPass: true,
    make: async (by) => {
      const looked = by.looked()
      if (!looked) return undefined
      const { heads, others, ...row } = looked
      const few = heads.length > 1 && (others.length === 0 || by.random.chance(0.5))
      const named = few ? by.random.sample(heads, heads.length - 1) : [by.random.pick(others)]
      const canonical = named.sort((a, b) => a - b)
      const number = by.next()
      return sealedFlush(by, { ...nothing(number), ...by.read }, [
        by.update(number, { ...row, canonical }),
      ])
    },
  },
  {
    name: 'names an own message before what was seen',
    struck: 'parents: numbers ascend',
    make: async (by) => {
      const [first, second] = [by.next(), by.next()]
      const { entityId } = by.creation(first).changes[0]!
      const update = by.update(second, { entityId, own: [first] })
      const { text } = flushOf(by.session, { ...nothing(second), from: first }, [update])
      return sealedAs(
        by,
        withSeen(text, (seen) => seen.with(2, second)),
      )
    },
  },
  {
    name: 'names an own message that it takes out',
    struck: 'seen.except excludes',
    make: async (by) => {
      const [first, second, third] = [by.next(), by.next(), by.next()]
      const { entityId } = by.creation(second).changes[0]!
      const update = by.update(third, { entityId, own: [second] })
      const { text } = flushOf(by.session, { ...nothing(third), from: first }, [update])
      return sealedAs(
        by,
        withSeen(text, (seen) => seen.with(3, [second])),
      )
    },
  },
  {
    name: 'names a head beyond its cut',
    struck: 'parents: numbers ascend',
    make: async (by) => {
      const looked = by.looked()
      const head = looked?.heads.at(-1)
      if (!looked || head === undefined || head >= by.read.seq) return undefined
      const { type, entityId } = looked
      const number = by.next()
      const update = by.update(number, { type, entityId, canonical: [head], cut: head })
      const seen = { ...nothing(number), ...by.read }
      const { text } = flushOf(by.session, seen, [update])
      const isCut = (line: Json[]): Json => {
        const [change] = line[2] as [Json[]]
        return line.with(2, [change.with(5, head - 1)])
      }
      return sealedAs(by, withLine(text, 0, isCut))
    },
  },
]

/** Readable texts in a form that is not allowed. All are sealed as they are. */
const FORMS: readonly Lie[] = [
  {
    name: 'line with a blank',
    struck: 'not in canonical form',
    make: (by) => misformed(by, (text) => withText(text, (line) => line.replace('[', '[ '))),
  },
  {
    name: 'head with a blank',
    struck: 'not in canonical form',
    make: (by) => misformed(by, ({ head, lines }) => ({ head: head.replace(',', ' ,'), lines })),
  },
  {
    name: 'number in another form',
    struck: 'not in canonical form',
    make: (by) => misformed(by, (text) => withText(text, (line) => line.replace(/\d+/, '$&e0'))),
  },
  {
    name: 'half of a character',
    struck: 'half of a surrogate pair',
    make: (by) =>
      misformed(by, (text) => withText(text, (line) => line.replace('a lie', 'a \ud800 lie'))),
  },
  {
    name: 'shape that nothing has',
    struck: 'shapes must be in the order of their first use',
    make: (by) =>
      misformed(by, (text) =>
        withHead(text, (head) =>
          head.with(1, [...(head[1] as Json[]), ['task', 1, 1, ['title']] as Json]),
        ),
      ),
  },
  {
    name: 'time of nobody',
    struck: 'baseTime must be the time of the first message',
    make: (by) => misformed(by, (text) => withLine(text, 0, (line) => line.with(1, 1))),
  },
  {
    name: 'numbers that do not ascend',
    struck: 'clientSeq must ascend in a flush',
    make: async (by) => {
      const { text } = flushIn(by.session, [by.creation(by.next()), by.creation(by.next())])
      return sealedAs(by, withSwapped(text, 0, 1))
    },
  },
  {
    name: 'flush of too many messages',
    struck: 'a flush has at most',
    make: (by) => {
      const length = LIMITS.flushMessagesMax + 1
      const messages = Array.from({ length }, () => by.creation(by.next()))
      return sealedFlush(by, nothing(messages[0]!.clientSeq), messages)
    },
  },
  {
    name: 'text that is too long',
    struck: 'a flush is longer than',
    make: (by) => {
      const message = by.creation(by.next(), { title: 'x'.repeat(1_100_000) })
      return sealedFlush(by, nothing(message.clientSeq), [message])
    },
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
    make: async (by, { opening }) => ({ bind: { ...opening, sessionId: uuid4(by.bytes(16)) } }),
  },
  {
    name: 'bind with the signature of another key',
    struck: WRONG_GRANT,
    make: async (by, { opening }) => ({ bind: await by.open(opening) }),
  },
  {
    name: 'bind under the name of another author',
    struck: WRONG_KEY,
    make: async (by, { session: { authorId } }) => ({
      bind: await by.open({ ...by.opening, authorId }),
    }),
  },
  {
    name: 'bind of the session of another',
    struck: TAKEN,
    needsKnown: true,
    make: async (by, { session: { sessionId } }) => ({
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
    name: 'bind with the proof of another link',
    struck: 'the session is not proved over this link',
    make: async (_, { opening }) => ({ bind: opening, isProved: true }),
  },
  {
    name: 'bind in the name of another person',
    struck: WRONG_GRANT,
    make: async (by, { opening: { personalId } }) => ({ bind: { ...by.opening, personalId } }),
  },
]

/** Lies with a key, a session or a token of another person. */
const LOGINS: readonly Lie[] = [
  {
    name: 'bind with the token of another person',
    refused: 'a session is of another person than the login',
    needsLogin: true,
    make: async (by, { opening: { personalId } }) =>
      personalId === by.opening.personalId ? undefined : { bind: by.opening, person: personalId },
  },
  {
    name: 'bind without a token',
    refused: 'no such token',
    needsLogin: true,
    make: async (by) => ({ bind: by.opening, person: null }),
  },
  {
    name: 'bind of one author to a second person',
    refused: 'this author id is of another person than the login',
    needsLogin: true,
    needsKnown: true,
    make: async (by) => {
      const second = { personalId: 'second person', sessionId: uuid4(by.bytes(16)) }
      return { bind: await by.open({ ...by.opening, ...second }) }
    },
  },
]

export const LIES: readonly Lie[] = [
  ...SEALS,
  ...MESSAGES,
  ...READINGS,
  ...FORMS,
  ...BINDS,
  ...LOGINS,
]

const LINK = 'lie: '

/** The tally of its refusal. */
export function refusedName(name: string): string {
  return `lie refused: ${name}`
}

/** A lie of an opening, which binds nothing. */
export function isBind(lie: Lie): boolean {
  return BINDS.includes(lie) || lie.refused !== undefined
}

/** The link over which it is sent. */
export function lieAddress({ name }: Lie): string {
  return LINK + name
}

export function lieAt(address: string): Lie | undefined {
  return address.startsWith(LINK)
    ? [...LIES, ...TRESPASSES].find(({ name }) => name === address.slice(LINK.length))
    : undefined
}
