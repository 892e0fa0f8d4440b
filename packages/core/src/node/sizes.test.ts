/** What is counted at the reviewer's door: the text that came, which is the one that will be sent. */
import { describe, expect, test, vi } from 'vitest'
import { flushHashes } from '../facts/hashes.ts'
import { textOfLines } from '../facts/line.ts'
import { LIMITS } from '../facts/limits.ts'
import { WIRE_VERSION } from '../facts/message.ts'
import { DESK_SPACE, Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'
import { cutFrame } from '../wire/parts.ts'

// Millions of bytes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const LONG = '100000000000000000000'

/** A message of numbers that have 21 digits in JSON; another text of it has four characters each. */
function ofNumbers(ann: HandAuthor, count: number): HandMessage {
  const list = Array.from({ length: count / 16 }, () => 1e20)
  const values = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`list${n}`, list]))
  return ann.create('issue', values)
}

/** A message whose head and line have that size together. */
function ofSize(ann: HandAuthor, bytes: number): HandMessage {
  const values = (last: number): Record<string, string> => ({
    ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n + 10}`, 'я'.repeat(25_000)])),
    f99: 'x'.repeat(last),
  })
  const base = ann.create('issue', values(0)).flush.bytes
  const message = ann.create('issue', values(bytes - base))
  expect(message.flush.bytes).toBe(bytes)
  return message
}

/** A link by hand, and all that was sent to it. */
function linkTo(desk: Desk): { sent: string[]; closed: string[]; frame: (text: string) => void } {
  const sent: string[] = []
  const closed: string[] = []
  const attached = desk.reviewer.connect(
    { send: (text) => sent.push(text), close: (reason) => closed.push(reason) },
    { address: 'hand' },
  )
  return { sent, closed, frame: (text) => attached.frame(text) }
}

function strikes(desk: Desk): string[] {
  return desk.events.flatMap((event) => (event.type === 'strike' ? [event.why] : []))
}

describe('§20 sizes: a message', () => {
  test('at its very limit is accepted, and one byte more is none', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const within = ofSize(ann, LIMITS.messageBytesMax)
    await ann.offer(within)
    expect(ann.verdict(within)).toBe('accepted')
    const above = ofSize(ann, LIMITS.messageBytesMax + 1)
    await ann.offer(above)
    expect(ann.verdict(above)).toBeUndefined()
    expect(strikes(desk)).toEqual([expect.stringContaining(`${LIMITS.messageBytesMax} bytes`)])
  })

  test('above what a deployment has lowered is refused, alone and among others', async () => {
    const messageBytesMax = 8_192
    const desk = await Desk.open({ limits: { messageBytesMax } })
    const ann = await desk.author('ann')
    const sized = (bytes: number): HandMessage => {
      const base = ann.create('issue', { title: '' }).flush.bytes
      return ann.create('issue', { title: 'x'.repeat(bytes - base) })
    }
    const [within, above] = [sized(messageBytesMax), sized(messageBytesMax + 1)]
    const some = ann.together(
      ...[0, 0, 1, 0].map((more) => sized(messageBytesMax - 100 + more * 200)),
    )
    await ann.offer(within, above, ...some)
    expect([within, above, ...some].map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'too_large',
      'accepted',
      'accepted',
      'too_large',
      'accepted',
    ])
  })

  test('of numbers has one text, by which it is counted, and another is none', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const eve = await desk.author('eve')
    const bob = await desk.author('bob')
    await bob.follow()
    const offered = [ofNumbers(ann, 160), ofNumbers(ann, 20_000), ofNumbers(ann, 50_000)]
    for (const message of offered) await ann.offer(message)
    expect(offered.map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'accepted',
      undefined,
    ])
    expect(strikes(desk)).toEqual([expect.stringContaining(`${LIMITS.messageBytesMax} bytes`)])
    for (const count of [160, 50_000]) {
      const { session, flush } = ofNumbers(eve, count)
      const lines = flush.text.lines.map((line) => line.replaceAll(LONG, '1e20'))
      expect(textOfLines(lines).length).toBeLessThan(LIMITS.messageBytesMax)
      const text = { head: flush.text.head, lines }
      eve.offerFlush(session, { text }, await eve.seal({ hashes: flushHashes(session.hash, text) }))
      await desk.settle()
    }
    expect(strikes(desk).slice(1)).toEqual(
      Array(2).fill(expect.stringContaining('not in canonical form')),
    )
    expect(bob.batches().flatMap(({ accepted }) => accepted)).toHaveLength(2)
  })
})

describe('§19 parts: an offer', () => {
  test('PART3 whose parts are wrong is a strike, and three of them end the link', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    for (let n = 0; n < 3; n++) ann.send('["part","x",0,1,"a"]')
    expect(desk.events.filter(({ type }) => type === 'strike')).toHaveLength(3)
    expect(ann.heard.at(-1)).toMatchObject({
      kind: 'bye',
      reason: expect.stringContaining('a part of none') as string,
    })
  })

  test('PART4 larger than all parts together may be is refused before it is parsed', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const frame = authorFrame(
      'offer',
      { sig: 'a', rejections: null },
      'я'.repeat(LIMITS.authorFrameBytesMax / 2),
    )
    ann.send(frame)
    expect(desk.events.at(-1)).toMatchObject({
      type: 'strike',
      why: `parts of more than ${LIMITS.authorFrameBytesMax} bytes together`,
    })
  })

  test('of a link that is not bound counts with every byte', async () => {
    const desk = await Desk.open()
    const link = linkTo(desk)
    link.frame(
      authorFrame('hello', { v: WIRE_VERSION, space: DESK_SPACE, nonce: 'n', position: null }),
    )
    const parts = cutFrame(`["bind","${'я'.repeat(LIMITS.handshakeBytesMax / 2)}"]`, 8_192)
    for (const part of parts) link.frame(part)
    expect(link.closed).toEqual(['too many bytes before a session was bound'])
  })
})
