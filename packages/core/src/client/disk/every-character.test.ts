/** Rot of every character of a stored text in turn, over the readers alone. */
import { describe, expect, test } from 'vitest'
import { checksum } from '../../base/checksum.ts'
import type { Position } from '../../facts/message.ts'
import { FACT_BOUNDS } from '../../facts/bounds.ts'
import { authoredIn, composeFlush, textOfFlush } from '../../facts/flush.ts'
import { RandomFlush } from '../../facts/random-flush.ts'
import type { StoredSegment, StoredState } from '../../ports/storage.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { checkpointBatch, readCheckpoint } from './checkpoint.ts'
import { segment } from './disk.ts'
import { draftKey, readDrafts, recordText } from './drafts.ts'
import { ownText, readOwnText, salvagedFrom } from './own-text.ts'
import { keysOf, readKeys } from './page-keys.ts'
import { soundState } from './sound-state.ts'

/** The text with one character changed, for each character, by the lowest bit and by a high one. */
function* rotten(text: string): Generator<readonly [at: number, text: string]> {
  for (let at = 0; at < text.length; at++)
    for (const bit of [1, 64])
      yield [
        at,
        text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ bit) + text.slice(at + 1),
      ]
}

const random = new RandomFlush(new SeededRandom(7))
const { session } = random
const reading = { space: session.facts.space, bounds: FACT_BOUNDS }
const { authorId, sessionId, personalCommit } = session.facts
const flush = composeFlush(session, { seen: random.seen, messages: random.messages(4) })
if (!flush.ok) throw new Error(flush.error.message)
const { ids } = flush.value
const messages = authoredIn(flush.value, session)
const linesOf = messages.map(({ salts }) => salts.length)
const own = ownText(
  { text: `${session.line}\n${textOfFlush(flush.value.text)}`, sig: 'sig' },
  messages.map(({ changes, expect: expected = [] }, i) => ({
    ...{ bases: 0, lines: linesOf[i]! },
    entities: changes.map(({ entityId }) => entityId),
    expects: expected.map(({ entityId }) => entityId),
  })),
)
const draft = recordText({
  ...{ authorId, sessionId, personalCommit, eid: null, flushSeq: 1, firstLine: 0, names: [] },
  ...{ bases: [0], head: '[1]', lines: ['[1,0]', '["été 🎈 العربية"]'] },
})

const EMPTY: StoredState = {
  ...{ segments: [], outbox: [], settled: new Map(), meta: new Map() },
  ...{ advance: undefined, checkpoint: undefined },
}
const stored = (of: ReturnType<typeof segment>): StoredSegment => ({ ...of, order: 1 })

describe('§15 rot: any one character of', () => {
  test.each([
    ['own messages', stored(segment(`${sessionId}:1`, 'own', { ids, text: own }))],
    ['a draft', stored(segment(draftKey(sessionId, 1), 'draft', { ids: [], text: draft }))],
    [
      'a step',
      stored(segment('tail:e:1', 'tail', { ids: [], text: '{"by":1,"frames":[]}', rank: 1 })),
    ],
    ['verdicts', stored(segment('rejected:1', 'rejections', { ids, text: '["rejected",[]]' }))],
  ])('the record of %s is named, and the record is read by nothing', (_, one) => {
    expect(soundState({ ...EMPTY, segments: [one] }).damaged).toEqual([])
    for (const [at, text] of rotten(one.text)) {
      const { state, damaged } = soundState({ ...EMPTY, segments: [{ ...one, text }] })
      expect(damaged.map(({ key, text: left }) => [at, key, left])).toEqual([[at, one.key, text]])
      expect(damaged[0]!.messageIds).toEqual(one.ids)
      expect(state.segments).toEqual([])
      expect(readDrafts({ ...EMPTY, segments: [{ ...one, text }] })).toEqual([])
    }
    for (const [, check] of rotten(one.check))
      expect(soundState({ ...EMPTY, segments: [{ ...one, check }] }).damaged).toHaveLength(1)
  })

  test('own messages costs at most the message that it is in, and changes nothing of others', () => {
    expect(readOwnText(own, reading)?.messages).toEqual(messages)
    /** By line, after the first line, the session line and the head line. */
    const ofLine = linesOf.flatMap((count, no) => Array.from({ length: count }, () => no))
    const found = { all: 0, some: 0, none: 0, one: 0 }
    for (const [at, text] of rotten(own)) {
      const saved = salvagedFrom(text, ids, reading)
      for (const { id, changes } of saved) {
        const written = messages.find((message) => message.id === id)
        expect(changes, `character ${at}`).toEqual(written?.changes)
      }
      if (own[at] === '\n' || text[at] === '\n') continue // two lines are one, or one is two
      const line = own.slice(0, at).split('\n').length - 1
      const what = (['all', 'some', 'none'] as const)[line] ?? 'one'
      found[what]++
      // A session line may still be one, of another author: the values are as they were.
      if (what === 'some') continue
      const lost = what === 'all' ? [] : what === 'none' ? ids : [ids[ofLine[line - 3]!]!]
      expect(
        saved.map(({ id }) => id),
        `character ${at}, line ${line}`,
      ).toEqual(ids.filter((id) => !lost.includes(id)))
    }
    expect(Math.min(...Object.values(found))).toBeGreaterThan(50)
  })

  test('a checkpoint or the keys of its pages leaves neither to be read', () => {
    const position: Position = {
      eid: session.facts.eid ?? sessionId,
      epoch: 1,
      seq: 7,
      chain: 'A'.repeat(43),
      sig: 'A'.repeat(86),
    }
    const head = { position, reviewerId: authorId, digest: 'd', isSorted: true, isPartial: false }
    const { checkpoint } = checkpointBatch(head, { name: 'a', pages: [] })
    expect(readCheckpoint(checkpoint)).toEqual(head)
    for (const [at, text] of rotten(checkpoint.head))
      expect([at, readCheckpoint({ ...checkpoint, head: text })]).toEqual([at, undefined])
    const keys = keysOf(checksum('a page'), [])
    expect(readKeys(keys)).toBeDefined()
    for (const [at, text] of rotten(keys.text))
      expect([at, readKeys({ ...keys, text })]).toEqual([at, undefined])
  })
})
