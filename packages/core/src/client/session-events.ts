/** Applies the results of a sync connection to the view, the disk and the status. */
import type { StoreApi } from 'zustand/vanilla'
import type { Entry } from '../history/entry.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Epoch } from '../wire/records.ts'
import { bindBytes } from '../wire/signed.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { NackReason, Rejection, SessionOpening } from '../facts/message.ts'
import {
  type ConnectionRefusal,
  type Greeting,
  type NackAbout,
  type LinkRefusal,
  type Replaced,
  type SessionHost,
  type SessionParts,
  type SessionState,
  presentEpoch,
} from '../sync/session-host.ts'
import { SyncSession } from '../sync/session.ts'
import type { SnapshotApplied, StatesApplied, TailApplied } from '../sync/tail.ts'
import type { Reviewing } from '../sync/tail-plan.ts'
import type { Signer } from '../ports/signer.ts'
import type { AcceptedAgain } from '../wire/frames.ts'
import type { Repo } from '../rows/repo.ts'
import type { ChangeOver } from './change-over.ts'
import type { CanonicalDisk } from './disk/canonical-disk.ts'
import type { Disk } from './disk/disk.ts'
import type { OwnPerson } from './identity/own-person.ts'
import type { HeldStep } from '../sync/hand-back.ts'
import type { OwnSessions } from './identity/own-sessions.ts'
import type { OutboxChange } from './outbox/own-messages.ts'
import type { Refusals } from './outbox/refusals.ts'
import type { SyncStatus } from './store.ts'
import type { Trust } from './identity/trust.ts'
import type { Warnings } from './warnings.ts'

interface SessionEventsParts {
  readonly repo: Repo
  readonly disk: Disk
  readonly canonicalDisk: CanonicalDisk
  readonly changeOver: ChangeOver
  readonly trust: Trust
  readonly person: OwnPerson
  readonly refusals: Refusals
  readonly status: StoreApi<SyncStatus>
  readonly warnings: Warnings
  readonly sessions: OwnSessions
  readonly space: string
  readonly signer: Signer
  readonly reviewing: () => Reviewing
  /** Settles entries that have a verdict. Returns what is to be stored of their flushes. */
  readonly settle: (entries: readonly Entry[]) => OutboxChange
  /** Called when the position moved, and when the session becomes `online`. */
  readonly onMoved: () => void
  readonly onChange: () => void
}

/** The parts of the store that a session and its events use. */
export type SessionOfParts = Omit<SessionParts, 'host'> & Omit<SessionEventsParts, 'reviewing'>

class SessionEvents implements SessionHost {
  readonly #parts: SessionEventsParts
  /** Messages that the reviewer cannot judge for now. */
  readonly #undecided = new Set<Entry>()

  constructor(parts: SessionEventsParts) {
    this.#parts = parts
  }

  openings(): readonly SessionOpening[] {
    return this.#parts.sessions.list()
  }

  isClaim(sessionId: string): boolean {
    return this.#parts.sessions.claims.has(sessionId)
  }

  token(): string | undefined | Promise<string | undefined> {
    return this.#parts.person.credentials.token()
  }

  refusedSessions(why: string | undefined): void {
    this.#parts.person.refusedSessions(why)
  }

  may(capabilities: readonly Capability[]): void {
    const known = this.#parts.status.getState().capabilities
    if (known?.join() !== capabilities.join()) this.#parts.status.setState({ capabilities })
  }

  me(authorIds: readonly string[] | undefined): void {
    this.#parts.person.me.told(authorIds)
  }

  async prove({ authorId, sessionId }: SessionOpening, nonce: string): Promise<string | undefined> {
    const { sessions, signer, space } = this.#parts
    const keys = sessions.keys.get(authorId)
    return keys && signer.sign(keys, bindBytes(space, sessionId, nonce))
  }

  get isNative(): boolean {
    return this.#parts.signer.isNative
  }

  verify(bytes: Uint8Array, sig: string): Promise<boolean> {
    return this.#parts.trust.verify(bytes, sig)
  }

  verifySeal(publicKey: string, bytes: Uint8Array, sig: string): Promise<boolean> {
    return this.#parts.signer.verify(publicKey, bytes, sig)
  }

  alarm(what: string): void {
    this.#parts.status.setState({ alarm: what })
  }

  async judge(greeting: Greeting): Promise<LinkRefusal | undefined> {
    const { trust, status } = this.#parts
    const fault = await trust.judge(greeting)
    const { reviewerId } = presentEpoch(greeting.lineage)
    if (fault === undefined) status.setState({ reviewerId })
    return fault
  }

  greeted(epochs: readonly Epoch[]): Lineage {
    this.#parts.refusals.greeted()
    return this.#parts.changeOver.greeted(epochs)
  }

  follow(lineage: Lineage, isOther: boolean): void {
    this.#parts.changeOver.follow(lineage, isOther)
    if (isOther) this.#parts.refusals.orphans.startAnew()
  }

  held(): Promise<readonly HeldStep[]> {
    return this.#parts.changeOver.held()
  }

  taken(outcome: TailApplied, texts: readonly string[], by: Reviewing): void {
    const { canonicalDisk, settle, changeOver } = this.#parts
    changeOver.taken(outcome, texts)
    for (const id of outcome.erased.keys()) changeOver.journal.forget(id)
    this.#parts.onMoved()
    const own = settle(outcome.settled)
    this.#decided()
    this.#warnOfUnassigned(outcome.settled)
    canonicalDisk.step(by, { ...outcome, texts, own })
  }

  /** Warns of an assigned field that the reviewer left empty: it would stay empty without a visible reason. */
  #warnOfUnassigned(accepted: readonly Entry[]): void {
    const { repo, warnings } = this.#parts
    for (const { type, kind, index, entry } of accepted.flatMap(({ writes }) => writes)) {
      if (kind !== 'create') continue
      const given = entry.review?.assigned?.[index] ?? {}
      const { entity } = repo.tableNamed(type)
      for (const name of entity.assignedFields) {
        const field = entity.fieldOf(name)
        if (field && given[field.reg] === undefined)
          warnings.about((texts) => texts.unassigned(type, name))
      }
    }
  }

  replaced(outcome: SnapshotApplied, { pages, told, isOther, by }: Replaced): void {
    const { canonicalDisk, settle, changeOver } = this.#parts
    this.#parts.onMoved()
    const own = settle(outcome.settled)
    this.#decided()
    canonicalDisk.replace(by, { texts: pages, entities: outcome.pages, own })
    if (isOther) changeOver.revive(told)
  }

  shown({ settled, changed }: StatesApplied, by: Reviewing, isOther: boolean): void {
    const { canonicalDisk, settle, changeOver } = this.#parts
    this.#parts.onMoved()
    canonicalDisk.changed(by, { changed, own: settle(settled) })
    // The reviewer's answers to the next offers show which of them it has.
    if (isOther) changeOver.revive(() => false)
  }

  acceptedAgain(entry: Entry, { seq, at, forked }: AcceptedAgain): void {
    const { repo, disk, reviewing, settle } = this.#parts
    const { reviewerId, eid, epoch } = reviewing().lineage.at(seq)
    repo.acceptContained(entry, { reviewerId, eid, epoch, seq, forked, at })
    repo.emit()
    void disk.write({ durability: 'relaxed', ...settle([entry]) })
    this.#decided()
  }

  rejected(rejections: readonly Rejection[]): void {
    this.#parts.refusals.apply(rejections)
    this.#decided()
  }

  rejectionsOf(ids: readonly string[]): readonly Rejection[] {
    const { reviewerId } = this.#parts.reviewing()
    return this.#parts.refusals.signed(ids).filter((one) => one.reviewerId === reviewerId)
  }

  nacked(entries: readonly Entry[], reason: NackReason, { alone, detail }: NackAbout): void {
    if (!alone) return // nacks are unsigned, and this one may be about other messages
    if (reason === 'unavailable') this.#waitForOperator(entries, detail)
    if (reason === 'parent_unknown') this.#parts.refusals.orphaned(entries, this.#parts.reviewing())
    if (reason !== 'unknown_schema') return
    const lacks = entries.flatMap((entry) => entry.writes.map((w) => `${w.type} ${w.version}`))
    this.#parts.status.setState(({ reviewerLacks }) => ({
      reviewerLacks: [...new Set([...reviewerLacks, ...lacks])].sort(),
    }))
  }

  /** Messages that wait until the operator of the reviewer has fixed a rule. */
  #waitForOperator(entries: readonly Entry[], undecided: string): void {
    for (const entry of entries) this.#undecided.add(entry)
    this.#parts.warnings.about((texts) => texts.undecided(undecided))
    this.#parts.status.setState({ undecided })
  }

  /** Called when messages have got verdicts: perhaps the last ones that waited for the operator. */
  #decided(): void {
    if (this.#undecided.size === 0) return
    for (const entry of this.#undecided) if (!isOpen(entry)) this.#undecided.delete(entry)
    if (this.#undecided.size === 0) this.#parts.status.setState({ undecided: undefined })
  }

  changed(
    state: SessionState,
    note: string | undefined,
    refusal: ConnectionRefusal | undefined,
  ): void {
    // Who is revoked is greeted, and delivers.
    const isRevoked = state === 'syncing' && refusal !== undefined
    const isTrying = state === 'connecting' || state === 'greeting' || isRevoked
    const isFirst = state === 'online' && !this.#parts.status.getState().caughtUp
    this.#parts.status.setState(({ caughtUp }) => ({
      connection: isTrying ? refused(refusal) : state,
      connectionNote: note,
      connectionRefusal: isTrying ? refusal : undefined,
      caughtUp: caughtUp || state === 'online',
      // Another reviewer, or the same one after an upgrade, may know these versions.
      ...(state === 'greeting' && { reviewerLacks: [] }),
    }))
    if (state === 'online') this.#parts.onMoved()
    if (isFirst) this.#parts.canonicalDisk.caughtUp(this.#parts.reviewing().reviewerId)
    this.#parts.onChange()
  }
}

/** The session of a store with its reviewer, whose results are applied here. Loaded when it connects. */
export function sessionOf(parts: SessionOfParts): SyncSession {
  const reviewing = (): Reviewing => session.reviewing! // set by the greeting, before any event
  const host = new SessionEvents({ ...parts, reviewing })
  const session: SyncSession = new SyncSession({ ...parts, host })
  return session
}

function isOpen({ state }: Entry): boolean {
  return state !== 'accepted' && state !== 'rejected' && state !== 'blocked'
}

/** The status of a store that reconnects, after a refusal or not. */
function refused(refusal: ConnectionRefusal | undefined): SyncStatus['connection'] {
  if (refusal === undefined) return 'connecting'
  return refusal === 'unauthorised' ? 'unauthorised' : 'refused'
}
