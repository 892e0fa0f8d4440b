// Owns: the second client beside the product's store, over Socket.IO, on the product's reviewer: what
// each writes the other shows, and each thing that a client verifies bites.

import { type SyncStore, createSyncStore, entity } from '@countersign/core'
import { memorySpaces, type Transport } from '@countersign/core/ports'
import { type RunningReviewer, startReviewer } from '@countersign/reviewer'
import { socketIo as productSocketIo } from '@countersign/transport-socketio'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ClientOptions, SecondClient } from './client.ts'
import { isSigned } from './encode.ts'
import { flushHashes, messageId, readFlush, readSessionLine, sealHash } from './flush.ts'
import type { Row } from './fold.ts'
import { type Dial, socketIo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), done: z.boolean() }))
const MANY = 2_100

let reviewer: RunningReviewer
const stores: SyncStore[] = []
const clients: SecondClient[] = []

beforeEach(async () => {
  reviewer = await startReviewer({
    spaces: memorySpaces(),
    host: '127.0.0.1',
    port: 0,
    entities: [Task],
  })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await reviewer.close()
})

async function openProduct(transport?: Transport): Promise<SyncStore> {
  const store = createSyncStore({
    server: true,
    space: reviewer.space,
    entities: [Task],
    transports: [transport ?? productSocketIo(reviewer.url)],
  })
  stores.push(store)
  await store.ready
  return store
}

function openClient(options: Partial<ClientOptions> = {}): SecondClient {
  const { space, url } = reviewer
  const client = new SecondClient({ space, dial: socketIo(url), ...options })
  clients.push(client)
  client.connect()
  return client
}

async function online(client: SecondClient): Promise<SecondClient> {
  await expect.poll(() => client.online || client.refusals).toBe(true)
  return client
}

/** Until neither has anything under way, and both are at the same position. */
async function together(product: SyncStore, ...others: SecondClient[]): Promise<void> {
  await expect
    .poll(
      () => {
        const { position, outboxMessages } = product.status.getState()
        const at = others.map((each) => each.author.pending.length === 0 && each.position?.chain)
        return outboxMessages === 0 && at.every((chain) => chain === position?.chain)
      },
      { timeout: 30_000, interval: 10 },
    )
    .toBe(true)
}

/** The rows of the product, in the words of the second client. */
function productRows(product: SyncStore): Row[] {
  const rows = product.query(Task, { archived: 'include' }).rows
  return rows
    .map((row) => ({
      id: row.id,
      type: 'task',
      values: { title: row.title, done: row.done },
      conflicts: Object.fromEntries(
        Object.entries(row.$conflicts).map(([field, { base, candidates }]) => [
          field,
          {
            base: { value: base as string },
            candidates: candidates.map(({ value }) => value as string),
          },
        ]),
      ),
      archived: row.$archived,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** One row with a title that the product and the client have written side by side. */
async function conflict(product: SyncStore, client: SecondClient): Promise<string> {
  const { id } = product.create(Task, { title: 'one', done: false })
  await together(product, client)
  product.setOnline(false)
  product.update(Task, id, { title: 'two' })
  client.update('task', id, { title: 'zwei' })
  await expect.poll(() => client.author.pending.length).toBe(0)
  product.setOnline(true)
  await together(product, client)
  return id
}

describe('beside the product', () => {
  it('shows what the product writes, and the product shows what it writes', async () => {
    const product = await openProduct()
    const client = await online(openClient())
    const { entityId, own } = client.create('task', { title: 'from the second', done: false })
    expect(client.row(entityId)?.values).toEqual({ title: 'from the second', done: false })
    const receipt = product.create(Task, { title: 'from the product', done: false })
    await together(product, client)
    expect(own.state).toBe('accepted')
    expect(product.read(Task, entityId)?.title).toBe('from the second')
    // FACT12: the same ids of the same messages.
    expect(client.headsOf(receipt.id)).toEqual([receipt.messageId])
    expect(product.read(Task, entityId)?.$heads).toEqual([own.id])

    product.update(Task, entityId, { done: true })
    client.update('task', receipt.id, { title: 'corrected' })
    await together(product, client)
    expect(client.row(entityId)?.values).toEqual({ title: 'from the second', done: true })
    expect(product.read(Task, receipt.id)?.title).toBe('corrected')
    product.archive(Task, entityId)
    await together(product, client)
    expect(client.row(entityId)?.archived).toBe(true)
    expect(client.rows('task')).toEqual(productRows(product))
    expect(client.historyTrouble).toBe(false)
  })

  it('writes offline, on its own pending messages, several in one flush', async () => {
    const product = await openProduct()
    const client = openClient()
    client.close()
    const [first, second] = [client.author.mint(), client.author.mint()]
    const create = (entityId: string, title: string) =>
      ({ kind: 'create', type: 'task', entityId, values: { title, done: false } }) as const
    const done = { type: 'task', kind: 'update', values: { done: true } } as const
    client.write([
      [create(first, 'a'), create(second, 'b')],
      [{ ...done, entityId: first }],
      [{ ...done, entityId: second }, create(client.author.mint(), 'c')],
    ])
    client.update('task', first, { title: 'A' })
    expect(client.author.pending).toHaveLength(4)
    client.connect()
    await together(product, client)
    expect(client.rows('task')).toHaveLength(3)
    expect(client.rows('task')).toEqual(productRows(product))
  })

  it('sees a conflict with its base, keeps it, and resolves it for both', async () => {
    const product = await openProduct()
    const client = await online(openClient())
    const id = await conflict(product, client)
    const title = { base: { value: 'one' }, candidates: ['zwei', 'two'] }
    expect(client.row(id)).toMatchObject({ values: { title: 'zwei' }, conflicts: { title } })
    expect(product.read(Task, id)?.title).toBe('two')
    expect(productRows(product)[0]!.conflicts).toEqual({ title })

    // CONF7: an update is no decision.
    client.update('task', id, { title: 'ZWEI' })
    await together(product, client)
    const edited = { title: { ...title, candidates: ['two', 'ZWEI'] } }
    expect(client.row(id)?.conflicts).toEqual(edited)
    expect(productRows(product)[0]!.conflicts).toEqual(edited)

    client.resolve('task', id, { title: 'three' })
    await together(product, client)
    expect(product.read(Task, id)).toMatchObject({ title: 'three', $conflicts: {} })
    expect(client.rows('task')).toEqual(productRows(product))
  })

  it('sees a conflict that the product resolves', async () => {
    const product = await openProduct()
    const client = await online(openClient())
    const id = await conflict(product, client)
    product.resolve(Task, id, { title: 'drei' })
    await together(product, client)
    expect(client.row(id)).toMatchObject({ values: { title: 'drei' }, conflicts: {} })
  })

  it('joins late, by a snapshot, and goes on from it', { timeout: 120_000 }, async () => {
    const product = await openProduct()
    const early = await online(openClient())
    await conflict(product, early)
    const { id } = product.create(Task, { title: '0', done: false })
    for (let n = 1; n < MANY; n += 1) product.update(Task, id, { title: `${n}` })
    await together(product, early)
    expect(early.heard).not.toContain('page')

    // A reader who has written none of them, so that a row in conflict shows the same (CONF3).
    const reader = await openProduct()
    await together(reader, early)
    const late = await online(openClient())
    expect(late.heard).toContain('page')
    expect(late.heard).not.toContain('tail')
    expect(late.rows('task')).toEqual(productRows(reader))
    expect(late.rows('task').filter(({ conflicts }) => conflicts['title'])).toHaveLength(1)

    product.update(Task, id, { title: 'after' })
    late.update('task', id, { done: true })
    await together(product, early, late)
    await together(reader, late)
    expect(late.rows('task')).toEqual(productRows(reader))
    expect(early.row(id)).toEqual(late.row(id))
  })

  it(
    'comes back after a while, to its own messages in a snapshot',
    { timeout: 120_000 },
    async () => {
      const product = await openProduct()
      const client = await online(openClient())
      const { entityId } = client.create('task', { title: '0', done: false })
      await together(product, client)
      client.close()
      for (let n = 1; n <= MANY; n += 1) product.update(Task, entityId, { title: `${n}` })
      await expect.poll(() => product.status.getState().outboxMessages).toBe(0)
      client.update('task', entityId, { done: true })
      client.connect()
      await together(product, client)
      expect(client.heard).toContain('settled')
      expect(client.rows('task')).toEqual(productRows(product))
    },
  )
})

describe('verdicts', () => {
  it('is refused with a signed rejection, for an invalid value and for a late write', async () => {
    const product = await openProduct()
    const client = await online(openClient())
    const { own, entityId } = client.create('task', { title: 7, done: false })
    const on = client.update('task', entityId, { done: true })
    await expect.poll(() => own.state).toBe('rejected')
    expect(own.rejection).toMatchObject({ reason: 'invalid', msgId: own.id })
    await expect.poll(() => on.state).toBe('blocked')
    expect(client.row(entityId)).toBeUndefined()

    const id = await conflict(product, client)
    product.setOnline(false)
    client.close()
    const late = client.resolve('task', id, { title: 'mine' })
    product.resolve(Task, id, { title: 'yours' })
    product.setOnline(true)
    await expect.poll(() => product.status.getState().outboxMessages).toBe(0)
    client.connect()
    await expect.poll(() => late.state).toBe('rejected')
    expect(late.rejection).toMatchObject({ reason: 'stale', standing: [{ value: 'yours' }] })
    await together(product, client)
    expect(client.rows('task')).toEqual(productRows(product))
    client.update('task', id, { title: 'and on' })
    await together(product, client)
    expect(product.read(Task, id)?.title).toBe('and on')
  })

  it('gets the same verdict again, signed', async () => {
    const client = await online(openClient())
    const { own } = client.create('task', { title: 'once', done: false })
    await expect.poll(() => own.state).toBe('accepted')
    client.offer(client.author.flushes[0]!)
    await expect.poll(() => client.heard).toContain('accepted')
    expect(client.refusals).toEqual([])
  })

  it('gets its own messages by `accepted` alone, where it does not follow', async () => {
    const client = openClient({ follows: false })
    const { own } = client.create('task', { title: 'told', done: false })
    await expect.poll(() => own.state).toBe('accepted')
    expect(client.heard).toEqual(['welcome', 'bound', 'accepted'])
  })
})

/** What goes up or down in the place of a frame. */
type Rewrite = (content: string) => readonly string[]

/** Somebody between the client and the reviewer. */
function between(ways: { up?: Rewrite; down?: Rewrite }): Dial {
  return (events) => {
    const link = socketIo(reviewer.url)({
      ...events,
      frame: (content) => (ways.down?.(content) ?? [content]).forEach((each) => events.frame(each)),
    })
    return {
      close: () => link.close(),
      send: (content) => (ways.up?.(content) ?? [content]).forEach((each) => link.send(each)),
    }
  }
}

const frameOf = (kind: string, content: string): boolean => content.startsWith(`["${kind}"`)

/** Exchanges one letter, in frames of that kind. */
function exchanging(kind: string, where: RegExp, by: (found: string) => string): Rewrite {
  return (content) => [frameOf(kind, content) ? content.replace(where, by) : content]
}

const otherLetter = (found: string): string => {
  const at = Math.floor(found.length / 2)
  return `${found.slice(0, at)}${found[at] === 'A' ? 'B' : 'A'}${found.slice(at + 1)}`
}

describe('a frame that is forged on the way down is rejected by its rule', () => {
  const signature = /[\w-]{86}/
  const lastSignature = /[\w-]{86}(?=[^\w-]*$)/
  const cases: readonly [string, string, Rewrite][] = [
    [
      'the time of the epoch record',
      'OPN8',
      exchanging('welcome', /(?<=epoch\\",0,)\d+/, () => '7'),
    ],
    [
      'the id of the reviewer',
      'ID1',
      exchanging('welcome', /(?<=,2,\\"[\w-]{22}\\",\\")[\w-]{22}/, otherLetter),
    ],
    ['the signature of the greeting', 'OPN8', exchanging('welcome', lastSignature, otherLetter)],
    [
      'the clock of the greeting',
      'OPN8',
      exchanging('welcome', /\d+(?=,"[\w-]{86}"\]$)/, () => '7'),
    ],
    ['the version', 'OPN2', exchanging('welcome', /,2,/, () => ',3,')],
    ['the signature of a position', 'POS2', exchanging('tail', signature, otherLetter)],
    ['the chain of a position', 'POS2', exchanging('tail', /[\w-]{43}(?=",")/, otherLetter)],
    ['the id of an entity', 'POS4', exchanging('tail', /(?<=\[\[0,")[\w-]{22}/, otherLetter)],
    ['the author', 'POS4', exchanging('tail', /(?<=\n\[2,"[\w-]{22}",")[\w-]{22}/, otherLetter)],
    ['a value', 'POS4', exchanging('tail', /first/, () => 'worst')],
    ['the order in a batch', 'POS4', swappedLines],
    ['the seq of a batch', 'POS4', exchanging('tail', /(?<="batch",\d+,)\d+/, () => '7')],
    [
      'a line too many',
      'FRM6',
      (content) => [frameOf('tail', content) ? `${content}\n[]` : content],
    ],
  ]

  it.each(cases)('%s: %s', async (_, rule, down) => {
    const writer = await online(openClient())
    const create = (title: string) =>
      ({
        kind: 'create',
        type: 'task',
        entityId: writer.author.mint(),
        values: { title, done: false },
      }) as const
    const written = writer.write([[create('first')], [create('second')]])
    await expect.poll(() => written.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    const victim = openClient({ dial: between({ down }) })
    await expect.poll(() => victim.refusals.map((each) => each.rule)).toEqual([rule])
    expect(victim.online).toBe(false)
    expect(victim.rows('task')).toEqual([])
    // GATE9: it keeps what it has believed, and all is well on a link that nobody is on.
    expect((await online(openClient())).rows('task')).toHaveLength(2)
  })

  /** Two messages of one flush, the second before the first. */
  function swappedLines(content: string): string[] {
    if (!frameOf('tail', content)) return [content]
    const lines = content.split('\n')
    return [[...lines.slice(0, -2), lines.at(-1)!, lines.at(-2)!].join('\n')]
  }

  it('the chain: batches under a position that was signed for others', async () => {
    const writer = await online(openClient())
    let held: string | undefined
    const down: Rewrite = (content) => {
      if (!frameOf('tail', content)) return [content]
      if (held === undefined) {
        held = content
        return []
      }
      // The text of the first batch under the position of the second one.
      const [first] = content.split('\n')
      return [[first, ...held.split('\n').slice(1)].join('\n')]
    }
    const victim = await online(openClient({ dial: between({ down }) }))
    for (const title of ['first', 'second']) {
      const { own } = writer.create('task', { title, done: false })
      await expect.poll(() => own.state).toBe('accepted')
    }
    await expect.poll(() => victim.refusals.map((each) => each.rule)).toEqual(['POS4'])
    expect(victim.rows('task')).toEqual([])
  })

  it('batches out of order are a gap: they are asked for, and come right (IDEM2, CATCH6)', async () => {
    const writer = await online(openClient())
    const held: string[] = []
    const down: Rewrite = (content) => {
      if (!frameOf('tail', content) || held.length === 2) return [content]
      held.push(content)
      return held.length === 2 ? held.toReversed() : []
    }
    const wants: string[] = []
    const up: Rewrite = (content) => {
      if (frameOf('want', content)) wants.push(content)
      return [content]
    }
    const victim = await online(openClient({ dial: between({ up, down }) }))
    for (const title of ['first', 'second']) {
      const { own } = writer.create('task', { title, done: false })
      await expect.poll(() => own.state).toBe('accepted')
    }
    await expect.poll(() => victim.position?.chain).toBe(writer.position?.chain)
    expect(victim.rows('task')).toEqual(writer.rows('task'))
    expect(victim.refusals).toEqual([])
    expect(wants).toHaveLength(2)
  })

  it('the signature of an end: POS2, and it is not online', async () => {
    const down = exchanging('through', signature, otherLetter)
    const client = openClient({ dial: between({ down }) })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['POS2'])
    expect(client.online).toBe(false)
  })

  it('an end from before the greeting: GATE5', async () => {
    const writer = await online(openClient())
    let recorded: string | undefined
    const recording: Rewrite = (content) => {
      if (frameOf('through', content)) recorded ??= content
      return [content]
    }
    await online(openClient({ dial: between({ down: recording }) }))
    const { own } = writer.create('task', { title: 'since', done: false })
    await expect.poll(() => own.state).toBe('accepted')
    const down: Rewrite = (content) => (frameOf('through', content) ? [recorded!] : [content])
    const client = openClient({ dial: between({ down }) })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['GATE5'])
  })

  it('a rejection: REJ2, and the message stays pending', async () => {
    const forging = exchanging('rejected', /"reason":"\w+"/, () => '"reason":"stale"')
    const client = await online(openClient({ dial: between({ down: forging }) }))
    const { own } = client.create('task', { title: 7, done: false })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['REJ2'])
    expect(own.state).toBe('pending')
  })

  it('an acceptance: VRD5', async () => {
    const forging = exchanging('accepted', /(?<=\[\[1,)\d+/, (seq) => `${Number(seq) + 1}`)
    const client = openClient({ follows: false, dial: between({ down: forging }) })
    const { own } = client.create('task', { title: 'told', done: false })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['VRD5'])
    expect(own.state).toBe('pending')
  })

  it('another reviewer than the one that is followed: EPO4', async () => {
    const client = openClient({ reviewerKey: 'oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA' })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['EPO4'])
  })

  it('a greeting of another link: OPN8', async () => {
    let recorded: string | undefined
    await online(
      openClient({
        dial: between({
          down: (content) => {
            recorded ??= content
            return [content]
          },
        }),
      }),
    )
    const replayed = between({
      down: (content) => [frameOf('welcome', content) ? recorded! : content],
    })
    const client = openClient({ dial: replayed })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['OPN8'])
  })

  it('a line of another author, replaced by its hash, is asked for until the link is given up: CATCH6, CATCH7', async () => {
    const writer = await online(openClient())
    const { own } = writer.create('task', { title: 'first', done: false })
    await expect.poll(() => own.state).toBe('accepted')
    const down = exchanging('tail', /[^\n]+$/, () => JSON.stringify(own.hash))
    const client = openClient({ dial: between({ down }) })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['CATCH7'])
    expect(client.rows('task')).toEqual([])
  })

  it(
    'a page of a snapshot: SNAP6; one that is lost is asked for, and one that came is not (SNAP9)',
    { timeout: 120_000 },
    async () => {
      const product = await openProduct()
      const { id } = product.create(Task, { title: 'first', done: false })
      for (let n = 0; n < MANY; n += 1) product.update(Task, id, { done: n % 2 === 0 })
      await expect.poll(() => product.status.getState().outboxMessages).toBe(0)
      const down = exchanging('page', /first/, () => 'worst')
      const client = openClient({ dial: between({ down }) })
      await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['SNAP6'])
      expect(client.rows('task')).toEqual([])

      let lost = 0
      const losing: Rewrite = (content) => {
        const first = frameOf('page', content) && lost === 0
        lost += first ? 1 : 0
        return first ? [] : [content]
      }
      const unlucky = await online(openClient({ dial: between({ down: losing }) }))
      expect(unlucky.rows('task')).toEqual(productRows(product))
      expect(unlucky.heard.filter((kind) => kind === 'page')).toHaveLength(1)

      let ends = 0
      const endless: Rewrite = (content) =>
        frameOf('through', content) && ends++ === 0 ? [] : [content]
      const luckier = await online(openClient({ dial: between({ down: endless }) }))
      expect(luckier.rows('task')).toEqual(productRows(product))
      const parts = luckier.heard.filter((kind) => kind === 'page' || kind === 'kept')
      expect(parts).toEqual(['page', 'kept'])
    },
  )
})

describe('what is forged on the way up gets no verdict', () => {
  const seal = exchanging('offer', /[\w-]{86}/, otherLetter)
  const value = exchanging('offer', /told/, () => 'sold')
  const proof = exchanging('bind', /[\w-]{86}(?="\]\]\]$)/, otherLetter)

  it.each([
    ['a seal (OFR5)', seal],
    ['a value under its seal (OFR5)', value],
  ] as const)('%s: three strikes, and bye (OFR1)', async (_, up) => {
    const client = await online(openClient({ dial: between({ up }) }))
    const { own } = client.create('task', { title: 'told', done: false })
    for (let strikes = 1; strikes < 3; strikes += 1) client.offer(client.author.flushes[0]!)
    await expect.poll(() => client.bye).toBeTruthy()
    expect(own.state).toBe('pending')
    expect((await online(openClient())).rows('task')).toEqual([])
  })

  it('a proof of a session (WHO7): it is not bound (OPN5)', async () => {
    const client = openClient({ dial: between({ up: proof }) })
    await expect.poll(() => client.refusals.map((each) => each.rule)).toEqual(['OPN5'])
  })
})

it('verifies every seal and id that the product writes (FACT12, FACT13, FACT15)', async () => {
  const offers: string[] = []
  const keys = new Map<string, string>()
  const real = productSocketIo(reviewer.url)
  const product = await openProduct({
    connect: (events) => {
      const link = real.connect(events)
      const send = (content: string): void => {
        if (frameOf('offer', content)) offers.push(content)
        if (frameOf('bind', content)) {
          const [, openings] = JSON.parse(content) as [string, string[][]]
          for (const [, publicKey = '', session = ''] of openings) keys.set(session, publicKey)
        }
        link.send(content)
      }
      return { send, close: () => link.close() }
    },
  })
  const client = await online(openClient())
  const id = await conflict(product, client)
  const receipt = product.update(Task, id, { title: 'edited' })
  product.transact(() => {
    product.update(Task, id, { done: true })
    product.create(Task, { title: 'beside', done: false })
  })
  product.resolve(Task, id, { title: 'decided' })
  await together(product, client)
  const ids = offers.flatMap((offer) => {
    const [first = '', line = '', ...lines] = offer.split('\n')
    const hashes = flushHashes(line, lines)
    const [, sig = ''] = JSON.parse(first) as string[]
    const key = keys.get((JSON.parse(line) as string[])[3]!)!
    expect(isSigned(sealHash(hashes), sig, key)).toBe(true)
    let end = 0
    const { messages } = readFlush(readSessionLine(line), lines.join('\n'))
    return messages.map(({ salts }) => messageId(hashes[(end += salts.length)]!))
  })
  expect(ids).toContain(receipt.messageId)
  expect(client.rows('task')).toEqual(productRows(product))
})

describe('a reviewer with a login', () => {
  beforeEach(async () => {
    await reviewer.close()
    reviewer = await startReviewer({
      spaces: memorySpaces(),
      host: '127.0.0.1',
      port: 0,
      entities: [Task],
      authenticate: (auth) => {
        const [, personalId, forMs] = /^token of (\w+)(?: for (\d+))?$/.exec(auth ?? '') ?? []
        if (personalId === undefined) return 'no such token'
        return { personalId, ...(forMs && { expiresAt: Date.now() + Number(forMs) }) }
      },
      rules: {
        task: {
          update: ({ samePerson }, _, row) =>
            samePerson(row.$createdBy) || 'only its author may edit a task',
        },
      },
    })
  })

  it('binds by a token, and sends a person their author ids: AUTH1, WHO8, WHO9', async () => {
    const { space, url } = reviewer
    const product = createSyncStore({
      ...{ server: true, space, entities: [Task], auth: 'token of ann' },
      transports: [productSocketIo(url)],
      identity: { personalId: 'ann' },
    })
    stores.push(product)
    await product.ready
    const { id } = product.create(Task, { title: 'hers', done: false })
    const client = await online(openClient({ personalId: 'ann', token: 'token of ann' }))
    await together(product, client)
    const own = client.update('task', id, { title: 'hers, too' })
    await expect.poll(() => own.state).toBe('accepted')
    const ids = [product.me.getState().authorId!, client.author.authorId].sort()
    await expect.poll(() => [...client.authorIds].sort()).toEqual(ids)
    expect(product.me.getState().aliases).toEqual([client.author.authorId])
    const bob = await online(openClient({ personalId: 'bob', token: 'token of bob' }))
    await together(product, bob)
    const his = bob.update('task', id, { title: 'his' })
    await expect.poll(() => his.state).toBe('rejected')
    expect(bob.authorIds).toEqual([bob.author.authorId])
  })

  it('refuses a token, and one of another person, in words: AUTH2, AUTH3', async () => {
    const none = openClient({ personalId: 'ann', token: 'stolen' })
    await expect.poll(() => none.bye).toBe('no such token')
    const bob = openClient({ personalId: 'bob', token: 'token of ann' })
    await expect.poll(() => bob.bye).toBe('a session is of another person than the login')
  })

  it('keeps a link whose login is renewed in time: AUTH5', async () => {
    const client = await online(openClient({ personalId: 'ann', token: 'token of ann for 1000' }))
    await new Promise((done) => setTimeout(done, 1_800))
    expect([client.online, client.bye]).toEqual([true, undefined])
    expect(client.heard.filter((kind) => kind === 'bound').length).toBeGreaterThan(2)
  })
})
