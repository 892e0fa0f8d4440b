/**
 * Floor of the network workloads, the server: canonical order, de-duplication, SQLite in WAL with
 * `synchronous = full`, one transaction for what gathered while the last one ran, and one
 * broadcast a commit, encoded once. A newcomer gets all rows in columns, a client that was away
 * the tail. No validation, no signature, no hash.
 *
 *   node sync-server.ts PORT FILE        prints `floor ready URL`
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { Server } from 'socket.io'
import type { TaskRow } from '../data.ts'
import {
  type ClientEvents,
  type ServerEvents,
  type WireRun,
  changed,
  isRow,
  rowOf,
  snapshotOf,
} from './sync-wire.ts'

const [port = '0', file = ':memory:'] = process.argv.slice(2)
const db = new DatabaseSync(file)
db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full')
db.exec('create table if not exists commits (first_seq integer primary key, text text not null)')
const write = db.prepare('insert into commits values (?, ?)')
const readFrom = db.prepare(`
  select first_seq as first, text from commits
  where first_seq >= (select coalesce(max(first_seq), 0) from commits where first_seq <= ?)
  order by first_seq
`)

let seq = 0
const rows: TaskRow[] = []
const numbers = new Map<string, number>()
/** The last ordered change of each author. */
const counts = new Map<string, number>()
for (const { text } of readFrom.iterate(0) as Iterable<{ text: string }>) {
  for (const run of JSON.parse(text) as WireRun[]) take(run)
}

let queue: WireRun[] = []

const http = createServer()
const io = new Server<ClientEvents, ServerEvents>(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  maxHttpBufferSize: 1e8,
})

io.on('connection', (socket) => {
  socket.on('hello', (afterSeq) => {
    if (afterSeq === 0 && seq > 0) {
      socket.emit('snapshot', seq, snapshotOf(rows))
      return
    }
    for (const { first, text } of readFrom.iterate(afterSeq + 1) as Iterable<{
      first: number
      text: string
    }>) {
      socket.emit('commit', first, JSON.parse(text) as WireRun[])
    }
  })
  socket.on('push', (run) => {
    if (queue.length === 0) setImmediate(commit)
    queue.push(run)
  })
})

function commit(): void {
  const first = seq + 1
  const fresh = queue.flatMap(freshOf)
  queue = []
  if (fresh.length === 0) return
  db.exec('begin immediate')
  write.run(first, JSON.stringify(fresh))
  db.exec('commit')
  io.emit('commit', first, fresh)
}

/** Removes and returns the part of a run that is not ordered yet. */
function freshOf(run: WireRun): WireRun[] {
  const [author, first, changes] = run
  const known = (counts.get(author) ?? 0) - first + 1
  const fresh: WireRun = known <= 0 ? run : [author, first + known, changes.slice(known)]
  take(fresh)
  return fresh[2].length > 0 ? [fresh] : []
}

function take([author, first, changes]: WireRun): void {
  for (const change of changes) {
    if (isRow(change)) numbers.set(change[0], rows.push(rowOf(change)) - 1)
    else {
      const [row, field, value] = change
      const number = typeof row === 'number' ? row : numbers.get(row)!
      rows[number] = changed(rows[number]!, field, value)
    }
  }
  seq += changes.length
  counts.set(author, first + changes.length - 1)
}

http.listen(Number(port), '127.0.0.1', () => {
  const address = http.address() as AddressInfo
  process.stdout.write(`floor ready http://127.0.0.1:${address.port}\n`)
})
