/**
 * A process with one replica, writer or reader, that does what its parent says. Times are of the
 * monotonic clock that all processes of the machine share, in ms.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { type TaskRow, digest, pick, seeded, taskRows } from '../data.ts'
import { must } from '../figure.ts'
import { type Kind, type Replica, type ServerAddress, openReplica } from './replica.ts'

export interface Seen {
  /** By the number of the edit. */
  readonly times: readonly (readonly [edit: number, at: number])[]
}

export interface Edit {
  readonly edit: number
  readonly startedAt: number
  readonly ackedAt: number
}

export interface Traffic {
  readonly up: number
  readonly down: number
}

/** What the parent may ask; each answer is what the function returns. */
export interface Commands {
  open(kind: Kind, address: ServerAddress): Promise<void>
  /** Creates so many rows and waits for their acks. */
  fill(rows: number): Promise<string>
  /** Waits until there are so many rows, and watches them from then on. */
  follow(rows: number): Promise<string>
  /** One edit after the other, each after the ack of the one before it. */
  edits(first: number, count: number): Promise<Edit[]>
  /** Forgets what was seen before, then waits for the edit of this number. */
  seen(edit: number): Promise<Seen>
  /** So many edits at once, over all rows in turn; resolves when all are acked. `keep`: for `cut`. */
  flood(first: number, count: number, keep: boolean): Promise<Flood>
  /** Resolves when the last edit of each row in such a flood is here, with the time. */
  flooded(first: number, count: number): Promise<number>
  /** Numbers of the edits of a flood under way that are acked so far; then goes offline. */
  cut(): Promise<readonly number[]>
  reconnect(): Promise<void>
  /** The number of the edit that each row shows, by id. */
  shown(): Promise<Readonly<Record<string, number>>>
  /** Cheap enough to ask while a flood is under way. */
  progress(): Promise<{ seq: number; waiting: number }>
  state(): Promise<{ digest: string; seq: number }>
  traffic(): Promise<Traffic>
  close(): Promise<void>
}

export interface Flood {
  readonly startedAt: number
  readonly writtenAt: number
  readonly ackedAt: number
}

const WAIT_MS = 120_000
const EDITS_MAX = 1e9

const sockets = new Set<Socket>()
subscribe('net.client.socket', (message) => sockets.add((message as { socket: Socket }).socket))

let replica: Replica
let ids: string[] = []
let seenEdits = new Map<number, number>()
let onEdit: ((id: string, edit: number, at: number) => void) | undefined
const acked: number[] = []

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** An edit writes its number into a field that holds far larger numbers before. */
function editOf({ createdAt }: TaskRow): number {
  return createdAt < EDITS_MAX ? createdAt : 0
}

function sortedIds(rows: readonly TaskRow[]): string[] {
  return rows.map((row) => row.id).sort()
}

const commands: Commands = {
  async open(kind, address) {
    replica = await openReplica(kind, address)
  },
  async fill(rows) {
    replica.create(taskRows(rows, 11))
    await until('acks of the rows', () => replica.waiting() === 0)
    ids = sortedIds(replica.rows())
    return digest(replica.rows())
  },
  async follow(rows) {
    await until('all rows', () => replica.rows().length === rows)
    ids = sortedIds(replica.rows())
    replica.watch((row) => {
      const at = now()
      const edit = editOf(row)
      seenEdits.set(edit, at)
      onEdit?.(row.id, edit, at)
    })
    return digest(replica.rows())
  },
  async edits(first, count) {
    const random = seeded(first)
    const made: Edit[] = []
    for (let edit = first; edit < first + count; edit++) {
      const id = pick(random, ids)
      made.push(await editOnce(id, edit))
      await pause(2 + random() * 4)
    }
    return made
  },
  async seen(edit) {
    await until(`edit ${edit}`, () => seenEdits.has(edit))
    const times = [...seenEdits]
    seenEdits = new Map()
    return { times }
  },
  async flood(first, count, keep) {
    acked.length = 0
    const startedAt = now()
    for (let edit = first; edit < first + count; edit++) {
      const onAck = keep ? () => acked.push(edit) : undefined
      replica.edit(ids[edit % ids.length]!, edit, onAck)
    }
    const writtenAt = now()
    await until('acks of the flood', () => replica.waiting() === 0)
    must(!keep || acked.length === count, `${acked.length} acks for ${count} edits`)
    return { startedAt, writtenAt, ackedAt: now() }
  },
  flooded(first, count) {
    const lasts = new Map<string, number>()
    for (let edit = first; edit < first + count; edit++) lasts.set(ids[edit % ids.length]!, edit)
    for (const row of replica.rows()) if (lasts.get(row.id) === editOf(row)) lasts.delete(row.id)
    return new Promise((resolve) => {
      if (lasts.size === 0) resolve(now())
      onEdit = (id, edit, at) => {
        if (lasts.get(id) === edit) lasts.delete(id)
        if (lasts.size > 0) return
        onEdit = undefined
        resolve(at)
      }
    })
  },
  async cut() {
    replica.setOnline(false)
    return acked.slice()
  },
  async reconnect() {
    replica.setOnline(true)
  },
  async shown() {
    return Object.fromEntries(replica.rows().map((row) => [row.id, editOf(row)]))
  },
  async progress() {
    // Messages of the parent can come in one go, before the store has had its microtasks.
    await pause(0)
    return { seq: replica.seq(), waiting: replica.waiting() }
  },
  async state() {
    return { digest: digest(replica.rows()), seq: replica.seq() }
  },
  async traffic() {
    let up = 0
    let down = 0
    for (const socket of sockets) {
      up += socket.bytesWritten
      down += socket.bytesRead
    }
    return { up, down }
  },
  async close() {
    await replica.close()
  },
}

function editOnce(id: string, edit: number): Promise<Edit> {
  return new Promise((resolve) => {
    const startedAt = now()
    replica.edit(id, edit, () => resolve({ edit, startedAt, ackedAt: now() }))
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = now() + WAIT_MS
  // What a store says of itself follows its writes at the end of the tick.
  do {
    must(now() < end, `waited in vain for ${what}`)
    await pause(1)
  } while (!holds())
}

interface Call {
  readonly call: number
  readonly name: keyof Commands
  readonly args: readonly unknown[]
}

process.on('message', ({ call, name, args }: Call) => {
  const command = commands[name] as (...given: readonly unknown[]) => Promise<unknown>
  command(...args).then(
    (value) => process.send!({ call, value }),
    (error: unknown) => process.send!({ call, error: String(error) }),
  )
})
// A process without a parent has nobody to serve.
process.on('disconnect', () => process.exit(0))
