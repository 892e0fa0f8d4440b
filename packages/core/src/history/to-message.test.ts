/**
 * An entry of this device as a message, as a text, and as the entry that another replica parses:
 * its view, names and kept writes are the same for every possible write.
 */
import { expect, test, vi } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import { authoredIn, composeFlush, readFlush, textOfFlush } from '../facts/flush.ts'
import { composeSession } from '../facts/session-line.ts'
import type { AuthoredMessage, Message, Session } from '../facts/types.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import type { Entry, Write } from './entry.ts'
import { toEntry } from './from-message.ts'
import { RandomEntries, type RandomEntry } from './random-entry.ts'
import { hadRead, isNamed, keeps, saw } from './saw.ts'
import { drawSalts, lineCountOf, toMessage } from './to-message.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Trip extends RandomEntry {
  readonly random: RandomEntries
  readonly session: Session
  readonly message: Message
  readonly read: AuthoredMessage
  /** As parsed by a store that shows it as pending. */
  readonly pending: Entry
  /** As parsed by every other replica. */
  readonly accepted: Entry
}

function trip(seed: number): Trip {
  const chance = new SeededRandom(seed)
  const random = new RandomEntries(chance)
  const made = random.next()
  const { entry, known, minted } = made
  const salts = drawSalts(entry, chance)
  expect(salts).toHaveLength(lineCountOf(entry))
  const message = toMessage(entry, salts, (id) => minted.get(id))
  const { authorId, sessionId } = entry.session
  const { space, personalCommit } = random.any.session.facts
  const eid = seed % 3 === 0 ? null : entry.seen!.eid
  const session = composeSession({ space, authorId, sessionId, personalCommit, eid })
  const flush = composeFlush(session, { seen: entry.seen!, messages: [message] })
  if (!flush.ok) throw new Error(`seed ${seed}: ${flush.error.message}`)
  const again = readFlush(session, textOfFlush(flush.value.text))
  if (!again.ok) throw new Error(`seed ${seed}: ${again.error.message}`)
  const read = authoredIn(again.value, session)[0]!
  const find = (ofSession: Uuid, clientSeq: number): Entry | undefined =>
    [...known.values()].flat().find((write) => isOf(write, ofSession, clientSeq))?.entry
  const context = { session: entry.session, arrival: 0, tableOf: () => random.table }
  const pending = toEntry(read, { ...context, pending: find })
  return { ...made, random, session, message, read, pending, accepted: toEntry(read, context) }
}

function isOf({ entry }: Write, sessionId: Uuid, clientSeq: number): boolean {
  return entry.session.sessionId === sessionId && entry.clientSeq === clientSeq
}

const seeds = Array.from({ length: 600 }, (_, i) => i + 1)

test('FACT6 to FACT11 an entry is read as the message that was made of it, with the id of its text', () => {
  for (const seed of seeds) {
    const { entry, message, read, pending, accepted, session, minted } = trip(seed)
    const { id, hash, session: of, seen, ...rest } = read
    expect(rest, `seed ${seed}`).toEqual(message)
    expect([of, seen]).toEqual([session, entry.seen])
    for (const each of [pending, accepted]) {
      expect([each.id, each.hash, each.clientSeq, each.timestamp]).toEqual([
        ...[id, hash],
        ...[entry.clientSeq, entry.timestamp],
      ])
      expect(each.expect).toEqual(entry.expect)
    }
    // The parsed entry makes the same message.
    expect(toMessage(pending, message.salts, (entityId) => minted.get(entityId))).toEqual(message)
  }
})

test('FACT7 a write is read with its values, its shape and its place', () => {
  for (const seed of seeds.slice(0, 200)) {
    const { entry, accepted } = trip(seed)
    for (const [i, write] of entry.writes.entries()) {
      const { index, type, entityId, kind, version, values, regs } = accepted.writes[i]!
      expect([index, type, entityId, kind, version]).toEqual([
        ...[write.index, write.type, write.entityId, write.kind, write.version],
      ])
      expect(values).toEqual(write.values)
      expect(regs).toBe(write.regs)
    }
  }
})

test('SEEN1, SEEN6 saw: a reader of a message knows of every write whether its author had seen it', () => {
  const answers = { yes: 0, no: 0 }
  for (const seed of seeds) {
    const { entry, known, pending, accepted } = trip(seed)
    for (const [i, write] of entry.writes.entries()) {
      for (const w of known.get(write.entityId)!) {
        const answer = saw(write, w)
        answers[answer ? 'yes' : 'no']++
        expect(saw(pending.writes[i]!, w), `seed ${seed}`).toBe(answer)
        expect(saw(accepted.writes[i]!, w), `seed ${seed}`).toBe(answer)
      }
    }
    for (const [i, expected] of (entry.expect ?? []).entries())
      for (const w of known.get(expected.entityId)!)
        expect(hadRead(accepted, accepted.expect![i]!, w)).toBe(hadRead(entry, expected, w))
  }
  expect(answers.yes).toBeGreaterThan(1_000)
  expect(answers.no).toBeGreaterThan(1_000)
})

test('SEEN5 keep: the writes that were kept are those that are named, and no others', () => {
  let kept = 0
  for (const seed of seeds) {
    const trips = trip(seed)
    for (const [i, write] of trips.entry.writes.entries()) {
      const keeping = trips.kept.get(write)!
      for (const w of trips.known.get(write.entityId)!) {
        for (const reg of write.regs.names) {
          const answer = keeping.get(reg)?.includes(w) ?? false
          if (answer) kept++
          for (const m of [write, trips.pending.writes[i]!, trips.accepted.writes[i]!])
            expect(keeps(m, reg, w), `seed ${seed}`).toBe(answer)
        }
      }
    }
  }
  expect(kept).toBeGreaterThan(300)
})

test('§4 parents: each is named; what else a span names, its author has seen, too', () => {
  let spanned = 0
  for (const seed of seeds) {
    const { entry, known, parents, pending } = trip(seed)
    for (const [i, write] of entry.writes.entries()) {
      const { named, parents: found } = pending.writes[i]!
      expect(named, `seed ${seed}`).toEqual(write.named ?? { canonical: [], own: [], others: [] })
      for (const w of known.get(write.entityId)!) {
        const isParent = parents.get(write)!.includes(w)
        const isIn = isNamed(named!, pending, w)
        expect(isIn || !isParent, `seed ${seed}`).toBe(true)
        if (!isIn || isParent) continue
        spanned++
        expect(w.entry.session.sessionId).not.toBe(entry.session.sessionId)
        expect(saw(write, w)).toBe(true)
      }
      // Pending ones are in the outbox, and found by their numbers.
      for (const parent of found) expect(isNamed(named!, pending, parent)).toBe(true)
      const own = parents.get(write)!.filter((w) => named!.own.includes(w.entry.clientSeq))
      for (const parent of own)
        if (parent.entry.session.sessionId === entry.session.sessionId && !isRead(parent, entry))
          expect(found).toContain(parent)
    }
  }
  expect(spanned).toBeGreaterThan(50)
})

function isRead({ entry: { review } }: Write, { seen }: Entry): boolean {
  return review !== null && review.eid === seen!.eid && review.seq <= seen!.seq
}

test('§4 parents: an accepted message has no parents, and retains no history', () => {
  for (const seed of seeds.slice(0, 50))
    for (const write of trip(seed).accepted.writes) {
      expect(write.parents).toEqual([])
      expect(write.named).toBeUndefined()
    }
})
