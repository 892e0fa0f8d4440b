/** The session line: `[v, space, authorId, sessionId, personalCommit, eid | null]`. */
import { canonical } from '../base/canonical.ts'
import type { Outcome } from '../base/outcome.ts'
import { sessionHash } from './hashes.ts'
import { longId, shortId } from './ids.ts'
import { parseLine } from './line.ts'
import { hashOf, outcomeOf, refuse } from './malformed.ts'
import { type Session, type SessionFacts, TEXT_VERSION } from './types.ts'

const WHAT = 'session line'
/** Longer lines are not parsed. */
const CHARACTERS_MAX = 256

/** Composes the line of a session and its hash. `facts` must be well-formed. */
export function composeSession(facts: SessionFacts): Session {
  const line = canonical([
    TEXT_VERSION,
    shortId(facts.space),
    shortId(facts.authorId),
    shortId(facts.sessionId),
    facts.personalCommit,
    facts.eid && shortId(facts.eid),
  ])
  return { facts, line, hash: sessionHash(line) }
}

/** Parses an untrusted session line. Error: `invalid`. */
export function readSession(line: string): Outcome<Session> {
  return outcomeOf(() => sessionOf(line))
}

/** `readSession` for readers that throw. @throws Malformed */
export function sessionOf(line: string): Session {
  if (line.length > CHARACTERS_MAX) refuse(`${WHAT}: more than ${CHARACTERS_MAX} characters`)
  const list = parseLine(line, WHAT)
  if (list.length !== 6) refuse(`${WHAT}: 6 elements are expected`)
  const [v, space, authorId, sessionId, personalCommit, eid] = list
  if (v !== TEXT_VERSION) refuse(`${WHAT}: the version is not ${TEXT_VERSION}`)
  const facts: SessionFacts = {
    space: longId(space, 'space'),
    authorId: longId(authorId, 'authorId'),
    sessionId: longId(sessionId, 'sessionId'),
    personalCommit: hashOf(personalCommit, 'personalCommit'),
    eid: eid === null ? null : longId(eid, 'eid'),
  }
  return { facts, line, hash: sessionHash(line) }
}
