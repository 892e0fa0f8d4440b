/**
 * Plays an edit history through a real reviewer: one client per author, in a causal order of
 * chance, with duplicates and delays, and then compares everything the trace has an answer to:
 * every message accepted, the rows as two ordinary stores read them (one that listened, one
 * that came afterwards), and the conflicts at each place by core's fold over what the
 * reviewer accepted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createSyncStore, memoryStorage, type SyncStore } from '@countersign/core'
import { uuid4, type Uuid } from '@countersign/core/message'
import { socketIo } from '@countersign/transport-socketio'
import { Author, bytesOf } from './author.ts'
import { Follower } from './follower.ts'
import { Manifest, rowId } from './manifest.ts'
import { Random } from './random.ts'
import { type PlacesFound, placesFound, rowDifference, type TraceNames } from './replay-check.ts'
import { isFinal, type Item, type Parcel, ReplayPlan } from './replay-plan.ts'
import { startReviewerProcess } from './reviewer-process.ts'
import type { Trace } from './trace.ts'

export interface ReplayOptions {
  readonly seed: number
  /** Before each offer its author waits up to this long. */
  readonly delayMs: number
  /** Offers made again, in parts of the number of messages. */
  readonly again: number
}

export interface ReplayReport {
  readonly seed: number
  readonly messages: number
  readonly accepted: number
  /** Offers of messages that had been offered before. */
  readonly repeats: number
  readonly rows: number
  readonly rowsEqual: number
  /** Fields that are in conflict after everything, as the stores say. */
  readonly open: number
  readonly places: PlacesFound
  readonly seconds: number
  /** What is not as it should be, in words; empty when all is well. */
  readonly differences: readonly string[]
}

/** A wait this long without any verdict is a failure. */
const SILENCE_MS = 30_000

/** Starts a reviewer, plays the trace, compares, and stops the reviewer. */
export async function replay(trace: Trace, options: ReplayOptions): Promise<ReplayReport> {
  const startedMs = performance.now()
  const random = new Random(options.seed)
  const reviewer = await startReviewerProcess(uuid4(bytesOf(random, 16)))
  const { url, space, key } = reviewer
  const openStore = (): SyncStore =>
    createSyncStore({
      server: true,
      space,
      entities: [Manifest],
      storage: memoryStorage(),
      transports: [socketIo(url)],
      reviewerKey: key,
    })
  const reader = new Author(space, 'a follower', new Random(options.seed + 1))
  const follower = new Follower(space, (nonce) => reader.proved(nonce))
  const stores = [openStore()]
  const player = new Player(trace, random, { ...options, space })
  try {
    follower.connect(url)
    await player.play(url)
    await follower.reached(player.accepted, SILENCE_MS)
    stores.push(openStore())
    for (const store of stores) await storeReached(store, player.accepted)
    const rows = [...trace.expectRows].map(([row, expected]) =>
      stores.flatMap((store, i) => {
        const found = rowDifference(store.peek(Manifest, rowId(row)).row, expected, player.names)
        return found === undefined ? [] : [`${row} in store ${i + 1}: ${found}`]
      }),
    )
    const places = placesFound(trace, follower.messages, player.names)
    const open = stores[0]!
      .query(Manifest, { archived: 'include' })
      .rows.reduce((sum, row) => sum + Object.keys(row.$conflicts).length, 0)
    return {
      seed: options.seed,
      messages: trace.messages.length,
      accepted: player.accepted,
      repeats: player.repeats,
      rows: rows.length,
      rowsEqual: rows.filter((found) => found.length === 0).length,
      open,
      places,
      seconds: (performance.now() - startedMs) / 1_000,
      differences: [...player.refusals, ...rows.flat(), ...places.differences],
    }
  } finally {
    player.close()
    follower.close()
    await Promise.all(stores.map((store) => store.close()))
    await reviewer.stop()
  }
}

async function storeReached(store: SyncStore, seq: number): Promise<void> {
  await store.ready
  const there = (): boolean => {
    const { position, caughtUp } = store.status.getState()
    return caughtUp && (position?.seq ?? 0) >= seq
  }
  for (const endMs = performance.now() + SILENCE_MS; !there(); await sleep(5)) {
    const { connection, connectionNote, halted, position } = store.status.getState()
    if (halted !== undefined) throw new Error(`the store halted: ${halted}`)
    if (performance.now() > endMs) {
      const note = connectionNote === undefined ? '' : ` (${connectionNote})`
      throw new Error(`the store stays at ${position?.seq} of ${seq}, ${connection}${note}`)
    }
  }
}

class Player {
  accepted = 0
  repeats = 0
  readonly refusals: string[] = []
  readonly #options: ReplayOptions
  readonly #random: Random
  readonly #plan: ReplayPlan
  #wakeAll: (() => void)[] = []
  #fault: Error | undefined

  constructor(trace: Trace, random: Random, options: ReplayOptions & { readonly space: string }) {
    this.#options = options
    this.#random = random
    this.#plan = new ReplayPlan(trace, random, options)
  }

  get names(): TraceNames {
    return this.#plan.names
  }

  /** Resolves when every message has a verdict. Rejects when a link breaks or nobody answers. */
  async play(url: string): Promise<void> {
    const { authors, queues, items } = this.#plan
    const connects = [...authors].map(([name, author]) =>
      author.connect(url, {
        accepted: (sessionId, seq) => this.#settle(this.#own(sessionId, seq), 'accepted'),
        rejected: (id, reason) => this.#refused(id, reason),
        nacked: (sessionId, seq) => this.#again(this.#own(sessionId, seq).parcel),
        lost: (reason) => this.#fail(`the link of ${name} ended: ${reason}`),
      }),
    )
    await Promise.all(connects)
    await Promise.all([...queues].map(([name, queue]) => this.#drain(name, queue)))
    const open = (): number => [...items.values()].filter(({ state }) => !isFinal(state)).length
    while (open() > 0) await this.#change(`${open()} messages have no verdict`)
  }

  close(): void {
    this.#fault ??= new Error('closed')
    for (const author of this.#plan.authors.values()) author.close()
  }

  /** Offers the author's messages in the order of the plan. */
  async #drain(name: string, queue: readonly Parcel[]): Promise<void> {
    const random = this.#random.split()
    for (const parcel of queue) {
      await sleep(random.unit() * this.#options.delayMs)
      while (!this.#mayGo(parcel)) await this.#change(`${name} waits for parents`)
      if (parcel.items[0]!.state === 'waiting')
        for (const item of parcel.items) item.state = 'offered'
      else this.repeats += parcel.items.length
      this.#offer(parcel)
    }
  }

  /** A parent must have been accepted, or be the author's own and under way. */
  #mayGo({ author, items }: Parcel): boolean {
    const parents = items.flatMap(({ trace }) => trace.changes.flatMap((change) => change.parents))
    return parents.every((id) => {
      const parent = this.#plan.items.get(id)!
      return (
        isFinal(parent.state) ||
        items.includes(parent) ||
        (parent.parcel.author === author && parent.state === 'offered')
      )
    })
  }

  #offer({ author, made }: Parcel): void {
    this.#plan.authors.get(author)!.offer(made!)
  }

  /** After a nack: the same flush once more, a little later. What of it has a verdict gets the same. */
  #again(parcel: Parcel): void {
    if (parcel.isDue) return
    parcel.isDue = true
    void sleep(1 + this.#random.below(20)).then(() => {
      parcel.isDue = false
      if (this.#fault || parcel.items.every(({ state }) => isFinal(state))) return
      this.repeats += parcel.items.length
      this.#offer(parcel)
    })
  }

  #own(sessionId: Uuid, clientSeq: number): Item {
    const item = this.#plan.itemOf(sessionId, clientSeq)
    if (!item) throw new Error(`nobody wrote message ${clientSeq} of session ${sessionId}`)
    return item
  }

  #settle(item: Item, state: 'accepted' | 'rejected'): void {
    if (item.state !== state && isFinal(item.state)) {
      this.#fail(`${item.trace.id} was ${item.state} and is ${state} now`)
    }
    if (state === 'accepted' && item.state !== 'accepted') this.accepted++
    item.state = state
    this.#wake()
  }

  #refused(id: string, reason: string): void {
    const item = this.#plan.items.get(this.names.message(id))
    if (!item) return this.#fail(`a verdict on ${id}, which nobody wrote`)
    if (item.state !== 'rejected') this.refusals.push(`${item.trace.id} was rejected: ${reason}`)
    this.#settle(item, 'rejected')
  }

  #fail(what: string): void {
    this.#fault ??= new Error(what)
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakeAll.splice(0)) wake()
  }

  /** Resolves at the next verdict. */
  async #change(waitingFor: string): Promise<void> {
    this.#check()
    const heard = new Promise<void>((resolve) => this.#wakeAll.push(resolve))
    const timer = setTimeout(() => this.#fail(`no verdict for long: ${waitingFor}`), SILENCE_MS)
    await heard
    clearTimeout(timer)
    this.#check()
  }

  #check(): void {
    if (this.#fault) throw this.#fault
  }
}
