/** The transports between peers under the transport contract, on the platform of a real browser. */
import { broadcastPeers } from '@countersign/transport-broadcast'
import { webRtcPeers } from '@countersign/transport-webrtc'
import { expect, test } from 'vitest'
import { LocalSignalling } from './signalling.ts'
import { transportContract } from './transport.ts'
import type { Accept, TransportPair } from './transport.ts'

const native = RTCPeerConnection
const made: RTCPeerConnection[] = []

/** Closed abruptly by `cut`. */
class Watched extends native {
  constructor(configuration?: RTCConfiguration) {
    super(configuration)
    made.push(this)
  }
}

/** Closes one end of each connection: the other has to notice, and this one is told nothing. */
function cutAll(): void {
  for (const [i, each] of made.splice(0).entries()) if (i % 2 === 0) each.close()
}

async function overWebRtc(accept: Accept): Promise<TransportPair> {
  const signalling = new LocalSignalling()
  const options = { RTCPeerConnection: Watched, connectTimeoutMs: 3_000 }
  const far = webRtcPeers({ signalling: signalling.join(), ...options })
  const near = webRtcPeers({ signalling: signalling.join(), ...options })
  far.serve(accept)
  await new Promise((done) => setTimeout(done, 10)) // until the others know
  return {
    transport: near.transport,
    cut: cutAll,
    vanish: () => {
      signalling.isGone = true
      cutAll()
    },
    end: () => {
      near.close()
      far.close()
      made.splice(0)
    },
  }
}

transportContract('WebRTC in a browser', overWebRtc, { lossless: true })

test('`relayOnly`: no signal has an address of this machine', async () => {
  const iceServers = [{ urls: 'turn:127.0.0.1:9', username: 'u', credential: 'c' }]
  for (const relayOnly of [false, true]) {
    const signalling = new LocalSignalling()
    const options = { iceServers, relayOnly, connectTimeoutMs: 1_000 }
    const server = webRtcPeers({ signalling: signalling.join(), ...options })
    const client = webRtcPeers({ signalling: signalling.join(), ...options })
    server.serve(() => ({ frame: () => {}, closed: () => {} }))
    const outcome = await new Promise((done) => {
      client.transport.connect({
        open: () => done('open'),
        frame: () => {},
        closed: () => done('closed'),
      })
    })
    const addresses = signalling.texts.filter((text) => text.includes('typ host'))
    server.close()
    client.close()
    expect(signalling.texts.some((text) => text.includes('"answer"'))).toBe(true)
    expect([outcome, addresses.length > 0]).toEqual(relayOnly ? ['closed', false] : ['open', true])
  }
})

async function overTabs(accept: Accept): Promise<TransportPair> {
  const name = crypto.randomUUID()
  const [far, near] = [broadcastPeers(name), broadcastPeers(name, { connectTimeoutMs: 300 })]
  far.serve(accept)
  await new Promise((done) => setTimeout(done, 10))
  return {
    transport: near.transport,
    // A tab that is left says so; tabs have no network between them that could be cut.
    cut: () => void dispatchEvent(new Event('pagehide')),
    vanish: () => far.close(),
    end: () => {
      near.close()
      far.close()
    },
  }
}

transportContract('tabs in a browser', overTabs, { lossless: true })
