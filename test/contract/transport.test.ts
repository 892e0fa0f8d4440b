/**
 * Socket.IO under the transport contract, over loopback with the reviewer's gateway at the far
 * end; and each end with plain Socket.IO and its own parser, which must understand the wire.
 */
import { serveReviewer } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'
import { type Loopback, closeAll, listening, relay } from './loopback.ts'
import { transportContract } from './transport.ts'
import type { TransportPair } from './transport.ts'

function pairOf(loopback: Loopback, end: () => void | Promise<void>): TransportPair {
  return {
    transport: socketIo(loopback.url()),
    cut: () => {
      for (const socket of loopback.sockets) socket.destroy()
    },
    vanish: () => closeAll(loopback),
    end: async () => {
      await end()
      await closeAll(loopback)
    },
  }
}

transportContract(
  'Socket.IO and the gateway',
  async (accept) => {
    const loopback = await listening()
    const gateway = await serveReviewer({
      reviewer: relay(accept),
      httpServer: loopback.http,
      limits: { stopMs: 100 },
    })
    return pairOf(loopback, () => gateway.close())
  },
  { lossless: true },
)

test('interop: the transport gets along with a server that has the standard parser', async () => {
  const loopback = await listening()
  const server = new Server(loopback.http, { transports: ['websocket'] })
  const payloads: unknown[] = []
  server.on('connection', (socket) => {
    socket.on('cs', (payload) => {
      payloads.push(payload)
      socket.emit('cs', '["text","ü"]')
      socket.emit('cs', ['array', 2])
    })
  })
  const frames: string[] = []
  const ended = Promise.withResolvers<string>()
  const link = socketIo(loopback.url()).connect({
    open: () => link.send('["hello",{"a":"ü"}]'),
    frame: (text) => {
      if (frames.push(text) === 2) server.disconnectSockets(true)
    },
    closed: ended.resolve,
  })
  try {
    expect(await ended.promise).toBe('io server disconnect')
    expect(payloads).toEqual([['hello', { a: 'ü' }]])
    expect(frames).toEqual(['["text","ü"]', '["array",2]'])
  } finally {
    link.close()
    await closeAll(loopback)
  }
})

test('LNK2 interop: a client with the standard parser is understood by the gateway, and understands it', async () => {
  const frames: string[] = []
  const gateway = await serveReviewer({
    port: 0,
    reviewer: relay((link) => {
      link.send('["hello",1]')
      return { frame: (text) => frames.push(text), closed: () => {} }
    }),
  })
  const client = io(gateway.url, { transports: ['websocket'], forceNew: true })
  try {
    const hello = await new Promise((done) => client.once('cs', done))
    expect(hello).toEqual(['hello', 1])
    client.emit('cs', '["text",1]')
    client.emit('cs', ['array', { b: 'ü' }])
    while (frames.length < 2) await new Promise((done) => setTimeout(done, 2))
    expect(frames).toEqual(['["text",1]', '["array",{"b":"ü"}]'])
  } finally {
    client.disconnect()
    await gateway.close()
  }
})
