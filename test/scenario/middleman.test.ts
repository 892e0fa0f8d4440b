/**
 * A middleman, who is between a store and its reviewer, can delay and drop frames and end the link, and
 * nothing else: nothing that the middleman sends is shown as canonical, stored, or taken for a verdict,
 * the status says what happened, and without the middleman everything continues. Rules: SPEC.md,
 * section 21.
 */
import { createHash } from 'node:crypto'
import {
  type Position,
  type Rejection,
  hashBytes,
  nackBytes,
  positionBytes,
  rejectionBytes,
  shortId,
} from '@countersign/core/message'
import { inspect } from '@countersign/core/inspect'
import { type SpaceStore, memorySpaces } from '@countersign/core/ports'
import { authorFrame, parseReviewerFrame, reviewerFrame } from '@countersign/core/protocol'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  HONEST,
  Middleman,
  Note,
  OTHER,
  OTHER_SPACE,
  type TailFrame,
  Witness,
  World,
  acceptedBytes,
  batchAfter,
  entities,
  positionAfter,
  tailAt,
  rowsOf,
  sign,
} from './middleman.ts'
import { SPACE } from './wire.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

let world: World

afterEach(() => world.scene.close())

/** The note of a frame that contradicts what was signed, although its signature is valid. */
const NOTED = /^connecting: the (?:reviewer sent |answers of the reviewer arrive incomplete)/m
/** The end of an answer, with an invalid signature. */
const END = { pages: 0, snapshot: 0, sig: 'x', at: 1, settled: null } as const
const FORGED = 'refused: forged: forged in the name of the reviewer:'

/** Rewrites the texts of every `tail`. */
function rewriting(rewrite: (texts: string, frame: TailFrame) => string): void {
  world.way.toStore = (frame, text) => {
    if (frame.kind !== 'tail') return [text]
    const { batches, position } = frame
    const texts = rewrite(frame.texts, frame)
    const lines = texts === '' ? 0 : texts.split('\n').length
    const sum = batches.reduce((all, one) => all + one, 0)
    const counts = lines === sum ? batches : [lines]
    return [reviewerFrame('tail', { batches: counts, position }, texts)]
  }
}

/** The lines of a frame for a reader that is not the author: no hashes in their places. */
function linesOf(texts: string): string[] {
  return texts.split('\n')
}

describe('POS4 batches that were exchanged', () => {
  /** A line of base64url with one letter exchanged. */
  const other = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)

  test.each<[string, (texts: string) => string]>([
    ['the value of a line', (texts) => texts.replace('honest', 'forged')],
    [
      'the salt of a line',
      (texts) => texts.replace(/"([\w-]{16})"\]$/m, (_, salt: string) => `"${other(salt)}"]`),
    ],
    [
      'the entity of a line',
      (texts) => texts.replace(/^(\[\d+,0,\[\[0,")([\w-]{20})/m, '$1forgedforgedforgedAA'),
    ],
    ['the parents of a line', (texts) => texts.replace(/AA",\[\d*\],\[/, 'AA",[1],[')],
    [
      'the author',
      (texts) => texts.replace(/^(\[2,"[\w-]{22}",")([\w-]{20})/m, '$1forgedforgedforgedAA'),
    ],
    [
      'the session',
      (texts) =>
        texts.replace(
          /^(\[2,"[\w-]{22}","[\w-]{22}",")(.)/m,
          (_, a: string, b: string) => a + other(b),
        ),
    ],
    [
      'the time of a head',
      (texts) => texts.replace(/^\[(\d{13})/m, (_, time: string) => `[${Number(time) + 1}`),
    ],
    [
      'what a head has seen',
      (texts) => texts.replace(/\[(\d+),"([\w-]{22})",\d+,\[\]/, '[0,"",1,[]'),
    ],
    [
      'the version in a head',
      (texts) =>
        texts.replace('["note",1,1,', '["note",1,2,').replace('["note",0,1,', '["note",0,2,'),
    ],
    ['the clock of the reviewer', (texts) => texts.replace(/^(\["batch",\d+,)\d+/, '$11')],
    [
      'the seq of a batch',
      (texts) =>
        texts.replace(/^\["batch",(\d+)/, (_, seq: string) => `["batch",${Number(seq) - 1}`),
    ],
    [
      'two lines in each other’s place',
      (texts) => {
        const lines = linesOf(texts)
        const at = lines.findIndex((line) => line.includes('honest'))
        if (at < 0) return texts
        ;[lines[at - 1], lines[at]] = [lines[at]!, lines[at - 1]!]
        return lines.join('\n')
      },
    ],
    [
      'a line less',
      (texts) =>
        linesOf(texts)
          .filter((line) => !line.includes('honest'))
          .join('\n'),
    ],
    [
      'a line twice',
      (texts) =>
        linesOf(texts)
          .flatMap((line) => (line.includes('honest') ? [line, line] : [line]))
          .join('\n'),
    ],
    ['nothing at all', () => ''],
  ])('%s', async (_, rewrite) => {
    world = await World.open()
    const id = await world.write('honest')
    rewriting(rewrite)
    world.ann.update(Note, id, { text: 'honest too' })
    world.ann.create(Note, { text: 'honest as well', n: 2 })
    const mine = world.bob.create(Note, { text: 'mine', n: 3 })
    await world.pass(20_000)
    expect(world.canonicalTexts).toEqual(['honest'])
    expect(world.witness.said.join('\n')).toMatch(NOTED)
    expect(world.stored).not.toContain('forged')
    expect(['queued', 'sent']).toContain(mine.state)
    await world.heal()
    expect(mine.state).toBe('accepted')
  })

  test.each<[string, (texts: string) => string]>([
    ['the base of a review', (texts) => texts.replace('[[[0,0,', '[[[0,1,')],
    ['the value of a base', (texts) => texts.replace('[1,"honest",', '[1,"forged",')],
    [
      'no base',
      (texts) =>
        linesOf(texts)
          .filter((line) => !line.startsWith('[1,"honest"'))
          .join('\n')
          .replace(/^\[\[\[0,.*$/m, '[[],[],[],"xiBS1uAumyiUQQbG"]'),
    ],
  ])('%s', async (_, rewrite) => {
    world = await World.open()
    const id = await world.write('honest')
    rewriting(rewrite)
    await world.clash(id, 'clash')
    await world.pass(20_000)
    expect(world.witness.said.join('\n')).toMatch(NOTED)
    const { $conflicts } = world.bob.query(Note).rows.find((row) => row.id === id)!
    expect($conflicts).toEqual({})
    expect(world.stored).not.toContain('forged')
    await world.heal()
  })

  test('the author of an unknown session leaves no trace', async () => {
    world = await World.open()
    await world.write('honest')
    rewriting((texts) =>
      texts.replace(/^(\[2,"[\w-]{22}",")([\w-]{20})/m, '$1forgedforgedforgedAA'),
    )
    const { id } = world.carl.create(Note, { text: 'first of carl', n: 1 })
    await world.pass(20_000)
    expect(world.canonicalTexts).toEqual(['honest'])
    world.way.leave()
    await world.settle()
    expect(world.bob.read(Note, id)!.$author).toBe(world.carl.status.getState().authorId)
    await world.heal()
  })

  test.each<[string, boolean]>([
    ['while it is live', true],
    ['while it is caught up', false],
  ])('CATCH7 a line that is replaced by its hash, %s', async (_, isLive) => {
    world = await World.open()
    const id = await world.write('honest')
    if (!isLive) world.bob.setOnline(false)
    rewriting((texts) => texts.replace(/^\[\d+,0,\[\[0,.*honest.*$/gm, `"${'A'.repeat(43)}"`))
    world.ann.update(Note, id, { text: 'honest too' })
    await world.pass(50)
    world.bob.setOnline(true)
    await world.pass(20_000)
    expect(world.canonicalTexts).toEqual(['honest'])
    expect(world.witness.said).toContain(
      'connecting: the answers of the reviewer arrive incomplete',
    )
    expect(world.bob.status.getState().connection).not.toBe('online')
    await world.heal()
  })

  test.each<[string, (batches: string[]) => string[]]>([
    ['in another order', (batches) => batches.toReversed()],
    ['left out', (batches) => batches.slice(1)],
  ])('CATCH6 batches of one frame %s', async (_, change) => {
    world = await World.open()
    world.bob.setOnline(false)
    for (const text of ['one', 'two', 'three']) await world.write(text)
    world.way.toStore = (frame, text) => {
      if (frame.kind !== 'tail') return [text]
      const { position } = frame
      const batches = change(batchesOf(frame))
      const counts = batches.map((batch) => batch.split('\n').length)
      return [reviewerFrame('tail', { batches: counts, position }, batches.join('\n'))]
    }
    world.bob.setOnline(true)
    await world.pass(20_000)
    expect(world.canonicalTexts).toEqual([])
    expect(world.witness.said).toContain(
      'connecting: the answers of the reviewer arrive incomplete',
    )
    await world.heal()
  })

  test('CATCH6 batches that come twice change nothing', async () => {
    world = await World.open()
    world.bob.setOnline(false)
    for (const text of ['one', 'two', 'three']) await world.write(text)
    world.way.toStore = (frame, text) => {
      if (frame.kind !== 'tail') return [text]
      const { position } = frame
      const batches = batchesOf(frame).flatMap((batch) => [batch, batch])
      const counts = batches.map((batch) => batch.split('\n').length)
      return [reviewerFrame('tail', { batches: counts, position }, batches.join('\n')), text]
    }
    world.bob.setOnline(true)
    await world.settle()
    expect(world.canonicalTexts).toEqual(['one', 'three', 'two'])
    await world.heal()
  })

  test('CATCH6 frames of the tail in another order, left out and twice heal by themselves', async () => {
    world = await World.open()
    let held: string | undefined
    let no = 0
    world.way.toStore = (frame, text) => {
      if (frame.kind !== 'tail') return [text]
      switch (no++ % 4) {
        case 0:
          held = text
          return []
        case 1:
          return [text, held!, text]
        case 2:
          return []
        default:
          return [text, text, held!]
      }
    }
    for (let n = 0; n < 12; n++) await world.write(`note ${n}`)
    await world.settle()
    expect(world.canonicalTexts).toHaveLength(12)
    expect(world.witness.said.join()).not.toContain('forged')
    await world.heal()
  })
})

/** The batches of a frame of the tail. */
function batchesOf({ texts, batches }: TailFrame): string[] {
  const lines = texts.split('\n')
  return batches.map((count) => lines.splice(0, count).join('\n'))
}

describe('GATE4 positions and batches from nothing', () => {
  /** What the middleman sends, once bob and the reviewer are at a position. */
  const cases: [string, string, (at: Position) => Promise<string>][] = [
    [
      'a batch of a session of theirs, at the honest position',
      'connecting: the reviewer sent a tail that does not end at its position',
      async (at) => tailAt(batchAfter((await world.tailOfOther('forged')).texts, at), at),
    ],
    [
      'the same, at a position with a signature of theirs',
      `${FORGED} a position that its key has not signed; it was discarded`,
      async (at) => {
        const batch = batchAfter((await world.tailOfOther('forged')).texts, at)
        return tailAt(batch, await positionAfter(at, batch, OTHER))
      },
    ],
    [
      'the same, at a position with the signature of the one before',
      `${FORGED} a position that its key has not signed; it was discarded`,
      async (at) => {
        const batch = batchAfter((await world.tailOfOther('forged')).texts, at)
        return tailAt(batch, { ...(await positionAfter(at, batch, OTHER)), sig: at.sig! })
      },
    ],
    [
      'the same, at a position without a signature',
      `${FORGED} a position that its key has not signed; it was discarded`,
      async (at) => {
        const batch = batchAfter((await world.tailOfOther('forged')).texts, at)
        const { sig: _, ...position } = await positionAfter(at, batch, OTHER)
        return tailAt(batch, position)
      },
    ],
    [
      'a tail of another reviewer',
      `${FORGED} a position of another lineage; it was discarded`,
      async () => {
        const { texts, position, batches } = await world.tailOfOther('forged')
        return reviewerFrame('tail', { position, batches }, texts)
      },
    ],
    [
      'a tail of another lineage with the key of this reviewer',
      `${FORGED} a position of another lineage; it was discarded`,
      async () => {
        const { texts, position, batches } = await world.tailOfOther('forged', HONEST)
        return reviewerFrame('tail', { position, batches }, texts)
      },
    ],
    [
      'the end of an answer at a position of another lineage',
      `${FORGED} a position of another lineage; it was discarded`,
      async () => {
        const { position } = await world.tailOfOther('forged', HONEST)
        return reviewerFrame('through', { ...END, position })
      },
    ],
    [
      'a position that is signed for another space',
      `${FORGED} a position that its key has not signed; it was discarded`,
      async (at) => {
        const batch = batchAfter((await world.tailOfOther('forged')).texts, at)
        const position = await positionAfter(at, batch, OTHER)
        const sig = await sign(HONEST, positionBytes(OTHER_SPACE, position))
        return tailAt(batch, { ...position, sig })
      },
    ],
  ]

  test.each(cases)('%s', async (_, said, forge) => {
    world = await World.open()
    await world.write('honest')
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.settle()
    const forged = await forge(world.bob.status.getState().position!)
    world.way.toReviewer = () => []
    const waiting = world.bob.create(Note, { text: 'waiting', n: 2 })
    world.way.say(forged)
    await world.pass(5_000)
    expect(world.witness.said).toContain(said)
    expect(world.canonicalTexts).toEqual(['honest', 'mine'])
    expect(world.stored).not.toContain('forged')
    expect([mine.state, waiting.state === 'accepted']).toEqual(['accepted', false])
    await world.heal()
    expect(waiting.state).toBe('accepted')
  })

  test('GATE9 a forged frame between honest ones: earlier frames count, later ones do not', async () => {
    world = await World.open()
    const batch = (await world.tailOfOther('forged')).texts
    world.way.toStore = (frame, text) => {
      if (frame.kind !== 'tail') return [text]
      if (!frame.texts.includes('second')) return [text]
      return [
        tailAt(batchAfter(batch, world.bob.status.getState().position!), frame.position),
        text,
      ]
    }
    await world.write('first')
    await world.write('second')
    await world.write('third')
    await world.pass(100)
    expect(world.canonicalTexts).toEqual(['first'])
    await world.heal()
  })
})

describe('GATE7 acceptances', () => {
  test.each<[string, (about: { position: Position; sessionId: string }) => Promise<string>]>([
    ['without a signature', async () => ''],
    [
      'with a signature of theirs',
      ({ position, sessionId }) =>
        sign(OTHER, acceptedBytes(SPACE, { ...position, sessionId }, [[2, position.seq, 1, 0]])),
    ],
    [
      'that is signed for another space',
      ({ position, sessionId }) =>
        sign(
          HONEST,
          acceptedBytes(OTHER_SPACE, { ...position, sessionId }, [[2, position.seq, 1, 0]]),
        ),
    ],
    [
      'that is signed for another session',
      ({ position }) => {
        const { sessionId } = world.ann.status.getState()
        const about = { ...position, sessionId: sessionId! }
        return sign(HONEST, acceptedBytes(SPACE, about, [[2, position.seq, 1, 0]]))
      },
    ],
    [
      'that is signed for another message',
      ({ position, sessionId }) =>
        sign(HONEST, acceptedBytes(SPACE, { ...position, sessionId }, [[1, position.seq, 1, 0]])),
    ],
  ])('of an offer that was swallowed, %s', async (_, sig) => {
    world = await World.open()
    await world.write('honest')
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.pass(100)
    const { position, sessionId } = world.bob.status.getState()
    const clientSeq = 2
    const about = { position: position!, sessionId: sessionId! }
    const reviews = [{ clientSeq, seq: position!.seq, at: 1, forked: false }]
    world.way.say(
      reviewerFrame('accepted', { sessionId: sessionId!, reviews, sig: await sig(about) }),
    )
    await world.pass(1_000)
    expect(world.witness.said.at(-1)).toBe(
      `${FORGED} an acceptance that its key has not signed; it was discarded`,
    )
    expect(mine.state).toBe('queued')
    expect(world.bob.status.getState().outboxMessages).toBe(1)
    expect(
      world.bob
        .query(Note)
        .rows.map(({ $state }) => $state)
        .sort(),
    ).toEqual(['canonical', 'pending'])
    await world.heal()
    expect(mine.state).toBe('accepted')
  })
})

describe('GATE8 rejections', () => {
  async function offered(): Promise<ReturnType<World['bob']['create']>> {
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.pass(100)
    return mine
  }

  function rejectionFor(msgId: string, more: Partial<Rejection> = {}): Omit<Rejection, 'sig'> {
    const { eid, epoch } = world.bob.status.getState().position!
    const reviewerId = world.bob.status.getState().reviewerId!
    const about = { v: 2, space: SPACE, eid, epoch, reviewerId, msgId } as const
    return { ...about, hash: 'A'.repeat(43), reason: 'unauthorised', at: 1, ...more }
  }

  test.each<[string, string, (msgId: string) => Promise<Rejection>]>([
    [
      'with a signature of theirs',
      'a rejection that its key has not signed',
      async (msgId) => {
        const body = rejectionFor(msgId)
        return { ...body, sig: await sign(OTHER, rejectionBytes(body)) }
      },
    ],
    [
      'that the reviewer signed for another space',
      'a rejection of another reviewer',
      async (msgId) => {
        const body = rejectionFor(msgId, { space: OTHER_SPACE })
        return { ...body, sig: await sign(HONEST, rejectionBytes(body)) }
      },
    ],
    [
      'of another reviewer',
      'a rejection of another reviewer',
      async (msgId) => {
        const body = rejectionFor(msgId, { reviewerId: world.bob.status.getState().authorId! })
        return { ...body, sig: await sign(OTHER, rejectionBytes(body)) }
      },
    ],
    [
      'of another message, with the id of this one',
      'a rejection that its key has not signed',
      async (msgId) => ({ ...world.way.newest('rejected').rejections[0]!, msgId }),
    ],
    [
      'with a part that is too deep to be read',
      'a frame that cannot be checked',
      async (msgId) => {
        const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as string
        return { ...rejectionFor(msgId), detail: 'x', more: deep, sig: '' } as Rejection
      },
    ],
  ])('one %s refuses nothing', async (_, why, forge) => {
    world = await World.open()
    const bomb = world.bob.create(Note, { text: 'bomb', n: 1 })
    await world.settle()
    world.bob.discard(bomb.messageId)
    const mine = await offered()
    world.way.say(deepFrame(await forge(mine.messageId)))
    await world.pass(1_000)
    expect(world.witness.said.at(-1)).toBe(`${FORGED} ${why}; it was discarded`)
    expect([mine.state, world.bob.status.getState().rejectedMessages]).toEqual(['queued', 0])
    expect(world.bob.refused.snapshot()).toEqual([])
    expect(world.bob.query(Note).rows.map(({ text }) => text)).toEqual(['mine'])
    await world.heal()
    expect(mine.state).toBe('accepted')
  })

  test('an honest one of another message, once more, refuses nothing and ends nothing', async () => {
    world = await World.open()
    const bomb = world.bob.create(Note, { text: 'bomb', n: 1 })
    await world.settle()
    world.bob.discard(bomb.messageId)
    const mine = await offered()
    const { rejections } = world.way.newest('rejected')
    world.way.say(reviewerFrame('rejected', { rejections }))
    await world.pass(1_000)
    expect([mine.state, world.bob.refused.snapshot()]).toEqual(['sent', []])
    expect(world.bob.status.getState().connection).toBe('online')
    await world.heal()
    expect(mine.state).toBe('accepted')
  })

  /** `JSON.stringify` goes as deep as the stack. */
  function deepFrame(rejection: Rejection): string {
    const { more, ...rest } = rejection as Rejection & { readonly more?: unknown }
    const text = reviewerFrame('rejected', { rejections: [rest] })
    if (more === undefined) return text
    return text.replace('{"v"', `{"more":${'['.repeat(50_000)}${']'.repeat(50_000)},"v"`)
  }
})

describe('OPN8 greetings', () => {
  test('one of an older link is not applied, and reported as forged', async () => {
    world = await World.open()
    const old = world.way.heard.find((text) => text.startsWith('["welcome"'))!
    await world.write('honest')
    world.way.toStore = (frame, text) => [frame.kind === 'welcome' ? old : text]
    const sent = world.way.count('bind')
    world.way.cut()
    await world.pass(5_000)
    expect(world.witness.said.at(-1)).toBe(
      `${FORGED} a greeting that its key has not signed for this link; it was discarded`,
    )
    // The store sends nothing to this unknown reviewer.
    expect(world.way.count('bind')).toBe(sent)
    await world.heal()
  })

  test('EPO6 a newcomer does not remember whose record it was shown, and follows who signs a greeting', async () => {
    world = await World.open()
    await world.write('honest')
    const { lineage, position } = (await greetingOf(OTHER))!
    const way = new Middleman(world.scene)
    way.toStore = (frame, text) =>
      frame.kind === 'welcome'
        ? [reviewerFrame('welcome', { ...frame, lineage, position })]
        : [text]
    const disk = world.scene.disk()
    const eve = await world.scene.page(way, { entities, disk })
    const witness = new Witness(eve)
    await world.pass(5_000)
    expect(eve.status.getState()).toMatchObject({
      connectionRefusal: 'forged',
      reviewerId: null,
      position: null,
    })
    expect(disk.content.meta.get('reviewerKey')).toBeUndefined()
    way.leave()
    await world.scene.until(() => world.has(eve), 60_000)
    expect(witness.said.join()).not.toContain('other_reviewer')
    expect(rowsOf(eve)).toEqual(rowsOf(world.ann))
    await world.heal()
  })

  test.each<[string, (text: string) => string]>([
    [
      'another seq',
      (text) => text.replace(/,1,(\d+),/, (_, seq: string) => `,1,${Number(seq) + 1},`),
    ],
    [
      'another clock',
      (text) => text.replace(/,(\d{13}),"sim/, (_, at: string) => `,${Number(at) + 1},"sim`),
    ],
    [
      'another nonce of the reviewer',
      (text) => text.replace(/\],"[\w-]{22}",(\d{13})/, '],"AAAAAAAAAAAAAAAAAAAAAA",$1'),
    ],
  ])('one with %s', async (_, rewrite) => {
    world = await World.open()
    await world.write('honest')
    world.way.toStore = (frame, text) => [frame.kind === 'welcome' ? rewrite(text) : text]
    world.way.cut()
    await world.pass(5_000)
    expect(world.witness.said.at(-1)).toBe(
      `${FORGED} a greeting that its key has not signed for this link; it was discarded`,
    )
    expect(world.canonicalTexts).toEqual(['honest'])
    await world.heal()
  })

  test('GATE2 another reviewer, who greets by itself, is not taken for this one', async () => {
    world = await World.open()
    await world.write('honest')
    const { lineage } = (await greetingOf(OTHER))!
    world.way.toStore = (frame, text) =>
      frame.kind === 'welcome' ? [reviewerFrame('welcome', { ...frame, lineage })] : [text]
    world.way.cut()
    await world.pass(5_000)
    expect(world.witness.said.at(-1)).toMatch(/^refused: other_reviewer: this is not the reviewer/)
    await world.heal()
  })

  test('GATE2 the epoch of another lineage of this reviewer is not taken with a position of this one', async () => {
    world = await World.open()
    await world.write('honest')
    const { lineage, position } = (await greetingOf(HONEST))!
    for (const more of [{ lineage }, { position }]) {
      world.way.toStore = (frame, text) =>
        frame.kind === 'welcome' ? [reviewerFrame('welcome', { ...frame, ...more })] : [text]
      world.way.wake()
      world.way.cut()
      await world.pass(5_000)
      expect(world.witness.said.at(-1)).toBe(
        `${FORGED} a greeting that its key has not signed for this link; it was discarded`,
      )
      world.bob.setOnline(false)
      world.bob.setOnline(true)
    }
    await world.heal()
  })

  test('an epoch record that is too deep to be read', async () => {
    world = await World.open()
    await world.write('honest')
    world.way.toStore = (frame, text) =>
      frame.kind === 'welcome'
        ? [text.replace(/\["\[.*\]"\]/, `["${'['.repeat(50_000)}${']'.repeat(50_000)}"]`)]
        : [text]
    world.way.cut()
    await world.pass(5_000)
    expect(world.witness.said.join()).toContain('the reviewer sent record: longer than')
    await world.heal()
  })

  async function greetingOf(keys: typeof OTHER) {
    const line = (await world.otherReviewer(keys)).line()
    await world.scene.page(line, { entities })
    await world.pass(100)
    const { text } = line.sent.find(({ kind }) => kind === 'welcome')!
    const frame = parseReviewerFrame(text)
    return frame.ok && frame.value.kind === 'welcome' ? frame.value : undefined
  }
})

describe('GATE5, GATE6 snapshots', () => {
  /** Dan follows over a line of his own, and always gets a snapshot. */
  async function opened(): Promise<{
    dan: World['bob']
    way: Middleman
    witness: Witness
    offline: () => void
  }> {
    world = await World.open({ reviewer: { limits: { tailChangesMax: 0 } } })
    const id = await world.write('first')
    await world.write('second')
    for (let n = 1; n < 10; n++) {
      world.carl.update(Note, id, { n })
      await world.pass(20)
    }
    const way = new Middleman(world.scene)
    const dan = await world.scene.page(way, { entities, disk: world.scene.disk() })
    await world.scene.until(() => world.has(dan), 60_000)
    expect(way.heard.some((text) => text.startsWith('["page"'))).toBe(true)
    // So much was written since that a snapshot is sent again.
    const mine = dan.create(Note, { text: 'of dan', n: 0 })
    await world.scene.until(() => mine.state === 'accepted', 10_000)
    dan.setOnline(false)
    for (let n = 10; n < 30; n++) {
      world.ann.update(Note, id, { n })
      await world.pass(20)
    }
    return { dan, way, witness: new Witness(dan), offline: () => dan.setOnline(false) }
  }

  async function healed(dan: World['bob'], way: Middleman): Promise<void> {
    way.leave()
    const late = dan.create(Note, { text: 'after the middleman', n: 0 })
    await world.scene.until(() => world.has(dan) && late.state === 'accepted', 60_000)
    await world.settle()
    expect(rowsOf(dan)).toEqual(rowsOf(world.ann))
  }

  const OLD = 'an answer that is older than its greeting'
  const WRONG = 'a snapshot that its key has not signed'
  const WRONG_LISTS = 'the own messages of a snapshot that its key has not signed'

  test('the honest one is taken, so that these tests are about something', async () => {
    const { dan, way } = await opened()
    dan.setOnline(true)
    await world.scene.until(() => world.has(dan), 60_000)
    const newest = way.newest('page')
    expect(newest.texts).toContain('29')
    expect(way.heard.some((text) => text.startsWith('["settled"'))).toBe(true)
    await healed(dan, way)
  })

  test.each<[string, (text: string) => string[]]>([
    [
      'a row more',
      (text) => [
        text.replace(
          /\]\]$/,
          `],["note","2432ea36-5c0f-8003-88a8-000000000001",[[0,0,1,["n"],[7],1]],[0],1]]`,
        ),
      ],
    ],
    ['another value', (text) => [text.replace('"second"', '"forged"')]],
    ['another number', (text) => [text.replace('[29]', '[28]')]],
    [
      'another author',
      (text) => [
        text.replace(
          /"([0-9a-f])([0-9a-f]{7}-)/,
          (_, a: string, b: string) => `"${a === 'a' ? 'b' : 'a'}${b}`,
        ),
      ],
    ],
    ['no rows', (text) => [text.replace(/\n.*$/s, '\n[[]]')]],
    ['no page', () => []],
  ])('pages with %s', async (name, change) => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    way.toStore = (frame, text) => (frame.kind === 'page' ? change(text) : [text])
    dan.setOnline(true)
    await world.pass(20_000)
    expect(rowsOf(dan)).toEqual(before)
    const why =
      name === 'no page'
        ? 'connecting: the answers of the reviewer arrive incomplete'
        : `${FORGED} ${WRONG}; it was discarded`
    expect(witness.said).toContain(why)
    await healed(dan, way)
  })

  test.each<[string, (text: string) => string[]]>([
    ['another number of the snapshot', (text) => [text.replace('["page",', '["page",9')]],
    ['a page more', (text) => [text, text.replace(/\n.*$/s, '\n[[]]')]],
  ])(
    'SNAP9 honest pages with %s: they have come, and the next answer names them',
    async (_, change) => {
      const { dan, way, witness } = await opened()
      way.toStore = (frame, text) => (frame.kind === 'page' ? change(text) : [text])
      dan.setOnline(true)
      await world.pass(20_000)
      expect(rowsOf(dan)).toEqual(rowsOf(world.ann))
      expect(witness.said.join()).not.toMatch(/forged|incomplete/)
      await healed(dan, way)
    },
  )

  test('a row less', async () => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    way.toStore = (frame, text) => {
      if (frame.kind !== 'page') return [text]
      const [messages, ...rows] = JSON.parse(frame.texts) as unknown[]
      const left = rows.filter((row) => !JSON.stringify(row).includes('second'))
      expect(left.length).toBe(rows.length - 1)
      return [
        reviewerFrame('page', { snapshot: frame.snapshot }, JSON.stringify([messages, ...left])),
      ]
    }
    dan.setOnline(true)
    await world.pass(20_000)
    expect(rowsOf(dan)).toEqual(before)
    expect(witness.said).toContain(`${FORGED} ${WRONG}; it was discarded`)
    await healed(dan, way)
  })

  test.each<[string, (clientSeq: number) => { clientSeq: number; count: number; seq: number }[]]>([
    ['a message that the reviewer does not have', (clientSeq) => [{ clientSeq, count: 9, seq: 2 }]],
    ['none of the messages', () => []],
  ])('settled ones that name %s', async (_, runs) => {
    const { dan, way, witness } = await opened()
    way.toStore = (frame, text) =>
      frame.kind === 'settled' ? [reviewerFrame('settled', { ...frame, runs: runs(1) })] : [text]
    way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    const waiting = dan.create(Note, { text: 'waiting', n: 1 })
    dan.setOnline(true)
    await world.pass(20_000)
    expect(witness.said).toContain(`${FORGED} ${WRONG_LISTS}; it was discarded`)
    expect(waiting.state).not.toBe('accepted')
    expect(dan.status.getState().outboxMessages).toBe(1)
    await healed(dan, way)
    expect(waiting.state).toBe('accepted')
  })

  test('SNAP7 the own messages of a snapshot, from another link', async () => {
    const { dan, way, witness } = await opened()
    dan.setOnline(true)
    await world.scene.until(() => world.has(dan), 60_000)
    // The same store, the same sessions and the same state, and so the same pages.
    const old = way.heard.findLast((text) => text.startsWith('["settled"'))!
    const end = way.heard.findLast(
      (text) => text.startsWith('["through"') && text.includes(',[1,"'),
    )!
    const parsed = parseReviewerFrame(end)
    const settled = parsed.ok && parsed.value.kind === 'through' ? parsed.value.settled : null
    expect(settled).toMatchObject({ lists: 1 })
    const before = rowsOf(dan)
    const waiting = (dan.setOnline(false), dan.create(Note, { text: 'waiting', n: 0 }))
    for (let n = 30; n < 50; n++) {
      world.ann.update(Note, dan.query(Note).rows[0]!.id, { n })
      await world.pass(20)
    }
    way.toStore = (frame, text) => {
      if (frame.kind === 'settled') return [old]
      return frame.kind === 'through' && frame.pages > 0
        ? [reviewerFrame('through', { ...frame, settled })]
        : [text]
    }
    way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    dan.setOnline(true)
    await world.pass(5_000)
    expect(witness.said).toContain(`${FORGED} ${WRONG_LISTS}; it was discarded`)
    expect(rowsOf(dan)).toHaveLength(before.length + 1)
    expect(waiting.state).not.toBe('accepted')
    await healed(dan, way)
  })

  test('SNAP7 no word of own messages', async () => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    way.toStore = (frame, text) => {
      if (frame.kind === 'settled') return []
      return frame.kind === 'through' && frame.pages > 0
        ? [reviewerFrame('through', { ...frame, settled: null })]
        : [text]
    }
    dan.setOnline(true)
    await world.pass(5_000)
    expect(rowsOf(dan)).toEqual(before)
    expect(witness.said).toContain(`${FORGED} ${WRONG_LISTS}; it was discarded`)
    await healed(dan, way)
  })

  test('an older one of this store, with all its parts', async () => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    const isPart = (text: string): boolean => /^\["(?:page|settled|through)"/.test(text)
    const old = way.heard.slice(0, way.heard.findIndex((text) => text.startsWith('["through"')) + 1)
    const parts = old.filter(isPart)
    way.toStore = (frame, text) => {
      if (frame.kind === 'page') return parts.splice(0)
      return isPart(text) ? [] : [text]
    }
    dan.setOnline(true)
    await world.pass(5_000)
    expect(rowsOf(dan)).toEqual(before)
    expect(witness.said).toContain(`${FORGED} ${WRONG_LISTS}; it was discarded`)
    await healed(dan, way)
  })

  test('an older page in a newer one', async () => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    const page = way.heard.find((text) => text.startsWith('["page"'))!
    way.toStore = (frame, text) => [frame.kind === 'page' ? page : text]
    dan.setOnline(true)
    await world.pass(5_000)
    expect(rowsOf(dan)).toEqual(before)
    expect(witness.said).toContain(`${FORGED} ${WRONG}; it was discarded`)
    await healed(dan, way)
  })

  test.each<[string, (names: readonly string[], old: string) => string[], string]>([
    ['honest names', (names) => [...names], 'online'],
    ['no names', () => [], 'connecting: the answers of the reviewer arrive incomplete'],
    [
      'a name that nobody has',
      () => ['of nobody'],
      'connecting: the answers of the reviewer arrive incomplete',
    ],
    [
      'the name of an older page that came, too',
      (_, old) => [old],
      `${FORGED} ${WRONG}; it was discarded`,
    ],
  ])('SNAP9 a snapshot goes on over the next link, with %s', async (_, change, said) => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    const old = way.heard.find((text) => text.startsWith('["page"'))!
    const oldName = pageHash(old.slice(old.indexOf('\n') + 1)).slice(0, 16)
    // The link breaks before the end of the snapshot, with an older page in it.
    way.toStore = (frame, text) => {
      if (frame.kind === 'page') return [text, old]
      return frame.kind === 'through' || frame.kind === 'tail' ? [] : [text]
    }
    dan.setOnline(true)
    await world.pass(1_000)
    expect(rowsOf(dan)).toEqual(before)
    const pages = (): number => way.heard.filter((text) => text.startsWith('["page"')).length
    const sent = pages()
    way.toStore = (frame, text) =>
      frame.kind === 'kept'
        ? [reviewerFrame('kept', { ...frame, pages: change(frame.pages, oldName) })]
        : [text]
    way.cut()
    await world.pass(5_000)
    expect(witness.said).toContain(said)
    expect(pages()).toBe(sent)
    if (said !== 'online') expect(rowsOf(dan)).toEqual(before)
    else expect(rowsOf(dan)).toEqual(rowsOf(world.ann))
    await healed(dan, way)
  })

  test('one that is signed for another space', async () => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    const checked: [Promise<string>, string][] = []
    const hashes: string[] = []
    way.toStore = (frame, text) => {
      if (frame.kind === 'page') hashes.push(pageHash(frame.texts))
      if (frame.kind !== 'through' || frame.pages === 0) return [text]
      const { eid, epoch, seq, chain } = frame.position
      const told = (space: string) =>
        hashBytes('cs/snapshot', [
          'all',
          shortId(space),
          shortId(eid),
          epoch,
          seq,
          chain,
          [...hashes].sort(),
        ])
      checked.push([sign(HONEST, told(SPACE)), frame.sig!])
      void sign(HONEST, told(OTHER_SPACE)).then((sig) =>
        way.say(reviewerFrame('through', { ...frame, sig })),
      )
      return []
    }
    dan.setOnline(true)
    await world.pass(5_000)
    expect(rowsOf(dan)).toEqual(before)
    expect(witness.said).toContain(`${FORGED} ${WRONG}; it was discarded`)
    for (const [made, sig] of checked) expect(await made).toBe(sig)
    await healed(dan, way)
  })

  test.each<[string, (at: Position) => string, string | undefined]>([
    [
      'without parts, at the honest position',
      (at) => reviewerFrame('through', { ...END, position: at, snapshot: 1 }),
      undefined,
    ],
    [
      'with parts that never came',
      (at) => reviewerFrame('through', { ...END, position: at, pages: 1, snapshot: 9 }),
      undefined,
    ],
    [
      'of one empty page',
      (at) =>
        reviewerFrame('through', { ...END, position: at, pages: 1, snapshot: 1, sig: at.sig! }),
      WRONG,
    ],
  ])('an empty one %s', async (_, end, why) => {
    const { dan, way, witness } = await opened()
    const before = rowsOf(dan)
    way.toStore = (frame, text) => {
      if (frame.kind === 'page' || frame.kind === 'settled') return []
      if (frame.kind !== 'through' || frame.pages === 0) return [text]
      return ['["page",1]\n[[]]', end(frame.position)]
    }
    dan.setOnline(true)
    await world.pass(20_000)
    expect(rowsOf(dan)).toEqual(before)
    if (why !== undefined) expect(witness.said).toContain(`${FORGED} ${why}; it was discarded`)
    expect(dan.status.getState().connection).not.toBe('online')
    await healed(dan, way)
  })

  test('the empty space at seq 0, whose signature is that of the epoch', async () => {
    const spaces = memorySpaces()
    world = await World.open({ reviewer: { spaces } })
    // The position of the first greeting, when nothing was written.
    const { sig, ...begun } = JSON.parse((await spaces.open(SPACE).meta('epoch'))!) as Position
    await world.write('honest')
    for (const isNewcomer of [false, true]) {
      const way = new Middleman(world.scene)
      const { eid, epoch, seq, chain } = begun
      const position = { eid, epoch, seq, chain, sig: sig! }
      const empty = reviewerFrame('through', { ...END, position })
      const attack = (): void => {
        way.toStore = (frame, text) =>
          frame.kind === 'welcome'
            ? [text]
            : frame.kind === 'through' || frame.kind === 'tail'
              ? [empty]
              : [text]
      }
      if (isNewcomer) attack()
      const eve = await world.scene.page(way, { entities })
      const witness = new Witness(eve)
      if (!isNewcomer) {
        await world.scene.until(() => world.has(eve), 10_000)
        attack()
        way.cut()
      }
      await world.pass(5_000)
      expect(witness.said).toContain(`${FORGED} ${OLD}; it was discarded`)
      expect(eve.query(Note).complete).toBe(!isNewcomer)
      expect(rowsOf(eve)).toHaveLength(isNewcomer ? 0 : 1)
      way.leave()
      await world.scene.until(() => world.has(eve), 60_000)
      expect(rowsOf(eve)).toEqual(rowsOf(world.ann))
    }
    await world.heal()
  })
})

describe('AUD seals', () => {
  /** A reviewer whose store returns other seals than were stored. */
  async function open(seals?: (text: string) => string | undefined): Promise<void> {
    const inner = memorySpaces()
    const opened = (space: string): SpaceStore => {
      const store = inner.open(space)
      const honest = store.seals.bind(store)
      store.seals = async (seq) => {
        const stored = await honest(seq)
        if (!seals || !stored?.text.ok) return stored
        const value = seals(stored.text.value)
        return value === undefined ? undefined : { ...stored, text: { ok: true, value } }
      }
      return store
    }
    const spaces = { open: opened, close: () => inner.close() }
    world = await World.open({ reviewer: { spaces } })
  }

  const asked = (): number =>
    world.way.sent.filter(({ kind, direction }) => kind === 'seal' && direction === 'up').length

  test('AUD1 of each author one flush a day is asked for its seal, and an honest one is no alarm', async () => {
    await open()
    for (const text of ['one', 'two', 'three']) await world.write(text)
    world.carl.create(Note, { text: 'of carl', n: 1 })
    for (let n = 0; n < 15; n++) await world.pass(1_000)
    expect(asked()).toBe(2)
    expect(world.way.newest('seal')).toMatchObject({ publicKey: expect.any(String) as string })
    for (let n = 0; n < 30; n++) await world.pass(1_000)
    expect(asked()).toBe(2)
    await world.heal()
  })

  test.each<[string, (text: string) => string | undefined, RegExp]>([
    ['no seal', () => undefined, /^the reviewer has no seal of message 1, which it attributes to/],
    [
      'another seal',
      (text) => text.replace(/"seals":\["./, (start) => start.slice(0, -1) + 'x'),
      /has not signed message 1, which the reviewer attributes to it$/,
    ],
  ])('AUD3 %s is an alarm, and undoes nothing', async (_, seals, words) => {
    await open(seals)
    const source = inspect(world.bob)!
    source.subscribe(() => {})
    await world.write('honest')
    for (let n = 0; n < 15; n++) await world.pass(1_000)
    expect(world.bob.status.getState()).toMatchObject({
      alarm: expect.stringMatching(words) as string,
      connection: 'online',
    })
    expect(world.canonicalTexts).toEqual(['honest'])
    const told = source.events().filter(({ kind }) => kind === 'alarm')
    expect(told).toMatchObject([{ text: expect.stringMatching(words) as string }])
  })

  test('AUD3 a seal that is never sent is an alarm, and not before ten minutes have passed', async () => {
    await open()
    await world.write('honest')
    world.way.toStore = (frame, text) => (frame.kind === 'seal' ? [] : [text])
    for (let n = 0; n < 590; n++) await world.pass(1_000)
    expect(world.bob.status.getState().alarm).toBeUndefined()
    for (let n = 0; n < 60; n++) await world.pass(1_000)
    const words = 'for ten minutes the reviewer has not sent the seal of message 1'
    expect(world.bob.status.getState().alarm).toBe(words)
  })

  test('AUD2 a seal that a middleman exchanges is forged, and no alarm', async () => {
    await open()
    await world.write('honest')
    world.way.toStore = (frame, text) =>
      frame.kind === 'seal' ? [reviewerFrame('seal', { ...frame, seal: null })] : [text]
    for (let n = 0; n < 15; n++) await world.pass(1_000)
    expect(world.witness.said).toContain(
      `${FORGED} a seal that its key has not signed; it was discarded`,
    )
    expect(world.bob.status.getState().alarm).toBeUndefined()
    await world.heal()
  })
})

describe('HIST6 histories', () => {
  const NOT_SIGNED = `${FORGED} a history that its key has not signed; it was discarded`

  test.each<[string, (text: string) => string]>([
    ['another value', (text) => text.replace('"honest"', '"forged"')],
    ['another number of lines', (text) => text.replace(/\n.*$/, '')],
    [
      'another seq',
      (text) => text.replace(/(,)(\d+)(,0,"whole")/, (_, a, n, b) => `${a}${+n + 1}${b}`),
    ],
    ['an end that is not the end', (text) => text.replace('"whole"', '"cut"')],
    [
      'another reviewer',
      (text) => text.replace(/"whole",\[\["(.)/, (_, c) => `"whole",[["${c === 'A' ? 'B' : 'A'}`),
    ],
  ])('one with %s is refused, and not shown', async (_, forge) => {
    world = await World.open()
    const id = await world.write('honest')
    let forged = 0
    world.way.toStore = (frame, text) => {
      if (frame.kind !== 'history') return [text]
      forged += forge(text) === text ? 0 : 1
      return [forge(text)]
    }
    const history = world.bob.history(Note, id).catch((error: unknown) => error)
    expect(await world.scene.result(history)).toMatchObject({ code: 'unavailable' })
    expect(world.witness.said.at(-1)).toMatch(/refused: forged|the reviewer sent/)
    expect([forged, world.canonicalTexts]).toEqual([1, ['honest']])
    await world.heal()
  })

  test('one of another link is refused; an older one of this link is not the answer', async () => {
    world = await World.open()
    const id = await world.write('honest')
    await world.scene.result(world.bob.history(Note, id))
    const old = world.way.heard.findLast((text) => text.startsWith('["history"'))!
    world.ann.update(Note, id, { text: 'honest too' })
    await world.pass(50)
    let wait = true
    world.way.toStore = (frame, text) => (frame.kind === 'history' && wait ? [old] : [text])
    const told = world.bob.history(Note, id)
    await world.pass(5_000)
    wait = false
    const { entries } = await world.scene.result(told)
    expect(entries.map(({ values }) => values['text'])).toEqual(['honest', 'honest too'])
    world.way.cut()
    await world.settle()
    world.way.toStore = (frame, text) => [frame.kind === 'history' ? old : text]
    const history = world.bob.history(Note, id).catch((error: unknown) => error)
    expect(await world.scene.result(history)).toMatchObject({ code: 'unavailable' })
    expect(world.witness.said.at(-1)).toBe(NOT_SIGNED)
    await world.heal()
  })
})

describe('what is not signed', () => {
  test.each<[string, (sessionId: string) => string[] | Promise<string[]>]>([
    [
      'a nack of everything',
      (sessionId) => [
        reviewerFrame('nack', {
          reason: 'busy',
          sessionId,
          clientSeqs: [1, 2, 3],
          detail: 'forged',
          alone: false,
          sig: null,
        }),
      ],
    ],
    [
      'a nack of one',
      (sessionId) => [
        reviewerFrame('nack', {
          reason: 'unavailable',
          sessionId,
          clientSeqs: [2],
          detail: 'forged',
          alone: true,
          sig: null,
        }),
      ],
    ],
    [
      'a nack of a schema',
      (sessionId) => [
        reviewerFrame('nack', {
          reason: 'unknown_schema',
          sessionId,
          clientSeqs: [2],
          detail: 'forged',
          alone: true,
          sig: null,
        }),
      ],
    ],
    [
      'a nack of a schema that was signed for another link',
      async (sessionId) => {
        const said = { sessionId, clientSeqs: [2], reason: 'unknown_schema', detail: '' } as const
        const at = world.bob.status.getState().position!
        const bytes = nackBytes(SPACE, at, { ...said, nonce: 'A'.repeat(22) })
        return [reviewerFrame('nack', { ...said, alone: true, sig: await sign(HONEST, bytes) })]
      },
    ],
    [
      'a nack that says not bound',
      (sessionId) => [
        reviewerFrame('nack', {
          reason: 'not_bound',
          sessionId,
          clientSeqs: [2],
          detail: '',
          alone: false,
          sig: null,
        }),
      ],
    ],
    [
      'a nack of another session',
      () => [
        reviewerFrame('nack', {
          reason: 'busy',
          sessionId: world.ann.status.getState().sessionId!,
          clientSeqs: [2],
          detail: '',
          alone: false,
          sig: null,
        }),
      ],
    ],
    ['a bye', () => [reviewerFrame('bye', { reason: 'forged', code: null })]],
    ['a bye with a code', () => [reviewerFrame('bye', { reason: 'forged', code: 'wrong_space' })]],
    [
      'nobody bound',
      () => [reviewerFrame('bound', { sessionIds: [], forMs: null, why: null, may: null })],
    ],
    [
      'others bound',
      (sessionId) => [
        reviewerFrame('bound', {
          sessionIds: [sessionId, world.ann.status.getState().sessionId!],
          forMs: null,
          why: null,
          may: null,
        }),
      ],
    ],
  ])('VRD6 %s delays and loses nothing', async (_, forge) => {
    world = await World.open()
    await world.write('honest')
    const { sessionId } = world.bob.status.getState()
    world.way.toReviewer = (frame, text) => (frame.kind === 'offer' ? [] : [text])
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.pass(100)
    for (const text of await forge(sessionId!)) world.way.say(text)
    await world.pass(1_000)
    expect(['queued', 'sent']).toContain(mine.state)
    expect(world.bob.refused.snapshot()).toEqual([])
    expect(world.bob.status.getState().reviewerLacks).toEqual([])
    expect(rowsOf(world.bob)).toHaveLength(2)
    await world.heal()
    expect(mine.state).toBe('accepted')
  })

  test('sessions that are falsely reported as bound: their messages are still offered and accepted', async () => {
    world = await World.open()
    world.bob.setOnline(false)
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    await world.pass(100)
    const { sessionId } = world.bob.status.getState()
    let binds = 0
    world.way.toReviewer = (frame, text) => {
      if (frame.kind !== 'bind' || ++binds > 1) return [text]
      world.way.say(
        reviewerFrame('bound', { sessionIds: [sessionId!], forMs: null, why: null, may: null }),
      )
      return []
    }
    world.bob.setOnline(true)
    await world.scene.until(() => mine.state === 'accepted', 60_000)
    expect(binds).toBe(2)
    await world.heal()
  })
})

describe('CATCH11 a signed end of an answer is replayed', () => {
  const OLD = 'the newest signed position of the reviewer is too old'

  test('the end of an answer, over and over, does not keep a link online', async () => {
    world = await World.open()
    await world.write('honest')
    const end = world.way.heard.findLast((text) => text.startsWith('["through"'))!
    world.way.toStore = (frame) => (frame.kind === 'tail' ? [] : [end])
    await world.write('held back')
    const wants = world.way.count('want')
    for (let n = 0; n < 70; n++) await world.pass(1_000)
    expect(world.way.count('want')).toBeGreaterThan(wants)
    expect(world.witness.said).toContain(`connecting: ${OLD}`)
    for (let n = 0; n < 20; n++) {
      await world.pass(1_000)
      expect(world.bob.status.getState().connection).not.toBe('online')
    }
    await world.heal()
  })

  test('the end of an answer of an older link does not count beyond the greeting of a later one', async () => {
    world = await World.open()
    await world.write('honest')
    world.way.cut()
    await world.settle()
    const end = world.way.heard.findLast((text) => text.startsWith('["through"'))!
    for (let n = 0; n < 70; n++) await world.pass(1_000)
    world.way.toStore = (frame, text) => [frame.kind === 'through' ? end : text]
    world.way.cut()
    // The greeting is fresh, and its position is the store's; then the link is ended.
    for (let n = 0; n < 70; n++) await world.pass(1_000)
    expect(world.witness.said).toContain(`connecting: ${OLD}`)
    expect(world.witness.said.join()).not.toContain('forged')
    await world.heal()
  })

  test('an idle link stays online, by words that all links share', async () => {
    world = await World.open()
    await world.write('honest')
    await world.settle()
    const said = world.witness.said.length
    for (let n = 0; n < 600; n++) await world.pass(1_000)
    expect(world.bob.status.getState().connection).toBe('online')
    expect(world.witness.said.slice(said)).toEqual([])
    await world.heal()
  })
})

describe('CATCH9 a link that holds everything back', () => {
  test.each<[string, boolean]>([
    ['and is alive', true],
    ['and dead', false],
  ])('%s: the status is not online for long, and what was written waits', async (_, isAlive) => {
    world = await World.open()
    await world.write('honest')
    world.way.toStore = () => []
    world.way.toReviewer = () => []
    await world.write('later')
    const mine = world.bob.create(Note, { text: 'mine', n: 1 })
    for (let n = 0; n < 70; n++) {
      await world.pass(1_000)
      if (isAlive) world.way.alive()
    }
    expect(world.bob.status.getState().connection).not.toBe('online')
    for (let n = 0; n < 70; n++) {
      await world.pass(1_000)
      if (isAlive) world.way.alive()
      expect(world.bob.status.getState().connection).not.toBe('online')
    }
    expect(['queued', 'sent']).toContain(mine.state)
    await world.heal()
    expect(mine.state).toBe('accepted')
  })
})

describe('WHO7 a proof of a session', () => {
  test('is worth nothing on another link: the session is not bound, and three of them end the link', async () => {
    world = await World.open()
    const bind = world.way.sent.find(({ kind }) => kind === 'bind')!.text
    const heard: string[] = []
    let isClosed = false
    const link = world.scene.reviewer.connect(
      { send: (text) => heard.push(text), close: () => (isClosed = true) },
      { address: 'mallory' },
    )
    const nonce = 'A'.repeat(22)
    link.frame(authorFrame('hello', { v: 2, space: SPACE, nonce, position: null }))
    await world.pass(10)
    const before = world.scene.reviewer.state
    for (let n = 0; n < 3; n++) {
      expect(isClosed).toBe(false)
      link.frame(bind)
      link.frame(authorFrame('want', { have: null, pages: null }))
      await world.pass(10)
    }
    expect(isClosed).toBe(true)
    const kinds = heard.map((text) => (JSON.parse(text) as [string, unknown])[0])
    expect(new Set(kinds)).toEqual(new Set(['welcome', 'bound', 'bye']))
    expect(heard.filter((text) => text.startsWith('["bound"'))).toEqual(
      heard.filter((text) => text === '["bound",[]]'),
    )
    expect(world.scene.reviewer.state.seq).toBe(before.seq)
    await world.heal()
  })
})

describe('GATE3 slow checks', () => {
  test('nothing is shown as canonical before its check, and a link that ends meanwhile delivers nothing', async () => {
    world = await World.open({ signerMs: 400 })
    world.ann.create(Note, { text: 'honest', n: 1 })
    await world.pass(300)
    expect(world.canonicalTexts).toEqual([])
    world.way.cut()
    world.bob.setOnline(false)
    await world.pass(5_000)
    expect(world.canonicalTexts).toEqual([])
    world.bob.setOnline(true)
    await world.settle()
    expect(world.canonicalTexts).toEqual(['honest'])
    await world.heal()
  })

  test('what gathers behind a check is shown in order', async () => {
    world = await World.open({ signerMs: 400 })
    const id = await world.write('0')
    await world.settle()
    const seen: string[] = []
    world.bob.subscribe(Note, id, () => seen.push(world.bob.read(Note, id)!.text))
    for (let n = 1; n < 10; n++) {
      world.ann.update(Note, id, { text: String(n) })
      await world.pass(100)
    }
    await world.settle()
    expect(seen).toEqual([...seen].sort())
    expect([seen.at(-1), seen.length < 6]).toEqual(['9', true])
    await world.heal()
  })
})

function pageHash(text: string): string {
  return createHash('sha256').update(`cs/page\n${text}`).digest('base64url')
}
