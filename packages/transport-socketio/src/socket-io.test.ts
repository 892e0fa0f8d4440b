import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { Link } from '@countersign/core/ports'
import { Server } from 'socket.io'
import type { Socket } from 'socket.io'
import { afterEach, describe, expect, test } from 'vitest'
import { socketIo } from './socket-io.ts'
import type { SocketIoOptions, SocketIoTransport } from './socket-io.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function portOf(server: NetServer): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

/** A plain Socket.IO server; `guard` may refuse a client with a message. */
async function served(
  guard: (socket: Socket) => string | undefined = () => undefined,
): Promise<{ url: string; sockets: Socket[] }> {
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'] })
  const sockets: Socket[] = []
  io.use((socket, next) => {
    const refusal = guard(socket)
    next(refusal === undefined ? undefined : new Error(refusal))
  })
  io.on('connection', (socket) => sockets.push(socket))
  const port = await portOf(http)
  ends.push(() => io.close())
  return { url: `http://127.0.0.1:${port}`, sockets }
}

interface Heard {
  readonly link: Link
  readonly opened: Promise<void>
  readonly closed: Promise<string>
  readonly events: string[]
}

function heard(url: string, options?: SocketIoOptions): Heard {
  const events: string[] = []
  const open = Promise.withResolvers<void>()
  const end = Promise.withResolvers<string>()
  const link = socketIo(url, options).connect({
    open: () => {
      events.push('open')
      open.resolve()
    },
    frame: (text) => events.push(text),
    closed: (reason) => {
      events.push('closed')
      end.resolve(reason)
    },
  })
  ends.push(() => link.close())
  return { link, opened: open.promise, closed: end.promise, events }
}

test('a connection that the server rejects is closed with the message of the server', async () => {
  const { url } = await served(() => 'no room')
  const refused = heard(url)
  expect(await refused.closed).toBe('no room')
  expect(refused.events).toEqual(['closed'])
})

describe('closed', () => {
  test('has the reason from the reviewer, or that of Socket.IO', async () => {
    const { url, sockets } = await served()
    const told = heard(url)
    await told.opened
    sockets[0]!.emit('bye', 'the reviewer stops')
    sockets[0]!.disconnect(true)
    expect(await told.closed).toBe('the reviewer stops')
    const untold = heard(url)
    await untold.opened
    sockets[1]!.disconnect(true)
    expect(await untold.closed).toBe('io server disconnect')
  })

  test('is emitted within the timeout without an answer', async () => {
    const mute = createNetServer((socket) => socket.resume())
    const url = `http://127.0.0.1:${await portOf(mute)}`
    ends.push(() => new Promise((done) => mute.close(done)))
    const silent = heard(url, { connectTimeoutMs: 60 })
    expect(await silent.closed).toBe('no answer within 60 ms')
    expect(silent.events).toEqual(['closed'])
  })

  test('is not emitted for an open link after the timeout', async () => {
    const open = heard((await served()).url, { connectTimeoutMs: 150 })
    await open.opened
    await new Promise((done) => setTimeout(done, 250))
    expect(open.events).toEqual(['open'])
  })

  test('is emitted for an invalid url', async () => {
    for (const url of ['http://[', 'nowhere:99999', '::']) {
      const lost = heard(url, { connectTimeoutMs: 200 })
      expect(lost.events).toEqual([])
      expect(await lost.closed).toMatch(/./)
    }
  })

  test('is emitted for a frame that is too large, with that reason', async () => {
    const { url, sockets } = await served()
    const up = heard(url)
    await up.opened
    up.link.send('x'.repeat(262_145))
    expect(up.events).toEqual(['open'])
    expect(await up.closed).toBe('a frame to send exceeds 262144 bytes')
    const down = heard(url)
    await down.opened
    sockets[1]!.emit('cs', 'x'.repeat(262_145))
    expect(await down.closed).toBe('a frame received exceeds 262144 bytes')
  })

  test('is emitted for an object, binary data, another event', async () => {
    const { url, sockets } = await served()
    const intrusions: ((socket: Socket) => void)[] = [
      (socket) => socket.emit('cs', { a: 1 }),
      (socket) => socket.emit('cs', Buffer.from('a')),
      (socket) => socket.emit('other', 'a'),
    ]
    for (const send of intrusions) {
      const victim = heard(url)
      await victim.opened
      send(sockets.at(-1)!)
      expect(await victim.closed).toBe('parse error')
      expect(victim.events).toEqual(['open', 'closed'])
    }
  })
})

describe('limits of Socket.IO that stay off', () => {
  test('it does not reconnect or resend by itself', async () => {
    const { url, sockets } = await served()
    const once = heard(url)
    await once.opened
    once.link.send('["lost"]')
    sockets[0]!.conn.close()
    await once.closed
    await new Promise((done) => setTimeout(done, 1_500))
    expect(sockets).toHaveLength(1)
    expect(once.events).toEqual(['open', 'closed'])
  })
})

describe('signalling', () => {
  const listener = () => {
    const heard: unknown[] = []
    const events = {
      joined: (id: string) => heard.push(['joined', id]),
      signal: (from: string, text: string) => heard.push([from, text]),
    }
    return { heard, events }
  }

  async function linked(transport: SocketIoTransport): Promise<Link> {
    return new Promise<Link>((open) => {
      const link = transport.connect({
        open: () => open(link),
        frame: () => {},
        closed: () => {},
      })
      ends.push(() => link.close())
    })
  }

  test('asks to join only with a listener, before or after the link is open', async () => {
    const { url, sockets } = await served()
    const asked: string[] = []
    const transport = socketIo(url)
    await linked(transport)
    sockets[0]!.on('join', () => asked.push('after'))
    await new Promise((done) => setTimeout(done, 20))
    expect(asked).toEqual([])
    const { heard, events } = listener()
    transport.signalling.listen(events)
    await until(() => asked.length === 1)
    sockets[0]!.emit('joined', 'me')
    await until(() => heard.length === 1)
    const late = listener()
    transport.signalling.listen(late.events)
    expect(late.heard).toEqual([['joined', 'me']])
  })

  test('sends to one or to all, receives from others, and is away when the link has ended', async () => {
    const { url, sockets } = await served()
    const transport = socketIo(url)
    const { heard, events } = listener()
    const unlisten = transport.signalling.listen(events)
    transport.signalling.send('too early')
    const link = await linked(transport)
    const sent: unknown[] = []
    sockets[0]!.on('peer', (...signal: unknown[]) => sent.push(signal))
    sockets[0]!.emit('joined', 'me')
    await until(() => heard.length === 1)
    transport.signalling.send('who?')
    transport.signalling.send('you', 'other')
    transport.signalling.send('x'.repeat(16_385), 'other')
    transport.signalling.send('end', 'other')
    await until(() => sent.length === 3)
    sockets[0]!.emit('peer', 'other', 'hi')
    await until(() => heard.length === 2)
    expect(sent).toEqual([
      ['', 'who?'],
      ['other', 'you'],
      ['other', 'end'],
    ])
    expect(heard).toEqual([
      ['joined', 'me'],
      ['other', 'hi'],
    ])
    link.close()
    transport.signalling.send('too late')
    await linked(transport)
    sockets[1]!.emit('joined', 'me again')
    await until(() => heard.length === 3)
    unlisten()
    sockets[1]!.emit('peer', 'other', 'unheard')
    await new Promise((done) => setTimeout(done, 20))
    expect([sent.length, heard.length]).toEqual([3, 3])
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 2))
}
