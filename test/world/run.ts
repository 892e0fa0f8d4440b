/** Runs one seed from beginning to end, and returns the result. */
import { setSha256 } from '@countersign/core/message'
import { hash } from 'node:crypto'
import { Conductor } from './conductor.ts'
import { Task } from './entities.ts'
import { runErasures } from './erasures/run.ts'
import { checkFinally, s4OutboxesEmpty } from './invariants/final.ts'
import { s24Verified } from './invariants/stored.ts'
import { runAccounts } from './accounts/accounts.ts'
import { type Plan, type WorkloadName, planFor, workloadOf } from './plan.ts'
import { Paging } from './paging.ts'
import { runPeers } from './peers/run.ts'
import { runRestores } from './restores/run.ts'
import { Reconnects, hasReconnects } from './reconnects.ts'
import { Stepper } from './stepper.ts'
import { SPACE } from './truth.ts'
import { unhandledText, withUnhandled } from './unhandled.ts'
import { Violation } from './violation.ts'
import { World } from './world.ts'

export interface Report {
  readonly seed: number
  readonly workload: WorkloadName
  readonly events: number
  readonly virtualMs: number
  readonly hash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly violation: { readonly invariant: string; readonly what: string } | undefined
  /** Only when asked for. */
  readonly history: readonly string[] | undefined
}

/** Once everything has healed, no ten virtual minutes may pass without a verdict while one is due (L1). */
const QUIET_MAX_MS = 600_000
/** And so long after it, nothing may be left to do. */
const WORK_MAX_MS = 7_200_000
/** A virtual minute: longer than any pause between two offers of one message. */
const HOPELESS_LOOKS = 240
/** Longer than a tab pauses between two looks at what others have left behind. */
const LEFT_LOOKS = 600

// A third of a world is hashing; the machine's own is ten times as fast.
setSha256((text) => hash('sha256', text, 'base64url'))

export interface SeedOptions {
  /** With a history. */
  readonly verbose?: boolean
  /** Instead of the seed's own. */
  readonly workload?: WorkloadName | undefined
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<Report> {
  const { workload = workloadOf(seed) } = options
  if (workload === 'W8') return { seed, workload, ...(await runRestores(seed, options)) }
  if (workload === 'W9') return { seed, workload, ...(await runPeers(seed, options)) }
  if (workload === 'W12') return { seed, workload, ...(await runErasures(seed, options)) }
  if (workload === 'W11' || workload === 'W15') {
    const isShort = workload === 'W15'
    return { seed, workload, ...(await runAccounts(seed, { ...options, isShort })) }
  }
  return runPlan(planFor(seed, workload), options)
}

export async function runPlan(
  plan: Plan,
  options: { readonly verbose?: boolean } = {},
): Promise<Report> {
  const world = await World.make(plan, options)
  const run = new Run(world)
  await withUnhandled(
    (error) => world.fault('S0', unhandledText(error)),
    () => run.all(),
  )
  const { violation } = world
  return {
    seed: plan.seed,
    workload: plan.workload,
    events: run.events,
    virtualMs: world.clock.monotonic(),
    hash: world.hash,
    counts: world.tally.entries(),
    violation: violation && { invariant: violation.invariant, what: violation.message },
    history: world.history,
  }
}

class Run {
  readonly #world: World
  readonly #stepper: Stepper

  constructor(world: World) {
    this.#world = world
    const onEvent = (): void => {
      for (const visit of world.touched) visit.check()
      world.touched.clear()
    }
    this.#stepper = new Stepper(world, { onEvent })
  }

  get events(): number {
    return this.#stepper.events
  }

  async all(): Promise<void> {
    const world = this.#world
    const conductor = new Conductor(world)
    await this.#stepper.until(() => conductor.isDone, Infinity)
    conductor.heal()
    await this.#quiet('healing', conductor)
    // A dead tab may leave an outbox while others stay open: some tab must adopt it.
    for (const device of world.devices)
      if (device.disk?.content.outbox.length) world.open(world.addTab(device))
    await this.#quiet('opening every outbox', conductor)
    while (!world.violation && this.#settles(conductor)) await this.#quiet('a decision', conductor)
    if (hasReconnects(world.plan)) {
      await new Reconnects(world, conductor.workload).run(this.#stepper)
      await this.#quiet('links that broke', conductor)
    }
    if (!world.violation)
      world.guard(() => {
        checkFinally(world)
        conductor.workload.checkFinally()
      })
    if (!world.violation)
      await s24Verified(world.spaces.tables(SPACE)).catch((error: unknown) =>
        world.guard(() => {
          throw error
        }),
      )
    await this.#readPages()
    await this.#fromDisk()
  }

  /** Who follows parts reads all of a type, page by page. */
  async #readPages(): Promise<void> {
    const { visits, truth, tally, plan, violation } = this.#world
    if (violation) return
    const followers = visits.filter(
      ({ device, types }) => device.isFollower && types.includes(Task),
    )
    const all = followers.map((visit) => new Paging(visit, plan.seed))
    const isRead = await this.#stepper.until(() => all.every((each) => each.isDone()), QUIET_MAX_MS)
    this.#must(isRead, () => 'pages do not come to their end')
    this.#world.guard(() => all.forEach((each) => each.check(truth, tally)))
  }

  /** What is on the disks is enough to see everything again, without a network. */
  async #fromDisk(): Promise<void> {
    const world = this.#world
    if (world.violation) return
    for (const visit of world.visits) void visit.close()
    const isClosed = await this.#stepper.until(() => world.visits.length === 0, QUIET_MAX_MS)
    this.#must(isClosed, () => `${world.visits[0]!.name} does not close`)
    world.guard(() => s4OutboxesEmpty(world))
    world.wire.vanish()
    for (const tab of world.tabs) world.open(tab)
    const isOpened = await this.#stepper.until(
      () => world.visits.every(({ isOpen }) => isOpen),
      QUIET_MAX_MS,
    )
    this.#must(isOpened, () => 'a store does not open from its disk')
    for (const visit of world.visits) world.kill(visit)
    world.node?.kill()
  }

  /** Whether people still had something to do. */
  #settles({ workload }: Conductor): boolean {
    let isBusy = false
    this.#world.guard(() => (isBusy = workload.settle()))
    return isBusy
  }

  async #quiet(when: string, conductor: Conductor): Promise<void> {
    const world = this.#world
    let quietLooks = 0
    let waitedFor = Infinity
    const beganMs = world.clock.monotonic()
    await this.#stepper.until((extend) => {
      conductor.reopen()
      // A slow store and small caches make hours of work: a reviewer is stuck when it does none.
      const waiting = waitingFor(world)
      if (waiting < waitedFor && world.clock.monotonic() < beganMs + WORK_MAX_MS)
        extend(QUIET_MAX_MS)
      waitedFor = waiting
      // A store tells its status a moment after it has written. A message whose stored copy is
      // gone may yet be offered by a tab that still has it in memory.
      quietLooks = unrest(world) === undefined ? quietLooks + 1 : 0
      return quietLooks > 0 && quietLooks > patience(world)
    }, QUIET_MAX_MS)
    this.#must(
      unrest(world) === undefined,
      () => `after ${when} there is no rest: ${unrest(world)}`,
    )
  }

  #must(condition: boolean, what: () => string): void {
    if (!condition && !this.#world.violation) this.#world.violation = new Violation('L1', what())
  }
}

/** Messages without a verdict, of stores and of strangers. */
function waitingFor({ strangers, visits }: World): number {
  const open = strangers.reduce((sum, stranger) => sum + stranger.open.length, 0)
  return visits.reduce((sum, { store }) => sum + store.status.getState().outboxMessages, open)
}

/** How many quiet looks it takes until nothing more can come. */
function patience(world: World): number {
  if (anyLeft(world)) return LEFT_LOOKS
  return anyHopeless(world) ? HOPELESS_LOOKS : 1
}

/** Whether a disk has messages that are in no outbox yet: a store may be sealing them. */
function anyLeft({ devices, truth }: World): boolean {
  return devices.some(
    ({ name, disk, hadTrouble, lostDrafts }) =>
      disk &&
      !hadTrouble &&
      (disk.content.outbox.length > 0 || truth.unansweredDrafts(name, lostDrafts).length > 0),
  )
}

/** Whether some outbox holds what may never be answered. */
function anyHopeless(world: World): boolean {
  return world.visits.some((visit) => visit.store.status.getState().outboxMessages > 0)
}

/** What is left to do, in words. */
function unrest(world: World): string | undefined {
  const { seq } = world.spaces.tables(SPACE).head()
  if (!world.node?.isReady) return 'no reviewer'
  for (const stranger of world.strangers) {
    if (stranger.open.length > 0)
      return `${stranger.name} waits for ${stranger.open.length} verdicts`
  }
  for (const { visit, name } of world.tabs) {
    if (!visit?.isOpen) return `${name} is not open`
    const { connection, outboxMessages, connectionNote } = visit.store.status.getState()
    const { device } = visit
    const hopeless =
      outboxMessages > 0 && device.lost.size > 0
        ? world.truth.hopelessOf(device.name, device.lost)
        : 0
    if (outboxMessages > hopeless)
      return `${name} has ${outboxMessages} messages in its outbox (${connectionNote})`
    if (connection !== 'online') return `${name} is ${connection} (${connectionNote})`
    if (visit.asked > 0) return `${name} is not told ${visit.asked} histories`
    for (const { type, query } of visit.followed.keys())
      if (!visit.store.query(type, query as never).complete)
        return `${name} is not told of all ${type.name} ${JSON.stringify(query.where)}`
    const at = visit.watch!.position?.seq ?? 0
    if (at !== seq) return `${name} is at ${at} of ${seq} (${connectionNote})`
  }
  return undefined
}
