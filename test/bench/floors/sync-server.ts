/**
 * Floor of the network workloads, the server: canonical order, de-duplication, SQLite in WAL with
 * `synchronous = full`, one transaction for what gathered while the last one ran, and one
 * broadcast a commit, encoded once. No validation, no signature, no hash.
 *
 *   node sync-server.ts PORT FILE        prints `floor ready URL`
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { Server } from 'socket.io'
import type { ClientEvents, ServerEvents, WireChange } from './sync-wire.ts'

const [port = '0', file = ':memory:'] = process.argv.slice(2)
const db = new DatabaseSync(file)
db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full')
db.exec('create table if not exists commits (first_seq integer primary key, text text not null)')
const write = db.prepare('insert into commits values (?, ?)')
const readAfter = db.prepare('select first_seq as first, text from commits order by first_seq')

let seq = 0
const seen = new Set<string>()
for (const { text } of readAfter.iterate() as Iterable<{ text: string }>) {
  for (const [id] of JSON.parse(text) as WireChange[]) {
    seen.add(id)
    seq++
  }
}

let queue: WireChange[] = []

const http = createServer()
const io = new Server<ClientEvents, ServerEvents>(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
})

io.on('connection', (socket) => {
  socket.on('hello', (afterSeq) => {
    for (const { first, text } of readAfter.iterate() as Iterable<{
      first: number
      text: string
    }>) {
      const changes = JSON.parse(text) as WireChange[]
      if (first + changes.length - 1 > afterSeq) socket.emit('commit', first, changes)
    }
  })
  socket.on('push', (changes) => {
    if (queue.length === 0) setImmediate(commit)
    queue.push(...changes)
  })
})

function commit(): void {
  const fresh = queue.filter(([id]) => !seen.has(id) && seen.add(id))
  queue = []
  if (fresh.length === 0) return
  db.exec('begin immediate')
  write.run(seq + 1, JSON.stringify(fresh))
  db.exec('commit')
  io.emit('commit', seq + 1, fresh)
  seq += fresh.length
}

http.listen(Number(port), '127.0.0.1', () => {
  const address = http.address() as AddressInfo
  process.stdout.write(`floor ready http://127.0.0.1:${address.port}\n`)
})
