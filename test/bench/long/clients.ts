/**
 * A process with several stores that write, read, go offline and reconnect, until its parent ends
 * it; reports each minute by IPC. Arguments: url, space, stores, seed.
 */
import {
  type Receipt,
  type Row,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import { installNodeSha256 } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { z } from 'zod'
import { type Random, digest, pick, seeded } from '../data.ts'
import { now, pause, until } from '../net/edits.ts'

/** The report of one process on a span of time. */
export interface Span {
  /** Own messages that were accepted. */
  readonly accepted: number
  readonly refused: number
  /** From the write to its ack while online, in ms, ascending. */
  readonly ackMs: readonly number[]
  /** Memory after a collection, in bytes. */
  readonly heap: number
  readonly rows: number
  readonly seq: number
}

export type Order = 'span' | 'end'

const Task = entity(
  'task',
  z.object({
    title: z.string(),
    done: z.boolean(),
    priority: z.number(),
    ownerId: z.string(),
    createdAt: z.number(),
  }),
)
  .index('open', ['done', '-priority'])
  .index('owner', ['ownerId'])
  .conflicts({ done: 'last', priority: 'last' })

/** Rows that are not archived: above, archiving is as likely as creating. */
const ROWS = 1_000
const PAUSE_MS = 100
const OFFLINE_MS = 3_000
const GROUP_ROWS = 5

const [url = '', space = '', stores = '', seed = ''] = process.argv.slice(2)
installNodeSha256()

let accepted = 0
let refused = 0
let ackMs: number[] = []
let isEnding = false

class Client {
  readonly #random: Random
  #store!: SyncStore
  #edits = 0

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  get store(): SyncStore {
    return this.#store
  }

  async open(): Promise<void> {
    const [storage, transports] = [memoryStorage(), [socketIo(url)]]
    this.#store = createSyncStore({ server: true, space, entities: [Task], storage, transports })
    this.#store
      .live(Task, { where: { done: false }, orderBy: ['-priority'], limit: 50 })
      .subscribe(() => {})
    this.#store.onRejected(() => refused++)
    await this.#store.ready
  }

  /** Works until the process ends; at last all own messages have verdicts. */
  async work(): Promise<void> {
    while (!isEnding) {
      const chance = this.#random()
      if (chance < 0.002) await this.#comeAnew()
      else if (chance < 0.01) await this.#stayOffline()
      else this.#write(true)
      await pause(PAUSE_MS * 2 * this.#random())
    }
    await until('all acks', () => this.#store.status.getState().outboxMessages === 0)
  }

  /** A person who closes the page, and one who opens it for the first time. */
  async #comeAnew(): Promise<void> {
    await until('acks before the end', () => this.#store.status.getState().outboxMessages === 0)
    await this.#store.close()
    await this.open()
  }

  async #stayOffline(): Promise<void> {
    this.#store.setOnline(false)
    for (const endsAt = now() + OFFLINE_MS; now() < endsAt && !isEnding;) {
      this.#write(false)
      await pause(PAUSE_MS * 2)
    }
    this.#store.setOnline(true)
  }

  #write(isTimed: boolean): void {
    const { rows } = this.#store.query(Task)
    const row = rows.length > 0 ? pick(this.#random, rows) : undefined
    const chance = this.#random()
    const createShare = rows.length < ROWS ? 0.5 : 0.1
    if (!row || chance < createShare) this.#create(isTimed)
    else if (chance < createShare + 0.1) {
      this.#note(this.#store.archive(Task, row.id), isTimed)
    } else if (chance < createShare + 0.15) this.#updateGroup(rows, isTimed)
    else this.#update(row, isTimed)
  }

  #create(isTimed: boolean): void {
    const no = ++this.#edits
    const receipt = this.#store.create(Task, {
      title: `task ${no} of ${seed}`,
      done: no % 4 === 0,
      priority: no % 7,
      ownerId: `owner ${no % 10}`,
      createdAt: no,
    })
    this.#note(receipt, isTimed)
  }

  #update(row: Row<typeof Task>, isTimed: boolean): void {
    const no = ++this.#edits
    const conflict = row.$conflicts['title']
    const receipt = conflict
      ? this.#store.resolve(Task, row.id, { title: `settled ${no}` })
      : this.#store.update(
          Task,
          row.id,
          no % 2 === 0
            ? { title: `title ${no} of ${seed}` }
            : { done: no % 3 === 0, priority: no % 7 },
        )
    this.#note(receipt, isTimed)
  }

  #updateGroup(rows: readonly Row<typeof Task>[], isTimed: boolean): void {
    const group = Array.from({ length: GROUP_ROWS }, () => pick(this.#random, rows).id)
    const priority = ++this.#edits % 7
    const { receipt } = this.#store.transact(() => {
      for (const id of new Set(group)) this.#store.update(Task, id, { priority })
    })
    if (receipt) this.#note(receipt, isTimed)
  }

  #note(receipt: Receipt, isTimed: boolean): void {
    const startedAt = now()
    void receipt.settled().then(({ verdict }) => {
      if (verdict !== 'accepted') return
      accepted++
      if (isTimed) ackMs.push(now() - startedAt)
    })
  }
}

const clients = Array.from({ length: Number(stores) }, (_, i) => new Client(Number(seed) * 100 + i))
await Promise.all(clients.map((client) => client.open()))
const working = Promise.all(clients.map((client) => client.work()))

/**
 * A reader of a field in conflict sees the own value first, so a value is named by all live ones.
 */
function stateOf(store: SyncStore): string {
  const { rows } = store.query(Task)
  return digest(
    rows.map((row) => {
      const { title } = row.$conflicts
      return title
        ? { ...row, title: JSON.stringify(title.candidates.map(({ value }) => value)) }
        : row
    }),
  )
}

function spanOf(): Span {
  globalThis.gc?.()
  const { store } = clients[0]!
  const span = {
    accepted,
    refused,
    ackMs: ackMs.sort((one, other) => one - other),
    heap: process.memoryUsage().heapUsed,
    rows: store.query(Task).rows.length,
    seq: store.status.getState().position?.seq ?? 0,
  }
  accepted = 0
  refused = 0
  ackMs = []
  return span
}

process.on('message', (order: Order) => {
  if (order === 'span') process.send!(spanOf())
  else {
    isEnding = true
    void working.then(async () => {
      // The other process may have written last: its messages are on their way to here.
      await pause(2_000)
      process.send!(clients.map(({ store }) => stateOf(store)))
      process.disconnect()
    })
  }
})
process.on('disconnect', () => process.exit(0))
