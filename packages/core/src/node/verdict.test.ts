/** Verdicts that say more than no: what stands against a late message, and the same answer for ever. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { textOfFlush } from '../facts/flush.ts'
import { authorFrame } from '../wire/frames.ts'
import { rejectionBytes } from '../wire/signed.ts'
import { LIMITS } from '../facts/limits.ts'
import type { Rejection } from '../facts/message.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'

const shape = z.object({ title: z.string(), points: z.number().default(0) })
const Issue = entity('issue', shape)
const Strict = entity('strict', shape, { stale: 'reject' })
const entities = [Issue, Strict]

/** The last rejection of the message that its author heard. */
function rejectionOf(author: HandAuthor, { id }: HandMessage): Rejection | undefined {
  return author.heard
    .flatMap((frame) => (frame.kind === 'rejected' ? frame.rejections : []))
    .findLast(({ msgId }) => msgId === id)
}

describe('stale', () => {
  test('§7 stale policy: reject refuses an update that has not seen every head, fork takes it', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    for (const type of ['strict', 'issue']) {
      const root = ann.create(type, { title: 'a', points: 1 })
      const first = ann.change([root], { title: 'b' })
      const late = ann.change([root], { points: 2 })
      const onTop = ann.change([first], { points: 3 })
      await ann.offer(root, first, late, onTop)
      expect(ann.verdict(late), type).toBe(type === 'strict' ? 'stale' : 'accepted')
      expect(ann.verdict(onTop), type).toBe('accepted')
    }
  })

  test('§7 stale policy: has the live values of the written fields, and there may be none', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const root = ann.create('strict', { title: 'a', points: 1 })
    const first = ann.change([root], { title: 'b' })
    await ann.offer(root, first)
    const same = bob.change([root], { title: 'c' })
    const another = bob.change([root], { points: 9 })
    await bob.offer(same, another)
    expect(rejectionOf(bob, same)!.standing).toEqual([
      {
        entityId: root.changes[0]!.entityId,
        type: 'strict',
        reg: 'title',
        msgId: first.id,
        authorId: ann.authorId,
        value: 'b',
        schemaVersion: 1,
      },
    ])
    expect(rejectionOf(bob, another)!.standing).toEqual([])
  })

  test('§7 compare-and-set: the loser gets every live write that it had not seen, over all entities', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const roots = [1, 2].map((points) => ann.create('issue', { title: 'a', points }))
    await ann.offer(...roots)
    const [left, right] = roots as [HandMessage, HandMessage]
    const won = [
      ann.change([left], { title: 'l', points: 5 }, 'resolve'),
      ann.change([right], { title: { $unset: true } }),
      ann.change([right], { title: 'r' }),
    ]
    await ann.offer(...won)
    const lost = bob.message(
      roots.map((root) => ({
        type: 'issue',
        id: root.changes[0]!.entityId,
        kind: 'resolve' as const,
        values: { title: 'mine' },
        parents: [root],
      })),
    )
    await bob.offer(lost)
    const { standing } = rejectionOf(bob, lost)!
    expect(standing!.map(({ reg, msgId, value }) => [reg, msgId, value])).toEqual([
      ['title', won[0]!.id, 'l'],
      ['title', won[1]!.id, { $unset: true }],
      ['title', won[2]!.id, 'r'],
    ])
  })

  test('§20 bounds: live writes are sent up to their bounds, values omitted first', async () => {
    const limits = { standingMax: 3, standingBytesMax: 1_000 }
    const desk = await Desk.open({ limits })
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const root = ann.create('issue', { title: 'a' })
    const long = ann.change([root], { title: 'x'.repeat(2_000) })
    await ann.offer(root, long, ...[1, 2, 3, 4].map((n) => ann.change([root], { title: `t${n}` })))
    const lost = bob.change([root], { title: 'mine' }, 'resolve')
    await bob.offer(lost)
    const { standing } = rejectionOf(bob, lost)!
    expect(standing!.map(({ value }) => value)).toEqual([undefined, 't1', 't2'])
    expect(standing![0]!.msgId).toBe(long.id)
    expect(JSON.stringify(standing).length).toBeLessThan(1_000)
    expect([LIMITS.standingMax, LIMITS.standingBytesMax]).toEqual([32, 16_384])
  })

  test('§19 frames: rejections with much in them come in several frames, each within its bound', async () => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root, ann.change([root], { title: 'ü'.repeat(7_000) }))
    // All in one flush, so all in one answer.
    const late = ann.together(
      ...Array.from({ length: 30 }, (_, n) =>
        ann.change([root], { title: `mine ${n}` }, 'resolve'),
      ),
    )
    await ann.offer(...late)
    const frames = ann.heard.filter(({ kind }) => kind === 'rejected')
    expect(frames.length).toBeGreaterThan(1)
    expect(late.map((message) => rejectionOf(ann, message)?.standing?.length)).toEqual(
      late.map(() => 1),
    )
  })
})

describe('the same answer', () => {
  test('§12 idempotency: a refused message has the same rejection when it comes again, also after a restart', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const won = ann.change([root], { title: 'b' })
    const stale = ann.change([root], { title: 'c' }, 'resolve')
    const invalid = ann.create('issue', { title: 4 })
    await ann.offer(root, won, stale, invalid)
    const first = [stale, invalid].map((message) => rejectionOf(ann, message))
    expect(first.map((rejection) => rejection!.reason)).toEqual(['stale', 'invalid'])
    // What stands has changed meanwhile; a verdict has not.
    await ann.offer(ann.change([won], { title: 'd' }))
    const seq = desk.reviewer.state.seq
    for (const again of ['now', 'after a restart']) {
      if (again !== 'now') {
        await desk.restart({ entities })
        await ann.connect()
      }
      ann.heard.length = 0
      await ann.offer(stale, invalid, root)
      expect(
        [stale, invalid].map((message) => rejectionOf(ann, message)),
        again,
      ).toEqual(first)
      expect(ann.verdict(root), again).toBe('accepted')
      expect(desk.reviewer.state.seq, again).toBe(seq)
    }
  })

  test('§12 idempotency: an accepted message has the same review when it comes again, also after a restart', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const messages = [root, ann.change([root], { title: 'b' }), ann.change([root], { points: 2 })]
    const reviews = async (): Promise<unknown> => {
      ann.heard.length = 0
      await ann.offer(...messages)
      return ann.heard.flatMap((frame) => (frame.kind === 'accepted' ? frame.reviews : []))
    }
    const first = await reviews()
    expect(first).toMatchObject([
      { clientSeq: 1, seq: 1, forked: false },
      { clientSeq: 2, seq: 2, forked: false },
      { clientSeq: 3, seq: 3, forked: true },
    ])
    await desk.pass(1_000)
    expect(await reviews()).toEqual(first)
    await desk.restart({ entities })
    await ann.connect()
    expect(await reviews()).toEqual(first)
  })

  test('§4 rejection: its signature covers the live writes', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const stale = ann.change([root], { title: 'c' }, 'resolve')
    await ann.offer(root, ann.change([root], { title: 'b' }), stale)
    const rejection = rejectionOf(ann, stale)!
    const key = desk.reviewer.publicKey
    const holds = (read: Rejection): Promise<boolean> =>
      desk.signer.verify(key, rejectionBytes(read), read.sig)
    expect(await holds(rejection)).toBe(true)
    const [standing] = rejection.standing!
    expect(await holds({ ...rejection, standing: [{ ...standing!, value: 'x' }] })).toBe(false)
    const { standing: _, ...bare } = rejection
    expect(await holds(bare)).toBe(false)
  })

  test('§12 poison: what was refused refuses its descendants, and nothing else', async () => {
    const desk = await Desk.open({ entities })
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a', points: 1 })
    const poison = ann.change([root], { title: 7 })
    const child = ann.change([poison], { points: 2 })
    const grandchild = ann.change([child], { points: 3 })
    const beside = ann.change([root], { points: 4 })
    const other = ann.create('issue', { title: 'b', points: 1 })
    const spanning = ann.message([
      { type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'c', points: 1 } },
      {
        type: 'issue',
        id: root.changes[0]!.entityId,
        kind: 'update',
        values: { points: 5 },
        parents: [child],
      },
    ])
    const all = [root, poison, child, grandchild, beside, other, spanning]
    const expected = [
      'accepted',
      'invalid',
      'parent_rejected',
      'parent_rejected',
      'accepted',
      'accepted',
      'parent_rejected',
    ]
    await ann.offer(...all)
    expect(all.map((message) => ann.verdict(message))).toEqual(expected)
    await desk.restart({ entities })
    await ann.connect()
    ann.heard.length = 0
    // In another order, and one by one: the answers are those of before.
    for (const message of [...all].reverse()) await ann.offer(message)
    expect(all.map((message) => ann.verdict(message))).toEqual(expected)
  })
})

test('OFR1 a rejection in an offer that this reviewer has not signed is a strike, one of another message is nothing', async () => {
  const desk = await Desk.open({ entities })
  const ann = await desk.author('ann')
  const root = ann.create('strict', { title: 'a', points: 1 })
  const [first, late] = [ann.change([root], { title: 'b' }), ann.change([root], { points: 2 })]
  await ann.offer(root, first, late)
  const rejection = rejectionOf(ann, late)!
  const next = ann.create('issue', { title: 'c', points: 1 })
  const sig = await ann.seal(next.flush)
  const offered = async (one: Rejection): Promise<void> => {
    const text = `${next.session.line}\n${textOfFlush(next.flush.text)}`
    ann.send(authorFrame('offer', { sig, rejections: [one] }, text))
    await desk.settle()
  }
  await offered({ ...rejection, msgId: next.id, hash: next.hash })
  expect(desk.events.flatMap((event) => (event.type === 'strike' ? [event.why] : []))).toEqual([
    'a rejection that this reviewer has not signed',
  ])
  expect(ann.verdict(next)).toBeUndefined()
  await offered(rejection)
  expect(ann.verdict(next)).toBe('accepted')
})
