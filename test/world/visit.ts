/**
 * One life of a tab: from opening the store until it is closed or killed. Everything it has of
 * the world it has through its own clock, so that killing that clock kills the tab.
 */
import { type SyncStore, createSyncStore } from '@countersign/core'
import {
  ProcessClock,
  type SeededRandom,
  type TabLocks,
  simSigner,
} from '@countersign/core/testing'
import { TYPES } from './entities.ts'
import type { Device, Tab } from './device.ts'
import { SPACE } from './truth.ts'
import { Watch } from './watch.ts'
import type { World } from './world.ts'

export class Visit {
  readonly tab: Tab
  readonly process: ProcessClock
  readonly store: SyncStore
  /** From when the store is ready. */
  watch: Watch | undefined
  /** Whether its disk has failed it: then what it says is not durable may be offered. */
  troubled = false
  state: 'opening' | 'open' | 'closing' | 'gone' = 'opening'
  readonly #world: World
  readonly #locks: TabLocks

  constructor(world: World, tab: Tab, random: SeededRandom) {
    this.#world = world
    this.tab = tab
    const { device } = tab
    this.process = new ProcessClock(world.clock, {
      ...device.skew,
      onTurn: () => world.touched.add(this),
    })
    this.#locks = device.locks.tab()
    const { plan } = world
    this.store = createSyncStore({
      space: SPACE,
      entities: TYPES,
      ...(device.disk && { storage: device.disk.storage(this.process) }),
      transports: [world.wire.transport(tab.name, this.process)],
      identity: { lifetime: plan.lifetime, personalId: `person ${device.name}` },
      ...(plan.checkpointSteps !== undefined && { checkpointSteps: plan.checkpointSteps }),
      platform: {
        clock: this.process,
        random,
        signer: simSigner({ random, clock: this.process, delayMs: world.faults.signerMs }),
        locks: this.#locks,
        tabId: () => tab.name,
      },
      onError: (error) => world.fault('S0', `${tab.name}: ${String(error)}`),
    })
    this.troubled = !device.disk
    this.store.status.subscribe(({ storage, halted }) => {
      if (storage === 'degraded') this.troubled = true
      if (halted !== undefined) world.fault('S0', `${tab.name} has halted: ${halted}`)
    })
    this.store.ready.then(
      () => this.#ready(),
      () => this.#unready(),
    )
  }

  get device(): Device {
    return this.tab.device
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  /** Cheap checks of whatever has happened here. */
  check(): void {
    const { watch } = this
    if (watch && this.state !== 'gone') this.#world.guard(() => watch.check(), this.tab.name)
  }

  /** The tab is gone in the middle of whatever it was doing. */
  kill(): void {
    this.state = 'gone'
    this.process.kill()
    this.#locks.die()
    this.#world.wire.bury()
  }

  /** The app closes its store, then its page. */
  async close(): Promise<void> {
    this.state = 'closing'
    await this.store.close()
    this.#world.closed(this)
  }

  #ready(): void {
    if (this.state !== 'opening') return
    this.state = 'open'
    const { truth, tally } = this.#world
    truth.deviceOf.set(this.store.status.getState().sessionId!, this.device.name)
    const guard = (check: () => void): void => this.#world.guard(check, this.tab.name)
    this.watch = new Watch({ store: this.store, truth, device: this.device.name, tally, guard })
    this.#world.opened(this)
  }

  /** The disk went away while the store was opening: the page has to be loaded again. */
  #unready(): void {
    this.#world.tally.hit('store that never became ready')
    if (this.state === 'opening') this.#world.lost(this)
  }
}
