/** One device: a disk that its tabs share, their locks, and how wrong its clock is. */
import { type ClockSkew, type FaultyDisk, SimLocks } from '@countersign/core/testing'

export class Device {
  readonly name: string
  readonly disk: FaultyDisk | undefined
  readonly locks: SimLocks = new SimLocks()
  readonly skew: ClockSkew
  /** Whether this disk ever refused or lost something that was not a crash. */
  hadTrouble = false
  /** Own messages whose only durable copy was destroyed: rotten, or evicted. */
  readonly lost = new Set<string>()
  #tabs = 0

  constructor(name: string, disk: FaultyDisk | undefined, skew: ClockSkew) {
    this.name = name
    this.disk = disk
    this.skew = skew
  }

  /** Whether nothing of the space was ever stored here, or all of it was lost. */
  get isEmpty(): boolean {
    const { segments, advance, checkpoint } = this.disk!.content
    return segments.length === 0 && !advance && !checkpoint
  }

  nextTabName(): string {
    return `${this.name}${++this.#tabs}`
  }

  /** Whether it has several tabs, each of which may have stored a part of what is there. */
  get isShared(): boolean {
    return this.#tabs > 1
  }
}
