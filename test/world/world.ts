/**
 * One simulated world: a reviewer on its store, devices with tabs on their disks, a network
 * between them. All of it runs the real code of core in one thread on virtual time, so that a
 * seed is a history. This file owns who is there; what happens to them is the conductor's.
 */
import { CountersignError, type Receipt, type SyncStatus } from '@countersign/core'
import type { KeyPair, Transport } from '@countersign/core/ports'
import {
  FaultyDisk,
  FaultySpaces,
  FaultyWire,
  type ProcessClock,
  SeededRandom,
  VirtualClock,
  simSigner,
} from '@countersign/core/testing'
import { Random } from '../model/random.ts'
import { RealValues } from '../model/real-values.ts'
import { Device } from './device.ts'
import { Faults } from './faults.ts'
import { s22Restored } from './invariants/restored.ts'
import { s25CaughtUp, s25Doubts } from './invariants/forged.ts'
import { type Ack, s3AckIsTrue } from './invariants/verdicts.ts'
import { Logins } from './logins.ts'
import { Flooder } from './flooder.ts'
import { Liar, type LiarStage } from './liar.ts'
import { Middleman } from './middleman.ts'
import { type ObservedStage, Observer } from './observer.ts'
import type { Plan } from './plan.ts'
import { ReviewerNode } from './reviewer-node.ts'
import { USUAL } from './strange-messages.ts'
import { Stranger, type StrangerParts, type StrangerStage } from './stranger.ts'
import { Secrets } from './secrets.ts'
import { Tally } from './tally.ts'
import { Truth } from './truth.ts'
import { type Build, NEWEST_BUILD } from './versioned.ts'
import { Violation } from './violation.ts'
import { Tab, Visit, type VisitStage } from './visit.ts'

/** Reasons for which a message of an honest store may be refused. */
const HONEST: readonly string[] = [...USUAL, 'entity_exists', 'stale', 'precondition_failed']

/** And where its store may be too old for what it wrote. */
const OF_SOME_AGE: readonly string[] = [...HONEST, 'needs_upgrade']

export class World implements VisitStage, ObservedStage, StrangerStage, LiarStage {
  readonly plan: Plan
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: Random
  readonly bytes: SeededRandom
  readonly tally: Tally = new Tally()
  readonly truth: Truth = new Truth()
  readonly faults: Faults
  readonly logins: Logins | undefined
  readonly secrets: Secrets | undefined
  readonly wire: FaultyWire
  readonly spaces: FaultySpaces
  readonly keys: KeyPair
  readonly devices: Device[]
  readonly strangers: Stranger[] = []
  /** Where a seed has one. */
  liar: Liar | undefined
  /** Where a seed has one. */
  flooder: Flooder | undefined
  /** Where a seed has one. */
  middleman: Middleman | undefined
  /** Where a seed has values of real kinds. */
  readonly real: RealValues | undefined
  readonly nodes: ReviewerNode[] = []
  /** Visits in which something has happened since the last check. */
  readonly touched = new Set<Visit>()
  /** The verdicts that stores have reported to their apps. */
  readonly acks: Ack[] = []
  /** The first promise that was broken. */
  violation: Violation | undefined
  /** The first action of a person in an app that has opened. */
  onOpened: ((visit: Visit) => void) | undefined
  /** What else must hold of a replica whenever something in it has changed. */
  onLook: ((visit: Visit) => void) | undefined
  /** Called in the moment of a commit, before its answer: the reviewer may die here. */
  atCommit: (() => void) | undefined
  /** Lines for people, when requested. */
  readonly history: string[] | undefined
  readonly #tabs = new Map<Device, Tab[]>()
  readonly #full = new Set<Device>()
  readonly #allowed = new Map<string, readonly string[]>()
  readonly #rollout: Random
  #released: Build | undefined
  #hash = 0x811c9dc5

  static async make(plan: Plan, options: { readonly verbose?: boolean } = {}): Promise<World> {
    const bytes = new SeededRandom(plan.seed)
    const keys = await simSigner({ random: bytes }).generate()
    const world = new World(plan, bytes, keys, options.verbose)
    if (plan.lies > 0) world.liar = await Liar.make(world)
    if (plan.floods > 0) world.flooder = await Flooder.make(world)
    if (plan.forgeries > 0) world.middleman = await Middleman.make(world)
    return world
  }

  private constructor(plan: Plan, bytes: SeededRandom, keys: KeyPair, verbose = false) {
    this.plan = plan
    this.bytes = bytes
    this.keys = keys
    this.history = verbose ? [] : undefined
    this.random = new Random(plan.seed).split()
    this.#rollout = new Random(plan.seed + 2 ** 41)
    this.#released = plan.firstBuild
    if (plan.values !== 'pool')
      this.real = new RealValues(
        new Random(plan.seed + 2 ** 48),
        (kind) => this.tally.hit(`value: ${kind}`),
        plan.values === 'long',
      )
    if (plan.logins) {
      const logins = new Logins(this.clock, new Random(plan.seed + 2 ** 32))
      this.logins = logins
      if (plan.withholds) this.secrets = new Secrets(logins)
      this.truth.personOf = (authorId) => logins.personOfAuthor(authorId) ?? authorId
    }
    this.faults = new Faults(plan, this.random.split(), this.tally)
    const observer = new Observer(this)
    const { clock } = this
    this.wire = new FaultyWire({
      clock,
      faults: this.faults.wire(),
      ...(plan.bounds.frameBytesMax !== undefined && { frameBytesMax: plan.bounds.frameBytesMax }),
      onSend: (direction, name, text, link) => {
        this.#mix(text.length)
        this.guard(() => observer.sent(direction, name, text, link))
      },
    })
    this.spaces = new FaultySpaces({
      clock,
      faults: this.faults.store(),
      onCommit: (commit) => {
        this.guard(() => observer.committed(commit))
        this.atCommit?.()
      },
      onWriteBehind: (write) => this.guard(() => observer.wroteBehind(write)),
    })
    this.devices = plan.tabs.map((tabs, at) => this.#device(at, tabs, observer))
    this.startReviewer()
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** Replicas that are open now. */
  get visits(): Visit[] {
    return this.devices.flatMap((device) => this.visitsOf(device))
  }

  get tabs(): Tab[] {
    return this.devices.flatMap((device) => this.#tabs.get(device)!)
  }

  visitsOf(device: Device): Visit[] {
    return this.#tabs.get(device)!.flatMap(({ visit }) => (visit ? [visit] : []))
  }

  addTab(device: Device): Tab {
    const tab = new Tab(device)
    this.#tabs.get(device)!.push(tab)
    return tab
  }

  visitOf(name: string): Visit | undefined {
    return this.tabs.find((tab) => tab.name === name)?.visit
  }

  /** The reviewer that serves, or will. */
  get node(): ReviewerNode | undefined {
    const newest = this.nodes.at(-1)
    return newest?.process.dead ? undefined : newest
  }

  get reviewers(): number {
    return this.nodes.length
  }

  get reviewerBuilds(): readonly Build[] {
    const there = this.plan.typed ? this.nodes.filter(({ process }) => !process.dead) : []
    return there.flatMap(({ build }) => build ?? [])
  }

  /** With what is deployed: mostly the newest build. */
  startReviewer(isUpdated = this.#rollout.chance(0.6)): void {
    const last = this.nodes.at(-1)?.build ?? (this.#released && 1)
    this.nodes.push(new ReviewerNode(this, this.bytes.split(), isUpdated ? this.#released : last))
  }

  /** A newer build of the app is out. Says whether there was one. */
  release(): boolean {
    if (this.#released === undefined || this.#released === NEWEST_BUILD) return false
    this.#released++
    return true
  }

  /** Whether the reviewer knows all versions that devices write in. */
  get isDeployed(): boolean {
    return !this.plan.typed || this.node?.build === this.#released
  }

  /** A tab never goes back to an older build, and does not always have the newest. */
  open(tab: Tab): void {
    const isUpdated = this.#rollout.chance(tab.build === undefined ? 0.7 : 0.4)
    if (this.#released !== undefined)
      tab.build = isUpdated
        ? this.#released
        : (tab.build ?? this.#rollout.between(1, this.#released))
    this.note(tab.name, () => `opens${tab.build === undefined ? '' : ` build ${tab.build}`}`)
    tab.visit = new Visit(this, tab, this.bytes.split())
  }

  kill(visit: Visit): void {
    this.note(visit.name, () => 'is killed')
    this.#end(visit)
  }

  async addStranger(writes: StrangerParts['writes']): Promise<Stranger> {
    const { real } = this
    const parts = { writes, real, random: this.random.split(), bytes: this.bytes.split() }
    const stranger = await Stranger.make(this, `X${this.strangers.length + 1}`, parts)
    this.strangers.push(stranger)
    return stranger
  }

  setFull(device: Device, isFull: boolean): void {
    if (isFull) this.#full.add(device)
    else this.#full.delete(device)
    if (isFull) device.hadTrouble = true
  }

  #end(visit: Visit): void {
    visit.kill()
    const tab = this.tabs.find((each) => each.visit === visit)
    if (tab) tab.visit = undefined
  }

  // The interface for visits.

  wayOf(name: string, process: ProcessClock): Transport {
    const honest = this.wire.transport(name, process)
    return this.middleman?.transport(name, honest, process) ?? honest
  }

  /** Called when a store refuses its reviewer, or reports that it contradicts itself. */
  doubts(name: string, status: SyncStatus): void {
    const { middleman, tally } = this
    if (status.connectionRefusal) tally.hit(`not followed: ${status.connectionRefusal}`)
    this.guard(() => {
      const isLiedTo = middleman?.hasLied(name) === true
      s25Doubts(status, { isLiedTo })
      const watch = this.visitOf(name)?.watch
      if (middleman && watch) s25CaughtUp(status, watch.position?.seq ?? 0, middleman.greeted(name))
    }, name)
  }

  stirred(visit: Visit): void {
    this.touched.add(visit)
  }

  opened(visit: Visit): void {
    this.note(visit.name, () => `is ready at ${visit.watch!.position?.seq ?? 'nothing'}`)
    this.guard(() => {
      visit.watch!.check()
      s22Restored(this.truth, visit)
    }, visit.name)
    this.onOpened?.(visit)
  }

  closed(visit: Visit): void {
    this.note(visit.name, () => 'has closed')
    this.#end(visit)
  }

  lost(visit: Visit): void {
    this.kill(visit)
  }

  looked(visit: Visit): void {
    this.onLook?.(visit)
  }

  /** A store has written. */
  wrote(visit: Visit, receipt: Receipt, entityIds: ReadonlySet<string>): void {
    this.note(
      visit.name,
      () => `writes ${[...entityIds].map((id) => this.#entityName(id)).join(' ')}`,
    )
    if (this.plan.eagerIds) readId(receipt)
    void receipt.settled().then((verdict) => {
      this.acks.push({ visit, receipt, verdict })
      this.guard(() => s3AckIsTrue(this.truth, receipt, verdict), visit.name)
      if (receipt.state === 'blocked') this.tally.hit('rejection cascades: blocked')
      this.note(
        visit.name,
        () => `hears that ${this.truth.facts.nameOf(receipt.messageId)} is ${receipt.state}`,
      )
    })
  }

  #entityName(id: string): string {
    return this.truth.history(id)?.name ?? id
  }

  // The interface for checks.

  allow(id: string, reasons: readonly string[]): void {
    this.#allowed.set(id, reasons)
  }

  allowedFor(id: string): readonly string[] {
    const { firstBuild, limits } = this.plan
    const usual = firstBuild === undefined ? HONEST : OF_SOME_AGE
    const honest = this.secrets ? [...usual, 'unauthorised'] : usual
    // What is larger than the bound of both is refused at the call.
    const isBoundAlike = limits.messageChangesMax === undefined
    return (
      this.#allowed.get(id) ??
      (isBoundAlike ? honest.filter((reason) => reason !== 'too_large') : honest)
    )
  }

  guard(check: () => void, who?: string): void {
    try {
      check()
    } catch (error) {
      if (error instanceof Violation)
        this.fault(error.invariant, who ? `${who}: ${error.message}` : error.message)
      else this.fault('S0', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }

  fault(invariant: string, what: string): void {
    this.violation ??= new Violation(invariant, what)
  }

  note(actor: string, text: () => string): void {
    this.#mix(actor.charCodeAt(0) * 256 + (actor.charCodeAt(1) || 0))
    this.history?.push(
      `${(this.clock.monotonic() / 1000).toFixed(3).padStart(9)}  ${actor.padEnd(3)} ${text()}`,
    )
  }

  /** What happened when, as a number: two runs of one seed must agree. */
  #mix(value: number): void {
    const at = Math.floor(this.clock.monotonic() * 1_000) | 0
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193)
    this.#hash = Math.imul(this.#hash ^ at, 0x01000193)
  }

  #device(at: number, tabs: number, observer: Observer): Device {
    const { plan, clock, random } = this
    const name = String.fromCharCode(65 + at)
    const how = {
      isFollower: plan.followers.has(at),
      offsetMs: plan.skewMs * (2 * random.unit() - 1),
      drift: plan.drift * (2 * random.unit() - 1),
    }
    const disk = plan.storageless.has(at)
      ? undefined
      : new FaultyDisk({
          clock,
          faults: this.faults.disk(() => this.#full.has(device)),
          onApplied: (batch) => this.guard(() => observer.applied(device, batch)),
          onDurable: (batch) => this.guard(() => observer.durable(device, batch)),
        })
    const device: Device = new Device(name, disk, how)
    this.#tabs.set(device, [])
    for (let tab = 0; tab < tabs; tab++) this.addTab(device)
    return device
  }
}

/** Whoever is slow to sign has no id yet. */
function readId(receipt: Receipt): void {
  try {
    void receipt.messageId
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== 'not_ready') throw error
  }
}
