/**
 * Determines the person and the capabilities of a link, by the functions of the deployment. The token
 * that a client sends with its sessions is passed to `authenticate`, and is not kept.
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Clock } from '../ports/clock.ts'
import { ANONYMOUS, isAnonymous } from '../facts/whoami.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Capability } from '../facts/capabilities.ts'
import { type Capabilities, askedCapabilities } from '../review/capabilities.ts'
import type { Person } from '../review/persons.ts'

/** The other end of a link, as the transport knows it. */
export interface Peer {
  readonly address: string
}

/** A person, as a deployment's login knows them. */
export interface Login {
  /** The same for one person on each device; never sent to other clients, and in no log. */
  readonly personalId: string
  /** Given to rules as `person.claims`: roles, groups. */
  readonly claims?: unknown
  /** When the login ends, ms since 1970. Default: never. */
  readonly expiresAt?: number | undefined
}

/**
 * Finds the person who sends a token. Returns the person; or a sentence for the client, which refuses
 * the login; or null where the client need not prove a person: then its personal id is what it claims.
 * When it throws, the link is closed, and the client tries again.
 *
 * `auth`: the token that the app gave to its store, untrusted; undefined where it gave none.
 */
export type Authenticate = (
  auth: string | undefined,
  peer: Peer,
) => Login | null | string | Promise<Login | null | string>

/** A login that was accepted. `person`: null where nothing is proved. */
export interface SignedIn {
  readonly person: Person | null
  /** For how long the login is valid from now, ms; undefined: for ever. */
  readonly forMs: number | undefined
  readonly may: ReadonlySet<Capability>
}

const SENTENCE_CHARACTERS_MAX = 256

/** What the check of a login needs. */
export interface LoginParts {
  readonly space: Uuid
  readonly authenticate: Authenticate | undefined
  readonly capabilities: Capabilities | undefined
  readonly clock: Clock
}

/**
 * Calls `authenticate`, then `capabilities`. A refused login is an `unauthorised` outcome with a sentence
 * for the client. Rejects where one of the two functions throws.
 */
export async function signedIn(
  auth: string | null,
  peer: Peer,
  parts: LoginParts,
): Promise<Outcome<SignedIn>> {
  const login = await loginOf(auth, peer, parts)
  if (!login.ok) return login
  const { person } = login.value
  const { space, clock, capabilities } = parts
  const may = await askedCapabilities({ space, person, at: clock.now() }, capabilities)
  if (!may.has('read'))
    return fail('unauthorised', 'this person may not read here: the capability read is withheld')
  return ok({ ...login.value, may })
}

async function loginOf(
  auth: string | null,
  peer: Peer,
  { authenticate, clock }: LoginParts,
): Promise<Outcome<Omit<SignedIn, 'may'>>> {
  const answer = (await authenticate?.(auth ?? undefined, peer)) ?? null
  if (typeof answer === 'string')
    return fail('unauthorised', answer.slice(0, SENTENCE_CHARACTERS_MAX).toWellFormed())
  if (answer === null) return ok({ person: null, forMs: undefined })
  const { personalId: id, claims, expiresAt } = answer
  if (typeof id !== 'string' || id === '' || !id.isWellFormed())
    throw new Error('authenticate returned a person without a personal id')
  if (isAnonymous(id))
    throw new Error(
      `authenticate returned a personal id that begins with ${ANONYMOUS}: stores use that for anonymous ones`,
    )
  if (expiresAt !== undefined && !Number.isFinite(expiresAt))
    throw new Error('authenticate returned a person whose expiresAt is not a finite number')
  const forMs = expiresAt === undefined ? undefined : Math.floor(expiresAt - clock.now())
  if (forMs !== undefined && forMs <= 0) return fail('unauthorised', 'the login has expired')
  return ok({ person: { id, proved: true, claims }, forMs })
}
