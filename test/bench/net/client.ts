/**
 * A process with a replica, writer or reader, or with many of them, controlled by its parent.
 * Times are of the monotonic clock that all processes of the machine share, in ms.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { type TaskRow, digest, pick, seeded, taskRows } from '../data.ts'
import { must } from '../figure.ts'
import { Crowd } from './crowd.ts'
import { editOf, now, pause, until } from './edits.ts'
import { type Kind, type Replica, type ServerAddress, openReplica } from './replica.ts'
import { type Verified, verifiedAgain } from './verified.ts'

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
  progress(): Promise<{ seq: number | undefined; waiting: number }>
  state(): Promise<{ digest: string; seq: number | undefined }>
  traffic(): Promise<Traffic>
  /** Verifies once more what the replica has verified since the last call. */
  verified(): Promise<Verified>
  /** So many keystrokes at the end of a title, one after the other; resolves when all are acked. */
  type(count: number, pauseMs: number): Promise<void>
  /** Edits of every second row, made offline: `half` 0 or 1. Resolves when they are written. */
  editHalf(half: number, first: number, count: number): Promise<void>
  /** Resolves when nothing waits for its ack. */
  rest(): Promise<void>
  /** Goes online; resolves with both times when nothing waits and so many edits have been seen. */
  catchUp(edits: number): Promise<{ startedAt: number; endedAt: number }>
  /** A further replica: from its opening until it has the rows, and what that took. */
  newcomer(kind: Kind, address: ServerAddress, wanted: Wanted): Promise<Joined>
  crowd(kind: Kind, address: ServerAddress, count: number, rows: number): Promise<void>
  /** Raw followers in the place of replicas. */
  rawCrowd(kind: Kind, address: ServerAddress, count: number): Promise<void>
  /** Each replica of the crowd makes so many edits; resolves when all are at rest and equal. */
  writeEach(first: number, count: number): Promise<{ startedAt: number; endedAt: number }>
  /** Resolves with the time at which the whole crowd had the edit of this number. */
  markAll(edit: number): Promise<number>
  close(): Promise<void>
}

/** When a newcomer is done: its place in the order, or the state where there is no order. */
export interface Wanted {
  readonly rows: number
  readonly seq: number | undefined
  readonly digest: string
}

export interface Joined {
  readonly ms: number
  readonly cpuMs: number
  readonly down: number
}

export interface Flood {
  readonly startedAt: number
  readonly writtenAt: number
  readonly ackedAt: number
}

const sockets = new Set<Socket>()
subscribe('net.client.socket', (message) => sockets.add((message as { socket: Socket }).socket))

let replica: Replica
let crowd: Crowd | undefined
let ids: string[] = []
let seenEdits = new Map<number, number>()
let onEdit: ((id: string, edit: number, at: number) => void) | undefined
const acked: number[] = []

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
  verified: verifiedAgain,
  async type(count, pauseMs) {
    const { id, title } = replica.rows()[0]!
    for (let i = 1; i <= count; i++) {
      replica.retitle(id, title + 'abcdefghij'.repeat(Math.ceil(count / 10)).slice(0, i))
      await pause(pauseMs)
    }
    await until('acks of the keystrokes', () => replica.waiting() === 0)
  },
  async editHalf(half, first, count) {
    const own = ids.filter((_, i) => i % 2 === half)
    for (let i = 0; i < count; i++) {
      replica.edit(own[i % own.length]!, first + i)
      if (i % 100 === 99) await pause(0)
    }
  },
  rest: () => until('acks', () => replica.waiting() === 0),
  async catchUp(edits) {
    seenEdits = new Map()
    let seen = 0
    let endedAt = 0
    onEdit = (_, edit, at) => {
      seen = Math.max(seen, edit)
      endedAt = at
    }
    const startedAt = now()
    replica.setOnline(true)
    await until('what was missed', () => {
      if (replica.waiting() > 0 || seen < edits) return false
      endedAt = Math.max(endedAt, now())
      return true
    })
    onEdit = undefined
    return { startedAt, endedAt }
  },
  async newcomer(kind, address, { rows, seq, digest: wanted }) {
    const before = await commands.traffic()
    const cpu = process.cpuUsage()
    const startedAt = now()
    const joining = await openReplica(kind, address)
    const isDone = (): boolean =>
      seq === undefined ? joining.rows().length >= rows : (joining.seq() ?? 0) >= seq
    await until('the rows of a newcomer', isDone)
    const found = joining.rows().length
    const ms = now() - startedAt
    const { user, system } = process.cpuUsage(cpu)
    const after = await commands.traffic()
    must(found === rows, `a newcomer has ${found} rows`)
    must(digest(joining.rows()) === wanted, 'a newcomer has other rows')
    await joining.close()
    return { ms, cpuMs: (user + system) / 1_000, down: after.down - before.down }
  },
  async crowd(kind, address, count, rows) {
    crowd = await Crowd.ofReplicas({ kind, address, count, rows })
  },
  async rawCrowd(kind, address, count) {
    crowd = await Crowd.ofRaw({ kind, address, count })
  },
  writeEach: (first, count) => crowd!.writeEach(first, count),
  markAll: (edit) => crowd!.markAll(edit),
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
// A process without a parent ends.
process.on('disconnect', () => process.exit(0))
