/**
 * Batches that peers have reviewed while this reviewer was away, brought by whoever has them: their authors
 * may be gone. It believes the authors alone, by their seals, and judges each message as though its author
 * had offered it; what peers have accepted counts for nothing.
 *
 *   batch, seals ─▶ sealed? ─▶ session known, and its person? ─▶ decision ─▶ `back`
 *                     └ strike        └── no: `back` has the reason, and it is brought again later
 */
import { NO_BYTES, addBytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { NackReason } from '../facts/message.ts'
import { isAnonymous } from '../facts/whoami.ts'
import type { Clock } from '../ports/clock.ts'
import type { Signer } from '../ports/signer.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { type Capabilities, askedCapabilities } from '../review/capabilities.ts'
import type { Decision, Offer } from '../review/decision.ts'
import { type SessionRecord, hasKey } from '../review/ledger.ts'
import { claimedBy, provedBefore } from '../review/persons.ts'
import { type ReturnedFlush, countOf, returnedFlushes } from '../review/returned-flush.ts'
import { readSession, textOf } from '../review/stored.ts'
import { isSealOf } from '../sync/flush-seal.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { type AuthorFrame, linesInParts, reviewerFrame } from '../wire/frames.ts'
import type { FlushSeal } from '../wire/held-frame.ts'
import { readBatch, readLayout } from '../wire/read-batch.ts'
import type { Connection } from './connection.ts'
import type { Desk } from './desk.ts'
import type { Authenticate } from './login.ts'
import type { Quotas } from './quotas.ts'

export interface BroughtParts {
  readonly space: Uuid
  readonly signer: Signer
  readonly store: SpaceStore
  readonly clock: Clock
  readonly limits: Limits
  readonly authenticate?: Authenticate | undefined
  readonly capabilities?: Capabilities | undefined
  readonly desk: Desk
  readonly quotas: Quotas
  readonly connections: ReadonlySet<Connection>
  /** Called after each decision. */
  readonly onDecided: (decision: Decision<Connection>) => Promise<void>
}

type Held = AuthorFrame & { readonly kind: 'held' }

/** A flush, and its seal. */
interface BroughtFlush {
  readonly returned: ReturnedFlush
  readonly seal: FlushSeal
}

/** The person who wrote a message, and what they may do now. */
type Writer = Pick<Offer<Connection>, 'person' | 'may'>

export class BroughtHome {
  readonly #parts: BroughtParts
  /** Links of which a frame is not answered yet. */
  readonly #underWay = new WeakSet<Connection>()

  constructor(parts: BroughtParts) {
    this.#parts = parts
  }

  /**
   * Checks a frame. Resolves to the job that judges its flushes, between two decisions; undefined where
   * the link has had its answer, or a strike.
   */
  async checked(connection: Connection, frame: Held): Promise<(() => Promise<void>) | undefined> {
    if (this.#underWay.has(connection)) {
      answer(connection, frame, 'busy')
      return undefined
    }
    this.#underWay.add(connection)
    const end = (): void => void this.#underWay.delete(connection)
    let brought: readonly BroughtFlush[] | undefined
    try {
      brought = await this.#believed(connection, frame)
    } finally {
      if (!brought) end()
    }
    return brought && (() => this.#judge(connection, frame, brought).finally(end))
  }

  /** The flushes of a frame, which their authors have sealed. */
  async #believed(
    connection: Connection,
    frame: Held,
  ): Promise<readonly BroughtFlush[] | undefined> {
    const brought = this.#read(frame)
    if (!brought) {
      connection.strike('batches of peers that cannot be read')
      return undefined
    }
    if (this.#isOverQuota(connection, brought)) {
      answer(connection, frame, 'rate_limited')
      return undefined
    }
    const { signer } = this.#parts
    const checks = brought.map(({ returned, seal }) =>
      isSealOf(returned.layout, seal, (...signed) => signer.verify(...signed)),
    )
    if ((await Promise.all(checks)).every(Boolean)) return brought
    connection.strike('what peers have reviewed is not sealed by its author')
    return undefined
  }

  /** The flushes of a frame in their order, each with its seal; undefined where an honest store sends no such frame. */
  #read({ from, batches, texts, seals }: Held): readonly BroughtFlush[] | undefined {
    const { space, limits } = this.#parts
    const bounds = batchReadingBounds(limits)
    const flushes: ReturnedFlush[] = []
    let before = from
    for (const text of linesInParts(texts, batches) ?? []) {
      const own = (): undefined => undefined
      const read = readBatch(text, { space, before, sessions: [], own, bounds })
      const layout = read.ok ? readLayout(text, [], bounds) : read
      if (!read.ok || !layout.ok || read.value.accepted.length === 0) return undefined
      flushes.push(...returnedFlushes(layout.value, read.value, undefined))
      before = { seq: read.value.throughSeq, chain: read.value.chain }
    }
    if (flushes.length === 0 || flushes.length !== seals?.length) return undefined
    return flushes.map((returned, i) => ({ returned, seal: seals[i]! })) // one for each flush
  }

  /** The bringer pays, before the seals are checked. */
  #isOverQuota({ reader }: Connection, brought: readonly BroughtFlush[]): boolean {
    const flushes = brought.map(({ returned }) => returned.flush)
    const messages = flushes.reduce((sum, flush) => sum + flush.messages.length, 0)
    const bytes = flushes.map((flush) => flush.bytes).reduce(addBytes, NO_BYTES)
    const size = { messages, bytes }
    return !reader || this.#parts.quotas.offered(reader.key, size, reader.authorId) !== undefined
  }

  async #judge(
    connection: Connection,
    frame: Held,
    brought: readonly BroughtFlush[],
  ): Promise<void> {
    const { desk, limits, onDecided } = this.#parts
    const found = await Promise.all(brought.map((one) => this.#offer(one)))
    let waiting = found.filter((offer) => offer !== undefined)
    let why: NackReason | null = waiting.length < found.length ? 'not_bound' : null
    while (waiting.length > 0) {
      const part = waiting.slice(0, countOf(waiting, limits))
      waiting = waiting.slice(part.length)
      const decision = await desk.batch(part)
      if (!decision) return // the store does not answer: it is brought again
      why = decision.answers.flatMap(({ nacks }) => nacks)[0]?.reason ?? why
      await onDecided(decision)
    }
    answer(connection, frame, why)
  }

  /** undefined: its session or its person are not known here. */
  async #offer({ returned, seal }: BroughtFlush): Promise<Offer<Connection> | undefined> {
    const { session } = returned.layout
    const record = await this.#recordOf(session.facts.sessionId)
    // An author can name the session of another one, and no peer could know that.
    if (!record || record.authorId !== session.facts.authorId) return undefined
    const writer = await this.#writer(record)
    const { flush } = returned
    const offered = { connection: null, session, flush, sig: seal.seal, record, returned }
    return writer && { ...offered, ...writer }
  }

  async #recordOf(sessionId: Uuid): Promise<SessionRecord | undefined> {
    const { store, desk } = this.#parts
    const known = desk.open.ledger.session(sessionId)
    if (known) return known
    const [stored] = await store.sessions([sessionId])
    const record = stored && readSession(stored, sessionId)
    return record && hasKey(record) ? record : undefined
  }

  /** Who has written, and what they may: by their link, or without one as far as that is known. */
  async #writer(record: SessionRecord): Promise<Writer | undefined> {
    const { connections, authenticate, capabilities, space, clock } = this.#parts
    for (const { sessions, isExpired, person, may } of connections)
      if (sessions.has(record.sessionId) && !isExpired)
        return { person: person ?? claimedBy(record), may }
    const { authorId, personalId } = record
    const owner = authenticate && (await this.#ownerOf(authorId))
    // Whether a login would prove a person is not known.
    if (authenticate && (owner === undefined || !(isAnonymous(personalId) || personalId === owner)))
      return undefined
    const proved = owner === undefined ? null : provedBefore(owner)
    try {
      const may = await askedCapabilities({ space, person: proved, at: clock.now() }, capabilities)
      return may.has('read') ? { person: proved ?? claimedBy(record), may } : undefined
    } catch {
      return undefined // it needs the login
    }
  }

  async #ownerOf(authorId: Uuid): Promise<string | undefined> {
    const { store, desk } = this.#parts
    const [stored] = await store.authors([authorId])
    const owner = stored && textOf(stored, `the stored person of author ${authorId}`)
    return owner ?? desk.open.persons.boundTo(authorId)
  }
}

function answer(connection: Connection, { position }: Held, why: NackReason | null): void {
  connection.send(reviewerFrame('back', { seq: position.seq, why }))
}
