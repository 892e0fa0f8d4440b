/**
 * WebRTC under the transport contract, between peers in this process by the implementation of
 * werift; real pages are in `transport.browser.test.ts`.
 */
import type { LinkEvents, Peers } from '@countersign/core/ports'
import { byHand, webRtcPeers } from '@countersign/transport-webrtc'
import type { WebRtcOptions } from '@countersign/transport-webrtc'
import { RTCPeerConnection as Werift } from 'werift'
import { afterEach, expect, test } from 'vitest'
import { WAIT_MS } from '../scripts/wait.ts'
import { LocalSignalling } from './signalling.ts'
import { transportContract } from './transport.ts'
import type { Accept, TransportPair } from './transport.ts'

const made: Werift[] = []

/** Closed abruptly by `cut`, as a network would. */
class Watched extends Werift {
  constructor(configuration: ConstructorParameters<typeof Werift>[0]) {
    super(configuration)
    made.push(this)
  }

  /**
   * With a number that no earlier channel had. Werift gives away the number of a closed channel while the
   * other end is still closing it, which then closes the new one; browsers wait for both ends.
   */
  override createDataChannel(
    ...args: Parameters<Werift['createDataChannel']>
  ): ReturnType<Werift['createDataChannel']> {
    const channel = super.createDataChannel(...args)
    const numbers = this.sctpTransport as unknown as { dataChannelId?: number } | undefined
    if (numbers?.dataChannelId !== undefined && !channel.negotiated)
      numbers.dataChannelId = Math.max(numbers.dataChannelId, channel.id + 2)
    return channel
  }
}

// werift has its own types of the same interface.
const platform = Watched as unknown as typeof RTCPeerConnection

/** Offers its own addresses whatever it was told. */
class Careless extends Watched {
  constructor() {
    super({})
  }
}

/** Takes its time for a description of its own, as one that gathers, and counts those set meanwhile. */
class Slow extends Watched {
  static overlaps = 0

  constructor(configuration: ConstructorParameters<typeof Werift>[0]) {
    super(configuration)
    const [setLocal, setRemote] = [
      this.setLocalDescription.bind(this) as () => Promise<unknown>,
      this.setRemoteDescription.bind(this),
    ]
    let isSetting = false
    const slowly = async (): Promise<unknown> => {
      isSetting = true
      const set = await setLocal()
      await new Promise((done) => setTimeout(done, 20))
      isSetting = false
      return set
    }
    this.setLocalDescription = slowly as Werift['setLocalDescription']
    this.setRemoteDescription = (description) => {
      if (isSetting) Slow.overlaps++
      return setRemote(description)
    }
  }
}

async function cutAll(): Promise<void> {
  await Promise.all(made.splice(0).map((each) => each.close()))
}

async function pair(accept: Accept): Promise<TransportPair> {
  const signalling = new LocalSignalling()
  const options = { RTCPeerConnection: platform, connectTimeoutMs: 3_000 }
  const far = webRtcPeers({ signalling: signalling.join(), ...options })
  const near = webRtcPeers({ signalling: signalling.join(), ...options })
  far.serve(accept)
  await new Promise((done) => setTimeout(done, 10)) // until the others know
  return {
    transport: near.transport,
    cut: cutAll,
    vanish: async () => {
      signalling.isGone = true
      await cutAll()
    },
    end: async () => {
      near.close()
      far.close()
      await cutAll()
    },
  }
}

transportContract('WebRTC between Node peers', pair, { lossless: true })

const ends: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await cutAll()
})

function peer(options: WebRtcOptions): Peers {
  const peers = webRtcPeers({ RTCPeerConnection: platform, ...options })
  ends.push(() => peers.close())
  return peers
}

interface Watch {
  readonly frames: string[]
  readonly opened: Promise<void>
  readonly closed: Promise<string>
  readonly link: ReturnType<Peers['transport']['connect']>
}

function connected(peers: Peers): Watch {
  const frames: string[] = []
  const opened = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<string>()
  const events: LinkEvents = {
    open: opened.resolve,
    frame: (text) => frames.push(text),
    closed: (reason) => {
      closed.resolve(reason)
      opened.reject(new Error(reason))
    },
  }
  opened.promise.catch(() => {}) // some only look at `closed`
  const link = peers.transport.connect(events)
  ends.push(() => link.close())
  return { frames, opened: opened.promise, closed: closed.promise, link }
}

/** Serves links that answer each frame with the name. */
function echo(peers: Peers, name: string): void {
  peers.serve((link) => ({ frame: (text) => link.send(`${name}: ${text}`), closed: () => {} }))
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_MS
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((done) => setTimeout(done, 3))
  }
}

test.each([
  ['a', 'b'],
  ['b', 'a'],
])(
  'LNK6: two peers that call each other at once (%s, %s) have one connection',
  async (one, other) => {
    const signalling = new LocalSignalling()
    const slow = { RTCPeerConnection: Slow as unknown as typeof RTCPeerConnection }
    const left = peer({ signalling: signalling.join(one), ...slow })
    const right = peer({ signalling: signalling.join(other), ...slow })
    echo(left, 'left')
    echo(right, 'right')
    const [toRight, toLeft] = [connected(left), connected(right)]
    await Promise.all([toRight.opened, toLeft.opened])
    toRight.link.send('hi')
    toLeft.link.send('hi')
    await until('both answers', () => toRight.frames.length > 0 && toLeft.frames.length > 0)
    expect([toRight.frames, toLeft.frames]).toEqual([['right: hi'], ['left: hi']])
    expect(made).toHaveLength(2)
    // One after the other on each side, and no further round after the one that both take part in.
    expect(Slow.overlaps).toBe(0)
    const said = (kind: string): number =>
      signalling.texts.filter((text) => text.startsWith(`["${kind}"`)).length
    expect([said('offer'), said('answer')]).toEqual([2, 1])
  },
)

test('a connection lives on without the signalling, and carries further links', async () => {
  const signalling = new LocalSignalling()
  const [server, client] = [
    peer({ signalling: signalling.join() }),
    peer({ signalling: signalling.join() }),
  ]
  echo(server, 'server')
  await connected(client).opened
  signalling.isGone = true
  const later = connected(client)
  await later.opened
  later.link.send('still here')
  await until('the answer', () => later.frames.length > 0)
  expect(later.frames).toEqual(['server: still here'])
})

test('LNK6: a question who serves that was lost is asked again', async () => {
  const signalling = new LocalSignalling()
  echo(peer({ signalling: signalling.join() }), 'server')
  const client = peer({ signalling: signalling.join() })
  await new Promise((done) => setTimeout(done, 10)) // what is said when it begins has arrived
  signalling.losing = 1
  await connected(client).opened
  // One that was lost, and those of a machine that takes its time to connect.
  expect(signalling.texts.filter((text) => text === '["seek"]').length).toBeGreaterThan(1)
})

test('by hand: two texts make a connection, and a store is woken when it is there', async () => {
  const [mine, yours] = [byHand(), byHand()]
  const [server, client] = [peer({ signalling: mine }), peer({ signalling: yours })]
  echo(server, 'server')
  const woken = new Promise<void>((done) => void client.transport.onWake?.(done))
  const offer = await mine.offerText()
  const answer = await yours.accept(offer.replaceAll(/.{60}/g, '$&\n'))
  expect(await mine.accept(answer!)).toBeUndefined()
  await woken
  const link = connected(client)
  await link.opened
  link.link.send('hi')
  await until('the answer', () => link.frames.length > 0)
})

test('by hand: a text that is none, was cut, or is of another pair is refused with a reason', async () => {
  const [mine, yours] = [byHand(), byHand()]
  peer({ signalling: mine })
  peer({ signalling: yours })
  await expect(byHand().offerText()).rejects.toThrow('no peers use this signalling')
  const offer = await mine.offerText()
  for (const text of ['', 'hello', offer.slice(0, -9), offer.slice(4), 'W10'])
    await expect(yours.accept(text)).rejects.toThrow('not copied whole')
  await expect(mine.accept(offer)).rejects.toThrow('the offer of this page')
  const answer = await yours.accept(offer)
  await expect(yours.accept(answer!)).rejects.toThrow('answers no offer')
})

test('`relayOnly`: no signal has an address of this machine', async () => {
  const addresses = (texts: readonly string[]): string[] =>
    texts.flatMap((text) => text.match(/candidate:[^"]*typ (?!relay)\w+/g) ?? [])
  const open = new LocalSignalling()
  echo(peer({ signalling: open.join() }), 'server')
  await connected(peer({ signalling: open.join() })).opened
  expect(addresses(open.texts)).not.toEqual([])
  const hidden = new LocalSignalling()
  const iceServers = [{ urls: 'turn:127.0.0.1:9', username: 'u', credential: 'c' }]
  const apart = {
    RTCPeerConnection: Careless as unknown as typeof RTCPeerConnection,
    ...{ relayOnly: true, iceServers, connectTimeoutMs: 1_500 },
  }
  echo(peer({ signalling: hidden.join(), ...apart }), 'server')
  const client = peer({ signalling: hidden.join(), ...apart })
  // No address of theirs is said, so there is no way.
  expect(await connected(client).closed).toBe('no peer that serves within 1500 ms')
  await until('an answer', () => hidden.texts.some((text) => text.includes('"answer"')))
  expect(addresses(hidden.texts)).toEqual([])
  expect(() => peer({ signalling: hidden.join(), relayOnly: true })).toThrow('needs a TURN server')
})

test('a peer that stops serving accepts no more links, and its open ones stay', async () => {
  const signalling = new LocalSignalling()
  const server = peer({ signalling: signalling.join() })
  const client = peer({ signalling: signalling.join(), connectTimeoutMs: 300 })
  const stop = server.serve((link) => ({ frame: (text) => link.send(text), closed: () => {} }))
  const first = connected(peer({ signalling: signalling.join() }))
  await first.opened
  stop()
  expect(await connected(client).closed).toBe('no peer that serves within 300 ms')
  first.link.send('still')
  await until('an echo', () => first.frames.length > 0)
  const patient = peer({ signalling: signalling.join() })
  const woken = new Promise<void>((done) => void patient.transport.onWake?.(done))
  echo(server, 'again')
  await woken
  await connected(patient).opened
})

test('a peer that leaves ends its links at the other end, and one that returns is found again', async () => {
  const signalling = new LocalSignalling()
  const client = peer({ signalling: signalling.join() })
  const first = peer({ signalling: signalling.join('server') })
  echo(first, 'first')
  const link = connected(client)
  await link.opened
  first.close()
  expect(await link.closed).toBe('the connection is lost')
  echo(peer({ signalling: signalling.join('server') }), 'second')
  const again = connected(client)
  await again.opened
  again.link.send('hi')
  await until('the answer', () => again.frames.length > 0)
  expect(again.frames).toEqual(['second: hi'])
})

test('LNK6: signals that are none, or repeat, change nothing for a connection', async () => {
  const signalling = new LocalSignalling()
  const stranger = signalling.join('stranger')
  const server = peer({ signalling: signalling.join('server') })
  const client = peer({ signalling: signalling.join('client') })
  stranger.listen({ joined: () => {}, signal: () => {} })
  echo(server, 'server')
  const link = connected(client)
  await link.opened
  const odd = [
    '',
    'x',
    '{}',
    '[]',
    'null',
    '["offer"]',
    '["offer","t",null,1]',
    '["offer","t",null,"v=0"]',
  ]
  const candidates = [
    '["candidate","t",null,{}]',
    '["candidate","t","u",null]',
    '["answer","t",null,"x"]',
  ]
  for (const text of [...odd, ...candidates, 'x'.repeat(20_000)]) {
    stranger.send(text, 'server')
    stranger.send(text, 'client')
  }
  signalling.repeat()
  await new Promise((done) => setTimeout(done, 200))
  link.link.send('hi')
  await until('the answer', () => link.frames.length > 0)
  await connected(client).opened
})

test('bytes that wait are counted, and a reader that does not read ends the link', async () => {
  const signalling = new LocalSignalling()
  const server = peer({ signalling: signalling.join() })
  const closings: number[] = []
  server.serve(() => ({ frame: () => {}, closed: () => closings.push(1) }))
  const { link, opened, closed } = connected(peer({ signalling: signalling.join() }))
  await opened
  for (let i = 0; i < 8; i++) link.send('x'.repeat(262_144))
  expect(link.bufferedBytes).toBeGreaterThan(2_000_000)
  for (let i = 0; i < 70; i++) link.send('x'.repeat(262_144))
  expect(await closed).toMatch(/^too slow: \d+ bytes wait$/)
})
