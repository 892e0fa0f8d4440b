/**
 * A device in the world of restores, and one run of its app. While the app runs, it can hand back what it
 * has read of the reviewer's log, and what it has written itself; a seat knows which messages these are.
 */
import {
  type Position,
  type Receipt,
  type Row,
  type SyncStatus,
  type SyncStore,
  entity,
} from '@countersign/core'
import { provisional } from '@countersign/core/peers'
import type { ReviewerFrame } from '@countersign/core/protocol'
import {
  type FaultyDisk,
  ProcessClock,
  type SeededRandom,
  SimLocks,
  type TabLocks,
  createLimitedStore,
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import type { Peers, Transport } from '@countersign/core/ports'
import { z } from 'zod'
import type { Random } from '../../model/random.ts'
import { SPACE } from '../truth.ts'
import type { RestorePlan } from './plan.ts'
import type { Log, RestoreTruth } from './truth.ts'

// Loading takes real time, and the world has none.
await loadParts()

export const Task = entity(
  'task',
  z.object({ title: z.string(), note: z.string(), points: z.number() }),
)

const FINAL: ReadonlySet<string> = new Set(['accepted', 'rejected', 'blocked', 'dismissed'])

/** A title that a rule of the reviewer refuses; the reviewer drops that rule later. */
export const BOMB = 'bomb'

export class Device {
  readonly name: string
  readonly disk: FaultyDisk
  readonly locks: SimLocks = new SimLocks()
  seat: Seat | undefined
  /** Whether the store itself has refused a message. */
  hasGivenUp = false

  constructor(name: string, disk: FaultyDisk) {
    this.name = name
    this.disk = disk
  }
}

export interface SeatParts {
  readonly device: Device
  readonly plan: Pick<RestorePlan, 'signerMs' | 'lifetime' | 'checkpointSteps'>
  readonly clock: ConstructorParameters<typeof ProcessClock>[0]
  readonly truth: RestoreTruth
  readonly random: SeededRandom
  readonly transport: (process: ProcessClock) => Transport
  readonly peers?: (process: ProcessClock) => Peers
  readonly fault: (invariant: string, what: string) => void
  /** Called when a receipt has its verdict: accepted, or refused with a reason. */
  readonly told: (seat: Seat, receipt: Receipt, verdict: string) => void
}

/** A step of the tail that is on its way, or not applied yet. */
interface Coming {
  readonly ids: readonly string[]
  readonly position: Position
}

export class Seat {
  readonly device: Device
  readonly process: ProcessClock
  readonly store: SyncStore
  readonly receipts: Receipt[] = []
  /** Messages that the device can hand back. */
  readonly holds = new Set<string>()
  isOpen = false
  #coming: Coming[] = []
  readonly #parts: SeatParts
  readonly #locks: TabLocks

  constructor(parts: SeatParts) {
    const { device, plan, clock, random, fault } = parts
    this.#parts = parts
    this.device = device
    this.process = new ProcessClock(clock)
    this.#locks = device.locks.tab()
    const delayMs = (): number => plan.signerMs * random.unit()
    this.store = createLimitedStore(
      {
        space: SPACE,
        entities: [Task],
        storage: device.disk.storage(this.process),
        transports: [parts.transport(this.process)],
        ...(parts.peers && { peers: provisional(parts.peers(this.process)) }),
        identity: { lifetime: plan.lifetime, personalId: `person ${device.name}` },
        ...(plan.checkpointSteps !== undefined && { checkpointSteps: plan.checkpointSteps }),
        platform: {
          clock: this.process,
          random,
          signer: simSigner({ random, clock: this.process, delayMs }),
          locks: this.#locks,
          tabId: () => device.name,
          warn: undefined,
        },
        onError: (error: unknown) => fault('S0', `${device.name}: ${String(error)}`),
      },
      {},
    )
    this.store.status.subscribe(({ alarm, halted, connectionRefusal }) => {
      if (alarm !== undefined) fault('S25', `${device.name}: ${alarm}`)
      if (halted !== undefined) fault('S0', `${device.name} has halted: ${halted}`)
      if (connectionRefusal !== undefined)
        fault('S25', `${device.name} does not follow its own reviewer: ${connectionRefusal}`)
    })
    void this.store.ready.then(() => (this.isOpen = true))
  }

  get status(): SyncStatus {
    return this.store.status.getState()
  }

  get rows(): readonly Row<typeof Task>[] {
    return this.store.query(Task).rows
  }

  /** The position of its rows; the status follows a moment later. */
  get position(): Position | null {
    return this.store.query(Task).asOf
  }

  /** Whether its rows are those of a position, with no pending messages on top. */
  get isCalm(): boolean {
    // Its status follows a moment later than its receipts.
    const hasAll = this.receipts.every(({ state }) => FINAL.has(state))
    return this.isOpen && this.status.outboxMessages === 0 && hasAll
  }

  kill(): void {
    this.process.kill()
    this.#locks.die()
  }

  write(by: Random, value: () => string): void {
    const { rows, store } = this
    const row = rows[by.below(rows.length + 2)]
    const field = by.pick(['title', 'note'] as const)
    if (!row) {
      const title = by.below(8) === 0 ? BOMB : value()
      this.#wrote(store.create(Task, { title, note: value(), points: 0 }))
    } else if (row.$conflicts[field] && by.chance(0.6))
      this.#wrote(store.resolve(Task, row.id, { [field]: value() }))
    else if (by.chance(0.2))
      this.#wrote(store.update(Task, row.id, { title: value(), note: value() }))
    else this.#wrote(store.update(Task, row.id, { [field]: value() }))
  }

  #wrote(receipt: Receipt): void {
    this.receipts.push(receipt)
    const { told } = this.#parts
    void receipt.settled().then((result) => {
      if (result.verdict === 'accepted') this.holds.add(receipt.messageId)
      told(this, receipt, result.verdict === 'rejected' ? result.reason : result.verdict)
    })
  }

  /** Called when a frame is sent to the device. */
  sent(frame: ReviewerFrame): void {
    // What the device has from a snapshot it cannot hand back.
    if (frame.kind === 'page') this.#coming = []
    if (frame.kind !== 'tail') return
    const { truth } = this.#parts
    const { position, texts } = frame
    const log = truth.logAt(position)
    const [, fromSeq] = JSON.parse(texts.slice(0, texts.search(/\n|$/))) as [string, number]
    const ids = log?.ids.slice(fromSeq - 1, position.seq).filter((id) => id !== undefined)
    if (ids) this.#coming.push({ ids, position })
  }

  /** Called when frames have arrived: their messages can be handed back from now on. */
  look(): void {
    const { position } = this
    const log = position && this.#parts.truth.logAt(position)
    if (!log) return
    const isTaken = (one: Coming): boolean => isWithin(one.position, position, log)
    for (const one of this.#coming.filter(isTaken)) for (const id of one.ids) this.holds.add(id)
    this.#coming = this.#coming.filter((one) => !isTaken(one))
  }
}

function isWithin(one: Position, position: Position, log: Log): boolean {
  return one.seq <= position.seq && log.isOn(one)
}
