/**
 * A tab, and one opening of it: from opening the store until it is closed or killed. A visit uses the
 * world only through its own clock, so stopping that clock kills the visit.
 */
import {
  type AnyRow,
  type Followed,
  type SyncStatus,
  type SyncStore,
  followed,
} from '@countersign/core'
import type { Transport } from '@countersign/core/ports'
import {
  ProcessClock,
  type SeededRandom,
  type TabLocks,
  createLimitedStore,
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import { type WorldType, typesOf } from './entities.ts'
import type { Device } from './device.ts'
import type { EntityHistory } from './facts.ts'
import { s18ToldTheirOwn } from './invariants/persons.ts'
import { PLAIN, type Reading, VersionedReading } from './reading.ts'
import type { Shape } from './shapes.ts'
import type { Stage } from './stage.ts'
import { SPACE } from './truth.ts'
import { type Build, Published } from './versioned.ts'
import { EarlyAnswers } from './invariants/early.ts'
import { Watch } from './watch.ts'

// Loading takes real time, and the world has none.
await loadParts()

/** The parts of the world that it uses beyond the stage. */
export interface VisitStage extends Stage {
  /** Its transport to the reviewer, with an attacker in between or without. */
  wayOf(name: string, process: ProcessClock): Transport
  /** Called when its connection status has changed. */
  doubts(name: string, status: SyncStatus): void
  /** Called when something has happened in it. */
  stirred(visit: Visit): void
  /** Called when its store is ready. */
  opened(visit: Visit): void
  /** Called when its rows have changed and were read: also inside an emission. */
  looked(visit: Visit): void
  closed(visit: Visit): void
  /** Called when its store cannot be used: the page is loaded again later. */
  lost(visit: Visit): void
}

/** One tab of a device, which may be open or not. */
export class Tab {
  readonly device: Device
  readonly name: string
  visit: Visit | undefined
  /** Of the app that it shows, as soon as it has been opened; undefined: nothing has versions. */
  build: Build | undefined

  constructor(device: Device) {
    this.device = device
    this.name = device.nextTabName()
  }
}

export class Visit {
  readonly device: Device
  readonly name: string
  readonly build: Build | undefined
  /** What its app declares. */
  readonly types: readonly WorldType[]
  readonly process: ProcessClock
  readonly store: SyncStore
  /** Histories that it has asked for, and that are not answered. */
  asked = 0
  /** The parts that it follows, where it does not follow the whole space. */
  readonly followed = new Map<Shape, Followed>()
  /** From when the store is ready. */
  watch: Watch | undefined
  /** Whether its disk has failed: then messages that are not durable may be offered. */
  troubled = false
  /** Whether its key or the record of its session was destroyed while it was opening. */
  isMute = false
  state: 'opening' | 'open' | 'closing' | 'gone' = 'opening'
  readonly #stage: VisitStage
  readonly #locks: TabLocks
  readonly #early: EarlyAnswers
  #reading: VersionedReading | undefined

  constructor(stage: VisitStage, { device, name, build }: Tab, random: SeededRandom) {
    this.#stage = stage
    this.device = device
    this.name = name
    this.build = build
    this.types = typesOf(build, stage.plan)
    this.process = new ProcessClock(stage.clock, {
      ...device.skew,
      onTurn: () => stage.stirred(this),
    })
    this.#locks = device.locks.tab()
    const { plan } = stage
    const options = {
      space: SPACE,
      entities: this.types,
      ...(device.isFollower && { scope: followed }),
      ...(device.disk && { storage: device.disk.storage(this.process) }),
      transports: [stage.wayOf(name, this.process)],
      // A store without a pinned key would follow the first reviewer for ever.
      ...(plan.forgeries > 0 && { reviewerKey: stage.keys.publicKey }),
      identity: {
        lifetime: plan.lifetime,
        personalId: stage.logins?.personOf(device.name) ?? `person ${device.name}`,
      },
      auth: () => stage.logins?.asked(device.name, this.process),
      ...(plan.checkpointSteps !== undefined && { checkpointSteps: plan.checkpointSteps }),
      platform: {
        clock: this.process,
        random,
        signer: simSigner({
          ...{ random, clock: this.process, delayMs: stage.faults.checkMs },
          isNative: plan.checkMs === 0,
        }),
        locks: this.#locks,
        tabId: () => name,
        warn: undefined,
      },
      onError: (error: unknown) => stage.fault('S0', `${name}: ${String(error)}`),
    }
    this.store = createLimitedStore(options, plan.bounds)
    // Where parts are followed, its queries would follow whole types.
    this.#early = new EarlyAnswers(this.store, device.isFollower ? [] : this.types, stage.tally)
    this.troubled = !device.disk
    this.store.status.subscribe((status) => {
      const { storage, halted } = status
      stage.doubts(name, status)
      if (storage === 'degraded') this.troubled = true
      if (halted !== undefined) stage.fault('S0', `${name} has halted: ${halted}`)
    })
    this.store.ready.then(
      () => this.#ready(),
      () => this.#unready(),
    )
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  /** The entity as its app declares it. */
  typeNamed(name: string): WorldType {
    return this.types.find((type) => type.name === name) ?? Published
  }

  /** How it reads rows, by the versions that it knows so far. */
  get reading(): Reading {
    return this.versions ?? PLAIN
  }

  /** The same, where types have versions. */
  get versions(): VersionedReading | undefined {
    const { build, store } = this
    if (build === undefined) return undefined
    const published = [...this.#stage.truth.facts.entities()]
      .filter(({ type }) => type === Published.name)
      .flatMap(({ id }) => (store.peek(Published, id).row as AnyRow | undefined) ?? [])
    const made = new VersionedReading(build, published)
    if (this.#reading?.key === made.key) return this.#reading
    if (made.isWider) this.#stage.tally.hit('reads by steps of a newer build')
    return (this.#reading = made)
  }

  /** Cheap checks of all changes here. */
  check(): void {
    const { watch, store, device } = this
    if (!watch || this.state === 'gone') return
    this.#stage.guard(() => watch.check(), this.name)
    const { logins } = this.#stage
    if (!logins) return
    const { aliases } = store.me.getState()
    this.#stage.guard(
      () =>
        s18ToldTheirOwn(logins, aliases, logins.personOf(device.name), (id) => device.hasKeyOf(id)),
      this.name,
    )
  }

  /** Whether its person may read a row as it was at a seq. */
  mayRead(history: EntityHistory, seq: number): boolean {
    const { secrets, logins } = this.#stage
    return secrets?.mayRead(logins!.personOf(this.device.name), history, seq) ?? true
  }

  /** Its person signs in again. */
  signIn(): void {
    const { logins } = this.#stage
    if (logins) this.store.setAuth(() => logins.asked(this.device.name, this.process))
  }

  /** Kills the tab, in the middle of any work. */
  kill(): void {
    this.state = 'gone'
    this.process.kill()
    this.#locks.die()
    this.#stage.wire.bury()
  }

  /** The app closes its store, then its page. */
  async close(): Promise<void> {
    this.state = 'closing'
    await this.store.close()
    this.#stage.closed(this)
  }

  #ready(): void {
    if (this.state !== 'opening') return
    this.state = 'open'
    const { truth, tally, logins } = this.#stage
    const { sessionId, authorId } = this.store.status.getState()
    truth.deviceOf.set(sessionId!, this.device.name)
    truth.deviceOfAuthor.set(authorId!, this.device.name)
    logins?.noteAuthor(authorId!, logins.personOf(this.device.name))
    if (this.isMute) this.device.mute.add(sessionId!)
    const guard = (check: () => void): void => this.#stage.guard(check, this.name)
    const onLook = (): void => this.#stage.looked(this)
    const { store, device } = this
    const reading = (): Reading => this.reading
    const areBasesSaid = this.#stage.plan.reviewerBounds.baseChangesMax === undefined
    // A message of a session that the link could not bind may be pending although a snapshot contains it.
    const isTold = (): boolean =>
      this.#stage.plan.bounds.sessionsPerLinkMax === undefined ||
      this.store.status.getState().outboxMessages === 0
    const areBasesKept = (): boolean => areBasesSaid && !device.hadTrouble && isTold()
    const mayRead = (history: EntityHistory, seq: number): boolean => this.mayRead(history, seq)
    const checks = {
      tally,
      reading,
      areBasesKept,
      guard,
      onLook,
      mayRead,
      isPartial: device.isFollower,
    }
    const { checkMs, forgeries } = this.#stage.plan
    const ahead = { showsAhead: checkMs > 0, isForgedTo: checkMs > 0 && forgeries > 0 }
    this.watch = new Watch({ store, truth, device: device.name, ...ahead, ...checks })
    // A damaged state is discarded, also the part of it that was shown.
    const isSound = !this.troubled && store.status.getState().storageTrouble === undefined
    if (isSound) guard(() => this.#early.check(this.name))
    this.#early.end()
    this.#stage.opened(this)
  }

  /** The disk went away while the store was opening: the page has to be loaded again. */
  #unready(): void {
    this.#early.end()
    this.#stage.tally.hit('store that never became ready')
    if (this.state === 'opening') this.#stage.lost(this)
  }
}
