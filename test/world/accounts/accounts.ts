/**
 * A world of accounts (W11): a few browsers, each with one person after the other or with nobody signed
 * in, and persons who are in several browsers at a time. They write, sign out with unsent work and sign
 * in with what they wrote before, take new names, and close tabs at any moment. In some worlds (W15)
 * logins are short, names live for a tab or a day, and an operator revokes and readmits.
 */
import type { CountersignError } from '@countersign/core'
import type { LinkEvents, Transport } from '@countersign/core/ports'
import { type Reviewer, createReviewer } from '@countersign/core/reviewer'
import {
  FaultyDisk,
  FaultySpaces,
  ProcessClock,
  SeededRandom,
  VirtualClock,
  partitionOf,
  simSigner,
  rulesFor,
} from '@countersign/core/testing'
import { Random } from '../../model/random.ts'
import { Tally } from '../tally.ts'
import { SPACE } from '../truth.ts'
import { withUnhandled } from '../unhandled.ts'
import { Violation } from '../violation.ts'
import { AccountTab, type AccountsStage, Browser } from './browser.ts'
import { checkFinally, checkHeard, checkRows, checkRule, checkSent } from './checks.ts'
import { Note } from './note.ts'
import { Operator } from './operator.ts'
import { Truth, type Written } from './truth.ts'

const PERSONS = ['ann', 'bob', 'cyd'] as const
const DELAY_MAX_MS = 40
/** A day of W15 ends so long after its beginning, in ms. */
const MIDNIGHT_MS = 12_000
const DAY_MS = 86_400_000
/** No step towards the end may take longer, in virtual time. */
const REST_MS = 600_000

export interface AccountsReport {
  readonly events: number
  readonly virtualMs: number
  readonly hash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly violation: { readonly invariant: string; readonly what: string } | undefined
  readonly history: readonly string[] | undefined
}

export interface AccountsOptions {
  readonly verbose?: boolean
  /** W15. */
  readonly isShort?: boolean
}

export async function runAccounts(
  seed: number,
  { verbose = false, isShort = false }: AccountsOptions = {},
): Promise<AccountsReport> {
  const world = new Accounts(seed, verbose, isShort)
  const failed = (error: unknown): void => world.failed(error)
  await withUnhandled(failed, () => world.run()).catch(failed)
  return world.report
}

class Accounts implements AccountsStage {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly truth: Truth = new Truth()
  readonly tally: Tally = new Tally()
  publicKey = ''
  readonly offsetMs: number
  readonly #operator: Operator
  readonly #isShort: boolean
  #violation: Violation | undefined
  readonly #history: string[] | undefined
  readonly #chance: Random
  readonly #browsers: readonly Browser[]
  #reviewer: Reviewer | undefined
  readonly #tabs: AccountTab[] = []
  #events = 0
  #hash = 0x811c9dc5
  #texts = 0
  /** How many times each tab was cut off, so that links of before are over. */
  readonly #cuts = new Map<ProcessClock, (() => void)[]>()

  constructor(seed: number, isVerbose: boolean, isShort: boolean) {
    this.#isShort = isShort
    this.offsetMs = isShort ? DAY_MS - MIDNIGHT_MS : 0
    this.random = new SeededRandom(seed)
    this.#chance = new Random(seed).split()
    this.#history = isVerbose ? [] : undefined
    const latency = this.#chance.split()
    const latencyMs = (): number => latency.below(8)
    this.#browsers = Array.from({ length: this.#chance.between(1, 3) }, (_, at) => {
      const disk = new FaultyDisk({ clock: this.clock, faults: { latencyMs, syncMs: latencyMs } })
      const lifetime = isShort ? this.#chance.pick(['device', 'day', 'tab'] as const) : 'device'
      return new Browser(`browser ${at + 1}`, disk, lifetime)
    })
    this.#operator = new Operator({
      random: new Random(seed + 1),
      ...{ persons: PERSONS, truth: this.truth },
      now: () => this.clock.now() + this.offsetMs,
      // Set before the first action.
      reviewer: () => this.#reviewer!,
      failed: (error) => this.failed(error),
    })
  }

  get report(): AccountsReport {
    return {
      events: this.#events,
      virtualMs: this.clock.monotonic(),
      hash: (this.#hash >>> 0).toString(16).padStart(8, '0'),
      counts: this.tally.entries(),
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
    await this.#startReviewer()
    for (let left = this.#chance.between(30, 90); left > 0 && !this.#violation; left--) {
      this.#guard(() => this.#act(this.#chance.pick(this.#browsers)))
      if (this.#isShort && this.#chance.chance(0.1)) this.#operate()
      await this.#pass(this.#chance.pick([0, 5, 60, 600]))
    }
    this.#operator.readmitAll()
    await this.#pass(1_000)
    await this.#heal()
    const mayMiss = (written: Written): boolean => this.#operator.mayMiss(written)
    if (!this.#violation) this.#guard(() => checkFinally(this.truth, mayMiss))
  }

  #operate(): void {
    const what = this.#operator.act()
    this.tally.hit(`operator: ${what.split(' ')[0]}`)
    this.#history?.push(`${(this.clock.monotonic() / 1_000).toFixed(3)} operator: ${what}`)
  }

  /** When the login of a token ends, ms since 1970. */
  #loginEnd(now: number): number | undefined {
    const livesMs = this.#isShort ? this.#chance.pick([1_500, 20_000, undefined]) : undefined
    return livesMs === undefined ? undefined : now + livesMs
  }

  async #startReviewer(): Promise<void> {
    const { random, offsetMs } = this
    const clock = new ProcessClock(this.clock, { offsetMs })
    const signer = simSigner({ random, clock })
    const keys = await this.#result(signer.generate())
    this.publicKey = keys.publicKey
    const made = createReviewer({
      ...{ space: SPACE, keys, signer, clock, random },
      spaces: new FaultySpaces({ clock: this.clock }).connect(),
      authenticate: (auth) =>
        auth === undefined
          ? null
          : { personalId: auth.slice('token of '.length), expiresAt: this.#loginEnd(clock.now()) },
      onEvent: (event) => {
        if (event.type === 'rejected') this.tally.hit(`rejected: ${event.reason}`)
        if (event.type === 'strike') this.fault('S17', `an honest store is struck: ${event.why}`)
      },
      rules: rulesFor([Note.name], (context, { values }, row) => {
        const written = this.truth.written.get(String(values['text']))
        if (written && !row) this.#guard(() => this.#operator.judged(context, written))
        const creator = row?.$createdBy
        const isSame = creator === undefined || context.samePerson(creator)
        const asked = creator === undefined ? undefined : { creator, isSame }
        this.#guard(() => checkRule(this.truth, context, asked))
        return isSame || 'only its author may edit a note'
      }),
    })
    this.#reviewer = await this.#result(made)
  }

  wayOf(process: ProcessClock): Transport {
    return { connect: (events) => this.#connect(events, process) }
  }

  #connect(events: LinkEvents, process: ProcessClock): ReturnType<Transport['connect']> {
    const delays = this.#chance.split()
    const { clock } = this
    let isOpen = true
    const dueMs = { up: 0, down: 0 }
    const carry = (way: 'up' | 'down', arrive: () => void): void => {
      dueMs[way] = Math.max(dueMs[way], clock.monotonic()) + delays.below(DELAY_MAX_MS)
      clock.after(dueMs[way] - clock.monotonic(), () => {
        if (isOpen) arrive()
      })
    }
    // Set before the first action.
    const attached = this.#reviewer!.connect(
      {
        bufferedBytes: 0,
        send: (text) => carry('down', () => process.deliver(() => events.frame(text))),
        close: (reason) => carry('down', () => end(reason)),
      },
      { address: 'world' },
    )
    const end = (reason?: string): void => {
      if (!isOpen) return
      isOpen = false
      attached.closed()
      if (reason !== undefined) process.deliver(() => events.closed(reason))
    }
    this.#cuts.set(process, [...(this.#cuts.get(process) ?? []), () => end('cut')])
    carry('down', () => process.deliver(() => events.open()))
    return { send: (text) => carry('up', () => attached.frame(text)), close: () => end() }
  }

  opened(tab: AccountTab): void {
    this.#say(tab, 'is open')
    // Emissions of a store are looked at in the moment in which they are shown.
    tab.store.live(Note).subscribe(() => this.#look(tab))
    this.#look(tab)
  }

  moves({ browser: { nobody, claimer } }: AccountTab): void {
    if (nobody !== undefined && claimer !== undefined) this.truth.becomes(nobody, claimer)
  }

  #look(tab: AccountTab): void {
    if (!tab.isOver) this.#guard(() => checkRows(this.truth, tab))
  }

  sent(tab: AccountTab, text: string): void {
    this.#mix(text.length)
    this.#guard(() => checkSent(this.truth, tab, text))
  }

  heard(tab: AccountTab, text: string): void {
    this.#guard(() => checkHeard(this.truth, tab, text))
    this.#guard(() => this.#operator.heard(tab.owner, text))
  }

  #act(browser: Browser): void {
    const tabs = [...browser.tabs].filter(({ isOver }) => !isOver)
    if (tabs.length === 0 || (tabs.length < 3 && this.#chance.chance(0.15)))
      return this.#open(browser)
    const tab = this.#chance.pick(tabs)
    if (!tab.isUsable) return
    const acts = {
      write: () => this.#write(tab),
      edit: () => this.#edit(tab),
      offline: () => tab.store.setOnline(this.#chance.chance(0.6)),
      cut: () => this.#cut(tab),
      kill: () => this.#kill(tab),
      close: () => void this.#close(tab),
      signOut: () => void this.#signOut(tab),
      switch: () => void this.#switch(browser, this.#chance.chance(0.7)),
      rotate: () => void tab.store.rotate().catch(() => {}),
    }
    const name = this.#chance.pick([
      ...['write', 'write', 'write', 'write', 'edit', 'edit', 'offline', 'cut'],
      ...['kill', 'close', 'signOut', 'switch', 'switch', 'rotate'],
    ] as (keyof typeof acts)[])
    this.tally.hit(`action: ${name === 'edit' ? 'write' : name}`)
    this.#say(tab, name)
    attempt(acts[name])
  }

  #open(browser: Browser): void {
    const tab = new AccountTab(this, browser)
    if (this.#chance.chance(0.4)) tab.store.setOnline(false)
    browser.claims = false
    browser.tabs.add(tab)
    this.#tabs.push(tab)
  }

  #write(tab: AccountTab): void {
    const text = `note ${++this.#texts}`
    const { id } = tab.store.create(Note, { text, by: tab.owner })
    const written: Written = {
      id,
      text,
      by: tab.owner,
      authorId: tab.store.status.getState().authorId,
      wroteAt: tab.process.now(),
      at: tab.browser.name,
      isKept: false,
      isGone: false,
    }
    this.truth.written.set(text, written)
    this.#say(tab, `writes ${text}`)
    void tab.store.flushed().then(() => {
      // What is in memory only may go with its tab.
      if (!tab.isOver && tab.store.status.getState().storage === 'ok') written.isKept = true
    })
  }

  #edit(tab: AccountTab): void {
    const { rows } = tab.store.query(Note)
    if (rows.length === 0) return this.#write(tab)
    const row = this.#chance.pick(rows)
    tab.store.update(Note, row.id, { edits: (row.edits ?? 0) + 1 })
  }

  #cut(tab: AccountTab): void {
    for (const cut of this.#cuts.get(tab.process) ?? []) cut()
    this.#cuts.delete(tab.process)
  }

  #kill(tab: AccountTab): void {
    this.#cut(tab)
    tab.kill()
    tab.browser.tabs.delete(tab)
  }

  async #close(tab: AccountTab): Promise<void> {
    tab.browser.tabs.delete(tab)
    tab.isClosing = true
    await tab.store.close()
    tab.isOver = true
  }

  #isOf({ by }: Written, owner: string): boolean {
    return this.truth.nowOf(by) === this.truth.nowOf(owner)
  }

  /** The app asks what is to become of unsent work, and opens the next store. */
  async #signOut(tab: AccountTab): Promise<void> {
    const { browser, owner, store } = tab
    const unsent = this.#chance.pick(['keep', 'refuse', 'refuse', 'discard'] as const)
    const giveUp = (): void => {
      for (const written of this.truth.written.values())
        if (this.#isOf(written, owner) && written.at === browser.name) written.isGone = true
    }
    // From now on it may be gone, and so may be what is written until then.
    if (unsent === 'discard') giveUp()
    let report
    try {
      report = await store.signOut({ unsent })
    } catch (error) {
      return this.#say(tab, `cannot sign out: ${String(error)}`)
    }
    if (unsent === 'discard') giveUp()
    const outcome = `sign-out: ${unsent}${report.signedOut ? '' : ', not done'}`
    this.tally.hit(outcome)
    this.#say(tab, outcome)
    if (!report.signedOut) {
      // Each goes with those that depend on it.
      for (const { messageId } of store.refused.snapshot()) attempt(() => store.discard(messageId))
      return
    }
    this.#next(browser)
  }

  /** Another account, as an app does that asks nothing. */
  async #switch(browser: Browser, claims: boolean): Promise<void> {
    const tabs = [...browser.tabs]
    // Tabs without a person are notified by the store that takes their work along.
    if (browser.personId !== undefined || !claims)
      await Promise.all(tabs.map((tab) => this.#close(tab)))
    this.#next(browser, claims)
  }

  #next(browser: Browser, claims = false): void {
    const before = browser.personId
    const others = [...PERSONS, undefined].filter((person) => person !== before)
    browser.personId = this.#chance.pick(others)
    browser.tabs.clear()
    browser.claims = claims && before === undefined
    if (browser.claims) browser.claimer = browser.personId ?? browser.claimer
    if (browser.claims) this.tally.hit('sign-in with what was written before')
    this.#open(browser)
  }

  /** Everybody comes back to every browser where they have been, and delivers what is there. */
  async #heal(): Promise<void> {
    for (const tab of this.#tabs) if (!tab.isOver) await this.#result(this.#close(tab))
    await this.#pass(2_000)
    for (const browser of this.#browsers)
      for (const personId of [undefined, ...PERSONS]) {
        browser.personId = personId
        this.#open(browser)
        const tab = [...browser.tabs].at(-1)!
        tab.store.setOnline(true)
        await this.#until(
          () => this.#isDone(tab),
          () => `${tab.owner} at ${browser.name} delivers: ${this.#left(tab)}`,
        )
        await this.#result(this.#close(tab))
      }
    if (this.#violation) return
    const reader = new AccountTab(
      this,
      new Browser('reader', new FaultyDisk({ clock: this.clock })),
    )
    await this.#until(
      () => this.#isDone(reader),
      () => 'a reader is there',
    )
    for (const { text } of reader.store.query(Note).rows)
      this.truth.accepted.set(text, (this.truth.accepted.get(text) ?? 0) + 1)
    await this.#result(this.#close(reader))
  }

  #isDone({ store, isReady, isOver, browser, owner }: AccountTab): boolean {
    if (isOver) return true
    const { connection, outboxMessages, position } = store.status.getState()
    const { outbox, segments } = browser.disk.contentOf(partitionOf(SPACE, personOf(owner)))
    const isLeft = outbox.length > 0 || segments.some(({ kind }) => kind === 'draft')
    const isThere = position?.seq === this.#reviewer!.state.seq
    return isReady && connection === 'online' && outboxMessages === 0 && !isLeft && isThere
  }

  /** What there is to do for a tab, in words. */
  #left({ store, browser, owner }: AccountTab): string {
    const { connection, connectionNote, identityTrouble, damaged } = store.status.getState()
    const { outbox, segments } = browser.disk.contentOf(partitionOf(SPACE, personOf(owner)))
    const drafts = segments.filter(({ kind }) => kind === 'draft').map(({ key }) => key)
    return JSON.stringify({ connection, connectionNote, identityTrouble, damaged, outbox, drafts })
  }

  #say(tab: AccountTab, what: string): void {
    const at = (this.clock.monotonic() / 1_000).toFixed(3)
    this.#history?.push(`${at} ${tab.browser.name}, ${tab.owner}: ${what}`)
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

  async #until(holds: () => boolean, what: () => string): Promise<void> {
    const endMs = this.clock.monotonic() + REST_MS
    while (!this.#violation && !holds()) {
      if (this.clock.monotonic() >= endMs) return this.fault('L1', `it never comes that ${what()}`)
      await this.#step()
    }
  }

  async #result<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): boolean => (isOver = true)
    promise.then(over, over)
    await this.#until(
      () => isOver,
      () => 'a promise resolves',
    )
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

function personOf(owner: string): string | undefined {
  return owner.startsWith('nobody') ? undefined : owner
}

/** What an app does in a store that may be closed by now, by another tab; or about what is gone. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    const { code } = error as Partial<CountersignError>
    if (code !== 'closed' && code !== 'unknown_message') throw error
  }
}
