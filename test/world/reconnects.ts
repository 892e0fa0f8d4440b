/**
 * Links break while everybody writes, and nothing else is wrong: whoever lost a link is current again
 * within seconds, and what they had written has its verdicts. The rest at the end of a world (L1) comes
 * after minutes, when any timer has run out; here only what goes on by itself is in time.
 */
import type { Random } from '../model/random.ts'
import type { Plan } from './plan.ts'
import type { Stepper } from './stepper.ts'
import { must } from './violation.ts'
import type { Visit } from './visit.ts'
import type { Workload } from './workloads/workload.ts'
import type { World } from './world.ts'

const ROUNDS = 3
/** From the break of a link until it is made up for, beside the round trips that this takes. */
const WITHIN_MS = 4_000
const ROUND_TRIPS = 20
/** What was accepted in the last part of that time may be on its way. */
const ON_ITS_WAY = 1 / 3
const GAP_MS = 500

/** A commit takes several reads, one after the other. */
const LATENCY_MAX_MS = 100

/**
 * Whether its persons stay online by themselves, and lines, queues and the reviewer have room for what
 * they write.
 */
export function hasReconnects({ workload, line, crowd, store, ...plan }: Plan): boolean {
  const isOrdinary = [plan.bounds, plan.reviewerBounds].every((of) => Object.keys(of).length === 0)
  const isQuick = !line && crowd === 0 && store.latencyMs <= LATENCY_MAX_MS
  return workload !== 'W4' && workload !== 'W5' && isOrdinary && isQuick
}

function withinMsOf({ net, store, signerMs, checkMs, disk }: Plan): number {
  const tripMs = 2 * net.delayMs + store.latencyMs + store.answerMs + signerMs + checkMs
  return WITHIN_MS + ROUND_TRIPS * (tripMs + disk.latencyMs + disk.syncMs)
}

/** A tab that has lost its link, with the head of the space that it must have read at the end. */
interface Cut {
  readonly visit: Visit
  dueSeq: number
}

export class Reconnects {
  readonly #world: World
  readonly #workload: Workload
  readonly #random: Random

  constructor(world: World, workload: Workload) {
    this.#world = world
    this.#workload = workload
    this.#random = world.random.split()
  }

  async run(stepper: Stepper): Promise<void> {
    const withinMs = withinMsOf(this.#world.plan)
    for (let round = 0; round < ROUNDS && !this.#world.violation; round++) {
      const cuts: Cut[] = []
      for (const visit of this.#world.visits) this.#write(visit)
      await stepper.pass(this.#random.pick([0, 5, 50, 300]) * this.#random.unit())
      for (const visit of this.#world.visits)
        if (this.#random.chance(0.5) && !hasHopeless(this.#world, visit)) {
          this.#world.note(visit.name, () => 'loses its link, and nothing else is wrong')
          this.#world.wire.cut(visit.name)
          cuts.push({ visit, dueSeq: 0 })
        }
      const writers = this.#world.visits.filter((visit) => cuts.every((cut) => cut.visit !== visit))
      await this.#writeOn(stepper, writers, withinMs * (1 - ON_ITS_WAY))
      for (const cut of cuts) cut.dueSeq = this.#world.truth.seq
      await this.#writeOn(stepper, writers, withinMs * ON_ITS_WAY)
      for (const cut of cuts) this.#world.guard(() => this.#check(cut, withinMs), cut.visit.name)
    }
  }

  async #writeOn(stepper: Stepper, writers: readonly Visit[], forMs: number): Promise<void> {
    for (let ms = 0; ms < forMs; ms += GAP_MS) {
      if (writers.length > 0) this.#write(this.#random.pick(writers))
      await stepper.pass(GAP_MS)
    }
  }

  #write(visit: Visit): void {
    if (!visit.isOpen) return
    this.#world.guard(() => this.#workload.write(visit), visit.name)
    visit.check()
  }

  #check({ visit, dueSeq }: Cut, withinMs: number): void {
    if (!visit.isOpen) return // what was planned before the faults ended may close it
    if (visit.device.hadTrouble) return // its writes may wait for the storage
    const { connection, connectionNote, outboxMessages } = visit.store.status.getState()
    const state = `${visit.name} is ${connection} (${connectionNote}) ${withinMs} ms after its link broke`
    must(connection === 'online' || connection === 'syncing', 'L5', () => state)
    must(outboxMessages === 0, 'L5', () => `${state}, and ${outboxMessages} messages wait`)
    this.#world.tally.hit('link made up for while others write')
    if (visit.device.isFollower) return // its position moves with the states of its parts alone
    const at = visit.watch!.position?.seq ?? 0
    must(at >= dueSeq, 'L5', () => `${state}, and at ${at} of ${dueSeq}`)
  }
}

/** Whether its outbox has messages that never get a verdict, because a message that they depend on is lost. */
function hasHopeless({ truth }: World, { device, store }: Visit): boolean {
  return (
    store.status.getState().outboxMessages > 0 &&
    device.lost.size > 0 &&
    truth.hopelessOf(device.name, device.lost) > 0
  )
}
