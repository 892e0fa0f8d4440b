/** Bringing a link up to the head over the store: what it is sent, as of when, and signed by whom. */
import { describe, expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import { damaged } from '../ports/space-check.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import type { ReviewerFrame, ReviewerFrames } from '../wire/frames.ts'
import { authorFrame } from '../wire/frames.ts'
import { type PageEntity, readPage } from '../wire/pages.ts'
import { positionBytes } from '../wire/signed.ts'

const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; eve: HandAuthor }> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), eve: await desk.author('eve') }
}

const kinds = ({ heard }: HandAuthor): string[] => heard.map(({ kind }) => kind)

function framesOf<K extends ReviewerFrame['kind']>(
  { heard }: HandAuthor,
  kind: K,
): (ReviewerFrame & { kind: K })[] {
  return heard.filter((frame): frame is ReviewerFrame & { kind: K } => frame.kind === kind)
}

/** Entities of the pages that were heard. */
function entitiesIn(author: HandAuthor): readonly PageEntity[] {
  return framesOf(author, 'page').flatMap(({ texts }) => {
    const page = readPage(texts)
    if (!page.ok) throw new Error(page.error.message)
    return page.value
  })
}

type Told = ReviewerFrames['through']['position']

async function isSigned(desk: Desk, position: Told): Promise<boolean> {
  const bytes = positionBytes(DESK_SPACE, position)
  return desk.signer.verify(desk.keys.publicKey, bytes, position.sig ?? '')
}

const failures = ({ events }: Desk): string[] =>
  events.flatMap((event) => (event.type === 'store_failed' ? [event.error] : []))

describe('the tail', () => {
  test('each frame carries the signed position after it, of commits of this process and of the one before', async () => {
    const options: DeskOptions = { limits: { tailChangesMax: 1_000 } }
    const { desk, ann, eve } = await deskWith(options)
    const long = 'ü'.repeat(20_000)
    for (let n = 0; n < 6; n++) await ann.offer(ann.create('issue', { n, long }))
    await desk.restart(options)
    for (const author of [ann, eve]) await author.connect()
    await ann.offer(ann.create('issue', { n: 7 }))
    eve.heard.length = 0
    await eve.follow()
    await desk.pass(2_000)
    const tails = framesOf(eve, 'tail')
    expect(tails.length).toBeGreaterThan(1)
    let seq = 0
    for (const { position, batches } of tails) {
      expect(position.seq).toBe((seq += batches.length))
      expect(await isSigned(desk, position)).toBe(true)
    }
    expect(seq).toBe(7)
    expect(framesOf(eve, 'through')).toMatchObject([{ pages: 0, position: { seq: 7 } }])
    expect(kinds(eve).slice(-2)).toEqual(['tail', 'through'])
  })

  test('begins after what the link has, and is nothing where it has all', async () => {
    const { desk, ann, eve } = await deskWith()
    for (let n = 0; n < 3; n++) await ann.offer(ann.create('issue', { n }))
    await eve.follow()
    const positions = framesOf(eve, 'tail').map(({ position }) => position)
    const head = framesOf(eve, 'through')[0]!.position
    expect(positions.at(-1)).toEqual(head)
    await eve.connect()
    const rest = async (have: Told): Promise<string[]> => {
      await eve.connect()
      eve.heard.length = 0
      eve.send(authorFrame('want', { have, pages: null }))
      await desk.settle()
      return kinds(eve)
    }
    expect(await rest(head)).toEqual(['through'])
    expect(desk.reviewer.state.seq).toBe(3)
    const middle = desk.spaces.tables(DESK_SPACE).batches(1, bytesOf(1))[0]!
    expect(middle.toSeq).toBe(2)
    await ann.offer(ann.create('issue', { n: 4 }))
    expect(await rest(head)).toEqual(['tail', 'through'])
    expect(framesOf(eve, 'tail')[0]).toMatchObject({ batches: [4], position: { seq: 4 } })
  })

  test('is in order while commits go on: nothing twice, nothing left out', async () => {
    const { desk, ann, eve } = await deskWith({ limits: { tailChangesMax: 1_000 } })
    for (let n = 0; n < 20; n++) await ann.offer(ann.create('issue', { n }))
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 3, answerMs: () => 3 }
    eve.heard.length = 0
    eve.send(authorFrame('want', { have: null, pages: null }))
    for (let n = 0; n < 10; n++) {
      const message = ann.create('issue', { n: 20 + n })
      ann.offerFlush(message.session, message.flush, await ann.seal(message.flush))
      await desk.pass(7)
    }
    await desk.settle()
    const seqs = eve.batches().flatMap(({ accepted }) => accepted.map(({ seq }) => seq))
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
    expect(framesOf(eve, 'through')).toHaveLength(1)
  })

  test('with a damaged batch ends the link with a reason', async () => {
    const { desk, ann, eve } = await deskWith()
    await ann.offer(ann.create('issue', { n: 1 }))
    const tables = desk.spaces.tables(DESK_SPACE)
    const batches = tables.batches.bind(tables)
    tables.batches = (after, max) =>
      batches(after, max).map((batch) => ({ ...batch, text: damaged('batch 1') }))
    await eve.follow()
    expect(failures(desk)).toEqual([
      'the stored batch from seq 1 is damaged: batch 1 is damaged in the store',
    ])
    expect(kinds(eve).at(-1)).toBe('bye')
    expect(framesOf(eve, 'tail')).toEqual([])
  })
})

describe('a snapshot', () => {
  const limits = { tailChangesMax: 0, pageEntitiesMax: 3 }

  test('is of one seq, with any commits and writes behind meanwhile; the tail continues from there', async () => {
    const { desk, ann, eve } = await deskWith({ limits: { ...limits, dirtyStatesMax: 1 } })
    const roots = Array.from({ length: 12 }, (_, n) => ann.create('issue', { n }))
    await ann.offer(...roots)
    const onTop: HandMessage[] = []
    const more = async (): Promise<void> => {
      const change = ann.change([roots[11]!], { n: 100 + onTop.length })
      const fresh = ann.create('issue', { n: 200 + onTop.length })
      onTop.push(change, fresh)
      for (const { session, flush } of [change, fresh])
        ann.offerFlush(session, flush, await ann.seal(flush))
    }
    eve.heard.length = 0
    let pages = 0
    eve.onFrame = ({ kind }) => {
      if (kind === 'page' && ++pages < 4) void more()
    }
    eve.send(authorFrame('want', { have: null, pages: null }))
    await desk.pass(3_000)
    const tables = desk.spaces.tables(DESK_SPACE)
    expect(onTop.map((message) => ann.verdict(message))).toEqual(onTop.map(() => 'accepted'))
    expect(tables.head().through).toBe(18)
    const found = entitiesIn(eve)
    expect(found.map(({ id }) => id)).toEqual(roots.map(idOf))
    expect(found.map(({ writes }) => writes.map(({ values }) => values))).toEqual(
      roots.map((_, n) => [[n]]),
    )
    const [snapshot, last] = framesOf(eve, 'through')
    expect(snapshot).toMatchObject({ pages: 4, settled: { lists: 0 }, position: { seq: 12 } })
    expect(await isSigned(desk, snapshot!.position)).toBe(true)
    expect(last).toMatchObject({ pages: 0 })
    const tail = framesOf(eve, 'tail').map(({ position }) => position)
    expect(tail[0]!.seq).toBeGreaterThan(12)
    expect(tail.at(-1)!.seq).toBe(18)
    // Not one number of the messages is in both.
    expect(kinds(eve).indexOf('tail')).toBeGreaterThan(kinds(eve).indexOf('through'))
  })

  test('that would lag behind the greeting, as states cannot be written, is not sent: the batches are', async () => {
    const { desk, ann, eve } = await deskWith({ limits })
    await ann.offer(ann.create('issue', { n: 1 }), ann.create('issue', { n: 2 }))
    await desk.pass(2_000)
    await ann.offer(ann.create('issue', { n: 3 }))
    await ann.offer(ann.create('issue', { n: 4 }))
    const tables = desk.spaces.tables(DESK_SPACE)
    tables.writeBehind = () => {
      throw new Error('disk full')
    }
    eve.heard.length = 0
    await eve.follow()
    expect(entitiesIn(eve)).toHaveLength(0)
    expect(framesOf(eve, 'through').map(({ position }) => position.seq)).toEqual([4])
    for (const { position } of framesOf(eve, 'through'))
      expect(await isSigned(desk, position)).toBe(true)
    expect(framesOf(eve, 'tail').flatMap(({ batches }) => batches)).toHaveLength(3)
    expect(failures(desk)).toEqual(['disk full'])
  })

  test('sends authors their accepted messages up to it, as runs, and no others', async () => {
    const { desk, ann, eve } = await deskWith({ limits })
    const create = (author: HandAuthor): HandMessage => author.create('issue', { n: 1 })
    const refused = (author: HandAuthor): HandMessage =>
      author.message([
        {
          type: 'issue',
          id: '00000000-0000-8000-8000-000000000000',
          kind: 'create',
          values: { n: 1 },
        },
      ])
    await eve.offer(create(eve), create(eve)) //               1, 2 at 1, 2
    await ann.offer(create(ann))
    await eve.offer(create(eve), refused(eve), create(eve)) // 3, 5 at 4, 5
    await desk.pass(2_000)
    await eve.connect()
    eve.heard.length = 0
    await eve.follow()
    const [settled, ...others] = framesOf(eve, 'settled')
    expect(others).toEqual([])
    expect(settled).toMatchObject({
      sessionId: eve.sessionId,
      runs: [
        { clientSeq: 1, count: 2, seq: 1 },
        { clientSeq: 3, count: 1, seq: 4 },
        { clientSeq: 5, count: 1, seq: 5 },
      ],
    })
    const [through] = framesOf(eve, 'through')
    expect(through).toMatchObject({ pages: 2, settled: { lists: 1 }, position: { seq: 5 } })
    expect(through!.snapshot).toBe(settled!.snapshot)
  })

  test('and a run that goes on above it is cut there; thousands of runs come in several lists', async () => {
    const { desk, eve } = await deskWith({ limits })
    await eve.offer(...[1, 2, 3].map((n) => eve.create('issue', { n })))
    await desk.pass(2_000)
    const tables = desk.spaces.tables(DESK_SPACE)
    const runs = Array.from({ length: 2_500 }, (_, n) => ({
      ...{ clientSeq: 10 * n + 1, count: 5 },
      seq: n % 2 ? 0 : 1 + (n % 4),
    }))
    tables.ledgerRuns = (_, from, max) =>
      runs.filter(({ clientSeq, count }) => clientSeq + count > from).slice(0, max)
    await eve.connect()
    eve.heard.length = 0
    await eve.follow()
    const settled = framesOf(eve, 'settled').map((frame) => frame.runs)
    expect(settled.map(({ length }) => length)).toEqual([512, 512, 226])
    expect(settled[0]!.slice(0, 2)).toEqual([
      { clientSeq: 1, count: 3, seq: 1 },
      { clientSeq: 21, count: 1, seq: 3 },
    ])
    expect(new Set(settled.flat().map(({ clientSeq }) => clientSeq)).size).toBe(1_250)
    expect(framesOf(eve, 'through')[0]).toMatchObject({ pages: 1, settled: { lists: 3 } })
  })

  test('where a link leaves in the middle, or a state is damaged, its scan is closed', async () => {
    const { desk, ann, eve } = await deskWith({ limits })
    await ann.offer(...Array.from({ length: 9 }, (_, n) => ann.create('issue', { n })))
    const tables = desk.spaces.tables(DESK_SPACE)
    const scan = tables.scan.bind(tables)
    let [open, broken] = [0, false]
    tables.scan = (type) => {
      open++
      const found = scan(type)
      return {
        ...found,
        close: () => void open--,
        page: (after, max) => {
          const { states, next } = found.page(after, max)
          const text = damaged('a state')
          return { states: broken ? states.map((state) => ({ ...state, text })) : states, next }
        },
      }
    }
    eve.onFrame = ({ kind }) => {
      if (kind === 'page') eve.leave()
    }
    await eve.follow()
    expect([open, framesOf(eve, 'page').length]).toEqual([0, 1])
    broken = true
    eve.onFrame = () => {}
    await ann.offer(ann.create('issue', { n: 9 }))
    await eve.connect()
    const batches = tables.batches.bind(tables)
    tables.batches = (after, max) =>
      batches(after, max).map((batch) => ({ ...batch, text: damaged('a batch') }))
    await eve.follow()
    expect([open, kinds(eve).at(-1)]).toEqual([0, 'bye'])
    expect(failures(desk)).toEqual([expect.stringMatching(/^the stored batch from .* is damaged/)])
    // Where the batches are sound, a damaged state is folded again, and told like the others.
    tables.batches = batches
    await eve.connect()
    await eve.follow()
    expect([open, kinds(eve).at(-1)]).toEqual([0, 'through'])
    expect(new Set(entitiesIn(eve).map(({ id }) => id)).size).toBe(10)
  })
})
