/** Tabs as peers under the transport contract, over the BroadcastChannels of this process. */
import type { OpenChannel } from '@countersign/core/ports'
import { broadcastPeers } from '@countersign/transport-broadcast'
import { expect, test } from 'vitest'
import { transportContract } from './transport.ts'
import type { Accept, TransportPair } from './transport.ts'

const SILENT_MS = 150

/** Real channels, whose path can be cut: then neither end of it is told. */
class Channels {
  #cuts = 0
  isGone = false

  readonly open: OpenChannel = (name, onMessage) => {
    const made = this.#cuts
    const isCut = (): boolean => this.isGone || (name.includes('/') && made < this.#cuts)
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => {
      if (!isCut()) onMessage(data)
    }
    return {
      post: (message) => {
        if (!isCut()) channel.postMessage(message)
      },
      close: () => channel.close(),
    }
  }

  cut(): void {
    this.#cuts++
  }
}

async function pair(accept: Accept): Promise<TransportPair> {
  const channels = new Channels()
  const name = crypto.randomUUID()
  const options = { channel: channels.open, connectTimeoutMs: 500, silentMs: SILENT_MS }
  const [far, near] = [broadcastPeers(name, options), broadcastPeers(name, options)]
  far.serve(accept)
  await new Promise((done) => setTimeout(done, 10)) // until the others know
  return {
    transport: near.transport,
    cut: () => channels.cut(),
    vanish: () => {
      channels.isGone = true
    },
    end: () => {
      near.close()
      far.close()
    },
  }
}

transportContract('tabs over BroadcastChannel', pair, { lossless: true })

test('a tab that begins to serve wakes the others, and one that does not serve is not found', async () => {
  const name = crypto.randomUUID()
  const [one, two] = [broadcastPeers(name), broadcastPeers(name)]
  try {
    const woken = new Promise<void>((done) => void two.transport.onWake?.(done))
    const ended = Promise.withResolvers<string>()
    const alone = broadcastPeers(name, { connectTimeoutMs: 30 })
    alone.transport.connect({ open: () => {}, frame: () => {}, closed: ended.resolve })
    expect(await ended.promise).toBe('no tab that serves within 30 ms')
    alone.close()
    one.serve(() => ({ frame: () => {}, closed: () => {} }))
    await woken
    await new Promise<void>((open, failed) => {
      two.transport.connect({ open, frame: () => {}, closed: failed })
    })
  } finally {
    one.close()
    two.close()
  }
})

test('a tab that is closed ends its links with a reason, at both ends', async () => {
  const name = crypto.randomUUID()
  const [server, client] = [broadcastPeers(name), broadcastPeers(name)]
  const gone = Promise.withResolvers<void>()
  server.serve(() => ({ frame: () => {}, closed: gone.resolve }))
  const ended = Promise.withResolvers<string>()
  await new Promise<void>((open) => {
    client.transport.connect({ open, frame: () => {}, closed: ended.resolve })
  })
  server.close()
  expect(await ended.promise).toBe('the peers were closed')
  await gone.promise
  client.close()
})

test('bytes that the other tab has not read are counted', async () => {
  const channels = new Channels()
  const name = crypto.randomUUID()
  const options = { channel: channels.open }
  const [server, client] = [broadcastPeers(name, options), broadcastPeers(name, options)]
  let frames = 0
  server.serve(() => ({ frame: () => frames++, closed: () => {} }))
  try {
    const opened = Promise.withResolvers<void>()
    const link = client.transport.connect({
      open: opened.resolve,
      frame: () => {},
      closed: opened.reject,
    })
    await opened.promise
    for (let i = 0; i < 10; i++) link.send('x'.repeat(100_000))
    expect(link.bufferedBytes).toBe(1_000_000)
    while (frames < 10 || link.bufferedBytes !== 0) await new Promise((done) => setTimeout(done, 2))
    channels.cut()
    for (let i = 0; i < 3; i++) link.send('x'.repeat(100_000))
    await new Promise((done) => setTimeout(done, 20))
    expect(link.bufferedBytes).toBe(300_000)
  } finally {
    server.close()
    client.close()
  }
})
