/**
 * The login of one link: binds the sessions of this device over it, with the token of the app, and
 * sends a fresh token before the login ends.
 *
 *   greeted ─▶ bind (token) ─▶ bound, good for so long ─▶ renewed in time ─▶ bound …
 *                 └── not bound, with a reason: `refused`
 */
import type { Uuid } from '../base/uuid.ts'
import type { SessionOpening } from '../facts/message.ts'
import { type ReviewerFrames, authorFrame } from '../wire/frames.ts'
import { assert } from '../base/assert.ts'
import type { Binding } from './binding.ts'
import type { SessionParts } from './session-host.ts'
import type { Asked } from './pull.ts'

/** A login is renewed this long before its end, or in the last quarter of a short one. */
const RENEW_MS = 60_000
/** Minimum interval between renewals. */
const RENEW_MIN_MS = 1_000
/** A timer of a platform may not be longer. */
const TIMER_MS_MAX = 86_400_000
/** The state of the link that the login uses. */
export interface SignInLink {
  token: string | undefined
  readonly reviewerNonce: string
  readonly binding: Binding
  readonly pull: { readonly wants: Asked }
  send(frame: string): void
}

export interface SignInEvents {
  /** Whether the link is the present one. */
  readonly isLive: () => boolean
  /** Runs a task later, while the link lives. */
  readonly after: (delayMs: number, task: () => void) => void
  /** All sessions are bound, or refused. */
  readonly ready: () => void
  /** The author id or its person is revoked: older messages are offered, and nothing is read. */
  readonly revoked: (why: string) => void
  /** The reviewer does not bind the session of this store. */
  readonly refused: (why: string) => void
}

export class SignIn {
  readonly #parts: SessionParts
  readonly #life: SignInLink
  readonly #events: SignInEvents
  /** Number of received ends of the login, so that a timer of an earlier one does nothing. */
  #ends = 0

  constructor(parts: SessionParts, life: SignInLink, events: SignInEvents) {
    this.#parts = parts
    this.#life = life
    this.#events = events
  }

  /** Whether a new token can replace the present one: a link is of one person. */
  get hasToken(): boolean {
    return this.#life.token !== undefined
  }

  /** Asks for the next sessions to be bound, if there are any. */
  async bind(): Promise<void> {
    const { host, outbox, clock } = this.#parts
    const waits = (id: Uuid): boolean => outbox.waits(id) || host.isClaim(id)
    const part = this.#life.binding.next(host.openings(), waits, clock.monotonic())
    if (part) await this.prove(part)
  }

  /** Asks for these sessions to be bound, each with a proof for this link. */
  async prove(part: readonly SessionOpening[]): Promise<void> {
    const { host } = this.#parts
    const { binding, reviewerNonce } = this.#life
    const proved = await Promise.all(
      part.map(async (opening) => {
        const proof = await host.prove(opening, reviewerNonce)
        return proof === undefined ? undefined : { ...opening, proof }
      }),
    )
    if (!this.#events.isLive()) return
    binding.skip(part.filter((_, i) => !proved[i]))
    const sessions = proved.filter((opening) => opening !== undefined)
    const auth = this.#life.token ?? null
    const { hasPeers: keeps } = this.#parts
    if (sessions.length > 0) this.#life.send(authorFrame('bind', { sessions, auth, keeps }))
    else await this.bind()
  }

  /** The reviewer's answer to a bind. */
  bound({ sessionIds, forMs, why, may }: ReviewerFrames['bound']): void {
    const { host } = this.#parts
    const { binding } = this.#life
    const [own] = host.openings()
    const isOwnAsked = own !== undefined && binding.isAsked(own.sessionId)
    if (sessionIds.length === 0 && why === null) {
      this.#life.pull.wants.answered() // it is requested again when a session is bound
      return
    }
    binding.bound(sessionIds)
    if (why !== null && isOwnAsked && !sessionIds.includes(own.sessionId)) {
      this.#events.refused(why)
      return
    }
    const isRevoked = may !== null && !may.includes('read')
    if (isRevoked) this.#events.revoked(why ?? 'revoked')
    host.refusedSessions((!isRevoked && why) || undefined)
    if (may) host.may(may)
    if (forMs !== null) this.#renewBefore(forMs)
    void this.bind()
    if (binding.isDone) this.#events.ready()
  }

  /** Binds the session of this store again, with a token of the app. */
  async renew(): Promise<void> {
    const { host } = this.#parts
    const [own] = host.openings()
    let token
    try {
      token = await host.token()
    } catch {
      return // the present one is valid until its end; then the reason is shown
    }
    if (!this.#events.isLive() || !own) return
    if (token === undefined) {
      this.#events.refused('no person is signed in')
      return
    }
    this.#life.token = token
    await this.prove(this.#life.binding.renewed(own))
  }

  #renewBefore(forMs: number): void {
    const end = ++this.#ends
    assert(forMs >= 0, 'a login that is over binds nothing')
    const marginMs = Math.min(RENEW_MS, forMs / 4)
    const atMs = Math.max(RENEW_MIN_MS, forMs - marginMs)
    const later = (leftMs: number): void =>
      this.#events.after(Math.min(leftMs, TIMER_MS_MAX), () => {
        if (this.#ends !== end) return
        if (leftMs > TIMER_MS_MAX) later(leftMs - TIMER_MS_MAX)
        else void this.renew()
      })
    // Where the app still has the same token, it is asked again, until the end.
    if (atMs < forMs) later(atMs)
  }
}
