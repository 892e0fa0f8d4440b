/**
 * Peers of a store, while the home reviewer is away: who reviews (`sync/election.ts`), the review itself
 * where it is this store's turn, and the link to whoever reviews. Owns their timers and links; loaded
 * where an app has peers.
 *
 *   beats ◀─▶ election ─▶ duty ─ reviews ─▶ reviewer (`node/provisional.ts`) ◀─ session ─▶ view
 *                              └ follows ─▶ session ─▶ view
 */
import type { StoreApi } from 'zustand/vanilla'
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position, Rejection, SessionOpening } from '../../facts/message.ts'
import { personalCommit, whoamiId } from '../../facts/whoami.ts'
import { seqOf } from '../../fold/state.ts'
import type { Entry } from '../../history/entry.ts'
import type { Lineage } from '../../history/lineage.ts'
import { type HomeStates, openProvisional } from '../../node/provisional.ts'
import type { Peers } from '../../ports/peers.ts'
import type { StateText } from '../../ports/space-store.ts'
import type { KeyPair } from '../../ports/signer.ts'
import type { Transport } from '../../ports/transport.ts'
import { stateText } from '../../review/stored.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Table } from '../../rows/table.ts'
import { type SignedClaim, beatText, readBeat, signedClaim } from '../../sync/beat.ts'
import type { Reached } from '../../sync/claim.ts'
import {
  type Beat,
  type Duty,
  Election,
  type ElectionEvent,
  type PeerStand,
} from '../../sync/election.ts'
import type { Outbox } from '../../sync/outbox.ts'
import { PeerSession } from '../../sync/peer-session.ts'
import { TailPlan } from '../../sync/tail-plan.ts'
import { batchReadingBounds } from '../../wire/bounds.ts'
import { bindBytes } from '../../wire/signed.ts'
import type { Journal } from '../disk/journal.ts'
import type { OwnSessions } from '../identity/own-sessions.ts'
import type { Trust } from '../identity/trust.ts'
import type { OwnMessages } from '../outbox/own-messages.ts'
import type { Platform } from '../platform/platform.ts'
import { PendingIntake } from '../outbox/pending-intake.ts'
import type { SyncStatus } from '../store.ts'
import type { Syncing } from '../syncing.ts'
import { Bringing } from './bringing.ts'
import { loopTo } from './loop.ts'
import { relayedTo } from './relayed.ts'
import { ProvisionalView } from './view.ts'

/** So long after home is back, authors have to bring their messages to it, before others miss them. */
export const GRACE_MS = 30_000
/** A tail of so many epochs is given up: a greeting has 64 of them. */
const EPOCHS_MAX = 32
/** After a failure of its own a store does not review for so long. */
const TROUBLE_MS = 60_000
/** Peers by whose id a claim may be reached. */
const HEARD_MAX = 64

export interface PeeringParts {
  readonly options: {
    readonly space: Uuid
    readonly entities: readonly Entity[]
    readonly platform: Platform
    readonly limits: Limits
  }
  readonly peers: Peers
  readonly repo: Repo
  readonly outbox: Outbox
  readonly own: OwnMessages
  readonly sessions: OwnSessions
  readonly trust: Trust
  readonly status: StoreApi<SyncStatus>
  /** What this store has of home. */
  readonly position: () => Position | null
  readonly lineage: () => Lineage | undefined
  readonly nextArrival: () => number
  readonly noteReadings: (entry: Entry) => void
  /** Those that home has signed. */
  readonly rejectionsOf: (ids: readonly Uuid[]) => readonly Rejection[]
  /** Takes frames of home that a peer has passed on, and brings home what peers have reviewed. */
  readonly syncing: Pick<Syncing, 'relayed' | 'bring'>
  /** What was read of the log of home. */
  readonly journal: Pick<Journal, 'held'>
  readonly onError: (error: unknown) => void
}

export class Peering {
  readonly #view: ProvisionalView
  readonly #parts: PeeringParts
  readonly #intake: PendingIntake
  readonly #bringing: Bringing
  readonly #plan: TailPlan
  readonly #stops: (() => void)[] = []
  #keys: KeyPair | undefined
  #election: Election | undefined
  #duty: Duty = { kind: 'none' }
  /** By hash. */
  readonly #claims = new Map<string, SignedClaim>()
  /** Where a peer is reached, by the id under which it signs. */
  readonly #reach = new Map<Uuid, string>()
  #session: PeerSession | undefined
  /** Ends the review of this store. */
  #retire: (() => unknown) | undefined
  #cancelTick: () => void = () => {}
  #cancelRelease: () => void = () => {}
  #beatNo = 0
  /** What `status.peers` has, as text. */
  #shownPeers = ''
  #troubledAtMs = -Infinity
  /** What arrives is checked, and what is said signed, one after the other. */
  #hearing: Promise<void> = Promise.resolve()
  #saying: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(parts: PeeringParts) {
    this.#parts = parts
    const { repo, outbox, own, options, position, noteReadings, nextArrival, syncing } = parts
    this.#intake = new PendingIntake({
      ...{ repo, position, isPartial: false, nextArrival, noteReadings },
      stored: () => undefined,
      hides: () => false,
      onTaken: () => {}, // they come without bases
      onOutdated: () => {}, // nothing that is stored is written on them
    })
    const intake = this.#intake
    const { clock, random } = options.platform
    this.#bringing = new Bringing({
      ...{ clock, random, bring: (batch) => syncing.bring(batch) },
      isOnline: () => parts.status.getState().connection === 'online',
      isAccepted: (sessionId, clientSeq) => repo.messages.isAccepted(sessionId, clientSeq),
    })
    this.#view = new ProvisionalView({
      ...{ repo, outbox, intake, ownIntake: own.intake, nextArrival },
      opening: (sessionId) => parts.sessions.openings.get(sessionId),
      onTaken: (batch) => this.#bringing.hold(batch),
    })
    const { space, limits } = options
    this.#plan = new TailPlan(repo, {
      ...{ space, bounds: batchReadingBounds(limits) },
      findOwn: (id) => own.find(id),
    })
    this.#begin().catch(parts.onError)
  }

  async #begin(): Promise<void> {
    const { options, peers, status } = this.#parts
    const { signer, onHide } = options.platform
    this.#keys = await signer.generate()
    if (this.#isClosed) return
    this.#election = new Election(options.space, this.#standing(), this.#moment())
    this.#stops.push(
      peers.listen((text, from) => this.#heard(text, from)),
      status.subscribe((now, before) => {
        if (now.position !== before.position) this.#moved()
        if (now.connection === before.connection) return
        if (now.connection === 'online') {
          this.#bringing.begin()
          this.#releaseLater()
        } else if (now.connection === 'connecting') this.#cancelRelease()
        this.#stand()
      }),
    )
    const stop = onHide?.(() => this.#step({ kind: 'leaves' }))
    if (stop) this.#stops.push(stop)
    this.#stand()
  }

  /** The position or the lineage of home has moved. */
  #moved(): void {
    this.#intake.showReached()
    this.#stand()
  }

  /** Messages of others that peers have reviewed, and home has not. */
  others(): readonly Entry[] {
    return this.#view.others()
  }

  /** More may be offered. */
  pump(): void {
    this.#session?.pump()
  }

  close(): void {
    if (this.#isClosed) return
    this.#step({ kind: 'leaves' })
    this.#isClosed = true
    for (const stop of this.#stops) stop()
    this.#cancelTick()
    this.#cancelRelease()
    this.#bringing.close()
    this.#end()
    void this.#saying.then(() => this.#parts.peers.close())
  }

  // The election.

  get #reached(): Reached | undefined {
    const { position, lineage } = this.#parts
    const home = position()
    const known = lineage()
    if (!home?.sig || !known?.has(home)) return undefined
    const tail = this.#view.tailAfter(home)
    const epochs = new Set(tail.map((one) => one.position.eid)).size
    const last = epochs > EPOCHS_MAX ? undefined : tail.at(-1)
    return { home, end: last?.position ?? home }
  }

  #standing(): PeerStand {
    const { status, options, sessions } = this.#parts
    const { connection, halted } = status.getState()
    const isAway = connection === 'connecting'
    const isHidden = options.platform.isHidden?.() ?? false
    const isTroubled = this.#moment().nowMs - this.#troubledAtMs < TROUBLE_MS
    return {
      id: whoamiId(this.#keys?.publicKey ?? ''),
      reached: this.#reached,
      isHomed: !isAway,
      mayReview: isAway && !isHidden && !isTroubled && !halted && sessions.list().length > 0,
    }
  }

  #moment(): { readonly nowMs: number; readonly chance: number } {
    const { clock, random } = this.#parts.options.platform
    return { nowMs: clock.monotonic(), chance: random.unit() }
  }

  #stand(): void {
    if (this.#election) this.#step({ kind: 'stands', standing: this.#standing() })
  }

  #step(event: ElectionEvent): void {
    const election = this.#election
    if (!election || this.#isClosed) return
    const { nowMs, chance } = this.#moment()
    const { says, duty, tickAtMs } = election.step(event, { nowMs, chance })
    this.#follow(duty)
    this.#showPeers(election.heard)
    if (says) this.#say()
    this.#cancelTick()
    const { clock } = this.#parts.options.platform
    this.#cancelTick = clock.after(Math.max(1, tickAtMs - nowMs), () => {
      this.#step({ kind: 'stands', standing: this.#standing() })
      this.#step({ kind: 'tick' })
    })
  }

  #heard(text: string, from: string): void {
    const { options, trust } = this.#parts
    const { space, platform } = options
    const checks = {
      ...{ space, signer: platform.signer },
      verifyHome: (bytes: Uint8Array, sig: string) => trust.verify(bytes, sig),
    }
    this.#hearing = this.#hearing
      .then(async () => {
        const read = this.#isClosed ? undefined : await readBeat(text, checks)
        if (!read || this.#isClosed) return
        const { beat, claim } = read
        this.#reach.delete(beat.id)
        this.#reach.set(beat.id, from)
        for (const id of this.#reach.keys())
          if (this.#reach.size > HEARD_MAX) this.#reach.delete(id)
        if (claim) this.#know(claim)
        this.#step({ kind: 'heard', beat })
      })
      .catch(this.#parts.onError)
  }

  #know(claim: SignedClaim): void {
    this.#claims.delete(claim.hash)
    this.#claims.set(claim.hash, claim)
    for (const hash of this.#claims.keys())
      if (this.#claims.size > HEARD_MAX) this.#claims.delete(hash)
  }

  #say(): void {
    const { options, peers, onError } = this.#parts
    const { space, platform } = options
    const by = { keys: this.#keys!, signer: platform.signer } // there is an election
    const { mayReview, reached } = this.#standing()
    const claim = this.#election?.claim
    // Above that of an earlier opening, and of each other beat.
    const no = (this.#beatNo = Math.max(this.#beatNo + 1, platform.clock.now()))
    this.#saying = this.#saying
      .then(async () => {
        const known = claim && (this.#claims.get(claim.hash) ?? (await signedClaim(claim, by)))
        if (known) this.#know(known)
        const text = await beatText(space, { no, mayReview, reached, claim: known }, by)
        peers.say(text)
      })
      .catch(onError)
  }

  // What follows from it.

  #follow(duty: Duty): void {
    const before = this.#duty
    const isSame =
      before.kind === duty.kind &&
      (duty.kind === 'none' || (before.kind !== 'none' && before.claim.hash === duty.claim.hash))
    if (isSame) return
    this.#duty = duty
    this.#end()
    this.#showTerm()
    if (duty.kind === 'none') return
    if (duty.kind === 'reviews')
      void this.#review(duty).catch((error: unknown) => this.#fail(error))
    else this.#open(duty)
  }

  #showTerm(): void {
    const duty = this.#duty
    const provisional =
      duty.kind === 'none'
        ? undefined
        : {
            reviewerId: duty.claim.reviewerId,
            epoch: duty.claim.epoch,
            isSelf: duty.kind === 'reviews',
          }
    this.#parts.status.setState({ provisional })
  }

  #showPeers(heard: readonly Beat[]): void {
    const { status } = this.#parts
    const peers = heard.map(({ id, claim }) => ({ id, reviewerId: claim?.reviewerId }))
    const told = JSON.stringify(peers)
    if (told === this.#shownPeers) return
    this.#shownPeers = told
    status.setState({ peers })
  }

  #end(): void {
    this.#session?.close()
    this.#session = undefined
    this.#retire?.()
    this.#retire = undefined
  }

  /** This store cannot review: it gives its claim up. */
  #fail(error: unknown): void {
    this.#parts.onError(error)
    this.#troubledAtMs = this.#moment().nowMs
    this.#step({ kind: 'leaves' })
  }

  async #review(duty: Duty & { readonly kind: 'reviews' }): Promise<void> {
    const { options, peers, lineage } = this.#parts
    const { space, platform, limits, entities } = options
    const { clock, random, signer } = platform
    const { home, epoch, end } = duty.claim
    const tail = end.eid === home.eid ? [] : this.#view.tailAfter(home)
    assert((tail.at(-1)?.position ?? home).seq === end.seq, 'a claim continues what is here')
    const keys = this.#keys
    const ofHome = lineage()
    if (!keys || !ofHome) return
    const claim = await signedClaim(duty.claim, { keys, signer })
    this.#know(claim)
    let isOver = false
    this.#retire = () => (isOver = true)
    const relayed = relayedTo(home, this.#parts.journal.held(), { space, limits })
    const reviewer = await openProvisional(
      { space, keys, signer, clock, random, entities, limits },
      { home, lineage: ofHome, states: this.#states(home), relayed, tail, epoch },
    )
    if (isOver) {
      await reviewer.close()
      return
    }
    const accept = reviewer.connect.bind(reviewer)
    const stop = peers.serve(accept)
    this.#retire = () => {
      stop()
      void reviewer.close()
    }
    this.#session = this.#sessionTo(loopTo(accept, clock), claim)
  }

  /** The states of home at that position, for as long as this store is there. */
  #states(home: Position): HomeStates {
    const { repo, position } = this.#parts
    const textOf = (table: Table, entity: Uuid): StateText | undefined => {
      const state = table.canonical(entity)
      if (!state) return undefined
      if (position()?.seq !== home.seq) throw new Error('home has gone on')
      const type = table.entity.name
      const seq = seqOf(state)
      return { entity, type, seq, text: stateText(entity, { type, state, table: table.registers }) }
    }
    return {
      state: (entity) => {
        const table = repo.tableOf(entity)
        return table && textOf(table, entity)
      },
      ofType: (type) => {
        const table = repo.tableNamed(type)
        return [...table.rows()].flatMap(({ id }) => textOf(table, id) ?? [])
      },
      isAccepted: (sessionId, clientSeq) => repo.messages.isAccepted(sessionId, clientSeq),
    }
  }

  #open({ claim }: Duty & { readonly kind: 'follows' }): void {
    const known = this.#claims.get(claim.hash)
    assert(known, 'a claim that is followed was signed')
    const { peers } = this.#parts
    const transport: Transport = {
      connect: (events) => {
        const peer = this.#reach.get(claim.reviewerId)
        // Another peer has told of it, and it was not heard yet.
        const way = peer === undefined ? peers.transport : peers.reach(peer)
        return way.connect(events)
      },
    }
    this.#session = this.#sessionTo(transport, known)
  }

  #sessionTo(transport: Transport, claim: SignedClaim): PeerSession | undefined {
    const { options, position, lineage, outbox, sessions, trust, syncing, rejectionsOf } =
      this.#parts
    const { space, platform, limits } = options
    const { clock, random, signer } = platform
    const ofHome = lineage()
    if (!ofHome) return undefined
    const { home } = claim
    return new PeerSession({
      ...{ space, limits, clock, random, transport, claim },
      home: () => position() ?? home,
      lineage: ofHome,
      plan: this.#plan,
      host: {
        verify: (key, bytes, sig) => signer.verify(key, bytes, sig),
        verifyHome: (bytes, sig) => trust.verify(bytes, sig),
        openings: () =>
          sessions.list().filter(({ sessionId }, at) => at === 0 || outbox.waits(sessionId)),
        commitmentOf: ({ personalId, salt }: SessionOpening) =>
          personalCommit(space, personalId, salt),
        prove: async ({ authorId, sessionId }, nonce) => {
          const keys = sessions.keys.get(authorId)
          return keys && signer.sign(keys, bindBytes(space, sessionId, nonce))
        },
        flushes: () => outbox.stored(),
        rejectionsOf,
        taken: (step) => {
          this.#view.taken(step, position() ?? home)
          this.#stand()
        },
        lied: () => this.#step({ kind: 'lied', id: claim.reviewerId }),
        relayed: (...frame) => syncing.relayed(...frame),
        caughtUp: (present) => this.#view.settle(present),
      },
    })
  }

  /** Home is back. What it lacks of the peers' is brought by its authors, or goes after a while. */
  #releaseLater(): void {
    this.#cancelRelease()
    if (!this.#view.any) return
    const { clock } = this.#parts.options.platform
    this.#cancelRelease = clock.after(GRACE_MS, () => {
      this.#view.release()
      this.#releaseLater()
    })
  }
}

/** The peers of a store. */
export function peeringOf(parts: PeeringParts): Peering {
  return new Peering(parts)
}
