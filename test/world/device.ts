/** One device: a disk that its tabs share, their locks, and how wrong its clock is. */
import { type ClockSkew, type FaultyDisk, SimLocks } from '@countersign/core/testing'
import type { Visit } from './visit.ts'

export class Device {
  readonly name: string
  readonly disk: FaultyDisk | undefined
  readonly locks: SimLocks = new SimLocks()
  readonly skew: ClockSkew
  readonly tabs: Tab[] = []
  /** Whether this disk ever refused or lost something that was not a crash. */
  hadTrouble = false
  /** Own messages whose only durable copy was destroyed: rotten, or evicted. */
  readonly lost = new Set<string>()

  constructor(name: string, disk: FaultyDisk | undefined, skew: ClockSkew) {
    this.name = name
    this.disk = disk
    this.skew = skew
  }

  addTab(): Tab {
    const tab = new Tab(this, `${this.name}${this.tabs.length + 1}`)
    this.tabs.push(tab)
    return tab
  }

  get visits(): Visit[] {
    return this.tabs.flatMap(({ visit }) => (visit ? [visit] : []))
  }
}

/** One tab of it, which may be open or not. */
export class Tab {
  readonly device: Device
  readonly name: string
  visit: Visit | undefined

  constructor(device: Device, name: string) {
    this.device = device
    this.name = name
  }
}
