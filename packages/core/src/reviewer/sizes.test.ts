/** What is counted at the reviewer's door: the text that will be sent, not the one that came. */
import { describe, expect, test, vi } from 'vitest'
import { utf8Bytes } from '../base/size.ts'
import { LIMITS } from '../message/limits.ts'
import type { Message } from '../message/message.ts'
import { helloFrame, offerFrame } from '../protocol/frames.ts'
import { packMessages } from '../protocol/pack.ts'
import { cutFrame } from '../protocol/parts.ts'
import { DESK_SPACE, Desk, type HandAuthor } from '../testing/desk.ts'

// Millions of bytes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const LONG = '100000000000000000000'

/** A message of numbers that have 21 digits in JSON; another text of it has four characters each. */
function ofNumbers(ann: HandAuthor, count: number): Message {
  const list = Array.from({ length: count / 16 }, () => 1e20)
  const values = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`list${n}`, list]))
  return ann.create('issue', values)
}

/** A message of a packed size. */
function ofSize(ann: HandAuthor, bytes: number): Message {
  const values = (last: number): Record<string, string> => ({
    ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n + 10}`, 'я'.repeat(25_000)])),
    f99: 'x'.repeat(last),
  })
  const base = utf8Bytes(packMessages([ann.create('issue', values(0))]))
  const message = ann.create('issue', values(bytes - base))
  const apart = bytes - utf8Bytes(packMessages([message]))
  expect(apart).toBe(0)
  return message
}

/** A link by hand, and all that was sent to it. */
function linkTo(desk: Desk): { sent: string[]; closed: string[]; frame: (text: string) => void } {
  const sent: string[] = []
  const closed: string[] = []
  const attached = desk.reviewer.connect(
    { send: (text) => sent.push(text), close: (reason) => closed.push(reason) },
    { address: 'hand', auth: undefined },
  )
  return { sent, closed, frame: (text) => attached.frame(text) }
}

describe('§20 sizes: a message', () => {
  test('at its very limit is accepted, and one byte more is refused', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const within = ofSize(ann, LIMITS.messageBytesMax)
    await ann.offer(within)
    expect(ann.verdict(within)).toBe('accepted')
    const above = ofSize(ann, LIMITS.messageBytesMax + 1)
    await ann.offer(above)
    expect(ann.verdict(above)).toBe('too_large')
  })

  test('of numbers is counted as it is written again', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    await bob.follow()
    const seqs: Message[] = [ofNumbers(ann, 160), ofNumbers(ann, 20_000), ofNumbers(ann, 60_000)]
    const verdicts: (string | undefined)[] = []
    for (const message of seqs) {
      const text = packMessages([message]).replaceAll(LONG, '1e20')
      const { sig, publicKey } = await ann.seal([message])
      ann.send(offerFrame(text, sig, publicKey))
      await desk.settle()
      verdicts.push(ann.verdict(message))
    }
    expect(verdicts).toEqual(['accepted', 'accepted', 'too_large'])
    const told = bob.heard.flatMap((frame) => (frame.kind === 'tail' ? frame.runs : []))
    expect(told).toHaveLength(2)
  })
})

describe('§19 parts: an offer', () => {
  test('whose parts are wrong is a strike, and three of them end the link', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    for (let n = 0; n < 3; n++) ann.send('["part","x",0,1,"a"]')
    expect(desk.events.filter(({ type }) => type === 'strike')).toHaveLength(3)
    expect(ann.heard.at(-1)).toMatchObject({
      kind: 'bye',
      reason: expect.stringContaining('a part of none') as string,
    })
  })

  test('larger than all parts together may be is refused before it is parsed', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const frame = offerFrame(`["${'я'.repeat(LIMITS.authorFrameBytesMax / 2)}"]`, 'a', 'b')
    ann.send(frame)
    expect(desk.events.at(-1)).toMatchObject({
      type: 'strike',
      why: `parts of more than ${LIMITS.authorFrameBytesMax} bytes together`,
    })
  })

  test('of a link that is not bound counts with every byte', async () => {
    const desk = await Desk.open()
    const link = linkTo(desk)
    link.frame(helloFrame(DESK_SPACE, null))
    const parts = cutFrame(`["bind","${'я'.repeat(LIMITS.handshakeBytesMax / 2)}"]`, 8_192)
    for (const part of parts) link.frame(part)
    expect(link.closed).toEqual(['too many bytes before a session was bound'])
  })
})
