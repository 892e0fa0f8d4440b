import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, type Socket as NetSocket, connect } from 'node:net'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeReviewer } from './fake-reviewer.test-kit.ts'
import { serveReviewer } from './serve.ts'
import type { Gateway, ServeOptions } from './serve.ts'
import type { GatewayHost } from './types.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

/** Targets that a parser of addresses trips over. */
const ODD_TARGETS = [
  '//',
  '///',
  '//[',
  '//:0',
  '/\\',
  '/%',
  '/%ff?%',
  '/?',
  '/#',
  '*',
  'http://',
  'http://[',
  'http://a:b/',
  '/socket.io//',
  '/socket.io/?EIO=%',
  '/socket.io/?EIO=4&transport=nothing',
  '//socket.io/?EIO=4&transport=websocket',
  '/__proto__',
  '/metrics/../..',
  `/${'x'.repeat(8_000)}`,
]

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function served(
  options: Partial<ServeOptions> = {},
): Promise<{ gateway: Gateway; reviewer: FakeReviewer }> {
  const reviewer = new FakeReviewer()
  const gateway = await serveReviewer({ reviewer, port: 0, ...options })
  ends.push(() => gateway.close())
  return { gateway, reviewer }
}

function client(gateway: Gateway, options: object = {}): Socket {
  const socket = io(gateway.url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    ...options,
  })
  ends.push(() => socket.disconnect())
  return socket
}

async function connected(gateway: Gateway, options: object = {}): Promise<Socket> {
  const socket = client(gateway, options)
  await new Promise<void>((done, failed) => {
    socket.once('connect', done)
    socket.once('connect_error', failed)
  })
  return socket
}

/** Why a connection attempt fails, as HTTP status; `open` if it does not. */
async function attempt(
  gateway: Pick<Gateway, 'url'>,
  headers: Record<string, string>,
): Promise<number | 'open'> {
  const url = new URL('/socket.io/?EIO=4&transport=websocket', gateway.url)
  const asked = request(url, {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  asked.end()
  return new Promise((done, failed) => {
    asked.once('upgrade', (_, socket) => {
      socket.destroy()
      done('open')
    })
    asked.once('response', (response) => {
      response.resume()
      done(response.statusCode ?? 0)
    })
    asked.once('error', failed)
  })
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 2))
}

const get = (gateway: Gateway, path: string, init?: RequestInit): Promise<Response> =>
  fetch(new URL(path, gateway.url), init)

describe('links', () => {
  test('LNK2 of one connection are so many at most, and a client of another namespace ends', async () => {
    const { gateway, reviewer } = await served({ limits: { linksPerConnectionMax: 3 } })
    const first = await connected(gateway)
    const beside = (nsp: string): Socket => first.io.socket(nsp)
    const others = ['/1', '/2'].map(beside)
    await until(() => others.every((socket) => socket.connected))
    const refused = beside('/3')
    const why = await new Promise((done) => refused.once('bye', done))
    expect(why).toBe('too many links on this connection')
    expect(reviewer.links).toHaveLength(3)
    others[0]!.disconnect()
    await until(() => reviewer.links.filter(({ closings }) => closings > 0).length === 1)
    const again = beside('/4')
    await until(() => again.connected)
    beside('/admin')
    await new Promise((done) => first.once('disconnect', done))
    await until(() => reviewer.links.every(({ closings }) => closings === 1))
    expect(reviewer.links).toHaveLength(4)
  })

  test('LNK2 a namespace that is connected twice ends the connection', async () => {
    const { gateway, reviewer } = await served()
    for (const nsp of ['/', '/1']) {
      const first = await connected(gateway)
      const twice = first.io.socket(nsp)
      await until(() => twice.connected)
      ;(twice as unknown as { onopen(): void }).onopen()
      await new Promise((done) => first.once('disconnect', done))
    }
    await until(() => reviewer.links.every(({ closings }) => closings === 1))
    expect(reviewer.links).toHaveLength(3)
  })

  test('the reviewer learns the address of a client, and nothing else of its handshake', async () => {
    const { gateway, reviewer } = await served()
    await connected(gateway, { auth: { token: 't' } })
    expect(reviewer.links[0]?.peer).toEqual({
      address: '127.0.0.1',
    })
  })

  test('LNK4 closed: the reason reaches the client before the end', async () => {
    const { gateway, reviewer } = await served()
    const socket = await connected(gateway)
    const bye = new Promise((done) => socket.once('bye', done))
    const ended = new Promise((done) => socket.once('disconnect', done))
    reviewer.links[0]!.link.close('too many mistakes')
    expect(await bye).toBe('too many mistakes')
    expect(await ended).toBe('io server disconnect')
    await until(() => reviewer.links[0]!.closings > 0)
    expect(reviewer.links[0]!.closings).toBe(1)
  })

  test('a reviewer that throws loses the link, and nothing else', async () => {
    const { gateway, reviewer } = await served()
    const other = await connected(gateway)
    reviewer.onFrame = (text) => {
      if (text === '["bad"]') throw new Error('bug')
    }
    const socket = await connected(gateway)
    socket.emit('cs', ['bad'])
    expect(await new Promise((done) => socket.once('bye', done))).toBe('internal error')
    reviewer.onConnect = () => {
      throw new Error('bug')
    }
    const third = client(gateway)
    expect(await new Promise((done) => third.once('bye', done))).toBe('internal error')
    other.emit('cs', ['good'])
    await until(() => reviewer.links[0]!.frames.length > 0)
    expect(reviewer.links[0]!.frames).toEqual(['["good"]'])
  })

  const intrusions: [title: string, send: (socket: Socket) => void][] = [
    ['an object as payload', (socket) => socket.emit('cs', { a: 1 })],
    ['a number as payload', (socket) => socket.emit('cs', 1)],
    ['no payload', (socket) => socket.emit('cs')],
    ['two payloads', (socket) => socket.emit('cs', 'a', 'b')],
    ['binary data', (socket) => socket.emit('cs', new Uint8Array([1, 2]))],
    ['binary data inside an array', (socket) => socket.emit('cs', [new Uint8Array([1, 2])])],
    ['another event', (socket) => socket.emit('sc', 'text')],
    ['a farewell', (socket) => socket.emit('bye', 'text')],
    ['a frame that wants an ack', (socket) => socket.emit('cs', '["a"]', () => {})],
    ['another namespace', (socket) => void socket.io.socket('/admin').connect()],
    ['a packet of no type', (socket) => socket.io.engine.write('x')],
    ['an empty packet', (socket) => socket.io.engine.write('')],
  ]
  test.each(intrusions)('LNK4 %s closes the link, and is never handed on', async (_, send) => {
    const { gateway, reviewer } = await served()
    const socket = await connected(gateway)
    send(socket)
    await until(() => reviewer.links[0]!.closings > 0)
    expect(reviewer.links[0]!.frames).toEqual([])
    expect(reviewer.links[0]!.closings).toBe(1)
  })

  test('LNK2 a handshake over 4 KiB is refused before the reviewer gets it', async () => {
    const { gateway, reviewer } = await served()
    await connected(gateway, { auth: { token: 'x'.repeat(4_000) } })
    const socket = client(gateway, { auth: { token: 'x'.repeat(4_096) } })
    await new Promise((done) => socket.io.once('close', done))
    expect(reviewer.links).toHaveLength(1)
  })

  test('a frame over 256 KiB closes the link with a reason, and is never handed on', async () => {
    const { gateway, reviewer } = await served()
    for (const frame of [`["${'x'.repeat(262_141)}"]`, `["${'ü'.repeat(131_071)}"]`]) {
      const socket = await connected(gateway)
      const bye = new Promise((done) => socket.once('bye', done))
      socket.emit('cs', JSON.parse(frame))
      expect(await bye).toBe('a frame exceeds 262144 bytes')
    }
    const socket = await connected(gateway)
    socket.emit('cs', ['ü'.repeat(131_070)])
    await until(() => reviewer.links[2]!.frames.length > 0)
    expect(reviewer.links.map((link) => link.frames.length)).toEqual([0, 0, 1])
  })

  test('a packet over 300 KiB ends the connection', async () => {
    const { gateway, reviewer } = await served()
    const socket = await connected(gateway)
    socket.emit('cs', `["${'x'.repeat(300 * 1024)}"]`)
    await until(() => reviewer.links[0]!.closings > 0)
    expect(reviewer.links[0]!.frames).toEqual([])
  })
})

describe('backpressure', () => {
  test('a client that does not read is closed at the bound, and memory stays below it', async () => {
    const linkBufferBytesMax = 1_000_000
    const { gateway, reviewer } = await served({ limits: { linkBufferBytesMax } })
    const idle = await connected(gateway)
    const wire = (idle.io.engine.transport as unknown as { ws: { _socket: NetSocket } }).ws._socket
    wire.pause()
    const { link } = reviewer.links[0]!
    let sent = 0
    while (reviewer.links[0]!.closings === 0) {
      link.send(`["${'x'.repeat(50_000)}"]`)
      if (++sent > 2_000) throw new Error('never closed')
      if (sent % 20 === 0) await new Promise(setImmediate)
    }
    expect(sent).toBeGreaterThan(linkBufferBytesMax / 50_000)
    link.send('after the end')
    expect(reviewer.links[0]!.closings).toBe(1)
    expect(await (await get(gateway, '/metrics')).text()).toMatch(
      /links_ended_total\{why="too_slow"\} 1/,
    )
  })

  test('a client that reads may be sent many times the bound', async () => {
    const { gateway, reviewer } = await served({ limits: { linkBufferBytesMax: 400_000 } })
    const socket = await connected(gateway)
    let received = 0
    socket.on('cs', () => received++)
    for (let i = 1; i <= 60; i++) {
      reviewer.links[0]!.link.send(`["${'x'.repeat(100_000)}"]`)
      await until(() => received >= i - 1)
    }
    await until(() => received === 60)
    expect(reviewer.links[0]!.closings).toBe(0)
  })
})

describe('what a client has read', () => {
  const socketOf = (socket: Socket): NetSocket =>
    (socket.io.engine.transport as unknown as { ws: { _socket: NetSocket } }).ws._socket

  test('counts as buffered until it is read, wherever it waits', async () => {
    const { gateway, reviewer } = await served()
    const socket = await connected(gateway)
    const { link } = reviewer.links[0]!
    socketOf(socket).pause()
    for (let i = 0; i < 6; i++) link.send(`["${'x'.repeat(40_000)}"]`)
    await new Promise(setImmediate)
    expect(link.bufferedBytes).toBeGreaterThanOrEqual(240_000) // though the system took it long ago
    socketOf(socket).resume()
    await until(() => link.bufferedBytes! < 40_000)
    link.send('["small"]')
    expect(link.bufferedBytes).toBeLessThan(40_000)
  })

  test('a client without a byte for too long is closed', async () => {
    const { gateway, reviewer } = await served({ limits: { silentMs: 60 } })
    const idle = await connected(gateway)
    socketOf(idle).pause()
    await until(() => reviewer.links[0]!.closings === 1)
  })
})

describe('who may connect', () => {
  test('by default: no origin, the own one, and pages of this machine', async () => {
    const { gateway } = await served()
    expect(await attempt(gateway, {})).toBe('open')
    expect(await attempt(gateway, { origin: gateway.url })).toBe('open')
    expect(await attempt(gateway, { origin: 'http://localhost:5173' })).toBe('open')
    expect(await attempt(gateway, { origin: 'http://[::1]:5173' })).toBe('open')
    expect(await attempt(gateway, { origin: 'https://elsewhere.example' })).toBe(400)
    expect(await attempt(gateway, { origin: 'http://localhost.example' })).toBe(400)
    expect(await attempt(gateway, { origin: 'http://127.example' })).toBe(400)
    expect(await attempt(gateway, { origin: 'null' })).toBe(400)
  })

  test('with cors: the own one and those that are listed', async () => {
    const { gateway } = await served({ cors: { origin: ['https://app.example'] } })
    expect(await attempt(gateway, { origin: 'https://app.example' })).toBe('open')
    expect(await attempt(gateway, { origin: gateway.url })).toBe('open')
    expect(await attempt(gateway, { origin: 'http://localhost:5173' })).toBe(400)
    expect(await attempt(gateway, { origin: 'https://app.example.evil' })).toBe(400)
  })

  test.each([undefined, { origin: ['https://app.example'] }])(
    'a name that was made to lead here is not the own one because it is in Host (cors: %j)',
    async (cors) => {
      const { gateway } = await served(cors && { cors })
      const { port } = new URL(gateway.url)
      const names = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'reviewer']
      for (const name of names) {
        const host = `${name}:${port}`
        expect(await attempt(gateway, { origin: `http://${host}`, host }), name).toBe(400)
        expect(await attempt(gateway, { origin: `https://${name}`, host: name }), name).toBe(400)
      }
      for (const name of ['localhost', '192.168.7.9', '[fe80::1]']) {
        const host = `${name}:${port}`
        expect(await attempt(gateway, { origin: `http://${host}`, host }), name).toBe('open')
        expect(await attempt(gateway, { origin: `http://${host}`, host: 'other' }), name).toBe(
          name === 'localhost' && !cors ? 'open' : 400,
        )
      }
    },
  )

  test('the name that the server listens on is its own', async () => {
    const { gateway } = await served({ host: 'localhost', cors: { origin: [] } })
    const { port } = new URL(gateway.url)
    const host = `localhost:${port}`
    expect(await attempt(gateway, { origin: `http://${host}`, host })).toBe('open')
  })

  test('with *: anyone', async () => {
    const { gateway } = await served({ cors: { origin: '*' } })
    expect(await attempt(gateway, { origin: 'https://elsewhere.example' })).toBe('open')
  })

  test('connections beyond the bound are refused, until one goes', async () => {
    const { gateway, reviewer } = await served({ limits: { connectionsMax: 2 } })
    reviewer.onConnect = ({ link }) => link.bound!(SPACE)
    const first = await connected(gateway)
    await connected(gateway)
    expect(await attempt(gateway, {})).toBe(400)
    first.disconnect()
    let answer: number | 'open' = 400
    while (answer === 400) answer = await attempt(gateway, {})
    expect(answer).toBe('open')
  })

  test('those without a session have a bound of their own, and close no link with one', async () => {
    const limits = { connectionsMax: 1, unboundConnectionsMax: 2 }
    const { gateway, reviewer } = await served({ limits })
    const strangers = [await connected(gateway), await connected(gateway), await connected(gateway)]
    await until(() => !strangers[0]!.connected)
    reviewer.onConnect = ({ link }) => link.bound!(SPACE)
    const honest = await connected(gateway)
    // It came in although the strangers were as many as may be, and the oldest of them went for it.
    await until(() => !strangers[1]!.connected)
    expect([strangers[2]!.connected, honest.connected]).toEqual([true, true])
    expect(await attempt(gateway, {})).toBe(400) // the bound of those with a session
  })
})

/** What a server says to one request line, whatever stands in it: the status, or nothing. */
async function lineStatus(url: string, target: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  await once(socket, 'close')
  const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
  return status === undefined ? undefined : Number(status)
}

describe('pages', () => {
  test.each(ODD_TARGETS)('no request line ends the process or hangs: %s', async (target) => {
    const { gateway } = await served()
    expect(await lineStatus(gateway.url, target)).toBeGreaterThanOrEqual(400)
    expect((await get(gateway, '/healthz')).status).toBe(200)
  })

  test('/healthz is 200 while the process lives, also when the store fails', async () => {
    const { gateway, reviewer } = await served()
    reviewer.state = { ...reviewer.state, healthy: false }
    const answer = await get(gateway, '/healthz')
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n'])
  })

  test('/readyz is 503 while the store fails', async () => {
    const { gateway, reviewer } = await served()
    expect((await get(gateway, '/readyz')).status).toBe(200)
    reviewer.state = { ...reviewer.state, healthy: false }
    const answer = await get(gateway, '/readyz?x=1')
    expect([answer.status, await answer.text()]).toEqual([503, 'the store fails\n'])
    reviewer.state = { ...reviewer.state, healthy: true }
    expect((await get(gateway, '/readyz')).status).toBe(200)
  })

  test('/metrics has the state of the reviewer and its counters', async () => {
    const { gateway, reviewer } = await served()
    const socket = await connected(gateway)
    socket.emit('cs', '["12345"]')
    await until(() => reviewer.links[0]!.frames.length > 0)
    reviewer.links[0]!.link.send('["1"]')
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await (await get(gateway, '/metrics')).text()
      expect(text).toMatch(/^countersign_head_seq 42$/m)
      expect(text).toMatch(/^countersign_epoch 3$/m)
      expect(text).toMatch(/^countersign_pending_commit 7$/m)
      expect(text).toMatch(/^countersign_healthy 1$/m)
      expect(text).toMatch(/^countersign_nacked 5$/m)
      expect(text).toMatch(/^countersign_verdicts_total\{verdict="rejected"\} 2$/m)
      expect(text).toMatch(/^countersign_frames_total\{direction="in"\} 1$/m)
      expect(text).toMatch(/^countersign_frame_chars_total\{direction="in"\} 9$/m)
      expect(text).toMatch(/^countersign_frame_chars_total\{direction="out"\} 5$/m)
    }
  })

  test('/metrics adds up the spaces that are open, and keeps what closed ones had counted', async () => {
    const one = new FakeReviewer()
    const two = new FakeReviewer()
    two.state = { ...one.state, seq: 8, epoch: 1, nacked: 1, accepted: 3, rejected: 0 }
    const host: GatewayHost = {
      connect: (link, peer) => one.connect(link, peer),
      state: { connections: 2, healthy: true, pendingCommit: 4 },
      open: [one, two],
      close: async () => {},
    }
    const { gateway } = await served({ reviewer: host })
    const scraped = async (): Promise<string> => (await get(gateway, '/metrics')).text()
    const first = await scraped()
    expect(first).toMatch(/^countersign_open_spaces 2$/m)
    expect(first).toMatch(/^countersign_head_seq 50$/m)
    expect(first).toMatch(/^countersign_epoch 3$/m)
    expect(first).toMatch(/^countersign_connections 2$/m)
    expect(first).toMatch(/^countersign_pending_commit 4$/m)
    expect(first).toMatch(/^countersign_nacked 6$/m)
    expect(first).toMatch(/^countersign_verdicts_total\{verdict="accepted"\} 43$/m)
    const again = new FakeReviewer() // the same space, opened once more: it counts from 0
    again.state = { ...one.state, accepted: 2, rejected: 0, nacked: 0 }
    Object.assign(host, { open: [two, again] })
    const second = await scraped()
    expect(second).toMatch(/^countersign_nacked 6$/m)
    expect(second).toMatch(/^countersign_verdicts_total\{verdict="accepted"\} 45$/m)
    expect(second).toMatch(/^countersign_verdicts_total\{verdict="rejected"\} 2$/m)
  })

  test('other paths are 404, other methods 405, and metrics can be left out', async () => {
    const { gateway } = await served({ metrics: false })
    expect((await get(gateway, '/')).status).toBe(404)
    expect((await get(gateway, '/metrics')).status).toBe(404)
    expect((await get(gateway, '/healthz', { method: 'POST' })).status).toBe(405)
    const head = await get(gateway, '/healthz', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})

describe('a server of the app', () => {
  test('keeps its own pages, before and after, and is not closed', async () => {
    const http = createServer((_, response) => response.end('the app'))
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
    ends.push(() => new Promise((done) => http.close(done)))
    const reviewer = new FakeReviewer()
    const gateway = await serveReviewer({ reviewer, httpServer: http })
    const { port } = http.address() as AddressInfo
    const read = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })).text()
    expect(await read('/')).toBe('the app')
    expect(await read('/healthz')).toBe('ok\n')
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true })
    ends.push(() => socket.disconnect())
    await new Promise<void>((done) => socket.once('connect', done))
    await gateway.close()
    expect(reviewer.links[0]?.closings).toBe(1)
    expect(await read('/')).toBe('the app')
    expect(await read('/readyz')).toBe('stopping\n')
    expect(await attempt({ url: `http://127.0.0.1:${port}` }, {})).toBe(400)
  })
})

describe('stop', () => {
  test('running commits end first, then each client gets its bye', async () => {
    const { gateway, reviewer } = await served()
    const history: string[] = []
    const socket = await connected(gateway)
    const bye = new Promise((done) => socket.once('bye', done)).then((why) =>
      history.push(String(why)),
    )
    let committed = (): void => {}
    reviewer.onClose = () =>
      new Promise((done) => {
        committed = done
      })
    const readyz = get(gateway, '/readyz')
    expect((await readyz).status).toBe(200)
    const stopped = gateway.close().then(() => history.push('stopped'))
    await new Promise((done) => setTimeout(done, 50))
    expect(history).toEqual([])
    expect(socket.connected).toBe(true)
    await expect(get(gateway, '/healthz', { headers: { connection: 'close' } })).rejects.toThrow(
      'fetch failed',
    )
    history.push('committed')
    committed()
    await Promise.all([bye, stopped])
    expect(history.slice(0, 2)).toEqual(['committed', 'bye'])
    expect(reviewer.links[0]!.closings).toBe(1)
  })

  test('is bounded when neither the reviewer nor a client lets go', async () => {
    const { gateway, reviewer } = await served({ limits: { stopMs: 60 } })
    const socket = await connected(gateway)
    const wire = (socket.io.engine.transport as unknown as { ws: { _socket: NetSocket } }).ws
      ._socket
    wire.pause()
    reviewer.onClose = () => new Promise(() => {})
    const begin = performance.now()
    const first = gateway.close()
    expect(gateway.close()).toBe(first)
    await first
    expect(performance.now() - begin).toBeLessThan(2_000)
    expect(reviewer.links[0]!.closings).toBe(1)
  })

  test('the port is free again afterwards', async () => {
    const { gateway } = await served()
    await connected(gateway)
    await gateway.close()
    const http = createServer()
    http.listen(Number(new URL(gateway.url).port), '127.0.0.1')
    await once(http, 'listening')
    await new Promise((done) => http.close(done))
  })
})

describe('listen', () => {
  test('a port in use is one clear line', async () => {
    const { gateway } = await served()
    const port = Number(new URL(gateway.url).port)
    await expect(serveReviewer({ reviewer: new FakeReviewer(), port })).rejects.toThrow(
      new Error(`port ${port} of 127.0.0.1 is in use`),
    )
  })

  test('an address that is not ours is one clear line', async () => {
    const failed = serveReviewer({ reviewer: new FakeReviewer(), port: 0, host: '192.0.2.1' })
    await expect(failed).rejects.toThrow(/^cannot listen on port 0 of 192\.0\.2\.1: /)
  })
})

describe('LNK7: signalling', () => {
  test('is for links with a proved session, whichever of the two comes first', async () => {
    const { gateway, reviewer } = await served()
    const [one, two] = [await connected(gateway), await connected(gateway)]
    const ids = [one, two].map(
      (socket) => new Promise<string>((done) => socket.once('joined', done)),
    )
    await until(() => reviewer.links.length === 2)
    const [first, second] = reviewer.links
    one.emit('join')
    first!.link.bound!(SPACE)
    second!.link.bound!(SPACE)
    two.emit('join')
    const [from, to] = await Promise.all(ids)
    const heard = new Promise((done) => two.once('peer', (...signal: unknown[]) => done(signal)))
    one.emit('peer', to, 'a signal "of" mine')
    expect(await heard).toEqual([from, 'a signal "of" mine'])
    expect([first!.frames, second!.frames]).toEqual([[], []])
  })

  test('carries nothing for a link without a session, or that did not ask to join', async () => {
    const { gateway, reviewer } = await served()
    const sockets = [await connected(gateway), await connected(gateway), await connected(gateway)]
    const heard: unknown[] = []
    for (const socket of sockets) socket.on('peer', (...signal: unknown[]) => heard.push(signal))
    await until(() => reviewer.links.length === 3)
    const [joining, unproved, unasked] = sockets
    const joined = new Promise((done) => joining!.once('joined', done))
    reviewer.links[0]!.link.bound!(SPACE)
    reviewer.links[2]!.link.bound!(SPACE)
    joining!.emit('join')
    unproved!.emit('join')
    await joined
    for (const socket of [unproved, unasked]) socket!.emit('peer', '', 'hello')
    joining!.emit('peer', '', 'hello')
    // What a link sends arrives in order, so the signals before it were processed.
    for (const socket of sockets) socket.emit('cs', '[]')
    await until(() => reviewer.links.every(({ frames }) => frames.length === 1))
    await new Promise((done) => setTimeout(done, 20))
    expect(heard).toEqual([])
  })

  test('ends with the link: what is sent to its id is dropped', async () => {
    const { gateway, reviewer } = await served()
    const [one, two] = [await connected(gateway), await connected(gateway)]
    await until(() => reviewer.links.length === 2)
    const ids = [one, two].map(
      (socket) => new Promise<string>((done) => socket.once('joined', done)),
    )
    for (const { link } of reviewer.links) link.bound!(SPACE)
    for (const socket of [one, two]) socket.emit('join')
    const [, gone] = await Promise.all(ids)
    two.disconnect()
    await until(() => reviewer.links[1]!.closings === 1)
    one.emit('peer', gone, 'late')
    one.emit('cs', '[]')
    await until(() => reviewer.links[0]!.frames.length === 1)
    expect(one.connected).toBe(true)
  })
})
