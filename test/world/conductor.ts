/**
 * Runs the actions of a world, one after the other, with the weights of the plan: persons work, tabs
 * die, power fails, networks break, the reviewer is killed at the worst moment. When its actions are used
 * up, it ends all faults.
 */
import type { DiskRecord } from '@countersign/core/testing'
import type { Random } from '../model/random.ts'
import type { Device } from './device.ts'
import { askHistory } from './histories.ts'
import type { Action } from './plan.ts'
import type { Visit } from './visit.ts'
import { makeWorkload } from './workloads/all.ts'
import type { Workload } from './workloads/workload.ts'
import type { World } from './world.ts'

const DAY_MS = 86_400_000
/** Minimum time that an attacker with one aim stays: several frames of a link. */
const CRAFT_MS = 2_000
/** Rows of a crowd that come at one time. */
const CROWD_ROWS_MAX = 1_000

export class Conductor {
  readonly #world: World
  readonly #random: Random
  readonly workload: Workload
  #actionsLeft: number

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.split()
    this.workload = makeWorkload(world, world.random.split())
    world.onLook = (visit) => this.workload.check(visit)
    world.onOpened = (visit) => this.workload.opened(visit)
    this.#actionsLeft = world.plan.actions
    for (const tab of world.tabs)
      this.#later(this.#random.unit() * 500, () => tab.visit ?? world.open(tab))
    if (world.plan.crowd > 0) this.#crowd(world.plan.crowd)
    this.#next()
  }

  get isDone(): boolean {
    return this.#actionsLeft === 0
  }

  /** Ends all faults, and opens all tabs. */
  heal(): void {
    const world = this.#world
    world.note('-', () => 'everything heals')
    world.faults.calm()
    world.logins?.calm()
    world.middleman?.leave()
    world.atCommit = undefined
    for (const device of world.devices) world.setFull(device, false)
    for (const tab of world.tabs) {
      world.wire.unblock(tab.name)
      tab.visit?.process.thaw()
      if (tab.visit?.isOpen) tab.visit.signIn()
      if (tab.visit?.isOpen) tab.visit.store.setOnline(true)
      if (!tab.visit) world.open(tab)
    }
    // Where two reviewers ran at once, the newer one may be behind without knowing it.
    const isAlone = world.nodes.filter(({ process }) => !process.dead).length === 1
    if (!isAlone || world.tally.get('fault: reviewerTwin') > 0 || !world.isDeployed) {
      for (const node of world.nodes) node.kill()
      world.startReviewer(true)
    }
  }

  /** Opens all tabs that are closed, so that each outbox has a store that offers it. */
  reopen(): void {
    for (const tab of this.#world.tabs) if (!tab.visit) this.#world.open(tab)
  }

  /** The first device to come online delivers what it has gathered elsewhere. */
  #crowd(rowsLeft: number): void {
    this.#later(200, () => {
      const visit = this.#pick((each) => each.isOpen && !each.process.isFrozen)
      const rows = visit ? Math.min(rowsLeft, CROWD_ROWS_MAX) : 0
      if (visit) this.workload.crowd(visit, rows)
      if (rowsLeft > rows) this.#crowd(rowsLeft - rows)
    })
  }

  #next(): void {
    const { plan } = this.#world
    // Mostly short, sometimes long: slow work must overlap with quick events.
    const gapMs =
      plan.gapMs * -Math.log(1 - this.#random.unit()) * (this.#random.chance(0.05) ? 20 : 1)
    this.#world.clock.after(gapMs, () => {
      this.#act(this.#choose())
      if (--this.#actionsLeft > 0) this.#next()
    })
  }

  #choose(): Action {
    const { weights } = this.#world.plan
    let left = this.#random.unit() * [...weights.values()].reduce((a, b) => a + b, 0)
    for (const [action, weight] of weights) {
      left -= weight
      if (left < 0) return action
    }
    return 'write'
  }

  #act(action: Action): void {
    const { tally } = this.#world
    if (action === 'write' || action === 'transact' || action === 'burst' || action === 'screen') {
      const visit = this.#pick((each) => each.isOpen && !each.process.isFrozen)
      if (!visit) return
      tally.hit(`action: ${action}`)
      this.workload[action](visit)
      visit.check()
    } else if (ACTS[action](this.#world, this)) {
      tally.hit(
        `${['open', 'stranger', 'release', 'sojourn', 'lie', 'flood', 'forge', 'history'].includes(action) ? 'action' : 'fault'}: ${action}`,
      )
    }
  }

  // Helpers of the actions below.

  get random(): Random {
    return this.#random
  }

  visit(is: (visit: Visit) => boolean = () => true): Visit | undefined {
    return this.#pick(is)
  }

  device(is: (device: Device) => boolean = () => true): Device | undefined {
    const found = this.#world.devices.filter(is)
    return found.length === 0 ? undefined : this.#random.pick(found)
  }

  /** Some time later: mostly soon, sometimes after a minute. */
  spell(): number {
    return this.#random.pick([10, 300, 3_000, 20_000, 60_000]) * (0.2 + this.#random.unit())
  }

  later(ms: number, task: () => void): void {
    this.#later(ms, task)
  }

  #later(ms: number, task: () => void): void {
    this.#world.clock.after(ms, task)
  }

  #pick(is: (visit: Visit) => boolean): Visit | undefined {
    const found = this.#world.visits.filter((visit) => visit.state !== 'closing' && is(visit))
    return found.length === 0 ? undefined : this.#random.pick(found)
  }
}

/** A device with a disk and an open tab. */
function isRunning(world: World): (device: Device) => boolean {
  return (device) => device.disk !== undefined && world.visitsOf(device).length > 0
}

type Act = (world: World, by: Conductor) => boolean

/** One or two messages in one turn, which share a record. */
function writeSome(visit: Visit, by: Conductor): void {
  for (let writes = by.random.between(1, 2); writes > 0; writes--)
    if (visit.isOpen) by.workload.write(visit)
}

function goOffline(by: Conductor, visit: Visit | undefined, forMs: number): void {
  if (!visit?.isOpen) return
  visit.store.setOnline(false)
  by.later(forMs, () => {
    if (visit.isOpen) visit.store.setOnline(true)
  })
}

/** Destroys one record of a flush that is not sealed yet. */
function rotDraft(world: World, device: Device, pick: (below: number) => number): void {
  const rotten = device.rot('draft', pick)
  if (!rotten) return
  world.note(device.name, () => `has a rotten record ${rotten.key}`)
  world.tally.hit('rotten: draft')
}

/** The actions. Each returns whether it found a target. */
/** Records that are neither messages in full nor canonical state. */
const ROTTING: readonly DiskRecord[] = ['own', 'tail', 'tail', 'rejections', 'checkpoint', 'keys']
const DECAYING: readonly DiskRecord[] = ['draft', 'advance', 'outbox', 'session', 'identity']

/** Time between two writes of a fast writer: shorter than the delay for which a busy outbox collects messages. */
const HASTE_MS = 0.6

/** Time between two turns that write one record each: several such turns pass before a flush is sealed. */
const BETWEEN_RECORDS_MS = 0.3

/** Time after which the disk has what a closed page has passed to it. */
const STORED_MS = 500

/** Delays after a write at which the page is loaded again, ms: at every point of a flush. */
const RELOAD_MS = [0, 0, 1, 2, 5, 10, 20, 300]

const ACTS: Readonly<Record<Exclude<Action, 'write' | 'transact' | 'burst' | 'screen'>, Act>> = {
  open: (world, by) => {
    const closed = world.tabs.filter((tab) => !tab.visit)
    if (closed.length === 0) return false
    world.open(by.random.pick(closed))
    return true
  },
  close: (world, by) => {
    const visit = by.visit((each) => each.isOpen && !each.process.isFrozen)
    if (!visit) return false
    world.note(visit.name, () => 'closes')
    void visit.close()
    return true
  },
  kill: (world, by) => {
    const visit = by.visit()
    if (visit) world.kill(visit)
    return visit !== undefined
  },
  power: (world, by) => {
    const device = by.device(isRunning(world))
    if (!device) return false
    for (const visit of world.visitsOf(device)) world.kill(visit)
    const lost = device.disk!.cutPower()
    world.note(device.name, () => `loses its power, and ${lost} transactions`)
    if (lost > 0) world.tally.hit('transactions lost by a power cut', lost)
    return true
  },
  offline: (world, by) => {
    const visit = by.visit((each) => each.isOpen)
    if (!visit) return false
    world.note(visit.name, () => 'goes offline')
    goOffline(by, visit, by.spell())
    return true
  },
  freeze: (world, by) => {
    const visit = by.visit((each) => !each.process.isFrozen)
    if (!visit) return false
    world.note(visit.name, () => 'is frozen')
    visit.process.freeze()
    by.later(by.spell(), () => visit.process.thaw())
    return true
  },
  jump: (_, by) => {
    const visit = by.visit()
    visit?.process.jump((2 * by.random.unit() - 1) * DAY_MS)
    return visit !== undefined
  },
  cut: (world, by) => {
    const visit = by.visit((each) => world.wire.links(each.name).length > 0)
    if (!visit) return false
    world.note(visit.name, () => 'loses its link')
    world.wire.cut(visit.name)
    return true
  },
  block: (world, by) => {
    const { name } = by.random.pick(world.tabs)
    const directions = by.random.pick([['up'], ['down'], ['up', 'down']] as const)
    world.note(name, () => `is blocked ${directions.join(' and ')}`)
    world.wire.block(name, ...directions)
    by.later(by.spell(), () => world.wire.unblock(name))
    return true
  },
  forceClose: (world, by) => {
    const device = by.device(isRunning(world))
    if (!device) return false
    device.hadTrouble = true
    world.note(device.name, () => 'has its database closed')
    device.disk!.forceClose()
    return true
  },
  rot: (world, by) => {
    const device = by.device(({ disk }) => disk !== undefined)
    const kind = by.random.pick(ROTTING)
    const rotten = device?.rot(kind, (below) => by.random.below(below))
    if (!device || !rotten) return false
    world.note(device.name, () => `has a rotten record ${rotten.key}`)
    world.tally.hit(`rotten: ${kind}`)
    for (const id of rotten.ids) device.lost.add(id)
    return true
  },
  decay: (world, by) => {
    const device = by.device(({ disk }) => disk !== undefined)
    const kind = by.random.pick(DECAYING)
    const rotten = device?.rot(kind, (below) => by.random.below(below))
    if (!device || !rotten) return false
    world.note(device.name, () => `has a rotten record ${rotten.key}`)
    world.tally.hit(`rotten: ${kind}`)
    // No store can send what was written under a key or a session that cannot be read.
    if (kind === 'draft' || kind === 'advance') return true
    for (const id of world.truth.durableOf(device.name)) device.lost.add(id)
    for (const [sessionId, name] of world.truth.deviceOf)
      if (name === device.name && kind !== 'outbox') device.mute.add(sessionId)
    // An opening tab has read the record, and its session is not known yet.
    for (const visit of world.visitsOf(device))
      if (visit.state === 'opening' && kind !== 'outbox') visit.isMute = true
    return true
  },
  evict: (world, by) => {
    const device = by.device(({ disk }) => disk !== undefined)
    if (!device) return false
    device.hadTrouble = true
    world.note(device.name, () => 'loses all that is stored')
    for (const id of world.truth.durableOf(device.name)) device.lost.add(id)
    device.disk!.evict()
    return true
  },
  quota: (world, by) => {
    const device = by.device(({ disk }) => disk !== undefined)
    if (!device) return false
    world.note(device.name, () => 'has no room')
    world.setFull(device, true)
    by.later(by.spell(), () => world.setFull(device, false))
    return true
  },
  reviewerKill: (world, by) => {
    const { node } = world
    if (!node) return false
    world.note('R', () => 'is killed')
    node.kill()
    by.later(by.spell(), () => world.node ?? world.startReviewer())
    return true
  },
  reviewerKillAtCommit: (world, by) => {
    world.atCommit = () => {
      world.atCommit = undefined
      world.note('R', () => 'is killed between commit and answer')
      world.tally.hit('reviewer killed between commit and answer')
      world.node?.kill()
      by.later(by.spell(), () => world.node ?? world.startReviewer())
    }
    return true
  },
  reviewerTwin: (world, by) => {
    const { node } = world
    if (!node?.isReady) return false
    world.note('R', () => 'is frozen, and replaced')
    node.process.freeze()
    world.startReviewer()
    by.later(by.spell(), () => node.process.thaw())
    by.later(60_000 + by.spell(), () => {
      if (world.node !== node) node.kill()
    })
    return true
  },
  storeOutage: (world, by) => {
    world.note('R', () => 'loses its store')
    world.faults.storeIsOut = true
    by.later(by.spell(), () => (world.faults.storeIsOut = false))
    return true
  },
  sojourn: (world, by) => {
    const tab = by.random.pick(world.tabs)
    if (tab.visit) {
      if (!tab.visit.isOpen) return false
      world.kill(tab.visit)
    }
    world.open(tab)
    const visit = tab.visit!
    visit.store.setOnline(false)
    void visit.store.ready.then(
      () => {
        if (!visit.isOpen) return
        for (let writes = by.random.between(1, 3); writes > 0; writes--) by.workload.write(visit)
        void visit.store.flushed().then(
          () => {
            if (visit.isOpen) world.kill(visit)
          },
          () => {},
        )
      },
      () => {},
    )
    return true
  },
  reload: (world, by) => {
    const visit = by.visit((each) => each.isOpen && !each.process.isFrozen)
    if (!visit) return false
    const tab = world.tabs.find((each) => each.visit === visit)!
    const isHasty = by.random.chance(0.5)
    for (let writes = by.random.between(1, 4); writes > 0; writes--) {
      if (!isHasty) by.workload.write(visit)
      // Each in a turn of its own, so that one flush has several records when the page ends.
      else by.later(writes * HASTE_MS, () => writeSome(visit, by))
    }
    const reload = (): void => {
      if (tab.visit !== visit) return
      world.kill(visit)
      // Other records of its flush are read without it.
      if (isHasty && visit.device.disk && by.random.chance(0.3))
        rotDraft(world, visit.device, (below) => by.random.below(below))
      world.open(tab)
    }
    const afterMs = by.random.pick(RELOAD_MS)
    if (isHasty) by.later(HASTE_MS * 8 * by.random.unit(), reload)
    else if (afterMs === 0) reload()
    else by.later(afterMs * by.random.unit(), reload)
    return true
  },
  // A record names rows by the lines that spell them, and those may be in records before it.
  gap: (world, by) => {
    const visit = by.visit((each) => {
      return each.isOpen && !each.process.isFrozen && each.device.disk !== undefined
    })
    if (!visit) return false
    const tab = world.tabs.find((each) => each.visit === visit)!
    // Until this message is stored, later ones are collected in one flush.
    by.workload.write(visit)
    const steps = by.workload.overAnother(visit)
    for (const [i, step] of steps.entries())
      by.later((i + 1) * BETWEEN_RECORDS_MS, () => visit.isOpen && step())
    by.later((steps.length + 1) * BETWEEN_RECORDS_MS, () => {
      if (tab.visit !== visit) return
      world.kill(visit)
      by.later(STORED_MS, () => {
        rotDraft(world, visit.device, (below) => Math.max(0, below - 2))
        if (!tab.visit) world.open(tab)
      })
    })
    return true
  },
  release: (world, by) => {
    if (!world.release()) return false
    world.note('-', () => 'a newer build is released')
    const { node } = world
    if (node?.isReady && by.random.chance(0.5)) {
      node.kill()
      world.startReviewer()
    }
    return true
  },
  lie: (world) => world.liar?.act() ?? false,
  flood: (world) => world.flooder?.act() ?? false,
  history: (world, by) => {
    const visit = by.visit((each) => each.isOpen && !each.process.isFrozen)
    return visit !== undefined && askHistory(world, visit, by.random)
  },
  forge: (world, by) => {
    const { name } = by.random.pick(world.tabs)
    world.note(name, () => 'has somebody on its way')
    const { craft, gapMs } = world.plan
    const awayMs = craft && by.random.chance(0.5) ? gapMs * by.random.between(0, 8) : undefined
    world.middleman!.come(name, by.spell() + (craft ? CRAFT_MS : 0) + (awayMs ?? 0))
    // So the beginning of a link passes through the attacker, too, with what the tab had missed.
    if (awayMs !== undefined) goOffline(by, world.visitOf(name), awayMs)
    return true
  },
  stranger: (world, by) => {
    const known = world.strangers
    if (known.length > 1 || (known.length === 1 && by.random.chance(0.7)))
      by.random.pick(known).act()
    else void world.addStranger((author) => by.workload.strange(author))
    return true
  },
}
