/** A device of a world of erasures: a disk, and the tabs that share it. */
import { type SyncStore, createSyncStore, followed } from '@countersign/core'
import {
  type FaultyDisk,
  ProcessClock,
  type SeededRandom,
  SimChannels,
  SimLocks,
  type TabLocks,
  type VirtualClock,
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import type { Transport } from '@countersign/core/ports'
import { SPACE } from '../truth.ts'
import { Note } from './note.ts'

// Loading takes real time, and the world has none.
await loadParts()

/** What a tab needs of its world. */
export interface ErasuresStage {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly publicKey: string
  wayOf(process: ProcessClock): Transport
  fault(invariant: string, what: string): void
}

export class Device {
  readonly name: string
  readonly disk: FaultyDisk
  /** Whether its stores follow boards. */
  readonly isPartial: boolean
  readonly locks: SimLocks = new SimLocks()
  readonly channels: SimChannels = new SimChannels()
  readonly tabs = new Set<DeviceTab>()

  constructor(name: string, disk: FaultyDisk, isPartial: boolean) {
    this.name = name
    this.disk = disk
    this.isPartial = isPartial
  }

  /** All that is stored, as texts with names. */
  get content(): readonly (readonly [name: string, text: string])[] {
    const { segments, meta, checkpoint } = this.disk.content
    return [
      ...segments.map((each) => [each.key, JSON.stringify(each)] as const),
      ['meta', JSON.stringify([...meta])],
      ['the checkpoint', JSON.stringify([checkpoint, this.disk.pages])],
    ]
  }
}

/** One opening of a store. */
export class DeviceTab {
  readonly device: Device
  readonly store: SyncStore
  readonly process: ProcessClock
  isReady = false
  isOver = false
  readonly #locks: TabLocks
  /** As often as they are followed. */
  readonly #boards: string[] = []

  constructor(stage: ErasuresStage, device: Device) {
    this.device = device
    this.process = new ProcessClock(stage.clock)
    this.#locks = device.locks.tab()
    this.store = createSyncStore({
      space: SPACE,
      entities: [Note],
      ...(device.isPartial && { scope: followed }),
      storage: device.disk.storage(this.process),
      transports: [stage.wayOf(this.process)],
      reviewerKey: stage.publicKey,
      platform: {
        clock: this.process,
        random: stage.random,
        signer: simSigner({ random: stage.random, clock: this.process }),
        locks: this.#locks,
        channel: device.channels.tab(this.process),
        tabId: () => device.name,
        warn: undefined,
      },
      onError: (error) => {
        if (!this.isOver) stage.fault('S0', `${device.name}: ${String(error)}`)
      },
    })
    this.store.ready.then(
      () => (this.isReady = true),
      () => (this.isOver = true),
    )
  }

  /** Follows a board, until what is returned is called. */
  follow(board: string): () => void {
    const rows = this.store.follow(Note, { where: { board } })
    this.#boards.push(board)
    return () => {
      this.#boards.splice(this.#boards.indexOf(board), 1)
      rows.release()
    }
  }

  /** Whether it is told of the rows of a board. */
  follows(board: string): boolean {
    return !this.device.isPartial || this.#boards.includes(board)
  }

  get isUsable(): boolean {
    return this.isReady && !this.isOver && this.store.status.getState().halted === undefined
  }

  /** The tab is gone in the middle of whatever it was doing. */
  kill(): void {
    this.isOver = true
    this.process.kill()
    this.#locks.die()
  }
}
