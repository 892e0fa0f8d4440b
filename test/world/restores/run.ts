/**
 * The world of restores (W8): devices that write, a reviewer whose data are lost again and again, in
 * whole or down to an older copy, at random moments; and checks what must hold nevertheless.
 * Apart from the other world, whose truth is one log.
 */
import { type SpaceMark, type SpaceMarks } from '@countersign/core/ports'
import { parseReviewerFrame } from '@countersign/core/protocol'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import {
  FaultyDisk,
  FaultySpaces,
  FaultyWire,
  ProcessClock,
  SeededRandom,
  VirtualClock,
  rulesFor,
  simSigner,
} from '@countersign/core/testing'
import type { KeyPair } from '@countersign/core/ports'
import { Random } from '../../model/random.ts'
import { Tally } from '../tally.ts'
import { SPACE } from '../truth.ts'
import { unhandledText, withUnhandled } from '../unhandled.ts'
import { Violation } from '../violation.ts'
import { s24Verified } from '../invariants/stored.ts'
import { s1Converged, s1OfItsPosition, s24Healed, s24Told } from './checks.ts'
import { type RestorePlan, restorePlanFor } from './plan.ts'
import { BOMB, Device, Seat, Task } from './seat.ts'
import { type Log, RestoreTruth } from './truth.ts'

export interface RestoreReport {
  readonly events: number
  readonly virtualMs: number
  readonly hash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly violation: { readonly invariant: string; readonly what: string } | undefined
  readonly history: readonly string[] | undefined
}

interface Backup {
  readonly tables: ReturnType<FaultySpaces['copy']>
  readonly log: Log
}

/** A process that reviews, once it has opened the data. */
interface Node {
  readonly process: ProcessClock
  reviewer?: Reviewer
  isLeaving?: boolean
}

/** When all is healed, it takes no longer than this until nothing is left to do (L1). */
const CALM_MS = 300_000
const EVENTS_MAX = 100_000
const LOOK_EVERY_MS = 250
const RETRY_MS = 500

export async function runRestores(
  seed: number,
  { verbose = false }: { readonly verbose?: boolean } = {},
): Promise<RestoreReport> {
  const run = await RestoreRun.make(restorePlanFor(seed), verbose)
  await withUnhandled(
    (error) => run.fault('S0', unhandledText(error)),
    () => run.all(),
  )
  return run.report
}

class RestoreRun {
  readonly #plan: RestorePlan
  readonly #clock = new VirtualClock()
  readonly #random: Random
  readonly #bytes: SeededRandom
  readonly #tally = new Tally()
  readonly #truth = new RestoreTruth()
  readonly #keys: KeyPair
  readonly #spaces: FaultySpaces
  readonly #wire: FaultyWire
  /** Beside the key: they stay when the data go. */
  readonly #marks = new Map<string, SpaceMark>()
  readonly #devices: Device[]
  readonly #backups: Backup[] = []
  readonly #acked = new Set<string>()
  readonly #history: string[] | undefined
  #node: Node | undefined
  /** Whether the data were replaced since a reviewer was started with the option. */
  #isRestored = false
  /** Whether rules fail now and then. */
  #isFickle = true
  readonly #chance: Random
  /** Refuses no more: what was refused before would be accepted if it came back. */
  #isLenient = false
  #values = 0
  #events = 0
  #hash = 0x811c9dc5
  #violation: Violation | undefined

  static async make(plan: RestorePlan, verbose: boolean): Promise<RestoreRun> {
    const bytes = new SeededRandom(plan.seed)
    return new RestoreRun(plan, {
      bytes,
      keys: await simSigner({ random: bytes }).generate(),
      verbose,
    })
  }

  private constructor(
    plan: RestorePlan,
    {
      bytes,
      keys,
      verbose,
    }: { readonly bytes: SeededRandom; readonly keys: KeyPair; readonly verbose: boolean },
  ) {
    const random = new Random(plan.seed)
    const clock = this.#clock
    const some = (ms: number) => (): number => ms * 2 * random.unit()
    this.#plan = plan
    this.#random = random
    this.#chance = new Random(plan.seed + 2 ** 44)
    this.#bytes = bytes
    this.#keys = keys
    this.#history = verbose ? [] : undefined
    this.#wire = new FaultyWire({
      clock,
      faults: { delayMs: some(plan.delayMs), refuses: () => random.chance(plan.refuses) },
      onSend: (direction, name, text) => {
        this.#note(
          direction === 'up' ? name : 'R',
          () => `${direction} ${name} ${text.slice(0, 4_000)}`,
        )
        if (direction === 'down') this.#guard(() => this.#sent(name, text))
      },
    })
    this.#spaces = new FaultySpaces({
      clock,
      faults: { latencyMs: some(plan.storeMs), answerMs: some(plan.storeMs) },
      onCommit: (commit) =>
        this.#guard(() => {
          const ids = this.#truth.commit(commit, this.#spaces.tables(SPACE))
          const { seq } = this.#truth.log
          this.#note(
            'R',
            () => `commits up to ${seq}: ${ids.map((id) => this.#truth.nameOf(id)).join(' ')}`,
          )
        }),
    })
    this.#devices = Array.from({ length: plan.devices }, (_, at) =>
      this.#device(String.fromCharCode(65 + at)),
    )
  }

  get report(): RestoreReport {
    const violation = this.#violation
    return {
      events: this.#events,
      virtualMs: this.#clock.monotonic(),
      hash: (this.#hash >>> 0).toString(16).padStart(8, '0'),
      counts: this.#tally.entries(),
      violation: violation && { invariant: violation.invariant, what: violation.message },
      history: this.#history,
    }
  }

  fault(invariant: string, what: string): void {
    this.#violation ??= new Violation(invariant, what)
  }

  async all(): Promise<void> {
    this.#start()
    for (const device of this.#devices) this.#open(device)
    let actionsLeft = this.#plan.actions
    const next = (): void => {
      this.#guard(() => this.#act())
      this.#isLenient ||= actionsLeft < this.#plan.actions / 2
      if (--actionsLeft > 0) this.#clock.after(this.#gap(), next)
    }
    this.#clock.after(this.#gap(), next)
    await this.#until(() => actionsLeft <= 0, Infinity)
    this.#heal()
    await this.#quiet('healing')
    const newcomer = this.#device('N')
    this.#devices.push(newcomer)
    this.#open(newcomer)
    await this.#quiet('somebody has joined')
    this.#guard(() => this.#checkFinally())
    if (!this.#violation)
      await s24Verified(this.#spaces.tables(SPACE)).catch((error: unknown) =>
        this.#guard(() => {
          throw error
        }),
      )
    await this.#fromDisk()
  }

  #gap(): number {
    const long = this.#random.chance(0.08) ? 20 : 1
    return this.#plan.gapMs * -Math.log(1 - this.#random.unit()) * long
  }

  #device(name: string): Device {
    const { diskMs } = this.#plan
    const faults = {
      latencyMs: () => diskMs * this.#random.unit(),
      syncMs: () => diskMs * this.#random.unit(),
      spared: (transactions: number) => this.#random.below(transactions + 1),
    }
    return new Device(name, new FaultyDisk({ clock: this.#clock, faults }))
  }

  #open(device: Device): void {
    this.#note(device.name, () => 'opens')
    device.seat = new Seat({
      ...{ device, plan: this.#plan, clock: this.#clock, truth: this.#truth },
      random: this.#bytes.split(),
      transport: (process) => this.#wire.transport(device.name, process),
      fault: (invariant, what) => this.fault(invariant, what),
      told: (seat, { messageId }, verdict) => {
        this.#note(device.name, () => `hears of ${this.#truth.nameOf(messageId)}: ${verdict}`)
        if (device.seat !== seat) return
        if (verdict === 'accepted') this.#acked.add(messageId)
        // What it has given up itself, or with something that it has given up, others may hand back.
        else if (verdict === 'parent_lost') device.hasGivenUp = true
        else if (!device.hasGivenUp) this.#truth.refused.add(messageId)
      },
    })
  }

  #sent(name: string, text: string): void {
    const seat = this.#devices.find((device) => device.name === name)?.seat
    const frame = parseReviewerFrame(text)
    if (frame.ok) seat?.sent(frame.value)
  }

  // What happens.

  #act(): void {
    const { hasRestarts } = this.#plan
    const device = this.#random.pick(this.#devices)
    const what = this.#random.below(100)
    if (what < 55) this.#write(device)
    else if (what < 68) this.#leave(device)
    else if (what < 72) this.#wire.cut(device.name)
    else if (what < 78) {
      if (hasRestarts) this.#turnOff(device)
    } else if (what < 86) this.#backUp()
    else if (what < 90) this.#replace(() => {})
    else this.#lose()
  }

  #write({ seat, name }: Device): void {
    if (!seat?.isOpen) return
    this.#note(name, () => 'writes')
    this.#tally.hit('action: write')
    for (let writes = this.#random.pick([1, 1, 1, 4]); writes > 0; writes--)
      seat.write(this.#random, () => `v${++this.#values}`)
  }

  #leave({ seat, name }: Device): void {
    if (!seat?.isOpen) return
    const forMs = this.#random.pick([10, 300, 3_000]) * (0.2 + this.#random.unit())
    this.#note(name, () => 'goes offline')
    seat.store.setOnline(false)
    this.#clock.after(forMs, () => seat.process.dead || seat.store.setOnline(true))
  }

  #turnOff(device: Device): void {
    const { seat } = device
    if (!seat) return
    device.seat = undefined
    seat.kill()
    this.#wire.bury()
    const lost = this.#random.chance(0.5) ? device.disk.cutPower() : 0
    this.#note(device.name, () => `is turned off, and loses ${lost} transactions`)
    this.#tally.hit('fault: restores: device turned off')
    this.#clock.after(this.#random.pick([1, 500, 5_000]), () => device.seat ?? this.#open(device))
  }

  /** Also while commits are under way. */
  #backUp(): void {
    this.#note('R', () => `is backed up at ${this.#truth.log.seq}`)
    this.#backups.push({ tables: this.#spaces.copy(SPACE), log: this.#truth.log.copy() })
  }

  #lose(): void {
    const { deletes } = this.#plan
    const isDeleted = this.#backups.length === 0 || this.#random.chance(deletes * 0.5)
    const backup = isDeleted ? undefined : this.#random.pick(this.#backups)
    if (isDeleted && deletes === 0) return
    this.#replace(() => {
      this.#note('R', () => `falls back to ${backup?.log.seq ?? 'nothing'}`)
      this.#tally.hit(backup ? 'fault: restores: older copy' : 'fault: restores: data deleted')
      this.#isRestored = true
      this.#spaces.restore(SPACE, backup?.tables)
      this.#truth.restore(backup?.log)
    })
  }

  /** Ends the reviewer, in order or not, and starts another one on what is left. */
  #replace(meanwhile: () => void): void {
    const node = this.#node
    if (!node || node.isLeaving) return
    const { reviewer, process } = node
    const again = (): void => {
      process.kill()
      this.#wire.bury()
      meanwhile()
      this.#start()
    }
    if (!reviewer || this.#random.chance(0.5)) {
      this.#note('R', () => 'is killed')
      this.#tally.hit('fault: restores: reviewer killed')
      again()
      return
    }
    node.isLeaving = true
    this.#note('R', () => 'stops')
    void reviewer.close().then(again)
  }

  #start(): void {
    const process = new ProcessClock(this.#clock)
    this.#node = { process }
    void this.#review(this.#node)
  }

  async #review(node: Node): Promise<void> {
    const { process } = node
    const { knows, signerMs, tailChangesMax } = this.#plan
    const random = this.#bytes.split()
    const delayMs = (): number => signerMs * random.unit()
    try {
      const reviewer = await createReviewer({
        ...{ space: SPACE, keys: this.#keys, clock: process, random },
        spaces: this.#spaces.connect(process),
        signer: simSigner({ random, clock: process, delayMs }),
        ...(knows === 'marks' ? { marks: this.#besideTheKey() } : { restored: this.#isRestored }),
        rules: rulesFor([Task.name], (_, { values }) => {
          if (this.#isFickle && this.#chance.chance(this.#plan.fails)) throw new Error('not now')
          return this.#isLenient || values['title'] !== BOMB || 'no bombs'
        }),
        limits: tailChangesMax === undefined ? {} : { tailChangesMax },
        onEvent: (event) => {
          this.#tally.hit(`restores: reviewer: ${event.type}`)
          this.#note('R', () => JSON.stringify(event))
          if (event.type === 'strike') this.fault('S17', `an honest store is struck: ${event.why}`)
        },
      })
      if (process.dead) return
      node.reviewer = reviewer
      this.#wire.serve((link, name) => reviewer.connect(link, { address: name }), process)
    } catch (error) {
      this.#note('R', () => `cannot start: ${String(error)}`)
      process.after(RETRY_MS, () => void this.#review(node))
    }
  }

  #besideTheKey(): SpaceMarks {
    return {
      get: async (space) => this.#marks.get(space),
      put: async (space, mark) => void this.#marks.set(space, mark),
    }
  }

  // What must hold.

  #heal(): void {
    this.#note('-', () => 'everything heals')
    this.#isFickle = false
    this.#wire.faults = { ...this.#wire.faults, refuses: () => false }
    for (const device of this.#devices) {
      if (!device.seat) this.#open(device)
      else if (device.seat.isOpen) {
        // Whoever waits for the next try does not wait longer.
        device.seat.store.setOnline(false)
        device.seat.store.setOnline(true)
      }
    }
  }

  get #seats(): Seat[] {
    return this.#devices.flatMap(({ seat }) => seat ?? [])
  }

  async #quiet(when: string): Promise<void> {
    await this.#until(() => this.#unrest() === undefined, CALM_MS)
    if (this.#unrest() !== undefined)
      this.fault('L1', `after ${when} there is no rest: ${this.#unrest()}`)
  }

  #unrest(): string | undefined {
    const { seq, chain } = { seq: this.#truth.log.seq, chain: this.#truth.log.chains.at(-1) }
    if (!this.#node?.reviewer) return 'no reviewer'
    if (this.#node.reviewer.state.pendingCommit > 0) return 'the reviewer decides'
    for (const { device, isOpen, status, isCalm, position } of this.#seats) {
      const { connection, connectionNote, outboxMessages } = status
      const why = `${device.name} is ${connection} (${connectionNote})`
      if (!isOpen || connection !== 'online') return why
      if (!isCalm) return `${device.name} has ${outboxMessages} in its outbox, ${why}`
      if (position?.seq !== seq || (seq > 0 && position.chain !== chain))
        return `${device.name} is at ${position?.seq} of ${seq}`
    }
    return undefined
  }

  #look(): void {
    for (const seat of this.#seats) {
      seat.look()
      if (seat.isCalm) s1OfItsPosition(this.#truth, seat)
    }
  }

  #checkFinally(): void {
    const seats = this.#seats
    this.#look()
    s1OfItsPosition(this.#truth, seats[0]!, this.#tally)
    s1Converged(seats)
    s24Healed(this.#truth, this.#acked, seats)
    for (const seat of seats) s24Told(this.#truth, seat, this.#tally)
    const { log } = this.#truth
    const across = log.ids.filter((id) => id !== undefined && this.#truth.isAcross(id, log))
    this.#tally.hit('restores: written on a lost log', across.length)
    this.#tally.hit('restores: came back with its place', this.#truth.placed)
    this.#tally.hit('restores: acknowledged, and there in the end', this.#acked.size)
  }

  /** What is on the disks is enough to see the same again, without a network. */
  async #fromDisk(): Promise<void> {
    if (this.#violation) return
    const before = this.#seats.map((seat) => [seat.device, JSON.stringify(seat.rows)] as const)
    let closing = this.#seats.length
    for (const seat of this.#seats) void seat.store.close().then(() => closing--)
    await this.#until(() => closing === 0, CALM_MS)
    for (const seat of this.#seats) seat.kill()
    this.#wire.vanish()
    for (const device of this.#devices) this.#open(device)
    await this.#until(() => this.#seats.every(({ isOpen }) => isOpen), CALM_MS)
    for (const [{ seat, name }, rows] of before)
      if (JSON.stringify(seat!.rows) !== rows)
        this.fault('S22', `${name} shows other rows from its disk than before`)
    for (const seat of this.#seats) seat.kill()
    this.#node?.process.kill()
  }

  /** Steps until it holds at one of the looks, the time is up, or a promise is broken. */
  async #until(holds: () => boolean, mostMs: number): Promise<void> {
    const clock = this.#clock
    await new Promise(setImmediate) // what has begun sets its timers first
    const endMs = clock.monotonic() + mostMs
    let lookMs = clock.monotonic()
    while (!this.#violation && clock.monotonic() < endMs) {
      if (clock.monotonic() >= lookMs || clock.nextMs === undefined) {
        this.#guard(() => this.#look())
        if (holds()) return
        lookMs = clock.monotonic() + LOOK_EVERY_MS
      }
      if (clock.nextMs === undefined) clock.after(LOOK_EVERY_MS, () => {})
      this.#guard(() => void clock.step())
      // Ports answer by promises: all that follows from this event happens before the next.
      await new Promise(setImmediate)
      if (++this.#events > EVENTS_MAX) this.fault('L2', `${EVENTS_MAX} events, and no end`)
    }
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (error instanceof Violation) this.fault(error.invariant, error.message)
      else this.fault('S0', error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }

  #note(actor: string, text: () => string): void {
    const at = Math.floor(this.#clock.monotonic() * 1_000) | 0
    this.#hash = Math.imul(this.#hash ^ at ^ actor.charCodeAt(0), 0x01000193)
    const ms = (this.#clock.monotonic() / 1_000).toFixed(3)
    this.#history?.push(`${ms.padStart(9)}  ${actor.padEnd(3)} ${text()}`)
  }
}
