// Owns: `pnpm slow-line [--speed BYTES] [--size BYTES]`. A newcomer joins a full space through a proxy
// that carries so many bytes a second, over Socket.IO and real sockets, with the buffers of the
// system and of the proxy in between. It has to get in over one connection, with the bytes of the
// space received about once; then a client writes, and a second one sends 200 KB over the same
// line. Prints the figures, and ends with code 1 when a bound is broken. Default: 5 MB at 100 KB/s.

import { type SyncStore, createSyncStore, entity } from '@countersign/core'
import { memorySpaces } from '@countersign/core/ports'
import { startReviewer } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { z } from 'zod'

const { values } = parseArgs({
  options: {
    speed: { type: 'string', default: '100000' },
    size: { type: 'string', default: '5000000' },
  },
})
const [speed, size] = [Number(values.speed), Number(values.size)]
if (!(speed >= 1_000) || !(size >= 100_000)) {
  console.error('usage: pnpm slow-line [--speed BYTES] [--size BYTES]; at least 1000 and 100000')
  process.exit(2)
}

const Note = entity('note', z.object({ text: z.string() }))
const NOTE_CHARS = 5_000
const UPLOAD_BYTES = 200_000
/** Received at the most, as a share of what the space takes in the fast reader's own link. */
const RECEIVED_SHARE_MAX = 1.15
const TICK_MS = 20

interface Proxy {
  readonly url: string
  connections: number
  /** Bytes carried. */
  readonly up: { bytes: number }
  readonly down: { bytes: number }
  close(): void
}

/** Carries so many bytes a second, each way; what does not fit waits with the sender. */
function proxyTo(target: URL, bytesPerSecond: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const proxy = { url: '', connections: 0, up: { bytes: 0 }, down: { bytes: 0 } }
  const server = createServer((near) => {
    proxy.connections++
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', () => {})
      socket.once('close', () => {
        near.destroy()
        far.destroy()
      })
    }
    narrow(near, far, { count: proxy.up, bytesPerSecond })
    narrow(far, near, { count: proxy.down, bytesPerSecond })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const close = (): void => {
        server.close()
        for (const socket of sockets) socket.destroy()
      }
      resolve(Object.assign(proxy, { close }))
    })
  })
}

function narrow(
  from: Socket,
  to: Socket,
  { count, bytesPerSecond }: { readonly count: { bytes: number }; readonly bytesPerSecond: number },
): void {
  from.pause()
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const room = Math.ceil((bytesPerSecond * (nowMs - lastMs)) / 1_000)
    lastMs = nowMs
    const chunk = (from.read(Math.min(room, from.readableLength)) ?? null) as Buffer | null
    if (!chunk) return
    count.bytes += chunk.length
    to.write(chunk)
  }, TICK_MS)
  from.on('readable', () => {}) // keeps its buffer filled, and no more than that
  from.once('close', () => clearInterval(timer))
}

async function until(holds: () => boolean, what: string, mostMs: number): Promise<number> {
  const startMs = performance.now()
  while (!holds()) {
    if (performance.now() - startMs > mostMs) {
      console.error(`slow-line: ${what}: not within ${Math.round(mostMs / 1_000)} s`)
      process.exit(1)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - startMs
}

const reviewer = await startReviewer({ spaces: memorySpaces(), host: '127.0.0.1', port: 0 })
const open = async (url: string): Promise<SyncStore> => {
  const store = createSyncStore({
    server: true,
    space: reviewer.space,
    entities: [Note],
    transports: [socketIo(url, { connectTimeoutMs: 60_000 })],
  })
  await store.ready
  return store
}
const rows = (store: SyncStore): number => store.query(Note).rows.length
const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'
/** All different, because compression removes repetitions. */
const textOf = (n: number): string => `${n} `.repeat(NOTE_CHARS).slice(0, NOTE_CHARS)
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`

const count = Math.ceil(size / NOTE_CHARS)
const ann = await open(reviewer.url)
for (let i = 0; i < count; i++) ann.create(Note, { text: textOf(i) })
await until(() => outbox(ann) === 0, 'the space', 120_000)

const wide = await proxyTo(new URL(reviewer.url), 1e9)
const fast = await open(wide.url)
await until(() => isOnline(fast) && rows(fast) === count, 'a fast newcomer', 120_000)
const once = wide.down.bytes

const proxy = await proxyTo(new URL(reviewer.url), speed)
const leastMs = (once / speed) * 1_000
const newcomer = await open(proxy.url)
const tookMs = await until(
  () => isOnline(newcomer) && rows(newcomer) === count,
  'the newcomer',
  leastMs * 2 + 60_000,
)
const received = proxy.down.bytes
console.log(
  `slow-line: ${count} rows, ${megabytes(once)} at ${speed} bytes a second: ${seconds(tookMs)} ` +
    `(${seconds(leastMs)} for the bytes alone), ${megabytes(received)} received, ` +
    `${proxy.connections} connection${proxy.connections === 1 ? '' : 's'}`,
)

ann.create(Note, { text: 'live' })
const liveMs = await until(() => rows(newcomer) === count + 1, 'a live row', 30_000)
const sentBefore = proxy.up.bytes
for (let i = 0; i < UPLOAD_BYTES / NOTE_CHARS; i++) newcomer.create(Note, { text: textOf(i) })
const uploadMs = await until(
  () => outbox(newcomer) === 0,
  'the upload',
  (UPLOAD_BYTES / speed) * 2_000 + 60_000,
)
const sent = proxy.up.bytes - sentBefore
console.log(
  `slow-line: a live row after ${seconds(liveMs)}; ${megabytes(UPLOAD_BYTES)} written in ` +
    `${seconds(uploadMs)}, ${megabytes(sent)} sent, ${proxy.connections} connections`,
)

const faults = [
  proxy.connections > 1 && 'a second connection',
  received > once * RECEIVED_SHARE_MAX && 'bytes were received more than once',
  sent > UPLOAD_BYTES * 1.5 && 'bytes were sent more than once',
].filter((fault) => fault !== false)
for (const fault of faults) console.error(`slow-line: ${fault}`)
for (const store of [ann, fast, newcomer]) await store.close()
wide.close()
proxy.close()
await reviewer.close()
process.exit(faults.length > 0 ? 1 : 0)
