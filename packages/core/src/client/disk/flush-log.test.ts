/**
 * The flushes of a session while they are written: lines are made once, stored in the turn of the
 * write, and hashed when the flush is taken or when somebody asks for an id.
 */
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../../base/uuid.ts'
import { FACT_BOUNDS } from '../../facts/bounds.ts'
import { authoredIn, composeFlush, readFlush, textOfFlush } from '../../facts/flush.ts'
import type { Seen } from '../../facts/types.ts'
import { Entry, Write } from '../../history/entry.ts'
import { toEntry } from '../../history/from-message.ts'
import { NO_NAMES } from '../../history/names.ts'
import { EntityIds } from '../../facts/whoami.ts'
import { LIMITS, type Limits } from '../../facts/limits.ts'
import type { WriteBatch } from '../../ports/storage.ts'
import { RegisterTable } from '../../schema/registers.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import type { Disk } from './disk.ts'
import { type DraftRecord, UNBOUND, draftKey, readRecord } from './drafts.ts'
import { FlushLog, type WrittenFlush } from './flush-log.ts'
import type { PersonBinding, Identity } from '../identity/identity.ts'

const uuid = (n: number): Uuid => `0190a6b2-3c4d-8e5f-8a7b-${String(n).padStart(12, '0')}`
const [SPACE, AUTHOR, SESSION, EARLIER, LINEAGE] = [1, 2, 3, 4, 5].map(uuid) as [
  Uuid,
  Uuid,
  Uuid,
  Uuid,
  Uuid,
]
const COMMIT = 'A'.repeat(43)
const UNSEEN: Seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }
const LATER: Seen = { eid: LINEAGE, seq: 9, chain: 'A'.repeat(22), from: 1, except: [] }

/** A log on a disk that keeps what it is given. */
class Place {
  readonly table: RegisterTable = new RegisterTable()
  readonly identity: Identity
  readonly disk: { handle: object | undefined; trouble: string | undefined } = {
    handle: {},
    trouble: undefined,
  }
  readonly batches: Pick<WriteBatch, 'segments' | 'meta'>[] = []
  readonly minted = new Map<Uuid, Uuid>()
  readonly log: FlushLog
  #clientSeq = 0

  constructor(limits: Partial<Limits> = {}) {
    const session = { authorId: AUTHOR, sessionId: SESSION }
    this.identity = {
      keys: { publicKey: 'key' } as Identity['keys'],
      session,
      entityIds: new EntityIds(SPACE, AUTHOR, SESSION),
      since: 0,
      binding: undefined,
    }
    const writeAtOnce = (batch: Pick<WriteBatch, 'segments' | 'meta'>): void => {
      this.batches.push(batch)
    }
    this.log = new FlushLog({
      identity: this.identity,
      random: new SeededRandom(1),
      disk: Object.assign(this.disk, { writeAtOnce }) as unknown as Disk,
      limits: { ...LIMITS, ...limits },
      space: SPACE,
      mintedIn: (entityId) => this.minted.get(entityId),
    })
  }

  bind(): void {
    const { authorId, sessionId } = this.identity.session
    const opening = { authorId, publicKey: 'key', sessionId, personalId: 'p', salt: 's', sig: 's' }
    this.identity.binding = { personalCommit: COMMIT, opening } satisfies PersonBinding
  }

  /** A message, written and added. `parent` is an own message. */
  add(
    entityId: Uuid,
    { seen = UNSEEN, parent, size = 1 }: { seen?: Seen; parent?: number; size?: number } = {},
  ): Entry {
    const clientSeq = ++this.#clientSeq
    const entry = new Entry({
      session: this.identity.session,
      ...{ clientSeq, timestamp: 1_000 + clientSeq, arrival: clientSeq, seen },
      identifier: (each) => void this.log.identify(each),
    })
    const kind = parent === undefined ? 'create' : 'update'
    const regs = this.table.set(['title'])
    const facts = { index: 0, type: 'issue', entityId, kind, version: 1, regs } as const
    const write = new Write(entry, facts, { title: 'x'.repeat(size) })
    if (parent !== undefined) write.named = { ...NO_NAMES, own: [parent] }
    entry.writes.push(write)
    this.log.add(entry)
    return entry
  }

  /** Every record that was stored, in order, with its key. */
  get records(): readonly (DraftRecord & { readonly key: string })[] {
    return this.batches.flatMap(({ segments = [] }) =>
      segments.map(({ key, kind, text }) => {
        expect(kind).toBe('draft')
        return { ...readRecord(text)!, key }
      }),
    )
  }

  /** All flushes that can be taken. */
  takeAll(): readonly WrittenFlush[] {
    const all: WrittenFlush[] = []
    for (let taken = this.log.take(); taken; taken = this.log.take()) all.push(taken)
    return all
  }
}

const numbers = ({ entries }: WrittenFlush): readonly number[] =>
  entries.map(({ clientSeq }) => clientSeq)

/** The messages of a flush as anybody reads its text. */
function readOf({ session, text }: WrittenFlush): ReturnType<typeof authoredIn> {
  const read = readFlush(session, textOfFlush(text), FACT_BOUNDS)
  if (!read.ok) throw new Error(read.error.message)
  return authoredIn(read.value, session)
}

describe('records', () => {
  test('§6 drafts: are stored before the call returns, each with the lines that have none yet', () => {
    const place = new Place()
    place.bind()
    place.add(uuid(11))
    place.add(uuid(12))
    expect(place.batches).toEqual([]) // in one turn, all of it at once
    place.log.record()
    place.add(uuid(11), { parent: 1 })
    place.log.record()
    place.log.record() // nothing is left to store
    const [first, second, ...more] = place.records
    expect(more).toEqual([])
    expect(first).toMatchObject({
      ...{ key: draftKey(SESSION, 1), authorId: AUTHOR, sessionId: SESSION },
      ...{ personalCommit: COMMIT, eid: null, flushSeq: 1, firstLine: 0, names: [] },
    })
    expect(first!.lines).toHaveLength(2)
    expect(second).toMatchObject({
      ...{ key: draftKey(SESSION, 3), flushSeq: 1, firstLine: 2 },
      names: [
        [0, uuid(11)],
        [1, uuid(12)],
      ],
    })
    const [taken] = place.takeAll() as [WrittenFlush]
    expect([...first!.lines, ...second!.lines]).toEqual(taken.text.lines)
    // The head has grown by the shape of the update since the first record.
    expect(second!.head).toBe(taken.text.head)
    expect(first!.head).not.toBe(taken.text.head)
    expect(taken.records).toEqual([first!.key, second!.key])
  })

  test('§6 drafts: bring the opening of the session along once, as soon as there is one', () => {
    const place = new Place()
    place.add(uuid(11))
    place.log.record()
    expect(place.records.map(({ personalCommit }) => personalCommit)).toEqual([UNBOUND])
    place.bind()
    for (const n of [12, 13]) {
      place.add(uuid(n))
      place.log.record()
    }
    expect(place.batches.map(({ meta }) => meta !== undefined)).toEqual([false, true, false])
    expect(place.records.map(({ personalCommit }) => personalCommit)).toEqual([
      ...[UNBOUND, COMMIT],
      COMMIT,
    ])
  })

  test('§6 drafts: nothing is stored where there is no storage, or it is in trouble; nothing is lost by it', () => {
    const place = new Place()
    place.bind()
    place.disk.handle = undefined
    place.add(uuid(11))
    place.log.record()
    place.disk.handle = {}
    place.disk.trouble = 'quota'
    place.add(uuid(12))
    place.log.record()
    expect(place.batches).toEqual([])
    place.disk.trouble = undefined
    place.add(uuid(13))
    place.log.record()
    const [record] = place.records
    expect(record).toMatchObject({ key: draftKey(SESSION, 1), firstLine: 0 })
    const [taken] = place.takeAll() as [WrittenFlush]
    expect(numbers(taken)).toEqual([1, 2, 3])
    expect(record!.lines).toEqual(taken.text.lines)
  })

  test('§6 drafts: of several flushes of one turn, a record each', () => {
    const place = new Place({ flushMessagesMax: 2 })
    place.bind()
    for (const n of [11, 12, 13, 14, 15]) place.add(uuid(n))
    place.log.record()
    expect(place.batches).toHaveLength(1)
    expect(place.records.map(({ key, flushSeq, firstLine }) => [key, flushSeq, firstLine])).toEqual(
      [1, 3, 5].map((no) => [draftKey(SESSION, no), no, 0]),
    )
    expect(place.takeAll().map(({ records }) => records)).toEqual(
      [1, 3, 5].map((no) => [draftKey(SESSION, no)]),
    )
  })
})

describe('flushes', () => {
  test('§6 flushes: are removed in their order, with the ids of their text', () => {
    const place = new Place({ flushMessagesMax: 2 })
    place.bind()
    const entries = [
      place.add(uuid(11)),
      place.add(uuid(11), { parent: 1 }),
      place.add(uuid(11), { parent: 2 }),
    ]
    expect(entries.some(({ identified }) => identified)).toBe(false)
    const taken = place.takeAll()
    expect(taken.map(numbers)).toEqual([[1, 2], [3]])
    expect(place.log.isEmpty).toBe(true)
    const read = taken.flatMap(readOf)
    expect(read.map(({ id, hash }) => [id, hash])).toEqual(
      entries.map(({ id, hash }) => [id, hash]),
    )
    // What others read of it is what was written.
    for (const [i, message] of read.entries()) {
      const context = { session: entries[i]!.session, arrival: 0, tableOf: () => place.table }
      const again = toEntry(message, context)
      expect(again.timestamp).toBe(entries[i]!.timestamp)
      expect(again.writes[0]!.values).toEqual(entries[i]!.writes[0]!.values)
      expect(message.changes[0]!.parents).toEqual(entries[i]!.writes[0]!.named ?? NO_NAMES)
    }
  })

  test('§6 flushes: hashes are those of a flush that is composed at once', () => {
    const place = new Place()
    place.bind()
    place.add(uuid(11))
    place.add(uuid(11), { parent: 1 })
    const [taken] = place.takeAll() as [WrittenFlush]
    const messages = readOf(taken).map(({ clientSeq, time, changes, salts }) => ({
      ...{ clientSeq, time, changes, salts },
    }))
    const composed = composeFlush(taken.session, { seen: UNSEEN, messages })
    expect(composed.ok && composed.value.hashes).toEqual(taken.hashes)
    expect(composed.ok && composed.value.text).toEqual(taken.text)
  })

  test('§4 flushes: another view, another flush', () => {
    const place = new Place()
    place.bind()
    place.add(uuid(11))
    place.add(uuid(12), { seen: LATER })
    place.add(uuid(13), { seen: LATER })
    place.add(uuid(14), { seen: { ...LATER } }) // opened anew: another head, though it says the same
    const taken = place.takeAll()
    expect(taken.map(numbers)).toEqual([[1], [2, 3], [4]])
    expect(taken.map((flush) => readOf(flush)[0]!.seen)).toEqual([UNSEEN, LATER, LATER])
    // One session line: that of the first message.
    expect(new Set(taken.map(({ session }) => session.line)).size).toBe(1)
    expect(taken[0]!.session.facts.eid).toBeNull()
  })

  test('§3 flushes: the session line has the lineage that the first message was written on', () => {
    const place = new Place()
    place.bind()
    place.add(uuid(11), { seen: LATER })
    place.add(uuid(12), { seen: { ...LATER, eid: uuid(6) } })
    const taken = place.takeAll()
    expect(taken.map(({ session }) => session.facts.eid)).toEqual([LINEAGE, LINEAGE])
    expect(taken.map((flush) => readOf(flush)[0]!.seen.eid)).toEqual([LINEAGE, uuid(6)])
  })

  test('§20 flushes: one that is full is followed by another, by messages and by bytes', () => {
    const byMessages = new Place({ flushMessagesMax: 3 })
    byMessages.bind()
    for (let n = 0; n < 7; n++) byMessages.add(uuid(20 + n))
    expect(byMessages.takeAll().map(numbers)).toEqual([[1, 2, 3], [4, 5, 6], [7]])

    const byBytes = new Place({ flushBytesMax: 2_000 })
    byBytes.bind()
    for (const size of [800, 800, 800, 3_000, 10, 10]) byBytes.add(uuid(30 + size), { size })
    const taken = byBytes.takeAll()
    // A large message has a flush of its own; nothing small is put behind it, and nothing overtakes.
    expect(taken.map(numbers)).toEqual([[1, 2], [3], [4], [5, 6]])
    for (const flush of taken) expect(readOf(flush)).toHaveLength(flush.entries.length)
  })

  test('§3 sid: a row whose id an earlier session has minted names that session', () => {
    const place = new Place()
    place.bind()
    place.minted.set(uuid(11), EARLIER)
    place.add(uuid(11))
    place.add(uuid(12))
    const [taken] = place.takeAll() as [WrittenFlush]
    expect(readOf(taken).map(({ changes }) => changes[0]!.sid)).toEqual([EARLIER, undefined])
  })
})

describe('ids ahead of the seal', () => {
  test('§3 ids: who asks for one gives ids to its whole flush, which does not grow any more', () => {
    const place = new Place()
    place.bind()
    const [first, second] = [place.add(uuid(11)), place.add(uuid(12))]
    const { id } = second
    expect(first.identified).toBe(true)
    const third = place.add(uuid(13))
    expect(place.log.identify(first).map(({ clientSeq }) => clientSeq)).toEqual([1, 2])
    expect(third.identified).toBe(false)
    const taken = place.takeAll()
    expect(taken.map(numbers)).toEqual([[1, 2], [3]])
    expect(readOf(taken[0]!)[1]!.id).toBe(id)
  })

  test('§6 close: what is written afterwards is in another flush', () => {
    const place = new Place()
    place.bind()
    expect(place.log.close()).toBe(0)
    place.add(uuid(11))
    place.add(uuid(12))
    expect(place.log.close()).toBe(1)
    place.add(uuid(13))
    expect(place.log.close()).toBe(2)
    expect(place.takeAll().map(numbers)).toEqual([[1, 2], [3]])
    expect(place.log.isEmpty).toBe(true)
    expect(place.log.take()).toBeUndefined()
  })

  test('§6 identity: without the personal id there is neither an id nor a flush to take', () => {
    const place = new Place()
    const entry = place.add(uuid(11))
    expect(() => entry.id).toThrow(/personal id/)
    expect(() => place.log.take()).toThrow(/personal id/)
  })
})
