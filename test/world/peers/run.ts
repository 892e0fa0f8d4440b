/**
 * The world of peers (W9): devices that write, a home reviewer that is away again and again, for all or
 * for some, and peers that part, freeze, leave and lie meanwhile. What they review is shown, and home has
 * it all in the end.
 */
import { memoryMarks } from '@countersign/core/ports'
import type { KeyPair } from '@countersign/core/ports'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import {
  FaultyDisk,
  FaultySpaces,
  FaultyWire,
  ProcessClock,
  SeededRandom,
  SimPeers,
  liesOf,
  peerIdOf,
  rulesFor,
  saidClaim,
  simSigner,
} from '@countersign/core/testing'
import { Random } from '../../model/random.ts'
import { s1Converged, s1OfItsPosition, s24Told } from '../restores/checks.ts'
import { BOMB, Device, Seat, Task } from '../restores/seat.ts'
import { RestoreTruth } from '../restores/truth.ts'
import { Stepper } from '../stepper.ts'
import { SmallWorld, type WorldReport } from '../small-world.ts'
import { SPACE } from '../truth.ts'
import { unhandledText, withUnhandled } from '../unhandled.ts'
import { FORGED, peer11Same, peer8Named, peer9Sealed } from './checks.ts'
import { Leavers } from './leavers.ts'
import { type PeersPlan, peersPlanFor } from './plan.ts'

/** The first device; where one lies, it is this one. */
const LIAR = 'A'
/** When all is healed, it takes no longer than this until nothing is left to do (L1). */
const CALM_MS = 400_000
/** So long after the last disturbance those who follow one reviewer show the same. */
const STILL_MS = 5_000
/** A reviewer that was there for so long, and is heard, has to be followed. */
const HEARD_MS = 12_000

export async function runPeers(
  seed: number,
  { verbose = false }: { readonly verbose?: boolean } = {},
): Promise<WorldReport> {
  const run = await PeersRun.make(peersPlanFor(seed), verbose)
  await withUnhandled(
    (error) => run.fault('S0', unhandledText(error)),
    () => run.all(),
  )
  return run.report
}

/** A process that is home, and what becomes its reviewer. */
interface HomeNode {
  readonly process: ProcessClock
  reviewer?: Reviewer
  isStarting?: boolean
}

/** How a device stands among the peers. */
interface Stand {
  side: number
  isFrozen: boolean
  /** Home cannot be reached from here. */
  isCut: boolean
  /** Since when nothing of that has changed. */
  sinceMs: number
}

class PeersRun extends SmallWorld {
  readonly #plan: PeersPlan
  readonly #random: Random
  readonly #bytes: SeededRandom
  readonly #truth = new RestoreTruth()
  readonly #keys: KeyPair
  readonly #liarKeys: KeyPair
  readonly #spaces: FaultySpaces
  readonly #wire: FaultyWire
  readonly #peers: SimPeers
  readonly #marks = memoryMarks()
  readonly #devices: Device[]
  readonly #leavers = new Leavers()
  readonly #stands = new Map<string, Stand>()
  /** Devices by the id under which they have claimed. */
  readonly #claimers = new Map<string, string>()
  /** By seat: the highest epoch that it has followed. */
  readonly #epochs = new WeakMap<Seat, number>()
  #node: HomeNode | undefined
  #disturbedMs = 0
  #values = 0
  #lies = 0
  protected readonly stepper = new Stepper(this, { onLook: () => this.#look() })

  static async make(plan: PeersPlan, verbose: boolean): Promise<PeersRun> {
    const bytes = new SeededRandom(plan.seed)
    const signer = simSigner({ random: bytes })
    const [keys, liarKeys] = [await signer.generate(), await signer.generate()]
    return new PeersRun(plan, { bytes, keys, liarKeys, verbose })
  }

  private constructor(
    plan: PeersPlan,
    given: {
      readonly bytes: SeededRandom
      readonly keys: KeyPair
      readonly liarKeys: KeyPair
      readonly verbose: boolean
    },
  ) {
    super(given.verbose)
    const random = new Random(plan.seed)
    const clock = this.clock
    const some = (ms: number) => (): number => ms * 2 * random.unit()
    this.#plan = plan
    this.#random = random
    this.#bytes = given.bytes
    this.#keys = given.keys
    this.#liarKeys = given.liarKeys
    this.#wire = new FaultyWire({
      clock,
      faults: { delayMs: some(plan.delayMs) },
      onSend: (direction, name, text) =>
        this.note(name, () => `home ${direction} ${text.slice(0, 1_000)}`),
    })
    this.#peers = new SimPeers(clock, {
      delayMs: some(plan.delayMs),
      loses: () => random.chance(plan.loses),
      onSay: (device, text) => {
        this.note(device, () => `says ${text.slice(0, 600)}`)
        const claimer = saidClaim(text)
        if (claimer !== undefined) this.#claimers.set(claimer, device)
      },
      alters: (device, text) => this.#altered(device, text),
      altersGiven: (device, text) => this.#forged(device, text),
      onSend: (device, text) => {
        this.note(device, () => `to a peer ${text.slice(0, 1_000)}`)
        if (text.startsWith('["tail"')) this.#noteRelayed(text)
      },
    })
    this.#spaces = new FaultySpaces({
      clock,
      faults: { latencyMs: some(plan.storeMs), answerMs: some(plan.storeMs) },
      onCommit: (commit) =>
        this.guard(() => {
          const ids = this.#truth.commit(commit, this.#spaces.tables(SPACE))
          this.#leavers.committed(commit, this.clock.monotonic())
          this.note('R', () => `commits ${ids.map((id) => this.#truth.nameOf(id)).join(' ')}`)
        }),
    })
    this.#devices = Array.from({ length: plan.devices }, (_, at) =>
      this.#device(String.fromCharCode(65 + at)),
    )
  }

  async all(): Promise<void> {
    this.#comeHome()
    for (const device of this.#devices) this.#open(device)
    let actionsLeft = this.#plan.actions
    const next = (): void => {
      this.guard(() => this.#act())
      if (--actionsLeft > 0) this.clock.after(this.#gap(), next)
    }
    this.clock.after(this.#gap(), next)
    await this.stepper.until(() => actionsLeft <= 0, Infinity)
    this.#heal()
    await this.#quiet('healing')
    const newcomer = this.#device('N')
    this.#devices.push(newcomer)
    this.#open(newcomer)
    await this.#quiet('somebody has joined')
    this.guard(() => this.#checkFinally())
    for (const seat of this.#seats) seat.kill()
    this.#node?.process.kill()
  }

  #gap(): number {
    const long = this.#random.chance(0.15) ? 12 : 1
    return this.#plan.gapMs * -Math.log(1 - this.#random.unit()) * long
  }

  #device(name: string): Device {
    const { diskMs } = this.#plan
    const faults = {
      latencyMs: () => diskMs * this.#random.unit(),
      syncMs: () => diskMs * this.#random.unit(),
      spared: (transactions: number) => this.#random.below(transactions + 1),
    }
    this.#stands.set(name, { side: 0, isFrozen: false, isCut: false, sinceMs: 0 })
    return new Device(name, new FaultyDisk({ clock: this.clock, faults }))
  }

  #open(device: Device): void {
    this.note(device.name, () => 'opens')
    this.#changed(device, {})
    const seat = new Seat({
      ...{ device, plan: this.#plan, clock: this.clock, truth: this.#truth },
      random: this.#bytes.split(),
      believesAll: device.name === this.#forger,
      transport: (process) => this.#wire.transport(device.name, process),
      peers: (process) => this.#peers.join(device.name, process),
      fault: (invariant, what) => this.fault(invariant, what),
      told: (seat, { messageId }, verdict) => {
        this.note(device.name, () => `hears of ${this.#truth.nameOf(messageId)}: ${verdict}`)
        if (device.seat !== seat || verdict === 'accepted') return
        if (verdict === 'parent_lost') device.hasGivenUp = true
        else if (!device.hasGivenUp) this.#truth.refused.add(messageId)
      },
    })
    device.seat = seat
    void seat.store.ready.then(() => this.#leavers.opened(device, seat.status.sessionId ?? ''))
    seat.store.status.subscribe(({ provisional, connection, sessionId }, before) => {
      if (connection === 'online' && sessionId !== undefined)
        this.#leavers.bound(sessionId, this.clock.monotonic())
      if (provisional === before.provisional) return
      this.#disturbedMs = this.clock.monotonic()
      if (!provisional) return
      const { epoch, isSelf, reviewerId } = provisional
      this.note(device.name, () => `${isSelf ? 'reviews' : 'follows'} ${reviewerId} in ${epoch}`)
      this.guard(() => this.#followed(seat, epoch, isSelf))
    })
  }

  #followed(seat: Seat, epoch: number, isSelf: boolean): void {
    this.tally.hit(isSelf ? 'peers: somebody reviews' : 'peers: somebody follows')
    const { name } = seat.device
    const highest = this.#epochs.get(seat) ?? 0
    if (epoch < highest)
      this.fault('PEER1', `${name} followed epoch ${highest}, and follows ${epoch} now`)
    this.#epochs.set(seat, epoch)
    if (isSelf) this.#notPreempted(seat)
  }

  /** Nobody begins to review beside one that it hears, and that is as far. */
  #notPreempted(seat: Seat): void {
    const nowMs = this.clock.monotonic()
    const { loses, signerMs, liar } = this.#plan
    const own = this.#stands.get(seat.device.name)!
    if (loses > 0 || signerMs > 0 || liar) return
    for (const other of this.#seats) {
      const stand = this.#stands.get(other.device.name)!
      const { provisional, position, connection } = other.status
      if (other === seat || !provisional?.isSelf || connection !== 'connecting') continue
      const isHeard =
        [own, stand].every((one) => nowMs - one.sinceMs > HEARD_MS && !one.isFrozen) &&
        own.side === stand.side &&
        nowMs - (this.#reviewsSinceMs.get(other) ?? nowMs) > HEARD_MS
      if (isHeard && (position?.seq ?? 0) >= (seat.position?.seq ?? 0))
        this.fault('PEER3', `${seat.device.name} takes the place of ${other.device.name}`)
    }
  }

  /** Whether a peer passes on what home has committed. */
  #noteRelayed(text: string): void {
    const [, , position] = JSON.parse(text.split('\n', 1)[0]!) as [string, unknown, unknown[]]
    const [, , seq, chain] = position as [string, number, number, string]
    if (this.#truth.logAt({ seq, chain })) this.tally.hit('peers: home is passed on')
  }

  readonly #writers = new Map<string, Set<string>>()
  readonly #reviewsSinceMs = new Map<Seat, number>()

  #noteReviews(): void {
    for (const seat of this.#seats) {
      if (!seat.status.provisional?.isSelf) this.#reviewsSinceMs.delete(seat)
      else if (!this.#reviewsSinceMs.has(seat))
        this.#reviewsSinceMs.set(seat, this.clock.monotonic())
    }
  }

  // What happens.

  #changed({ name }: Device, change: Partial<Stand>): void {
    this.#disturbedMs = this.clock.monotonic()
    Object.assign(this.#stands.get(name)!, { ...change, sinceMs: this.#disturbedMs })
  }

  #act(): void {
    const { hasRestarts, parts, freezes, liar } = this.#plan
    const device = this.#random.pick(this.#devices)
    const what = this.#random.below(100)
    if (what < 55) this.#write(device)
    else if (what < 67) this.#toggleHome()
    else if (what < 75) this.#toggleWay(device)
    else if (what < 83) {
      if (parts) this.#part(device)
    } else if (what < 87) {
      if (freezes) this.#freeze(device)
    } else if (what < 92) {
      if (hasRestarts) this.#turnOff(device)
    } else if (what < 93) this.#peers.cut(device.name)
    else if (what < 97 && this.#plan.leaves) this.#leaveForGood()
    else if (liar === 'claims') void this.#lie(device)
  }

  #write({ seat, name }: Device): void {
    const stand = this.#stands.get(name)!
    if (!seat?.isOpen || stand.isFrozen) return
    this.note(name, () => 'writes')
    this.tally.hit('action: write')
    this.#disturbedMs = this.clock.monotonic()
    for (let writes = this.#random.pick([1, 1, 1, 4]); writes > 0; writes--)
      seat.write(this.#random, () => `v${++this.#values}`)
    for (const { id } of seat.receipts) this.#writersOf(id).add(name)
  }

  /** Devices of which something may wait on that row. */
  #writersOf(id: string): Set<string> {
    const known = this.#writers.get(id) ?? new Set()
    this.#writers.set(id, known)
    return known
  }

  #toggleHome(): void {
    this.#disturbedMs = this.clock.monotonic()
    if (this.#wire.serving) this.#leaveHome()
    else this.#comeHome()
  }

  /** Home is away: it cannot be reached, or its process is gone. */
  #leaveHome(): void {
    const { reviewer, process } = this.#node ?? {}
    if (!reviewer || !process) return
    this.tally.hit('fault: peers: home is away')
    this.note('R', () => 'is away')
    this.#wire.vanish()
    if (this.#random.chance(0.4)) return
    this.#node = undefined
    process.kill()
    this.#leavers.killed()
  }

  #comeHome(): void {
    this.note('R', () => 'is back')
    if (!this.#node) this.#node = { process: new ProcessClock(this.clock) }
    void this.#review(this.#node)
  }

  async #review(node: HomeNode): Promise<void> {
    const { process } = node
    if (node.isStarting) return // it serves when it has started
    if (!node.reviewer) {
      node.isStarting = true
      const random = this.#bytes.split()
      node.reviewer = await createReviewer({
        ...{ space: SPACE, keys: this.#keys, clock: process, random, marks: this.#marks },
        spaces: this.#spaces.connect(process),
        signer: simSigner({ random, clock: process }),
        rules: rulesFor([Task.name], (_, { values }) => values['title'] !== BOMB || 'no bombs'),
        onEvent: (event) => {
          this.note('R', () => JSON.stringify(event))
          // What it takes for sealed is not.
          if (event.type === 'strike' && event.address !== this.#forger)
            this.fault('S17', `an honest store is struck: ${event.why}`)
        },
      })
    }
    node.isStarting = false
    const { reviewer } = node
    if (process.dead || this.#node !== node) return
    this.#wire.serve((link, name) => reviewer.connect(link, { address: name }), process)
  }

  #toggleWay(device: Device): void {
    const { isCut } = this.#stands.get(device.name)!
    this.note(device.name, () => (isCut ? 'reaches home' : 'cannot reach home'))
    this.#changed(device, { isCut: !isCut })
    if (isCut) this.#wire.unblock(device.name)
    else this.#wire.block(device.name, 'up', 'down')
  }

  #part(device: Device): void {
    const side = this.#random.below(2)
    this.note(device.name, () => `is on side ${side}`)
    this.tally.hit('fault: peers: parted')
    for (const other of this.#devices) this.#changed(other, {})
    this.#changed(device, { side })
    this.#peers.part(device.name, side)
  }

  #freeze(device: Device): void {
    const { seat } = device
    if (!seat || seat.process.isFrozen) return
    this.note(device.name, () => 'freezes')
    this.tally.hit('fault: peers: frozen')
    this.#changed(device, { isFrozen: true })
    seat.process.freeze()
    this.clock.after(this.#random.pick([1_000, 9_000, 30_000]), () => this.#thaw(device))
  }

  #thaw(device: Device): void {
    if (!this.#stands.get(device.name)!.isFrozen) return
    this.note(device.name, () => 'thaws')
    this.#changed(device, { isFrozen: false })
    device.seat?.process.thaw()
  }

  #turnOff(device: Device): void {
    const { seat } = device
    if (!seat) return
    device.seat = undefined
    seat.kill()
    this.#wire.bury()
    this.#peers.bury()
    const lost = this.#random.chance(0.5) ? device.disk.cutPower() : 0
    this.note(device.name, () => `is turned off, and loses ${lost} transactions`)
    this.tally.hit('fault: peers: device turned off')
    this.#changed(device, { isFrozen: false })
    this.clock.after(this.#random.pick([1, 2_000, 20_000]), () => device.seat ?? this.#open(device))
  }

  /** A device of which peers have taken something in goes, and is never seen again. */
  #leaveForGood(): void {
    const honest = this.#seats.filter(({ device }) => device.name !== this.#forger)
    for (const seat of honest) {
      const taken = this.#leavers.takenOf(seat, honest)
      if (taken.length === 0 || this.#devices.length < 3) continue
      const { device } = seat
      this.note(device.name, () => `leaves for good, with ${taken.length} at peers`)
      this.tally.hit('fault: peers: an author leaves for good')
      this.#leavers.left(taken)
      this.#devices.splice(this.#devices.indexOf(device), 1)
      this.#disturbedMs = this.clock.monotonic()
      device.seat = undefined
      seat.kill()
      this.#wire.bury()
      this.#peers.bury()
      return
    }
  }

  /** A claim that nobody has elected, far above the others or behind home. */
  async #lie(device: Device): Promise<void> {
    const position = this.#devices.find(({ seat }) => seat?.position?.sig)?.seat?.position
    if (!position) return
    this.tally.hit('fault: peers: a claim that is a lie')
    const epoch = position.epoch + this.#random.pick([1, 3, 40, 5_000])
    const text = await this.#spoken(position, epoch)
    this.#peers.lie(device.name, text)
  }

  async #spoken(home: NonNullable<Seat['position']>, epoch: number): Promise<string> {
    const signer = simSigner({ random: this.#bytes })
    return liesOf(SPACE, { no: ++this.#lies, home, epoch }, { keys: this.#liarKeys, signer })
  }

  /** The verdicts of a liar are not signed as they are. */
  #altered(device: string, text: string): string {
    if (this.#plan.liar !== 'verdicts' || device !== LIAR) return text
    if (!text.startsWith('["tail"')) return text
    const end = text.indexOf('\n')
    const first = JSON.parse(text.slice(0, end)) as [string, number[], (string | number)[]]
    first[2][4] = 'sim.lie.lie'
    this.tally.hit('fault: peers: a verdict without its signature')
    return JSON.stringify(first) + text.slice(end)
  }

  get #forger(): string | undefined {
    return this.#plan.liar === 'authors' ? LIAR : undefined
  }

  /** Other values in what an author has offered: the forger takes any signature for right. */
  #forged(device: string, text: string): string {
    if (device !== this.#forger || !text.startsWith('["offer"')) return text
    const forged = text.replaceAll(/"v(\d+)"/g, `"${FORGED}$1"`)
    if (forged !== text) this.tally.hit('fault: peers: written in the name of another')
    return forged
  }

  // What must hold.

  #heal(): void {
    this.note('-', () => 'everything heals')
    for (const device of this.#devices) {
      this.#thaw(device)
      this.#changed(device, { side: 0, isCut: false })
      this.#wire.unblock(device.name)
      this.#peers.part(device.name, 0)
      if (!device.seat) this.#open(device)
    }
    if (!this.#wire.serving) this.#comeHome()
  }

  get #seats(): Seat[] {
    return this.#devices.flatMap(({ seat }) => seat ?? [])
  }

  async #quiet(when: string): Promise<void> {
    const isCalm = await this.stepper.until(() => this.#unrest() === undefined, CALM_MS)
    if (!isCalm) this.fault('L1', `after ${when} there is no rest: ${this.#unrest()}`)
  }

  #unrest(): string | undefined {
    const { log } = this.#truth
    for (const { device, isOpen, status, isCalm, position, rows } of this.#seats) {
      const { connection, connectionNote, outboxMessages, provisional } = status
      const why = `${device.name} is ${connection} (${connectionNote})`
      if (!isOpen || connection !== 'online') return why
      if (!isCalm) return `${device.name} has ${outboxMessages} in its outbox, ${why}`
      if (position?.seq !== log.seq) return `${device.name} is at ${position?.seq} of ${log.seq}`
      if (provisional) return `${device.name} follows a peer while home is there`
      const other = rows.find(({ $state }) => $state !== 'canonical')
      if (other) return `${device.name} shows ${other.id} as ${other.$state}`
    }
    return this.#leavers.missing(this.#truth, this.#spaces.tables(SPACE), this.tally)
  }

  #look(): void {
    this.#noteReviews()
    for (const { device, isCalm, status } of this.#seats)
      if (isCalm && status.connection === 'online')
        for (const writers of this.#writers.values()) writers.delete(device.name)
    const homeId = peerIdOf(this.#keys.publicKey)
    const mute = this.#plan.liar === 'verdicts' ? LIAR : undefined
    for (const seat of this.#seats) if (seat.device.name !== this.#forger) peer9Sealed(seat)
    for (const seat of this.#seats) peer8Named(seat, { homeId, claimers: this.#claimers }, mute)
    if (this.clock.monotonic() - this.#disturbedMs > STILL_MS) this.#lookAtStill()
  }

  #lookAtStill(): void {
    const groups = new Map<string, Seat[]>()
    for (const seat of this.#seats) {
      const { provisional, connection } = seat.status
      const { side, isFrozen } = this.#stands.get(seat.device.name)!
      if (!provisional || isFrozen || connection !== 'connecting') continue
      const name = `${side} ${provisional.reviewerId} ${provisional.epoch} ${seat.position?.seq}`
      groups.set(name, [...(groups.get(name) ?? []), seat])
    }
    if (this.#plan.liar || this.#plan.loses > 0) return
    const writers = (id: string): ReadonlySet<string> => this.#writersOf(id)
    for (const group of groups.values()) peer11Same(group, writers, this.tally)
  }

  #checkFinally(): void {
    const seats = this.#seats
    this.#look()
    for (const seat of seats) s1OfItsPosition(this.#truth, seat)
    s1Converged(seats)
    for (const seat of seats) s24Told(this.#truth, seat, this.tally)
  }
}
