/** The gate by itself: what is checked, how often, in which order, and what a failed check stops. */
import { describe, expect, test } from 'vitest'
import { toBase64url } from '../base/bytes.ts'
import type { Hash } from '../base/hash.ts'
import type { Position, Rejection } from '../facts/message.ts'
import {
  type ReviewerFrames,
  parseReviewerFrame,
  reviewRows,
  reviewerFrame,
} from '../wire/frames.ts'
import {
  acceptedBytes,
  historyBytes,
  keptBytes,
  meBytes,
  liveBytes,
  nackBytes,
  positionBytes,
  rejectionBytes,
  settledBytes,
  snapshotBytes,
  statesBytes,
  welcomeBytes,
} from '../wire/signed.ts'
import { reviewingOf } from '../testing/reviewing.ts'
import { Gate, type GatedFrame } from './gate.ts'
import type { PartHashes } from './snapshot-parts.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const OTHER_SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const EID = '0190a6b2-3c4d-8e5f-8a7b-000000000001'
const OTHER_EID = '0190a6b2-3c4d-8e5f-8a7b-000000000002'
const REVIEWER = '0190a6b2-3c4d-8e5f-8a7b-000000000003'
const SESSION = '0190a6b2-3c4d-4e5f-8a7b-000000000004'
const OTHER_SESSION = '0190a6b2-3c4d-4e5f-8a7b-000000000005'
const NONCE = 'the nonce of the reviewer'
const MESSAGE = '0190a6b2-3c4d-8e5f-8a7b-000000000006'
const BY = { reviewerId: REVIEWER, eid: EID, epoch: 1, chain: hashOf('genesis') }

/** 43 characters that differ with the text. */
function hashOf(text: string): Hash {
  return toBase64url(new TextEncoder().encode(text.padEnd(32, '.').slice(0, 32)))
}

/** A signature that the double of a key makes and checks. */
function signed(bytes: Uint8Array): string {
  return `by the reviewer ${toBase64url(bytes)}`
}

function positionAt(seq: number, more: Partial<Position> = {}): Position {
  const position = { eid: EID, epoch: 1, seq, chain: hashOf(`chain ${seq}`), ...more }
  return { ...position, sig: more.sig ?? signed(positionBytes(SPACE, position)) }
}

/** The end of an answer, as it is signed at a second by the reviewer's clock. */
function endAt(seq: number): ReviewerFrames['through'] {
  const position = positionAt(seq)
  const sig = signed(liveBytes(SPACE, position, 1_000))
  return { position, pages: 0, snapshot: 0, sig, at: 1_000, settled: null }
}

type Kind = GatedFrame['kind']

/** What reaches the other side of a gate whose checks end when the test says so. */
class Scene {
  readonly delivered: GatedFrame[] = []
  readonly texts: string[] = []
  readonly faults: string[] = []
  /** Signatures that were asked for, oldest first. */
  readonly asked: string[] = []
  parts: PartHashes = { pages: [], lists: [] }
  readonly gate: Gate
  readonly #isSlow: boolean
  #waiting: (() => void)[] = []
  #frame = 0

  /** Seqs of frames that were shown before their check. */
  readonly shown: number[] = []

  constructor({ greeted = positionAt(0), isSlow = false, fails = false, shows = false } = {}) {
    this.#isSlow = isSlow
    this.gate = new Gate(
      {
        verify: async (bytes, sig) => {
          this.asked.push(sig)
          if (this.#isSlow) await new Promise<void>((done) => this.#waiting.push(done))
          if (fails) throw new Error('no such thing here')
          return sig === signed(bytes)
        },
        partHashes: () => this.parts,
        ...(shows && { show: ({ position }) => void this.shown.push(position.seq) }),
        deliver: (frame, text) => {
          this.delivered.push(frame)
          this.texts.push(text)
        },
        forged: (what) => this.faults.push(what),
      },
      { space: SPACE, by: reviewingOf(BY), greeted, nonce: NONCE },
    )
  }

  hears<K extends Kind>(kind: K, values: ReviewerFrames[K], texts?: string): void {
    const text = reviewerFrame(kind, values, texts)
    const frame = parseReviewerFrame(text)
    if (!frame.ok) throw new Error(frame.error.message)
    this.gate.push(frame.value as GatedFrame, text)
  }

  /** A frame of the tail with one batch of one line, its own. */
  hearsTail(position: Position): void {
    this.hears('tail', { batches: [1], position }, `["batch ${++this.#frame}"]`)
  }

  /** The checks that are under way end, and all that follows without a further one. */
  async check(): Promise<void> {
    for (const done of this.#waiting.splice(0)) done()
    await turns()
  }

  get seqs(): readonly number[] {
    return this.delivered.map((frame) => ('position' in frame ? frame.position.seq : -1))
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe('GATE3, GATE4: what is checked', () => {
  test('nothing of a tail is delivered before its position is checked', async () => {
    const scene = new Scene({ isSlow: true })
    scene.hearsTail(positionAt(3))
    await turns()
    expect([scene.delivered, scene.asked]).toEqual([[], [positionAt(3).sig]])
    await scene.check()
    expect([scene.seqs, scene.faults]).toEqual([[3], []])
  })

  test('frames that gather during a check are one frame and one check, in order', async () => {
    const scene = new Scene({ isSlow: true })
    for (let seq = 1; seq <= 100; seq++) scene.hearsTail(positionAt(seq))
    await scene.check()
    expect(scene.seqs).toEqual([1])
    await scene.check()
    expect([scene.seqs, scene.asked.length]).toEqual([[1, 100], 2])
    const [, joined] = scene.delivered as (GatedFrame & { kind: 'tail' })[]
    expect(joined!.batches).toEqual(Array.from({ length: 99 }, () => 1))
    const lines = joined!.texts.split('\n')
    expect([lines[0], lines.at(-1)]).toEqual(['["batch 2"]', '["batch 100"]'])
    // What is stored reads as what was delivered.
    const stored = parseReviewerFrame(scene.texts[1]!)
    expect(stored.ok && stored.value).toEqual(joined)
  })

  test('a position that is checked is not checked again', async () => {
    const scene = new Scene()
    scene.hearsTail(positionAt(4))
    await turns()
    scene.hearsTail(positionAt(4))
    scene.hearsTail(positionAt(4))
    await turns()
    expect([scene.seqs, scene.asked.length]).toEqual([[4, 4, 4], 1])
  })

  test('of an old frame that comes once more behind a newer one, the newer position counts', async () => {
    const scene = new Scene({ isSlow: true })
    scene.hearsTail(positionAt(1))
    for (const seq of [2, 3, 2]) scene.hearsTail(positionAt(seq))
    await scene.check()
    await scene.check()
    expect([scene.seqs, scene.asked]).toEqual([
      [1, 3],
      [positionAt(1).sig, positionAt(3).sig],
    ])
  })

  test('what is joined stays below a megabyte, so that it can be read again', async () => {
    const scene = new Scene({ isSlow: true })
    scene.hearsTail(positionAt(1))
    for (const seq of [2, 3, 4]) {
      const text = JSON.stringify('x'.repeat(500_000))
      scene.hears('tail', { batches: [1], position: positionAt(seq) }, text)
    }
    for (let n = 0; n < 3; n++) await scene.check()
    expect(scene.seqs).toEqual([1, 3, 4])
  })

  test('frames of other kinds keep their place between those of the tail', async () => {
    const scene = new Scene({ isSlow: true })
    scene.hearsTail(positionAt(1))
    scene.hearsTail(positionAt(2))
    scene.hears('page', { snapshot: 1 }, '[]')
    scene.hearsTail(positionAt(3))
    for (let n = 0; n < 5; n++) await scene.check()
    expect(scene.delivered.map(({ kind }) => kind)).toEqual(['tail', 'tail', 'page', 'tail'])
    expect(scene.seqs).toEqual([1, 2, -1, 3])
  })

  test('what needs no check is delivered in the very turn', () => {
    const scene = new Scene()
    scene.hears('page', { snapshot: 1 }, '[]')
    expect(scene.delivered.map(({ kind }) => kind)).toEqual(['page'])
  })
})

describe('GATE11: what is shown before its check', () => {
  test('are frames of the tail that nothing else waits before', async () => {
    const scene = new Scene({ isSlow: true, shows: true })
    scene.hearsTail(positionAt(1))
    scene.hearsTail(positionAt(2))
    expect([scene.shown, scene.delivered]).toEqual([[1, 2], []])
    scene.hears('through', endAt(2))
    scene.hearsTail(positionAt(3))
    for (let n = 0; n < 2; n++) await scene.check()
    scene.hearsTail(positionAt(4)) // while the end is checked
    expect(scene.shown).toEqual([1, 2])
    for (let n = 0; n < 5; n++) await scene.check()
    expect(scene.seqs).toEqual([1, 2, 2, 4])
    scene.hearsTail(positionAt(5))
    expect(scene.shown).toEqual([1, 2, 5])
  })

  test('is checked to the end when the link is gone, and nothing else is', async () => {
    const scene = new Scene({ isSlow: true, shows: true })
    for (const seq of [1, 2]) scene.hearsTail(positionAt(seq))
    scene.hears('through', endAt(2))
    let isFinished = false
    scene.gate.finish()
    void scene.gate.finished().then(() => (isFinished = true))
    scene.hearsTail(positionAt(3))
    await scene.check()
    expect([scene.seqs, isFinished]).toEqual([[1], false])
    for (let n = 0; n < 3; n++) await scene.check()
    expect([scene.seqs, scene.shown, isFinished]).toEqual([[1, 2], [1, 2], true])
  })

  test('of a link that is gone a check may fail, too', async () => {
    const scene = new Scene({ isSlow: true, shows: true })
    scene.hearsTail(positionAt(1))
    scene.hearsTail(positionAt(2, { sig: 'by somebody' }))
    scene.gate.finish()
    for (let n = 0; n < 3; n++) await scene.check()
    expect([scene.seqs, scene.faults.length]).toEqual([[1], 1])
  })
})

describe('GATE9: a check that fails', () => {
  test('stops everything behind it, and is reported once', async () => {
    const scene = new Scene({ isSlow: true })
    scene.hearsTail(positionAt(1, { sig: 'by somebody' }))
    scene.hearsTail(positionAt(2))
    for (let n = 0; n < 3; n++) await scene.check()
    scene.hearsTail(positionAt(3))
    for (let n = 0; n < 3; n++) await scene.check()
    expect(scene.delivered).toEqual([])
    expect(scene.faults).toEqual(['a position that its key has not signed'])
  })

  test('stops what was joined with it, of which nothing is delivered', async () => {
    const scene = new Scene({ isSlow: true })
    for (const seq of [1, 2]) scene.hearsTail(positionAt(seq))
    scene.hearsTail(positionAt(9, { sig: 'by somebody' }))
    for (let n = 0; n < 3; n++) await scene.check()
    expect([scene.seqs, scene.faults.length]).toEqual([[1], 1])
  })

  test.each<[string, Position]>([
    ['another chain', { ...positionAt(1), chain: hashOf('another') }],
    ['another seq', { ...positionAt(1), seq: 2 }],
    ['another epoch', positionAt(1, { epoch: 2 })],
    ['another lineage', positionAt(1, { eid: OTHER_EID })],
    ['no signature', { eid: EID, epoch: 1, seq: 1, chain: hashOf('chain 1') }],
    ['a signature of another', positionAt(1, { sig: positionAt(2).sig! })],
    [
      'a signature for another space',
      positionAt(1, { sig: signed(positionBytes(OTHER_SPACE, positionAt(1))) }),
    ],
    [
      'the signature of a greeting',
      positionAt(1, {
        sig: signed(welcomeBytes(SPACE, { nonces: ['a', 'b'], position: positionAt(1), at: 1 })),
      }),
    ],
  ])('a position with %s', async (_, position) => {
    for (const tell of [
      (scene: Scene) => scene.hearsTail(position),
      (scene: Scene) => scene.hears('through', { ...endAt(1), position }),
    ]) {
      const scene = new Scene()
      tell(scene)
      await turns()
      expect([scene.delivered, scene.faults.length]).toEqual([[], 1])
    }
  })

  test('a position that was checked, with another signature', async () => {
    const scene = new Scene({ greeted: positionAt(1, { sig: 'of the greeting, not checked' }) })
    scene.hearsTail(positionAt(1, { sig: 'of the greeting, not checked' }))
    await turns()
    expect([scene.delivered, scene.faults.length]).toEqual([[], 1])
    const next = new Scene()
    next.hearsTail(positionAt(1))
    await turns()
    next.hearsTail(positionAt(1, { sig: 'another' }))
    await turns()
    expect([next.seqs, next.faults.length]).toEqual([[1], 1])
  })

  test('a check that throws is one that fails', async () => {
    const scene = new Scene({ fails: true })
    scene.hearsTail(positionAt(1))
    await turns()
    expect(scene.faults).toEqual(['a frame that cannot be checked'])
    const deep = new Scene()
    const rejection = { ...rejectionOf(), more: JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) }
    deep.gate.push({ kind: 'rejected', texts: '', rejections: [rejection] }, '')
    await turns()
    expect([deep.delivered, deep.faults]).toEqual([[], ['a frame that cannot be checked']])
  })
})

describe('GATE5, GATE6: the end of an answer', () => {
  test('one that is older than the greeting is an old one', async () => {
    const scene = new Scene({ greeted: positionAt(5) })
    scene.hears('through', endAt(4))
    await turns()
    expect([scene.delivered, scene.faults]).toEqual([
      [],
      ['an answer that is older than its greeting'],
    ])
  })

  test('a snapshot may be older: what was committed since follows it', async () => {
    const scene = new Scene({ greeted: positionAt(6) })
    scene.parts = hashes
    const settled = { lists: 1, sig: settledOf() }
    scene.hears('through', { ...told, sig: pagesOf(hashes.pages), settled })
    await turns()
    expect([scene.seqs, scene.faults]).toEqual([[5], []])
    // Parts of it that were recorded on an earlier link are not signed for this one.
    scene.hears('through', {
      ...{ ...told, sig: pagesOf(hashes.pages) },
      settled: { lists: 1, sig: settledOf({ nonce: 'of an earlier link' }) },
    })
    await turns()
    expect([scene.seqs, scene.faults.length]).toEqual([[5], 1])
  })

  test('CATCH10 one that names pages and no snapshot is signed like any end, and not older', async () => {
    for (const [greeted, fault] of [
      [4, 'the end of an answer that its key has not signed'],
      [5, 'an answer that is older than its greeting'],
    ] as const) {
      const scene = new Scene({ greeted: positionAt(greeted) })
      scene.hears('through', { ...endAt(4), sig: 'x', pages: 1 })
      await turns()
      expect([scene.delivered, scene.faults]).toEqual([[], [fault]])
    }
  })

  test('an empty one at seq 0 is accepted if the greeting has seq 0, and not otherwise', async () => {
    const empty = new Scene({ greeted: positionAt(0) })
    empty.hears('through', endAt(0))
    const full = new Scene({ greeted: positionAt(1) })
    full.hears('through', endAt(0))
    await turns()
    expect([empty.seqs, empty.faults.length]).toEqual([[0], 0])
    expect([full.seqs, full.faults.length]).toEqual([[], 1])
  })

  test.each<[string, Uint8Array | undefined, boolean]>([
    ['this position and time', liveBytes(SPACE, positionAt(4), 1_000), true],
    ['nothing', undefined, false],
    ['another time', liveBytes(SPACE, positionAt(4), 2_000), false],
    ['another seq', liveBytes(SPACE, positionAt(5), 1_000), false],
    ['another space', liveBytes(OTHER_SPACE, positionAt(4), 1_000), false],
    ['its position, without a time', positionBytes(SPACE, positionAt(4)), false],
    ['a snapshot', snapshotBytes(SPACE, positionAt(4), []), false],
    [
      'a greeting',
      welcomeBytes(SPACE, { nonces: ['a', 'b'], position: positionAt(4), at: 1_000 }),
      false,
    ],
  ])('CATCH10 the end of an answer that is signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('through', { ...endAt(4), sig: bytes ? signed(bytes) : '' })
    await turns()
    expect(scene.seqs).toEqual(isGood ? [4] : [])
    expect(scene.faults).toEqual(isGood ? [] : ['the end of an answer that its key has not signed'])
  })

  const hashes = { pages: [hashOf('page 1'), hashOf('page 2')], lists: [hashOf('list 1')] }
  const told = { position: positionAt(5), pages: 2, snapshot: 1, at: null }
  const settledOf = (
    more: Partial<typeof hashes & { readonly nonce: string }> = {},
    space = SPACE,
    at = positionAt(5),
  ): string => signed(settledBytes(space, at, { ...hashes, nonce: NONCE, ...more }))
  const pagesOf = (pages: readonly Hash[], space = SPACE, at = positionAt(5)): string =>
    signed(snapshotBytes(space, at, pages))

  test.each<[string, () => string, boolean]>([
    ['its pages', () => pagesOf(hashes.pages), true],
    ['its pages in another order', () => pagesOf([...hashes.pages].reverse()), true],
    ['other pages', () => pagesOf([hashes.pages[0]!, hashOf('page 3')]), false],
    ['fewer pages', () => pagesOf([hashes.pages[0]!]), false],
    ['no pages', () => pagesOf([]), false],
    ['its pages and lists', () => pagesOf([...hashes.pages, ...hashes.lists]), false],
    ['its pages elsewhere', () => pagesOf(hashes.pages, SPACE, positionAt(6)), false],
    ['its pages of another space', () => pagesOf(hashes.pages, OTHER_SPACE), false],
    ['its position alone', () => signed(positionBytes(SPACE, positionAt(5))), false],
  ])('SNAP6 a snapshot that is signed for %s', async (_, sig, isGood) => {
    const scene = new Scene()
    scene.parts = hashes
    scene.hears('through', { ...told, sig: sig(), settled: { lists: 1, sig: settledOf() } })
    await turns()
    expect(scene.faults).toEqual(isGood ? [] : ['a snapshot that its key has not signed'])
    expect(scene.seqs).toEqual(isGood ? [5] : [])
  })

  test.each<[string, () => string | null, boolean]>([
    ['this link', () => settledOf(), true],
    ['nobody', () => '', false],
    ['another link', () => settledOf({ nonce: 'of another link' }), false],
    ['other lists', () => settledOf({ lists: [hashOf('list 2')] }), false],
    ['more lists', () => settledOf({ lists: [...hashes.lists, hashOf('list 2')] }), false],
    ['no lists', () => settledOf({ lists: [] }), false],
    ['other pages', () => settledOf({ pages: [hashes.pages[0]!] }), false],
    ['another position', () => settledOf({}, SPACE, positionAt(6)), false],
    ['another space', () => settledOf({}, OTHER_SPACE), false],
    ['the pages alone', () => pagesOf(hashes.pages), false],
  ])('SNAP7 the own messages of a snapshot, signed for %s', async (_, sig, isGood) => {
    const scene = new Scene()
    scene.parts = hashes
    const settled = { lists: 1, sig: sig() ?? '' }
    scene.hears('through', { ...told, sig: pagesOf(hashes.pages), settled })
    await turns()
    const why = 'the own messages of a snapshot that its key has not signed'
    expect(scene.faults).toEqual(isGood ? [] : [why])
    expect(scene.seqs).toEqual(isGood ? [5] : [])
  })

  test('SNAP7 a snapshot without own messages must sign that, too', async () => {
    for (const [settled, isGood] of [
      [null, false],
      [{ lists: 0, sig: '' }, false],
      [{ lists: 0, sig: settledOf({ lists: [] }) }, true],
    ] as const) {
      const scene = new Scene()
      scene.parts = { ...hashes, lists: [] }
      scene.hears('through', { ...told, sig: pagesOf(hashes.pages), settled })
      await turns()
      expect(scene.seqs).toEqual(isGood ? [5] : [])
    }
  })

  test('of a snapshot of which parts are missing, the position alone is checked', async () => {
    const settled = { lists: 1, sig: 'whatever' }
    for (const parts of [
      { ...hashes, pages: [hashes.pages[0]!] },
      { ...hashes, lists: [] },
    ]) {
      const scene = new Scene()
      scene.parts = parts
      scene.hears('through', { ...told, sig: 'whatever', settled })
      await turns()
      expect([scene.seqs, scene.faults]).toEqual([[5], []])
    }
  })
})

describe('GATE7, GATE8: own messages', () => {
  const reviews = [{ clientSeq: 1, seq: 4, at: 1_000, forked: false }]
  const rows = reviewRows(reviews)
  const about = { eid: EID, epoch: 1, sessionId: SESSION }

  test.each<[string, Uint8Array, boolean]>([
    ['this', acceptedBytes(SPACE, about, rows), true],
    ['another space', acceptedBytes(OTHER_SPACE, about, rows), false],
    ['another lineage', acceptedBytes(SPACE, { ...about, eid: OTHER_EID }, rows), false],
    ['another epoch', acceptedBytes(SPACE, { ...about, epoch: 2 }, rows), false],
    ['another session', acceptedBytes(SPACE, { ...about, sessionId: OTHER_SESSION }, rows), false],
    ['another message', acceptedBytes(SPACE, about, [[2, 4, 1_000, 0]]), false],
    ['another seq', acceptedBytes(SPACE, about, [[1, 5, 1_000, 0]]), false],
    ['another place', acceptedBytes(SPACE, about, [[1, 4, 1_000, 1]]), false],
    ['more messages', acceptedBytes(SPACE, about, [...rows, [2, 5, 1_000, 0]]), false],
  ])('an acceptance that is signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('accepted', { sessionId: SESSION, reviews, sig: signed(bytes) })
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(isGood ? [] : ['an acceptance that its key has not signed'])
  })

  const history = {
    entityId: EID,
    asOfSeq: 4,
    part: 0,
    end: 'whole',
    terms: [{ reviewerId: REVIEWER, eid: EID, epoch: 1 }],
    messages: [{ term: 0, lines: 1 }],
  } as const
  const historyOf = (more: object, space = SPACE, by = BY): Uint8Array =>
    historyBytes(space, by, { ...history, nonce: NONCE, texts: '"a line"', ...more })

  test.each<[string, Uint8Array, boolean]>([
    ['this', historyOf({}), true],
    ['another link', historyOf({ nonce: 'of another link' }), false],
    ['another space', historyOf({}, OTHER_SPACE), false],
    ['another lineage', historyOf({}, SPACE, { ...BY, eid: OTHER_EID }), false],
    ['another entity', historyOf({ entityId: OTHER_EID }), false],
    ['another seq', historyOf({ asOfSeq: 5 }), false],
    ['another part', historyOf({ part: 1 }), false],
    ['another end', historyOf({ end: 'cut' }), false],
    ['no terms', historyOf({ terms: [] }), false],
    ['more messages', historyOf({ messages: [...history.messages, ...history.messages] }), false],
    ['other lines', historyOf({ texts: '"another line"' }), false],
  ])('HIST6 a history that is signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('history', { ...history, sig: signed(bytes) }, '"a line"')
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(isGood ? [] : ['a history that its key has not signed'])
  })

  const kept = { seq: 4, publicKey: 'a key', seal: 'a seal' } as const
  const keptOf = (more: object, space = SPACE, by = BY): Uint8Array =>
    keptBytes(space, by, { ...kept, nonce: NONCE, ...more })

  test.each<[string, Uint8Array, boolean]>([
    ['this', keptOf({}), true],
    ['another link', keptOf({ nonce: 'of another link' }), false],
    ['another space', keptOf({}, OTHER_SPACE), false],
    ['another lineage', keptOf({}, SPACE, { ...BY, eid: OTHER_EID }), false],
    ['another seq', keptOf({ seq: 5 }), false],
    ['another key', keptOf({ publicKey: 'another' }), false],
    ['no seal', keptOf({ seal: null }), false],
  ])('AUD2 a seal whose keeping is signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('seal', { ...kept, sig: signed(bytes) })
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(isGood ? [] : ['a seal that its key has not signed'])
  })

  const me = { authorIds: [SESSION] }
  const meOf = (more: object, space = SPACE, by = BY): Uint8Array =>
    meBytes(space, by, { ...me, nonce: NONCE, ...more })

  test.each<[string, Uint8Array, boolean]>([
    ['this', meOf({}), true],
    ['another link', meOf({ nonce: 'of another link' }), false],
    ['another space', meOf({}, OTHER_SPACE), false],
    ['another lineage', meOf({}, SPACE, { ...BY, eid: OTHER_EID }), false],
    ['another author', meOf({ authorIds: [OTHER_EID] }), false],
    ['nobody', meOf({ authorIds: [] }), false],
  ])('WHO9 author ids of a person that are signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('me', { ...me, sig: signed(bytes) })
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(
      isGood ? [] : ['the author ids of a person that its key has not signed'],
    )
  })

  const nack = {
    sessionId: SESSION,
    clientSeqs: [1, 2],
    reason: 'unknown_schema',
    detail: 'why',
  } as const
  const nackOf = (more: object, space = SPACE, by = BY): Uint8Array =>
    nackBytes(space, by, { ...nack, nonce: NONCE, ...more })

  test.each<[string, Uint8Array | undefined, boolean]>([
    ['this', nackOf({}), true],
    ['nobody', undefined, false],
    ['another link', nackOf({ nonce: 'of another link' }), false],
    ['another space', nackOf({}, OTHER_SPACE), false],
    ['another lineage', nackOf({}, SPACE, { ...BY, eid: OTHER_EID }), false],
    ['another epoch', nackOf({}, SPACE, { ...BY, epoch: 2 }), false],
    ['another session', nackOf({ sessionId: OTHER_SESSION }), false],
    ['fewer messages', nackOf({ clientSeqs: [1] }), false],
    ['another reason', nackOf({ reason: 'parent_unknown' }), false],
    ['other words', nackOf({ detail: '' }), false],
  ])('VRD6 a nack of messages alone that is signed for %s', async (_, bytes, isGood) => {
    const scene = new Scene()
    scene.hears('nack', { ...nack, alone: true, sig: bytes ? signed(bytes) : null })
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(isGood ? [] : ['a nack that its key has not signed'])
  })

  test('VRD6 a nack that makes all offers wait is unsigned, and needs no check', () => {
    const scene = new Scene()
    scene.hears('nack', { ...nack, alone: false, sig: null })
    expect([scene.delivered.length, scene.asked.length]).toEqual([1, 0])
  })

  test.each<[string, Partial<Rejection>, boolean]>([
    ['this', {}, true],
    ['an earlier epoch', { epoch: 0 }, true],
    ['another space', { space: OTHER_SPACE }, false],
    ['another lineage, as what is refused stays so', { eid: OTHER_EID }, true],
    ['a later epoch', { epoch: 2 }, true],
    ['another reviewer', { reviewerId: OTHER_EID }, false],
  ])('a rejection that is signed for %s', async (_, more, isGood) => {
    const scene = new Scene()
    scene.hears('rejected', { rejections: [rejectionOf(more)] })
    await turns()
    expect(scene.delivered).toHaveLength(isGood ? 1 : 0)
    expect(scene.faults).toEqual(isGood ? [] : ['a rejection of another reviewer'])
  })

  test.each<[string, Partial<Rejection>]>([
    ['another message', { msgId: SESSION }],
    ['another hash', { hash: hashOf('another') }],
    ['another reason', { reason: 'invalid' }],
    ['another detail', { detail: 'because' }],
    ['another time', { at: 2_000 }],
    ['values that stand', { standing: [] }],
  ])('a rejection with %s than it was signed with', async (_, more) => {
    const scene = new Scene()
    const good = rejectionOf({ msgId: EID })
    scene.hears('rejected', { rejections: [good, { ...rejectionOf(), ...more }] })
    await turns()
    expect([scene.delivered, scene.faults]).toEqual([
      [],
      ['a rejection that its key has not signed'],
    ])
  })
})

describe('VIEW6: states', () => {
  const reviews = [{ clientSeq: 3, seq: 5, at: 900, forked: false }]
  const told: Omit<ReviewerFrames['states'], 'sig'> = {
    ...{ no: 4, of: 2, done: 1, more: true, position: positionAt(6), at: 1_000, erased: 5 },
    kept: [MESSAGE],
    gone: [SPACE],
    accepted: [{ sessionId: SESSION, reviews }],
  }
  const PAGE = '[[],[]]'

  const sigOf = (
    fields: typeof told,
    { nonce = NONCE, space = SPACE, texts = PAGE } = {},
  ): string =>
    signed(
      statesBytes(space, fields.position, {
        ...{ nonce, at: fields.at, texts, kept: fields.kept, gone: fields.gone },
        numbers: [fields.no, fields.of, fields.done, fields.more ? 1 : 0, fields.erased],
        accepted: fields.accepted.map((each) => [each.sessionId, reviewRows(each.reviews)]),
      }),
    )

  test('are taken as they are signed for this link', async () => {
    const scene = new Scene()
    scene.hears('states', { ...told, sig: sigOf(told) }, PAGE)
    await turns()
    expect([scene.seqs, scene.faults]).toEqual([[6], []])
  })

  test.each<[string, Partial<typeof told>, { nonce?: string; space?: string; texts?: string }]>([
    ['a number', { no: 5 }, {}],
    ['the request heard', { of: 3 }, {}],
    ['the request answered', { done: 2 }, {}],
    ['the end of the step', { more: false }, {}],
    ['the time', { at: 1_001 }, {}],
    ['the position', { position: positionAt(7) }, {}],
    ['the newest erasure', { erased: 4 }, {}],
    ['an unchanged row', { kept: [] }, {}],
    ['a withheld row', { gone: [] }, {}],
    ['a verdict', { accepted: [] }, {}],
    ['the session', { accepted: [{ sessionId: OTHER_SESSION, reviews }] }, {}],
    ['the rows', {}, { texts: '[[],[0]]' }],
    ['the link', {}, { nonce: 'of another link' }],
    ['the space', {}, { space: OTHER_SPACE }],
  ])('are forged with another signature: %s', async (_, changed, by) => {
    const scene = new Scene()
    scene.hears('states', { ...told, ...changed, sig: sigOf(told, by) }, PAGE)
    await turns()
    expect([scene.seqs, scene.faults.length]).toEqual([[], 1])
  })

  test.each([{ eid: OTHER_EID }, { epoch: 2 }])(
    'are forged on another lineage: %o',
    async (other) => {
      const scene = new Scene()
      const fields = { ...told, position: positionAt(6, other) }
      scene.hears('states', { ...fields, sig: sigOf(fields) }, PAGE)
      await turns()
      expect([scene.seqs, scene.asked, scene.faults.length]).toEqual([[], [], 1])
    },
  )
})

describe('GATE3: a link that ends', () => {
  test('during a check delivers nothing, and reports nothing', async () => {
    for (const sig of [undefined, 'by somebody']) {
      const scene = new Scene({ isSlow: true })
      scene.hearsTail(positionAt(1, sig === undefined ? {} : { sig }))
      scene.hearsTail(positionAt(2))
      await turns()
      scene.gate.close()
      for (let n = 0; n < 3; n++) await scene.check()
      expect([scene.delivered, scene.faults, scene.asked.length]).toEqual([[], [], 1])
    }
  })

  test('applies nothing afterwards', async () => {
    const scene = new Scene()
    scene.gate.close()
    scene.hears('page', { snapshot: 1 }, '[]')
    scene.hearsTail(positionAt(1))
    await turns()
    expect([scene.delivered, scene.asked]).toEqual([[], []])
  })
})

function rejectionOf(more: Partial<Rejection> = {}): Rejection {
  const body = {
    v: 2,
    space: SPACE,
    eid: EID,
    epoch: 1,
    reviewerId: REVIEWER,
    msgId: MESSAGE,
    hash: hashOf('message'),
    reason: 'unauthorised',
    at: 1_000,
    ...more,
  } as const
  return { ...body, sig: signed(rejectionBytes(body)) }
}
