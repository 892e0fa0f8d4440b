/**
 * The plan as functions for wire, disks and store: which calls fail, at random, while faults are on.
 * Counts the failures that it causes.
 */
import type { DiskFaults, SpaceFaults, WireFaults } from '@countersign/core/testing'
import type { StorageTrouble } from '@countersign/core/ports'
import type { Random } from '../model/random.ts'
import type { Plan } from './plan.ts'
import type { Tally } from './tally.ts'

const DELAY_MAX_MS = 30_000

export class Faults {
  readonly #plan: Plan
  readonly #random: Random
  readonly #tally: Tally
  #isCalm = false
  /** The store does not answer until the fault ends. */
  storeIsOut = false

  constructor(plan: Plan, random: Random, tally: Tally) {
    this.#plan = plan
    this.#random = random
    this.#tally = tally
  }

  /** Ends all faults. */
  calm(): void {
    this.#isCalm = true
    this.storeIsOut = false
  }

  readonly signerMs = (): number => this.#time(this.#plan.signerMs)

  /** The disks of replicas. */
  readonly checkMs = (): number => this.#time(this.#plan.checkMs || this.#plan.signerMs)

  wire(): WireFaults {
    const { net } = this.#plan
    return {
      delayMs: () => this.#delay(net.delayMs, net.tail),
      drops: () => this.#strikes('frame dropped', net.drops),
      repeats: () => this.#strikes('frame repeated', net.repeats),
      overtakes: () => this.#strikes('frame may overtake', net.overtakes),
      refuses: () => this.#strikes('connection refused', net.refuses),
      noticeMs: () =>
        this.#strikes('broken link unnoticed', net.unnoticed)
          ? undefined
          : this.#delay(net.delayMs * 5, net.tail),
      outlasts: () => net.outlasts,
      bytesPerSecond: () => this.#plan.line?.bytesPerSecond ?? Infinity,
      bufferBytesMax: () => this.#plan.line?.bufferBytesMax ?? Infinity,
    }
  }

  /** `isFull`: whether the disk's quota is used up. */
  disk(isFull: () => boolean): DiskFaults {
    const { disk } = this.#plan
    return {
      latencyMs: () => this.#time(disk.latencyMs),
      syncMs: () => this.#time(disk.syncMs),
      openTrouble: () => {
        if (!this.#strikes('disk does not open', disk.openFails)) return undefined
        return this.#random.pick<StorageTrouble>(['failed', 'blocked'])
      },
      writeTrouble: () => {
        if (this.#isCalm || !isFull()) return undefined
        this.#tally.hit('fault: write refused by quota')
        return 'quota'
      },
      outlives: () => this.#random.chance(0.5),
      spared: (transactions) => this.#random.below(transactions + 1),
    }
  }

  store(): SpaceFaults {
    const { store } = this.#plan
    return {
      latencyMs: () => this.#time(store.latencyMs),
      answerMs: () => this.#time(store.answerMs),
      readFails: () => this.storeIsOut || this.#strikes('store read fails', store.readFails),
      writeFails: () => {
        if (this.storeIsOut || this.#strikes('write fails before commit', store.failsBefore))
          return 'before'
        return this.#strikes('write fails after commit', store.failsAfter) ? 'after' : undefined
      },
      behindFails: () => this.#strikes('states not taken', store.behindFails),
      stateRots: () => this.#strikes('state rots', store.stateRots),
      outlives: () => this.#random.chance(0.5),
    }
  }

  #strikes(name: string, share: number): boolean {
    if (this.#isCalm || share === 0 || !this.#random.chance(share)) return false
    this.#tally.hit(`fault: ${name}`)
    return true
  }

  #time(mostMs: number): number {
    return mostMs === 0 ? 0 : mostMs * this.#random.unit()
  }

  /** Uneven: with a tail of 1, one frame in a hundred takes ten times as long, one in ten thousand a hundred times. */
  #delay(ms: number, tail: number): number {
    if (this.#isCalm) return ms * (0.5 + this.#random.unit())
    return Math.min(
      DELAY_MAX_MS,
      ms * (0.5 + this.#random.unit()) * (1 - this.#random.unit()) ** -(tail / 2),
    )
  }
}
