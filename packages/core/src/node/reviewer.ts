/**
 * The reviewer role for one space: verifies, orders and commits offers, and only then answers. Uses
 * links and a store; contains no sockets and no database.
 *
 *   offer ─▶ verify ─▶ queue ─▶ load what is not in memory ─▶ decide ─▶ store.append ─▶ answers, fan-out
 *   └────── intake.ts ───────┘  └─────────────── desk.ts, one batch at a time ────────────────┘
 *
 * All queued offers are in the next batch: group commit. States are written later (`behind.ts`).
 */
import { toBase64url } from '../base/bytes.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import type { AuthorFrame, ReviewerFrames } from '../wire/frames.ts'
import {
  meBytes,
  positionBytes,
  settledBytes,
  snapshotBytes,
  welcomeBytes,
} from '../wire/signed.ts'
import type { Attached, Reviewer, ReviewerHealth, ReviewerOptions } from './api.ts'
import { assignersFault } from '../review/assign.ts'
import { bindSessions } from './bind.ts'
import { type Caches, cachesOf } from '../review/caches.ts'
import { catchUp } from './catch-up.ts'
import { Connection, type ConnectionHost } from './connection.ts'
import { Desk, type DeskParts } from './desk.ts'
import { appendEpoch } from './epochs.ts'
import { Events } from './events.ts'
import { type EquivocationProof, Evidence } from './evidence.ts'
import { Erasures } from './erasures.ts'
import { answerHistory } from './history.ts'
import { healthOf } from './health.ts'
import { Intake } from './intake.ts'
import type { Peer } from './login.ts'
import { Newest } from './newest.ts'
import { type Continued, type OpenSpace, leaveCaches, openSpace } from './open.ts'
import { publishTypes } from './publish.ts'
import type { LateWork, Revocation } from '../review/revocations.ts'
import type { Revoked } from '../review/revoked.ts'
import { rulesFault } from '../review/rules.ts'
import { Quotas } from './quotas.ts'
import { foldsOf, typesOf } from '../review/schema-rules.ts'
import { answerSeal } from './seal.ts'
import { Readers } from './readers.ts'
import { Returned } from './returned.ts'
import { storeRevocation } from './revoke.ts'
import { Snapshots } from './snapshots.ts'
import { KeyedTypes } from '../review/state-keys.ts'
import { ReviewTurns } from './turns.ts'
import { WaitingLine } from './waiting-line.ts'
import { Views } from './views.ts'

/**
 * Opens or creates the space, and resolves to a reviewer that accepts links.
 * Rejects when the store cannot be read or contains another reviewer's space, and when `assign`
 * names a field that no entity declares as assigned,
 * or `rules` a type that is not among the entities.
 */
export function createReviewer<E extends Entity>(options: ReviewerOptions<E>): Promise<Reviewer>
export function createReviewer(options: ReviewerOptions): Promise<Reviewer> {
  return openReviewer(options, cachesOf({ ...LIMITS, ...options.limits }))
}

/**
 * The same, with the caches that all reviewers of a process share. `continues`: it reviews
 * provisionally, in an epoch of its own after that.
 */
export async function openReviewer(
  options: ReviewerOptions,
  caches: Caches,
  continues?: Continued,
): Promise<Reviewer> {
  const types = typesOf(options.entities)
  const fault =
    assignersFault(options.assign ?? {}, types) ?? rulesFault(options.rules ?? {}, types)
  if (fault) throw new Error(fault)
  const limits = { ...LIMITS, ...options.limits }
  const { space, keys, signer, clock, spaces } = options
  const store = spaces.open(space)
  const folds = foldsOf(types, (failure) => options.onEvent?.({ type: 'fold_failed', ...failure }))
  const onRefolded = (entityId: Uuid): void =>
    options.onEvent?.({ type: 'state_refolded', entityId })
  const opening = {
    ...{ space, store, keys, signer, clock, limits, caches, onRefolded },
    foldsOf: folds,
    restored: options.restored ?? false,
    ...{ marks: options.marks, continues },
  }
  try {
    const open = await openSpace(opening)
    if (continues) await appendEpoch(open, opening, continues.epoch)
    const role = new ReviewerRole({ ...options, limits, store, types }, open, caches)
    if (options.publishes) await role.publish(open, options.entities ?? [])
    return role
  } catch (error) {
    await store.close()
    throw error
  }
}

type RoleOptions = Omit<
  DeskParts,
  'events' | 'evidence' | 'connections' | 'views' | 'keyed' | 'onBehind' | 'onErased'
>

class ReviewerRole implements Reviewer, ConnectionHost {
  readonly limits: Limits
  readonly quotas: Quotas
  readonly #options: RoleOptions
  readonly #events: Events
  readonly #intake: Intake
  readonly #desk: Desk
  readonly #newest: Newest
  readonly #evidence: Evidence
  readonly #snapshots: Snapshots
  readonly #erasures: Erasures
  readonly #views: Views
  readonly #binds: WaitingLine
  readonly #readers: Readers
  readonly #connections = new Set<Connection>()
  readonly #returned: Returned
  readonly #turns: ReviewTurns
  #isClosing = false

  constructor(options: RoleOptions, open: OpenSpace, { pages: held }: Caches) {
    const { limits, space, signer, keys, clock } = options
    this.limits = limits
    this.#options = options
    this.#events = new Events(options.onEvent)
    this.#binds = new WaitingLine(limits.bindsAtOnceMax)
    this.quotas = new Quotas(limits, clock, (over) =>
      this.#events.emit({ type: 'over_quota', ...over }),
    )
    this.#newest = new Newest({ space, keys, signer, clock })
    this.#intake = new Intake({
      homeKey: open.lineage.at(0).reviewerKey,
      ...{ space, signer, limits },
      events: this.#events,
      quotas: this.quotas,
      ledger: () => open.ledger,
      onWaiting: () => this.#turns.start(),
    })
    this.#evidence = new Evidence({
      ...{ store: options.store, limits, onError: this.#events.storeFailed },
      onKept: ({ authorId, sessionId, clientSeq, acceptedSeq }) =>
        this.#events.emit({ type: 'equivocation', authorId, sessionId, clientSeq, acceptedSeq }),
    })
    const { store } = options
    const keyed = new KeyedTypes(options.types)
    const { persons, source } = open
    this.#readers = new Readers({
      ...{ canRead: options.canRead, types: options.types, events: this.#events },
      ...{ space: open.space, persons, source },
    })
    this.#views = new Views({
      ...{ spaceId: space, space: open.space, source, store, clock, limits, keyed },
      readers: this.#readers,
      head: () => this.#desk.head,
      erased: () => this.erasedSeq,
      now: () => this.#newest.now(),
      sign: (bytes) => signer.sign(keys, bytes),
      onError: this.#events.storeFailed,
      onAhead: () => this.#turns.between(() => this.#desk.resync()),
    })
    const desk = {
      ...{ ...options, keyed, events: this.#events, evidence: this.#evidence },
      views: this.#views,
      connections: this.#connections,
      onBehind: (connection: Connection, have: Position) => void this.follow(connection, have),
      onErased: () => this.#snapshots.drop(),
    }
    this.#desk = new Desk(desk, open)
    this.#turns = new ReviewTurns({
      ...{ clock, intake: this.#intake, desk: this.#desk, onError: this.#events.storeFailed },
      onDecided: (decision) => this.#returned.again(decision),
    })
    const between = (job: () => Promise<unknown>): void => this.#turns.between(job)
    this.#returned = new Returned({
      ...{ ...options, desk: this.#desk, quotas: this.quotas, connections: this.#connections },
      erase: ({ entityId, regs }) => this.#erasures.within(entityId, regs),
      ...{ between, onTaken: () => this.#erasures.goOn() },
    })
    this.#snapshots = new Snapshots({
      ...{ store, clock, limits, held, erased: () => this.erasedSeq },
      ...{ space: open.space, source: open.source, head: () => this.#desk.head },
      writeBehind: () => this.#desk.behind.write(),
      sign: (at, pages) => signer.sign(keys, snapshotBytes(space, at, pages)),
    })
    this.#erasures = new Erasures({
      ...{ ...options, desk: this.#desk, events: this.#events, evidence: this.#evidence },
      ...{ connections: this.#connections, readers: this.#readers, views: this.#views, between },
      onBehind: desk.onBehind,
    })
  }

  get space(): Uuid {
    return this.#options.space
  }

  get publicKey(): string {
    return this.#options.keys.publicKey
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get state(): ReviewerHealth {
    const parts = { desk: this.#desk, events: this.#events, intake: this.#intake }
    return healthOf({ ...parts, connections: this.#connections })
  }

  connect(link: ServerLink, peer: Peer): Attached {
    const connection = new Connection(link, peer, this)
    this.#connections.add(connection)
    if (this.#isClosing) connection.close('the reviewer is stopping')
    return { frame: (text) => connection.frame(text), closed: () => connection.gone() }
  }

  erase(connection: Connection, frame: AuthorFrame & { kind: 'erase' }): void {
    this.#erasures.asked(connection, frame).catch(this.#events.storeFailed)
  }

  eraseValues(entityId: Uuid, regs?: readonly string[]): Promise<Outcome<number>> {
    return this.#erasures.erase(entityId, regs ?? null)
  }

  evidence(): Promise<readonly EquivocationProof[]> {
    return this.#evidence.all()
  }

  /** Called before the first link. A store that fails is reported, and closes nothing. */
  async publish(open: OpenSpace, entities: readonly Entity[]): Promise<void> {
    const { space, keys, signer, random } = this.#options
    await publishTypes({
      ...{ open, entities, space, keys, signer, random },
      clock: this.clock,
      events: this.#events,
      batch: (offers) => this.#desk.batch(offers),
    }).catch(this.#events.storeFailed)
  }

  rightsChanged(personalId?: string): void {
    for (const link of [...this.#connections])
      if (personalId === undefined || link.person?.id === personalId) endStates(link)
  }

  revoke(who: Revoked, { late = 'taken' }: { readonly late?: LateWork } = {}): Promise<void> {
    return this.#revoke(who, { at: this.clock.now(), late })
  }

  readmit(who: Revoked): Promise<void> {
    return this.#revoke(who, undefined)
  }

  #revoke(who: Revoked, revocation: Omit<Revocation, 'seq'> | undefined): Promise<void> {
    const shared = { store: this.#options.store, open: this.#desk.open }
    const parts = { ...shared, connections: this.#connections, resync: () => this.#desk.resync() }
    // Between two decisions: of what is being decided, it takes all or nothing.
    return new Promise((resolve, reject) =>
      this.#turns.between(() => storeRevocation(who, revocation, parts).then(resolve, reject)),
    )
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#intake.close()
    this.#erasures.stop()
    // Offers that were received before are still decided and answered.
    await Promise.all([...this.#connections].map(({ order }) => order))
    await this.#turns.ended()
    for (const connection of [...this.#connections]) connection.close('the reviewer is stopping')
    this.#snapshots.close()
    await this.#evidence.written()
    await this.#desk.behind.write()
    this.#desk.behind.stop()
    if (!this.#desk.isUnsure) await this.#mark()
    this.#events.isOver = true
    leaveCaches(this.#desk.open)
    await this.#options.store.close()
  }

  /** Stores the end of the data beside the key; other data at the next start are a copy. */
  async #mark(): Promise<void> {
    const { head: position, open } = this.#desk
    const { epoch, seq, chain } = position
    // Data that count as restored do so until an epoch was opened on them.
    const head = open.mustOpenEpoch ? null : { seq, chain }
    await this.#options.marks?.put(this.space, { epoch, head })
  }

  // The interface `ConnectionHost`.

  get erasedSeq(): number {
    return this.#desk.open.erasure.newest
  }

  nonce(): string {
    return toBase64url(this.#options.random.bytes(16))
  }

  async welcome(nonces: readonly [string, string]): Promise<ReviewerFrames['welcome']> {
    const { keys, signer } = this.#options
    const { head: position, open } = this.#desk
    const at = this.#newest.now()
    const sig = await signer.sign(keys, welcomeBytes(this.space, { nonces, position, at }))
    const { inFlightMessagesMax: messages, inFlightBytesMax: bytes } = this.limits
    const facts = { lineage: open.lineage.epochs, credits: { messages, bytes } }
    return { v: WIRE_VERSION, ...facts, position, nonce: nonces[1], at, sig }
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection)
    this.#views.gone(connection)
    const { ledger, persons } = this.#desk.open
    for (const sessionId of connection.sessions) ledger.release(sessionId)
    for (const authorId of connection.authors) persons.release(authorId)
  }

  strike(connection: Connection, why: string): void {
    this.#events.emit({ type: 'strike', address: connection.peer.address, why })
  }

  refused(connection: Connection, why: string): void {
    this.#events.emit({ type: 'greeting_refused', address: connection.peer.address, why })
  }

  bind(connection: Connection, frame: AuthorFrame & { kind: 'bind' }): void {
    const { signer, store, clock, keys, authenticate, capabilities } = this.#options
    const { ledger, persons, revocations, lineage } = this.#desk.open
    const epoch = lineage.present
    const bound = bindSessions(connection, frame, {
      ...{ signer, store, clock, authenticate, capabilities, ledger, persons, revocations },
      space: this.space,
      ...{ limits: this.limits, quotas: this.quotas },
      events: this.#events,
      connections: this.#connections,
      line: this.#binds,
      isProvisional: epoch.why === 'claim',
      signMe: (nonce, authorIds) =>
        signer.sign(keys, meBytes(this.space, epoch, { nonce, authorIds })),
    })
    bound.catch(() => {}) // handled below, maybe much later
    const before = connection.isSignedIn ? claimsOf(connection) : undefined
    connection.binding = connection.binding
      .then(() => bound)
      .then(() => {
        // The link was sent rows of another login.
        const isOther = before !== undefined && claimsOf(connection) !== before
        if (this.#readers.areLimited && isOther) endStates(connection)
      })
      .catch((error: unknown) => {
        this.#events.storeFailed(error)
        connection.close('the store does not answer')
      })
  }

  offer(connection: Connection, frame: AuthorFrame & { kind: 'offer' }): void {
    this.#intake.offer(connection, frame)
  }

  held(connection: Connection, frame: AuthorFrame & { kind: 'held' }): void {
    if (this.#isClosing) return
    this.#returned.heard(connection, frame).catch(this.#events.storeFailed)
  }

  want(connection: Connection, have: Position | null, pages: readonly string[]): void {
    const { reader } = connection
    if (connection.mode === 'catching' || !reader) return
    if (!this.quotas.answering(reader.key, reader.authorId)) return
    void this.follow(connection, have, pages).then(() => this.quotas.answered(reader.key))
  }

  /** Brings a link to the head. Never rejects. */
  async follow(
    connection: Connection,
    have: Position | null,
    pages: readonly string[] = [],
  ): Promise<void> {
    if (connection.mode === 'catching') return
    if (this.#readers.areLimited) {
      connection.close('who may read what is limited here: a store has to follow scopes')
      return
    }
    if (have && this.#isAhead(have)) {
      this.#turns.between(() =>
        this.#missed(connection, have, (known) => void this.follow(connection, known, pages)),
      )
      return
    }
    this.#views.gone(connection)
    connection.mode = 'catching'
    const { store, clock, keys, signer } = this.#options
    try {
      await connection.binding // a snapshot is sent with the accepted messages of the bound sessions
      await catchUp(
        connection,
        { have, pages: new Set(pages) },
        {
          ...{ store, clock },
          space: this.#desk.open.space,
          snapshots: this.#snapshots,
          head: () => this.#desk.head,
          lineage: () => this.#desk.open.lineage,
          erasedThrough: () => this.#desk.open.erasure.through,
          signSettled: (at, settled) => signer.sign(keys, settledBytes(this.space, at, settled)),
          newest: () => this.#newest.word(this.#desk.head),
          limits: this.limits,
        },
      )
    } catch (error) {
      this.#events.storeFailed(error)
      connection.close('the store does not answer')
    }
  }

  scopes(connection: Connection, frame: AuthorFrame & { kind: 'follow' }): void {
    // A running answer to `want` ends first: it makes the link live.
    if (connection.mode === 'catching') return
    const { have } = frame
    if (!have || !this.#isAhead(have)) this.#views.follow(connection, frame)
    else
      this.#turns.between(() =>
        this.#missed(connection, have, (known) =>
          this.#views.follow(connection, known ? frame : { ...frame, whole: 0, have: null }),
        ),
      )
  }

  reach(connection: Connection, frame: AuthorFrame & { kind: 'reach' }): void {
    this.#views.reach(connection, frame)
  }

  /** Whether a position is beyond the end of the present epoch. */
  #isAhead({ eid, seq }: Position): boolean {
    const { eid: present, seq: headSeq } = this.#desk.head
    return eid === present && seq > headSeq
  }

  /**
   * Called when a link has batches that are missing here. If this reviewer has signed them, they
   * were committed and are lost. Otherwise the link continues from its position, or, if that is
   * still ahead, from the start.
   */
  async #missed(
    connection: Connection,
    have: Position,
    goOn: (have: Position | null) => void,
  ): Promise<void> {
    const { keys, signer } = this.#options
    const bytes = positionBytes(this.space, have)
    const isSigned = await signer.verify(keys.publicKey, bytes, have.sig ?? '')
    if (isSigned && this.#isAhead(have) && (await this.#desk.lost(have))) return
    if (!connection.closed) goOn(this.#isAhead(have) ? null : have)
  }

  seal(connection: Connection, seq: number): void {
    const { keys, signer, store } = this.#options
    if (this.#readers.areLimited) return // a follower of scopes has no batches to audit
    answerSeal(connection, seq, () => ({
      store,
      source: this.#desk.open.source,
      epoch: this.#desk.open.lineage.present,
      headSeq: this.#desk.head.seq,
      isRestored: this.#desk.open.mustOpenEpoch,
      limits: this.limits,
      sign: (bytes) => signer.sign(keys, bytes),
    })).catch(this.#events.storeFailed)
  }

  history(connection: Connection, entityId: Uuid): void {
    const { keys, signer } = this.#options
    answerHistory(connection, entityId, () => ({
      mayAsk: () => this.#readers.mayAsk(connection, entityId),
      source: this.#desk.open.source,
      lineage: this.#desk.open.lineage,
      clock: this.clock,
      asOfSeq: this.#desk.head.seq,
      limits: this.limits,
      sign: (bytes) => signer.sign(keys, bytes),
    })).catch(this.#events.storeFailed)
  }
}

/** The claims of a login, as text, to compare logins. */
function claimsOf({ person }: Connection): string {
  return JSON.stringify(person?.claims ?? null)
}

/** The next link gets the rows that may be read now. */
function endStates(link: Connection): void {
  if (link.mode === 'states') link.close('rights have changed; resume')
}
