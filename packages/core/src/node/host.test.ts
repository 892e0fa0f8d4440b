/** Many spaces in one process: who joins which, when they are open, and what is said meanwhile. */
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../base/uuid.ts'

import { LIMITS } from '../facts/limits.ts'
import { WIRE_VERSION } from '../facts/message.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import { DESK_SPACE, Desk, type HandAuthor } from '../testing/desk.ts'
import { FaultySpaces } from '../testing/faulty-spaces.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { simSigner } from '../testing/sim-signer.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type ReviewerFrame, authorFrame, parseReviewerFrame } from '../wire/frames.ts'
import type { Attached, Reviewer, ReviewerEvent } from './api.ts'
import { type HostOptions, type ReviewerHost, createReviewerHost } from './host.ts'

const spaceNo = (n: number): Uuid => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`

class House {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom = new SeededRandom(5)
  readonly signer: Signer = simSigner({ random: this.random })
  readonly spaces: FaultySpaces = new FaultySpaces({ clock: this.clock })
  readonly events: [string, ReviewerEvent][] = []
  keys!: KeyPair
  host!: ReviewerHost

  static async open(options: Partial<HostOptions> = {}): Promise<House> {
    const house = new House()
    const { clock, random, signer } = house
    house.keys = await signer.generate()
    house.host = createReviewerHost({
      ...{ clock, random, signer, keys: house.keys, accepts: () => true, ...options },
      spaces: house.spaces.connect(),
      onEvent: (event, space) => house.events.push([space.slice(-2), event]),
    })
    return house
  }

  link(): Link {
    return new Link(this)
  }

  /** A link that has named its space, and all that comes of it. */
  async visit(n: number): Promise<Link> {
    const link = this.link()
    link.hello(spaceNo(n))
    await this.pass(50)
    return link
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms
    this.clock.after(ms, () => {})
    for (;;) {
      for (let turn = 0; turn < 200; turn++) await Promise.resolve()
      const next = this.clock.nextMs
      if (next === undefined || next > until) return
      this.clock.step()
    }
  }

  async done<T>(promise: Promise<T>): Promise<T> {
    await this.pass(100)
    return promise
  }

  /** The last digits of the spaces that are open, in the order of their opening. */
  get open(): string[] {
    return this.host.open.map(({ space }) => space.slice(-2))
  }

  failures(): string[] {
    return this.events.flatMap(([, event]) => (event.type === 'store_failed' ? [event.error] : []))
  }
}

class Link {
  readonly heard: ReviewerFrame[] = []
  closed: string | undefined
  readonly #attached: Attached
  onClose: () => void = () => {}

  constructor({ host }: House) {
    const link = {
      send: (text: string): void => {
        const frame = parseReviewerFrame(text)
        if (!frame.ok) throw new Error(frame.error.message)
        this.heard.push(frame.value)
      },
      close: (reason: string): void => {
        this.closed = reason
        this.onClose()
      },
    }
    this.#attached = host.connect(link, { address: 'here' })
  }

  hello(space: Uuid, v = WIRE_VERSION): void {
    this.send(authorFrame('hello', { v, space, nonce: 'n', position: null }))
  }

  send(text: string): void {
    this.#attached.frame(text)
  }

  leave(): void {
    this.#attached.closed()
  }

  get kinds(): string[] {
    return this.heard.map(({ kind }) => kind)
  }

  get bye(): (ReviewerFrame & { kind: 'bye' }) | undefined {
    return this.heard.find((frame) => frame.kind === 'bye')
  }
}

const want = authorFrame('want', { have: null, pages: null })

describe('which space', () => {
  test('OPN9 is named by the first frame, and the link is that reviewer’s from then on', async () => {
    const house = await House.open()
    const links = [await house.visit(1), await house.visit(2), await house.visit(1)]
    const welcomes = links.map(({ heard }) => heard.find((frame) => frame.kind === 'welcome'))
    const spaces = welcomes.map((welcome) => welcome?.lineage[0]!.space)
    expect(spaces).toEqual([1, 2, 1].map(spaceNo))
    expect(house.open).toEqual(['01', '02'])
    expect(house.host.state).toEqual({
      openSpaces: 2,
      connections: 3,
      healthy: true,
      pendingCommit: 0,
    })
    expect(house.host.publicKey).toBe(house.keys.publicKey)
    links[0]!.leave()
    expect(house.host.state.connections).toBe(2)
    // Another greeting over the same link is no way into another space.
    links[1]!.hello(spaceNo(1))
    await house.pass(50)
    expect(links[1]!.bye).toMatchObject({ code: 'wrong_space' })
  })

  test.each([
    ['a list', [spaceNo(1), spaceNo(2)]],
    ['a function', (space: Uuid) => space !== spaceNo(3)],
  ])('one that is not reviewed here is refused, and nothing is opened: %s', async (_, accepts) => {
    const house = await House.open({ accepts })
    const link = await house.visit(3)
    const why = `this reviewer does not review the space ${spaceNo(3)}`
    expect(link.bye).toMatchObject({ reason: why, code: 'wrong_space' })
    expect([link.closed, house.open]).toEqual([why, []])
    expect(house.events).toEqual([['03', { type: 'greeting_refused', address: 'here', why }]])
    expect(house.spaces.tables(spaceNo(3)).meta('epoch')).toBeUndefined()
    expect((await house.visit(2)).kinds).toEqual(['welcome'])
  })

  test('of another version of the protocol is refused before any space is opened', async () => {
    const house = await House.open()
    const link = house.link()
    link.hello(spaceNo(1), WIRE_VERSION + 1)
    await house.pass(50)
    expect(link.bye).toMatchObject({ code: 'wrong_version' })
    expect(link.closed).toContain(`version ${WIRE_VERSION} of the protocol`)
    expect(house.host.state.openSpaces).toBe(0)
  })

  test('that has named none yet gets a bye when the host is closed', async () => {
    const house = await House.open()
    const link = house.link()
    await house.host.close()
    expect(link.bye).toMatchObject({ reason: 'the reviewer is stopping' })
    expect(link.closed).toBe('the reviewer is stopping')
  })

  test.each(['', 'no frame', want])('OPN1 is not named by another frame: %s', async (text) => {
    const house = await House.open()
    const link = house.link()
    link.send(text)
    link.hello(spaceNo(1))
    await house.pass(50)
    expect([link.closed, link.kinds]).toEqual(['a frame before hello', ['bye']])
    expect(house.host.state.openSpaces).toBe(0)
  })

  test('§7 unbound: must be named in time', async () => {
    const house = await House.open()
    const link = house.link()
    const gone = house.link()
    gone.leave()
    await house.pass(LIMITS.handshakeMs)
    expect(link.closed).toBe('no space was named in time')
    expect(gone.kinds).toEqual([]) // nobody is there to hear it
    link.hello(spaceNo(1))
    await house.pass(50)
    expect(house.host.state.openSpaces).toBe(0)
  })
})

describe('before the space is open', () => {
  /** A house whose store needs that long for each call. */
  async function slow(ms: number, options: Partial<HostOptions> = {}): Promise<House> {
    const house = await House.open(options)
    house.spaces.faults = { ...house.spaces.faults, latencyMs: () => ms }
    return house
  }

  test('OPN9 frames wait, and are answered in their order', async () => {
    const house = await slow(100)
    const [first, second] = [house.link(), house.link()]
    for (const link of [first, second]) {
      link.hello(spaceNo(1))
      link.send(want)
      link.send(authorFrame('history', { entityId: spaceNo(9) }))
    }
    await house.pass(99)
    expect([first.kinds, second.kinds, house.open]).toEqual([[], [], []])
    expect(house.host.state).toMatchObject({ openSpaces: 1, connections: 0 })
    await house.pass(1_000)
    // They are opened once, and answered as links that have bound nothing.
    const answers = ['bound', 'bound', 'welcome']
    expect([first.kinds.toSorted(), second.kinds.toSorted()]).toEqual([answers, answers])
    expect(house.open).toEqual(['01'])
  })

  test('OPN9 bounds: of so many bytes', async () => {
    const house = await slow(100)
    const [link, other] = [house.link(), house.link()]
    for (const one of [link, other]) one.hello(spaceNo(1))
    for (let bytes = 0; bytes <= LIMITS.handshakeBytesMax; bytes += want.length) link.send(want)
    expect(link.closed).toBe('too many bytes before a session was bound')
    link.send(want)
    await house.pass(1_000)
    expect([link.kinds, other.kinds]).toEqual([['bye'], ['welcome']])
    expect(house.host.state.connections).toBe(1)
    const early = house.link()
    early.send('x'.repeat(LIMITS.handshakeBytesMax + 1))
    expect(early.closed).toBe('too many bytes before a session was bound')
  })

  test('a closed link does not count, and its space is closed when no other link opens', async () => {
    const house = await slow(100, { idleMs: 1_000 })
    const link = house.link()
    link.hello(spaceNo(1))
    link.leave()
    await house.pass(500)
    expect([link.kinds, house.open, house.host.state.connections]).toEqual([[], ['01'], 0])
    await house.pass(2_000)
    expect(house.open).toEqual([])
  })

  test('OPN9 a link that waits for too long is refused, and the space opens all the same', async () => {
    const house = await slow(8_000)
    const link = house.link()
    link.hello(spaceNo(1))
    await house.pass(LIMITS.handshakeMs)
    expect(link.closed).toBe('the space is not open yet')
    await house.pass(30_000)
    expect([link.kinds, house.open, house.host.state.connections]).toEqual([['bye'], ['01'], 0])
  })

  test('where it cannot be opened all links get a bye, and the next one retries', async () => {
    const house = await House.open()
    const { faults } = house.spaces
    house.spaces.faults = { ...faults, readFails: () => true }
    const links = [house.link(), house.link()]
    // Whoever is refused comes back at once.
    let again: Link | undefined
    links[0]!.onClose = () => {
      house.spaces.faults = faults
      again = house.link()
      again.hello(spaceNo(1))
    }
    for (const link of links) link.hello(spaceNo(1))
    await house.pass(50)
    expect(links.map(({ closed }) => closed)).toEqual(Array(2).fill('the store does not answer'))
    expect(house.failures()).toEqual(Array(2).fill('this simulated store does not answer'))
    expect([again!.kinds, house.open]).toEqual([['welcome'], ['01']])
    expect(house.host.state).toMatchObject({ openSpaces: 1, connections: 1, healthy: true })
  })
})

describe('§20 bounds: open spaces', () => {
  test('are so many; an idle one is closed for another, and one with links never', async () => {
    const house = await House.open({ openSpacesMax: 2 })
    const [first, second] = [await house.visit(1), await house.visit(2)]
    const refused = await house.visit(3)
    expect([refused.closed, house.open]).toEqual(['too many spaces are open', ['01', '02']])
    expect(first.closed ?? second.closed).toBeUndefined()
    expect((await house.visit(2)).kinds).toEqual(['welcome']) // one that is open is no more
    first.leave()
    const third = await house.visit(3)
    expect([third.kinds, house.open]).toEqual([['welcome'], ['02', '03']])
    expect((await house.visit(1)).closed).toBe('too many spaces are open')
  })

  test('are closed when they are idle for long, and not if a link opens in between', async () => {
    const house = await House.open({ idleMs: 1_000 })
    const [one, two] = [await house.visit(1), await house.visit(2)]
    const other = await house.visit(2)
    for (const link of [one, two]) link.leave()
    await house.pass(900)
    const back = await house.visit(1)
    await house.pass(2_000)
    expect(house.open).toEqual(['01', '02'])
    other.leave()
    back.leave()
    back.leave() // says it twice
    await house.pass(900)
    expect(house.open).toEqual(['01', '02'])
    await house.pass(200)
    expect([house.open, house.host.state.openSpaces]).toEqual([[], 0])
  })

  test('one that is opened again while it is being closed is opened after that', async () => {
    const house = await House.open({ idleMs: 1_000 })
    const link = await house.visit(1)
    link.leave()
    house.spaces.faults = { ...house.spaces.faults, latencyMs: () => 50 }
    await house.pass(1_000)
    expect(house.open).toEqual([])
    const next = await house.visit(1)
    await house.pass(500)
    expect([next.kinds, house.open, house.failures()]).toEqual([['welcome'], ['01'], []])
  })
})

describe('an author of one of them', () => {
  /** A desk whose authors speak to a host that has their space among others. */
  async function hosted(
    options: Partial<HostOptions>,
  ): Promise<{ desk: Desk; host: ReviewerHost; ann: HandAuthor; events: ReviewerEvent[] }> {
    const desk = await Desk.open()
    await desk.close()
    const events: ReviewerEvent[] = []
    const { clock, random, signer, keys, spaces } = desk
    const host = createReviewerHost({
      ...{ clock, random, signer, keys, accepts: () => true, ...options },
      spaces: spaces.connect(),
      onEvent: (event) => events.push(event),
    })
    desk.use({
      space: DESK_SPACE,
      publicKey: host.publicKey,
      get state() {
        return host.open[0]!.state
      },
      connect: (link, peer) => host.connect(link, peer),
      evidence: () => Promise.resolve([]),
      rightsChanged: () => {},
      eraseValues: () => Promise.reject(new Error('unused')),
      revoke: async () => {},
      readmit: async () => {},
      close: () => host.close(),
    } satisfies Reviewer)
    return { desk, host, ann: await desk.author('ann'), events }
  }

  test('finds everything again after the space was closed and opened', async () => {
    const { desk, host, ann, events } = await hosted({ idleMs: 500 })
    const root = ann.create('counter', { n: { $op: ['counter', 1] } })
    const refused = ann.message([
      { type: 'issue', id: spaceNo(1).replace('-4', '-8'), kind: 'create', values: { n: 1 } },
    ])
    await ann.offer(root, refused)
    let last = root
    for (let round = 0; round < 4; round++) {
      ann.leave()
      await desk.pass(5_000)
      expect(host.open).toEqual([])
      const tables = desk.spaces.tables(DESK_SPACE)
      expect(tables.head().through).toBe(tables.head().seq) // what waited is written
      await ann.connect()
      ann.heard.length = 0
      last = ann.change([last], { n: { $op: ['counter', 10] } })
      await ann.offer(root, refused, last)
      expect([root, refused, last].map((message) => ann.verdict(message))).toEqual([
        'accepted',
        'invalid',
        'accepted',
      ])
      expect(desk.reviewer.state.seq).toBe(2 + round)
    }
    await ann.follow()
    expect(ann.batches().flatMap(({ accepted }) => accepted.map(({ seq }) => seq))).toEqual([
      1, 2, 3, 4, 5,
    ])
    expect(events.filter(({ type }) => type === 'store_failed')).toEqual([])
  })

  test('is answered before the host is closed, and gets a bye; no link opens after that', async () => {
    const { desk, host, ann, events } = await hosted({})
    const root = ann.create('issue', { n: 1 })
    ann.offerFlush(root.session, root.flush, await ann.seal(root.flush))
    for (let turn = 0; turn < 100; turn++) await Promise.resolve() // its seal is verified
    const closed = host.close()
    await desk.settle()
    await closed
    expect(ann.verdict(root)).toBe('accepted')
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'bye', reason: 'the reviewer is stopping' })
    expect(desk.spaces.tables(DESK_SPACE).head()).toMatchObject({ seq: 1, through: 1 })
    ann.heard.length = 0
    ann.greet()
    await desk.settle()
    expect(ann.heard).toMatchObject([{ kind: 'bye', reason: 'the reviewer is stopping' }])
    expect(events.filter(({ type }) => type === 'store_failed')).toEqual([])
  })

  test('comes back while its space is being closed, and finds all of it done', async () => {
    const { desk, host, ann, events } = await hosted({ idleMs: 10 })
    const root = ann.create('issue', { n: 1 })
    const tables = desk.spaces.tables(DESK_SPACE)
    const calls: string[] = []
    for (const name of ['append', 'writeBehind', 'meta', 'head'] as const) {
      const call = tables[name].bind(tables) as (given: never) => never
      Object.assign(tables, {
        [name]: (given: never) => {
          calls.push(name)
          return call(given)
        },
      })
    }
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 50 }
    ann.offerFlush(root.session, root.flush, await ann.seal(root.flush))
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    ann.leave()
    while (host.open.length > 0) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve()
      desk.clock.step()
    }
    expect(calls).toEqual([]) // its commit is under way
    ann.greet()
    await desk.pass(1_000)
    // Two reviewers at a time would fence each other.
    expect(calls).toEqual(['append', 'writeBehind', 'meta', 'head'])
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'welcome', position: { seq: 1 } })
    expect(events.filter(({ type }) => type === 'store_failed')).toEqual([])
  })

  test('the host waits for a space that is on its way out', async () => {
    const { desk, host, ann, events } = await hosted({ idleMs: 500 })
    await ann.offer(ann.create('issue', { n: 1 }))
    ann.leave()
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 50 }
    while (host.open.length > 0) {
      await desk.settle()
      desk.clock.step()
    }
    const closed = host.close()
    await desk.pass(2_000)
    await closed
    expect(desk.spaces.tables(DESK_SPACE).head()).toMatchObject({ seq: 1, through: 1 })
    expect(events.filter(({ type }) => type === 'store_failed')).toEqual([])
  })
})

test('RVK1 revokes in a space that nobody has open, which is closed again', async () => {
  const house = await House.open({ idleMs: 1_000 })
  const space = spaceNo(7)
  await house.done(house.host.revoke(space, { personalId: 'ann' }))
  expect(house.open).toEqual(['07'])
  await house.pass(2_000)
  expect(house.open).toEqual([])
  const stored = (): string[] =>
    house.spaces
      .tables(space)
      .revocations()
      .map(({ key }) => key)
  expect(stored()).toEqual(['person ann'])
  await house.done(house.host.readmit(space, { personalId: 'ann' }))
  expect(stored()).toEqual([])
  house.spaces.faults = { ...house.spaces.faults, readFails: () => true }
  await expect(house.done(house.host.revoke(spaceNo(8), { personalId: 'ann' }))).rejects.toThrow(
    /store/,
  )
  house.spaces.faults = { ...house.spaces.faults, readFails: () => false }
  await house.visit(8)
  expect(house.open).toEqual(['07', '08'])
})
