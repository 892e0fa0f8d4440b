/**
 * The provisional records of own messages: read back as they were written, each by itself, also when
 * the one before it is lost.
 */
import { describe, expect, test, vi } from 'vitest'
import { checksum } from '../../base/checksum.ts'
import type { Json } from '../../base/json.ts'
import { FACT_BOUNDS } from '../../facts/bounds.ts'
import { EntityNames } from '../../facts/entity-names.ts'
import { readFlush, readPart, textOfFlush } from '../../facts/flush.ts'
import { FlushWriter } from '../../facts/flush-writer.ts'
import { RandomFlush } from '../../facts/random-flush.ts'
import type { Message } from '../../facts/types.ts'
import type { StoredSegment, StoredState } from '../../ports/storage.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { replaced } from '../../wire/odd-texts.ts'
import {
  type DraftRecord,
  UNBOUND,
  draftKey,
  draftSessionOf,
  readDrafts,
  readRecord,
  readStoredBases,
  recordText,
} from './drafts.ts'

vi.setConfig({ testTimeout: 60_000 })

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)

interface Made {
  readonly random: RandomFlush
  readonly messages: readonly Message[]
  /** One for each message. */
  readonly records: readonly DraftRecord[]
  readonly writer: FlushWriter
}

/** A flush that is written one message a turn, and recorded after each. */
function made(seed: number, count = 2 + (seed % 4)): Made {
  const random = new RandomFlush(new SeededRandom(seed))
  const { session, seen } = random
  const { authorId, sessionId, personalCommit, eid } = session.facts
  const messages = random.messages(count)
  const writer = new FlushWriter({ session: session.facts, seen, baseTime: messages[0]!.time })
  const records = messages.map((message, i) => {
    const firstLine = writer.text.lines.length
    const names = writer.namesBefore(firstLine)
    const lines = writer.append(message)
    if (!lines.ok) throw new Error(lines.error.message)
    const bases: readonly Json[] = [i % 2 === 0 ? 0 : [{ title: [1, 'a'] }]]
    return {
      ...{ authorId, sessionId, personalCommit, eid, flushSeq: messages[0]!.clientSeq },
      ...{ firstLine, names, bases, head: writer.text.head, lines: lines.value },
    }
  })
  return { random, messages, records, writer }
}

/** The messages of one record, and of no other. */
function messagesIn(record: DraftRecord, { session }: RandomFlush): readonly Message[] {
  const entities = new EntityNames()
  for (const [line, entityId] of record.names) entities.spell(line, entityId)
  const { firstLine } = record
  const read = readPart(session.facts, record, { firstLine, entities, bounds: FACT_BOUNDS })
  if (!read.ok) throw new Error(read.error.message)
  return read.value.messages
}

function segmentOf(key: string, text: string, order: number): StoredSegment {
  return { key, kind: 'draft', ids: [], text, check: checksum(text), order } as StoredSegment
}

function stateOf(segments: readonly StoredSegment[]): StoredState {
  return { segments, outbox: [], meta: new Map() } as unknown as StoredState
}

describe('a record', () => {
  test('§6 drafts: is read back as it was written', () => {
    for (const seed of seeds(60))
      for (const record of made(seed).records)
        expect(readRecord(recordText(record)), `seed ${seed}`).toEqual(record)
    const [record] = made(1).records as [DraftRecord]
    const early = { ...record, personalCommit: UNBOUND, eid: null, names: [], bases: [] }
    expect(readRecord(recordText(early))).toEqual(early)
  })

  test('§6 drafts: a record suffices to read its own messages, with any fate of the others', () => {
    for (const seed of seeds(100)) {
      const { random, messages, records } = made(seed)
      for (const [i, record] of records.entries()) {
        const alone = readRecord(recordText(record))!
        expect(messagesIn(alone, random), `seed ${seed}, record ${i}`).toEqual([messages[i]])
      }
    }
  })

  test('§6 drafts: all records of a flush together are its text, under the head of the last', () => {
    for (const seed of seeds(60)) {
      const { random, messages, records, writer } = made(seed)
      const lines = records.flatMap((record) => record.lines)
      const text = textOfFlush({ head: records.at(-1)!.head, lines })
      expect(text).toBe(textOfFlush(writer.text))
      const read = readFlush(random.session, text)
      expect(read.ok && read.value.messages, `seed ${seed}`).toEqual(messages)
    }
  })

  test('§6 drafts: several messages in one record, from the first line on or later', () => {
    for (const seed of seeds(60)) {
      const { random, messages, records } = made(seed, 5)
      for (const from of [0, 1, 3]) {
        const joined = records.slice(from)
        const record = {
          ...joined[0]!,
          bases: joined.flatMap(({ bases }) => bases),
          head: joined.at(-1)!.head,
          lines: joined.flatMap(({ lines }) => lines),
        }
        const read = readRecord(recordText(record))!
        expect(read).toEqual(record)
        expect(messagesIn(read, random), `seed ${seed}`).toEqual(messages.slice(from))
      }
    }
  })
})

describe('the storage', () => {
  test('§6 drafts: records of drafts that check are found, and nothing else', () => {
    const { records } = made(4, 3)
    const stored = records.map((record, i) =>
      segmentOf(draftKey(record.sessionId, i + 1), recordText(record), i),
    )
    const [first, second, third] = stored as [StoredSegment, StoredSegment, StoredSegment]
    const found = readDrafts(
      stateOf([
        first,
        { ...second, text: second.text.replace('[', '{') }, // rotten
        { ...third, kind: 'own' }, // something else
      ]),
    )
    expect(found).toEqual([{ ...records[0], key: first.key }])
    expect(readDrafts(stateOf(stored)).map(({ key }) => key)).toEqual(stored.map(({ key }) => key))
  })

  test('§6 drafts: a key has the session of its record', () => {
    const { sessionId } = made(1).records[0]!
    expect(draftSessionOf(draftKey(sessionId, 12))).toBe(sessionId)
    expect(draftSessionOf(`${sessionId}:12`)).toBeUndefined()
  })

  test('T11 any first line is a record or none', () => {
    const [, record] = made(6, 3).records as [DraftRecord, DraftRecord]
    const lines = recordText(record).split('\n')
    let none = 0
    for (const odd of replaced(JSON.parse(lines[0]!))) {
      const read = readRecord(lines.with(0, JSON.stringify(odd)).join('\n'))
      if (read) expect(read.lines).toEqual(record.lines)
      else none++
    }
    expect(none).toBeGreaterThan(50)
    for (const text of [
      '',
      '\n',
      '\n\n',
      'null',
      lines[0]!,
      lines.slice(0, 2).join('\n'),
      '\u0000',
    ])
      expect(readRecord(text)).toBeUndefined()
  })

  test('§6 drafts: bases beside them are read for their changes, or not at all', () => {
    const packed = [{ title: [1, 'a'], n: [] }, 0]
    const read = [{ title: { version: 1, value: 'a' }, n: 'nothing' }, {}]
    expect(readStoredBases(packed, 2)).toEqual(read)
    for (const changes of [1, 3]) expect(readStoredBases(packed, changes)).toBeUndefined()
    for (const none of [0, null, {}, 'x', [1], [{ id: [] }], [{ title: [1] }, 0]])
      expect(readStoredBases(none, 2)).toBeUndefined()
  })
})
