/**
 * A world of erasures (W12): a few devices write, decide, undo, go away and come back, tabs and reviewer
 * die at any moment, and somebody has values erased. Nothing that is erased is sent from then on (S25),
 * and when all has healed nothing of it is anywhere, and everybody shows the same.
 */
import type { CountersignError } from '@countersign/core'
import { type LinkEvents, type Transport, bytesOf } from '@countersign/core/ports'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import {
  FaultyDisk,
  FaultySpaces,
  ProcessClock,
  SeededRandom,
  VirtualClock,
  simSigner,
} from '@countersign/core/testing'
import { Random } from '../../model/random.ts'
import { Tally } from '../tally.ts'
import { SPACE } from '../truth.ts'
import { withUnhandled } from '../unhandled.ts'
import { Violation } from '../violation.ts'
import { Device, DeviceTab, type ErasuresStage } from './device.ts'
import { ERASABLE, Note } from './note.ts'
import { ErasureTruth } from './truth.ts'

const DELAY_MAX_MS = 40
/** No step towards the end may take longer, in virtual time. */
const REST_MS = 600_000
const BOARDS = ['a', 'b', 'c'] as const

export interface ErasuresReport {
  readonly events: number
  readonly virtualMs: number
  readonly hash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly violation: { readonly invariant: string; readonly what: string } | undefined
  readonly history: readonly string[] | undefined
}

export async function runErasures(
  seed: number,
  { verbose = false }: { readonly verbose?: boolean } = {},
): Promise<ErasuresReport> {
  const world = new ErasuresWorld(seed, verbose)
  const failed = (error: unknown): void => world.failed(error)
  await withUnhandled(failed, () => world.run()).catch(failed)
  return world.report
}

class ErasuresWorld implements ErasuresStage {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  publicKey = ''
  readonly #truth = new ErasureTruth()
  readonly #tally = new Tally()
  readonly #chance: Random
  readonly #spaces: FaultySpaces
  readonly #devices: readonly Device[]
  readonly #history: string[] | undefined
  #violation: Violation | undefined
  #keys: Parameters<typeof createReviewer>[0]['keys'] | undefined
  #node: { readonly process: ProcessClock; readonly reviewer: Reviewer } | undefined
  #hasHealed = false
  #events = 0
  #hash = 0x811c9dc5
  #texts = 0
  /** Ends the links of a process. */
  readonly #cuts = new Map<ProcessClock, (() => void)[]>()

  constructor(seed: number, isVerbose: boolean) {
    this.random = new SeededRandom(seed)
    this.#chance = new Random(seed).split()
    this.#history = isVerbose ? [] : undefined
    const faults = this.#chance.split()
    const failing = this.#chance.chance(0.4) ? 0.05 : 0
    const fails = (): boolean => !this.#hasHealed && faults.chance(failing)
    const latencyMs = (): number => faults.below(8)
    this.#spaces = new FaultySpaces({
      clock: this.clock,
      faults: {
        ...{ latencyMs, answerMs: latencyMs, behindFails: fails },
        writeFails: () => (fails() ? faults.pick(['before', 'after'] as const) : undefined),
      },
      onCommit: (commit) => this.#guard(() => this.#truth.commit(commit)),
    })
    this.#devices = Array.from({ length: this.#chance.between(2, 4) }, (_, at) => {
      const disk = new FaultyDisk({ clock: this.clock, faults: { latencyMs, syncMs: latencyMs } })
      return new Device(`device ${at + 1}`, disk, at > 0 && this.#chance.chance(0.35))
    })
  }

  get report(): ErasuresReport {
    return {
      events: this.#events,
      virtualMs: this.clock.monotonic(),
      hash: (this.#hash >>> 0).toString(16).padStart(8, '0'),
      counts: this.#tally.entries(),
      violation: this.#violation && {
        invariant: this.#violation.invariant,
        what: this.#violation.message,
      },
      history: this.#history,
    }
  }

  failed(error: unknown): void {
    if (error instanceof Violation) this.#violation ??= error
    else this.fault('S0', error instanceof Error ? `${error.stack}` : String(error))
  }

  fault(invariant: string, what: string): void {
    this.#violation ??= new Violation(invariant, what)
  }

  async run(): Promise<void> {
    const { clock, random } = this
    this.#keys = await this.#result(simSigner({ random, clock }).generate())
    this.publicKey = this.#keys.publicKey
    await this.#startReviewer()
    for (let left = this.#chance.between(40, 120); left > 0 && !this.#violation; left--) {
      this.#guard(() => this.#act(this.#chance.pick(this.#devices)))
      await this.#pass(this.#chance.pick([0, 5, 60, 600]))
    }
    await this.#heal()
  }

  async #startReviewer(): Promise<void> {
    const process = new ProcessClock(this.clock)
    this.#node = undefined
    for (;;) {
      try {
        const reviewer = await this.#result(
          createReviewer({
            ...{ space: SPACE, keys: this.#keys!, random: this.random, clock: process },
            signer: simSigner({ random: this.random, clock: process }),
            spaces: this.#spaces.connect(process),
            limits: { tailChangesMax: this.#chance.pick([0, 4, 2_000]), dirtyStatesMax: 4 },
            capabilities: () => ['read', 'write', 'publish', 'erase'],
          }),
        )
        this.#node = { process, reviewer }
        return
      } catch (error) {
        if (error instanceof Violation) throw error
        await this.#pass(200) // the store fails
      }
    }
  }

  wayOf(process: ProcessClock): Transport {
    return { connect: (events) => this.#connect(events, process) }
  }

  #connect(events: LinkEvents, process: ProcessClock): ReturnType<Transport['connect']> {
    const delays = this.#chance.split()
    const { clock } = this
    const node = this.#node
    let isOpen = true
    const dueMs = { up: 0, down: 0 }
    const carry = (way: 'up' | 'down', arrive: () => void): void => {
      dueMs[way] = Math.max(dueMs[way], clock.monotonic()) + delays.below(DELAY_MAX_MS)
      clock.after(dueMs[way] - clock.monotonic(), () => {
        if (isOpen) arrive()
      })
    }
    const attached = node?.reviewer.connect(
      {
        bufferedBytes: 0,
        send: (text) => {
          this.#guard(() => this.#sent(text, node.reviewer))
          carry('down', () => process.deliver(() => events.frame(text)))
        },
        close: (reason) => carry('down', () => end(reason)),
      },
      { address: 'world' },
    )
    const end = (reason?: string): void => {
      if (!isOpen) return
      isOpen = false
      attached?.closed()
      if (reason !== undefined) process.deliver(() => events.closed(reason))
    }
    for (const at of [process, ...(node ? [node.process] : [])])
      this.#cuts.set(at, [...(this.#cuts.get(at) ?? []), () => end('cut')])
    if (attached) carry('down', () => process.deliver(() => events.open()))
    else carry('down', () => end('no reviewer'))
    return {
      send: (text) => carry('up', () => attached?.frame(text)),
      close: () => end(),
    }
  }

  /** What a reviewer sends has nothing that is erased, as far as it knows. */
  #sent(text: string, { state }: Reviewer): void {
    this.#mix(text.length)
    const gone = this.#truth.goneIn(text, state.seq)
    if (gone !== undefined)
      this.fault('S25', `${gone} was erased, and is sent: ${text.slice(0, 60)}`)
  }

  #act(device: Device): void {
    const tabs = [...device.tabs].filter(({ isOver }) => !isOver)
    if (tabs.length === 0 || (tabs.length < 2 && this.#chance.chance(0.1))) {
      this.#open(device)
      return
    }
    const tab = this.#chance.pick(tabs)
    if (!tab.isUsable) return
    const acts = {
      create: () => this.#create(tab),
      edit: () => this.#edit(tab),
      resolve: () => this.#resolve(tab),
      undo: () => void tab.store.undo(),
      erase: () => this.#erase(tab),
      look: () => this.#look(tab),
      offline: () => tab.store.setOnline(this.#chance.chance(0.5)),
      cut: () => this.#cut(tab.process),
      kill: () => this.#kill(tab),
      close: () => void this.#close(tab),
      reviewer: () => this.#killReviewer(),
    }
    const name = this.#chance.pick([
      ...['create', 'edit', 'edit', 'edit', 'edit', 'resolve', 'undo', 'erase', 'erase', 'look'],
      ...['offline', 'cut', 'kill', 'close', 'reviewer'],
    ] as (keyof typeof acts)[])
    this.#tally.hit(`erasures: ${name}`)
    if (name === 'create' || name === 'edit') this.#tally.hit('action: write')
    this.#say(tab.device, name)
    attempt(acts[name])
  }

  #open(device: Device): void {
    const tab = new DeviceTab(this, device)
    device.tabs.add(tab)
    if (this.#chance.chance(0.3)) tab.store.setOnline(false)
    if (!device.isPartial) return
    const release = tab.follow(this.#chance.pick(BOARDS))
    if (this.#chance.chance(0.5)) this.clock.after(2_000, release)
    tab.follow(this.#chance.pick(BOARDS))
  }

  #text(): string {
    return `t${++this.#texts}~`
  }

  #create(tab: DeviceTab): void {
    const board = this.#chance.pick(BOARDS)
    tab.store.create(Note, { board, title: this.#text(), body: this.#text() })
  }

  #edit(tab: DeviceTab): void {
    const { rows } = tab.store.query(Note)
    if (rows.length === 0) return this.#create(tab)
    const row = this.#chance.pick(rows)
    tab.store.update(Note, row.id, { [this.#chance.pick(ERASABLE)]: this.#text() })
  }

  #resolve(tab: DeviceTab): void {
    const [conflict] = tab.store.conflicts(Note).snapshot()
    if (conflict) tab.store.resolve(Note, conflict.id, { title: this.#text() })
  }

  #erase(tab: DeviceTab): void {
    const { rows } = tab.store.query(Note)
    if (rows.length === 0) return
    const row = this.#chance.pick(rows)
    const fields = this.#chance.pick([ERASABLE, ['title'], ['body']] as const)
    tab.store.erase(Note, row.id, fields).then(
      () => this.#tally.hit('erasures: done'),
      () => this.#tally.hit('erasures: not answered'),
    )
  }

  /** Somebody looks at what a row was. */
  #look(tab: DeviceTab): void {
    const { rows } = tab.store.query(Note)
    if (rows.length > 0) tab.store.history(Note, this.#chance.pick(rows).id).catch(() => {})
  }

  #cut(process: ProcessClock): void {
    for (const cut of this.#cuts.get(process) ?? []) cut()
    this.#cuts.delete(process)
  }

  #kill(tab: DeviceTab): void {
    this.#cut(tab.process)
    tab.kill()
    tab.device.tabs.delete(tab)
  }

  async #close(tab: DeviceTab): Promise<void> {
    tab.device.tabs.delete(tab)
    await tab.store.close()
    tab.isOver = true
  }

  #killReviewer(): void {
    const node = this.#node
    if (!node) return
    node.process.kill()
    this.#cut(node.process)
    void this.#startReviewer().catch((error: unknown) => this.failed(error))
  }

  async #heal(): Promise<void> {
    this.#hasHealed = true
    const newcomer = new Device('newcomer', new FaultyDisk({ clock: this.clock }), false)
    for (const device of [...this.#devices, newcomer]) {
      if (device.tabs.size === 0) this.#open(device)
      for (const tab of device.tabs) tab.store.setOnline(true)
    }
    const all = [...this.#devices, newcomer]
    const tabs = (): DeviceTab[] => all.flatMap((device) => [...device.tabs])
    await this.#until(
      () => tabs().every((tab) => this.#isDone(tab)),
      () => `all deliver: ${JSON.stringify(tabs().map(({ store }) => store.status.getState()))}`,
    )
    // What is refused is its author's own until they give it up.
    for (const { store } of tabs())
      for (const { messageId } of store.refused.snapshot()) attempt(() => store.discard(messageId))
    await this.#until(
      () =>
        tabs().every((tab) => this.#isDone(tab)) &&
        all.every((device) => this.#waiting(device) === 0) &&
        this.#leftover(all) === undefined,
      () =>
        `nothing erased is left: ${this.#leftover(all)}, and nothing waits: ${all.map((one) => this.#waiting(one)).join()}`,
      'S25',
    )
    if (this.#violation) return
    for (const tab of tabs()) await this.#checkTab(tab)
    const whole = (): DeviceTab[] => tabs().filter(({ device }) => !device.isPartial)
    await this.#until(
      () => new Set(whole().map(shown)).size === 1,
      () =>
        `all show the same: ${whole()
          .map((tab) => `${tab.device.name} shows ${shown(tab)}`)
          .join()}`,
      'S3',
    )
    this.#tally.hit('erasures: records', this.#truth.erasures)
  }

  /** Flushes without a verdict, also of tabs that were killed: another one adopts them within 2 minutes. */
  #waiting({ disk }: Device): number {
    return disk.content.outbox.length
  }

  /** Where something erased is left, in words. */
  #leftover(devices: readonly Device[]): string | undefined {
    const tables = this.#spaces.tables(SPACE)
    const states = tables.scan().page(undefined, bytesOf(100_000_000))
    const kept = [
      ['the log', tables.batches(0, bytesOf(100_000_000))],
      ['the states', states],
      ['the rejections', tables.rejectionsWith('')],
      ['the head', tables.head()],
    ] as const
    for (const [where, content] of kept) {
      const gone = this.#truth.goneIn(JSON.stringify(content))
      if (gone !== undefined) return `${gone} in ${where}`
    }
    for (const { name, content } of devices)
      for (const [where, text] of content) {
        const gone = this.#truth.goneIn(text)
        if (gone !== undefined) return `${gone} on the disk of ${name}, in ${where}`
      }
    // What another tab has delivered is shown as pending until this one knows, some seconds later.
    for (const { store, name } of devices.flatMap(({ name, tabs }) =>
      [...tabs].map(({ store }) => ({ store, name })),
    )) {
      const gone = this.#truth.goneIn(
        JSON.stringify(store.query(Note, { archived: 'include' }).rows),
      )
      if (gone !== undefined) return `${gone} on a screen of ${name}`
    }
    return undefined
  }

  async #checkTab(tab: DeviceTab): Promise<void> {
    const { store, device } = tab
    const { rows } = store.query(Note, { archived: 'include' })
    for (const row of rows) {
      // A row of a board that it follows no more is as it was then.
      const fields = tab.follows(row.board) ? ERASABLE : []
      for (const field of fields)
        if (row.$redacted.includes(field) && this.#truth.isWrittenSince(row.id, field))
          this.fault(
            'S25',
            `${device.name} says that ${field} of ${row.id} is erased, and it is not`,
          )
      const history = await this.#result(store.history(Note, row.id))
      const gone = this.#truth.goneIn(JSON.stringify([row, row.$conflicts, history]))
      if (gone !== undefined) this.fault('S25', `${gone} was erased, and ${device.name} tells it`)
    }
    while (store.undo()) {
      // Whatever can be taken back brings nothing back that is erased.
    }
    const after = store.query(Note, { archived: 'include' }).rows
    const gone = this.#truth.goneIn(JSON.stringify(after))
    if (gone !== undefined) this.fault('S25', `${gone} was erased, and an undo brings it back`)
    await this.#until(
      () => store.status.getState().outboxMessages === 0,
      () => `${device.name} delivers what it took back`,
    )
    await this.#pass(500)
  }

  #isDone({ store, isReady, isOver }: DeviceTab): boolean {
    if (isOver) return true
    const { connection, outboxMessages, position } = store.status.getState()
    const seq = this.#node?.reviewer.state.seq
    return isReady && connection === 'online' && outboxMessages === 0 && position?.seq === seq
  }

  #say({ name }: Device, what: string): void {
    this.#history?.push(`${(this.clock.monotonic() / 1_000).toFixed(3)} ${name}: ${what}`)
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.failed(error)
    }
  }

  #mix(by: number): void {
    this.#hash = Math.imul(this.#hash ^ by, 0x01000193)
  }

  async #pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonic() + ms
    this.clock.after(ms, () => {})
    while (this.clock.monotonic() < endMs && !this.#violation) await this.#step()
  }

  async #until(holds: () => boolean, what: () => string, invariant = 'L1'): Promise<void> {
    const endMs = this.clock.monotonic() + REST_MS
    let lookMs = 0
    while (!this.#violation) {
      if (this.clock.monotonic() >= lookMs) {
        if (holds()) return
        lookMs = this.clock.monotonic() + 20
      }
      if (this.clock.monotonic() >= endMs)
        return this.fault(invariant, `it never comes that ${what()}`)
      await this.#step()
    }
  }

  async #result<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): boolean => (isOver = true)
    promise.then(over, over)
    while (!isOver && !this.#violation) await this.#step()
    if (this.#violation) throw this.#violation
    return promise
  }

  async #step(): Promise<void> {
    if (this.clock.nextMs === undefined) this.clock.after(1, () => {})
    this.#guard(() => void this.clock.step())
    this.#events++
    // Ports answer by promises: all that follows from this event happens before the next.
    await new Promise(setImmediate)
  }
}

/** What a store shows, the same for everybody who follows everything. */
function shown({ store }: DeviceTab): string {
  const rows = store.query(Note, { archived: 'include' }).rows.map((row) => {
    const { id, board, visits, $redacted, $archived, $conflicts } = row
    const open = Object.entries($conflicts).map(([field, { candidates, base }]) => [
      field,
      base ?? null,
      candidates.map(({ value }) => value ?? null),
    ])
    const fields = ERASABLE.map((field) => (field in $conflicts ? null : (row[field] ?? null)))
    return [id, board, visits, fields, $redacted, $archived, open] as const
  })
  return JSON.stringify(rows.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What an app does in a store that may be closed by now, or about what is gone. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    const { code } = error as Partial<CountersignError>
    const known = ['closed', 'unknown_message', 'not_ready', 'not_loaded', 'unknown_entity']
    if (code === undefined || !known.includes(code)) throw error
  }
}
