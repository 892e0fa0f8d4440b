/**
 * Plays an edit history through a real reviewer: one client per author, in a causal order of
 * chance, with duplicates and delays, and then compares everything the trace has an answer to:
 * every message accepted, the rows as two ordinary stores read them (one that listened, one
 * that came afterwards), and the conflicts at each place by core's fold over what the
 * reviewer accepted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createSyncStore, memoryStorage, type SyncStore } from '@countersign/core'
import { type Message, uuid4 } from '@countersign/core/message'
import { socketIo } from '@countersign/transport-socketio'
import { Ancestry } from './ancestry.ts'
import { Author, bytesOf } from './author.ts'
import { Follower } from './follower.ts'
import { Manifest, rowId } from './manifest.ts'
import { causalOrder } from './order.ts'
import { Random } from './random.ts'
import { type PlacesFound, placesFound, rowDifference, type TraceNames } from './replay-check.ts'
import { startReviewerProcess } from './reviewer-process.ts'
import type { Trace, TraceMessage } from './trace.ts'

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
const FLUSH_MESSAGES_MAX = 4

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
  const follower = new Follower(
    space,
    new Author(space, 'a follower', new Random(options.seed + 1)).opening,
  )
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

/** A message on its way: made once, offered at least once. */
interface Item {
  readonly trace: TraceMessage
  readonly author: string
  readonly message: Message
  state: 'waiting' | 'offered' | 'accepted' | 'rejected'
}

class Player {
  accepted = 0
  repeats = 0
  readonly refusals: string[] = []
  readonly names: TraceNames
  readonly #options: ReplayOptions
  readonly #random: Random
  readonly #authors = new Map<string, Author>()
  readonly #items = new Map<string, Item>()
  readonly #ancestry = new Ancestry()
  readonly #queues = new Map<string, Item[]>()
  #wakeAll: (() => void)[] = []
  #fault: Error | undefined

  constructor(trace: Trace, random: Random, options: ReplayOptions & { readonly space: string }) {
    this.#options = options
    this.#random = random
    const nameOf = new Map<string, string>()
    const rowOf = new Map([...trace.expectRows.keys()].map((row) => [rowId(row), row]))
    this.names = { message: (id) => nameOf.get(id) ?? id, row: (id) => rowOf.get(id) }
    for (const message of causalOrder(trace.messages, random.split(), options.again)) {
      const item = this.#items.get(message.id) ?? this.#made(message, options.space)
      nameOf.set(item.message.id, message.id)
      this.#queues.get(message.author)!.push(item)
    }
  }

  /** Resolves when every message has a verdict. Rejects when a link breaks or nobody answers. */
  async play(url: string): Promise<void> {
    const connects = [...this.#authors].map(([name, author]) =>
      author.connect(url, {
        accepted: (seq) => this.#settle(this.#own(name, seq), 'accepted'),
        rejected: (id, reason) => this.#refused(id, reason),
        nacked: (seq) => this.#again(name, this.#own(name, seq)),
        lost: (reason) => this.#fail(`the link of ${name} ended: ${reason}`),
      }),
    )
    await Promise.all(connects)
    await Promise.all([...this.#queues.keys()].map((name) => this.#drain(name)))
    const open = (): number =>
      [...this.#items.values()].filter(({ state }) => !isFinal(state)).length
    while (open() > 0) await this.#change(`${open()} messages have no verdict`)
  }

  close(): void {
    this.#fault ??= new Error('closed')
    for (const author of this.#authors.values()) author.close()
  }

  #made(trace: TraceMessage, space: string): Item {
    let author = this.#authors.get(trace.author)
    if (!author) {
      author = new Author(space, `person ${trace.author}`, this.#random.split())
      this.#authors.set(trace.author, author)
      this.#queues.set(trace.author, [])
    }
    const message = author.message(trace, {
      row: rowId,
      message: (name) => this.#items.get(name)!.message.id,
      ancestry: this.#ancestry,
    })
    const item: Item = { trace, author: trace.author, message, state: 'waiting' }
    this.#items.set(trace.id, item)
    return item
  }

  /** Offers the author's messages in the order of the plan, a few at a time. */
  async #drain(name: string): Promise<void> {
    const queue = this.#queues.get(name)!
    const random = this.#random.split()
    for (let at = 0; at < queue.length;) {
      await sleep(random.unit() * this.#options.delayMs)
      while (!this.#mayGo(queue[at]!)) await this.#change(`${name} waits for parents`)
      const flush = new Set<Item>()
      const most = random.between(1, FLUSH_MESSAGES_MAX)
      for (; at < queue.length && flush.size < most && this.#mayGo(queue[at]!); at++) {
        const item = queue[at]!
        if (flush.has(item)) continue
        flush.add(item)
        if (item.state === 'waiting') item.state = 'offered'
        else this.repeats++
      }
      // A repeat may have come after its children; within one flush parents stand first.
      const messages = [...flush].map(({ message }) => message)
      messages.sort((a, b) => a.header.clientSeq - b.header.clientSeq)
      this.#authors.get(name)!.offer(messages)
    }
  }

  /** A parent must have been accepted, or be the author's own and under way. */
  #mayGo({ author, trace }: Item): boolean {
    return trace.changes.every(({ parents }) =>
      parents.every((id) => {
        const parent = this.#items.get(id)!
        return isFinal(parent.state) || (parent.author === author && parent.state === 'offered')
      }),
    )
  }

  /** After a nack: the same message once more, a little later. */
  #again(name: string, item: Item): void {
    void sleep(1 + this.#random.below(20)).then(() => {
      if (this.#fault || isFinal(item.state)) return
      this.repeats++
      this.#authors.get(name)!.offer([item.message])
    })
  }

  #own(name: string, clientSeq: number): Item {
    for (const item of this.#items.values()) {
      if (item.author === name && item.message.header.clientSeq === clientSeq) return item
    }
    throw new Error(`${name} never wrote message ${clientSeq}`)
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
    const item = this.#items.get(this.names.message(id))
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

function isFinal(state: Item['state']): boolean {
  return state === 'accepted' || state === 'rejected'
}
