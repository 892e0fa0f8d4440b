/** Whose sessions there are, and what is at hand of their verdicts. */
import { describe, expect, test } from 'vitest'
import type { Rejection } from '../facts/message.ts'
import { LIMITS } from '../facts/limits.ts'
import { DESK_SPACE } from '../testing/desk.ts'
import { cachesOf } from './caches.ts'
import { Ledger, type SessionRecord } from './ledger.ts'
import { Missing } from './missing.ts'

const ledgerOf = (idleSessionsMax = 3, ledgerCacheMax = 2): Ledger =>
  new Ledger(DESK_SPACE, {
    limits: { idleSessionsMax },
    caches: cachesOf({ ...LIMITS, cacheBytesMax: 0, ledgerCacheMax }),
  })

const record = (sessionId: string, personalId = 'ann'): SessionRecord => ({
  ...{ sessionId, personalId, authorId: 'author', publicKey: 'key', personalCommit: 'commit' },
})

describe('sessions', () => {
  test('§20 bounds: of too many that the store does not have the oldest go, linked or not', () => {
    const ledger = ledgerOf()
    ledger.bind(record('stored'), true)
    for (const id of ['a', 'b', 'c', 'd']) {
      ledger.bind(record(id), false)
      ledger.hold(id)
    }
    const known = ['stored', 'a', 'b', 'c', 'd'].map((id) => ledger.session(id)?.sessionId)
    expect(known).toEqual(['stored', undefined, 'b', 'c', 'd'])
    ledger.markStored([record('b')])
    ledger.bind(record('e'), false)
    expect(['b', 'c', 'd', 'e'].every((id) => ledger.session(id))).toBe(true)
    expect(ledger.unstored(['b', 'c', 'stored'].map((id) => record(id)))).toEqual([record('c')])
  })

  test('WHO5 go with the last link that speaks for them, what the store has of them, too', () => {
    const ledger = ledgerOf()
    for (const [id, isStored] of [
      ['a', false],
      ['b', true],
    ] as const) {
      ledger.bind(record(id), isStored)
      ledger.hold(id)
      ledger.hold(id)
      ledger.release(id)
      expect(ledger.session(id)).toEqual(record(id))
      ledger.release(id)
      ledger.release(id) // of nothing
      expect(ledger.session(id)).toBeUndefined()
    }
    expect(ledger.sessions).toBe(0)
  })

  test('PEER17 those that are kept stay until they are stored, and go then', () => {
    const ledger = ledgerOf(2_000)
    const bindAndKeep = (id: string): void => {
      ledger.bind(record(id), false)
      ledger.hold(id)
      ledger.keep(id)
    }
    for (const id of ['a', 'b', 'c']) bindAndKeep(id)
    ledger.release('a')
    ledger.release('b')
    expect([ledger.sessions, ledger.kept().length]).toEqual([1, 3])
    ledger.hold('b')
    ledger.markStored(['a', 'b', 'c'].map((id) => record(id)))
    expect(['a', 'b', 'c'].map((id) => ledger.session(id) !== undefined)).toEqual([
      ...[false, true, true],
    ])
    expect(ledger.kept()).toEqual([])
    // Of too many, the oldest that no link uses any more goes.
    for (let n = 0; n < 1_024; n++) bindAndKeep(`n${n}`)
    ledger.bind(record('more'), false)
    expect(ledger.mayKeep('more')).toBe(false)
    for (const id of ['n7', 'n3']) ledger.release(id)
    ledger.keep('more')
    expect(['n3', 'n7', 'more'].map((id) => ledger.session(id) !== undefined)).toEqual([
      ...[true, false, true],
    ])
    expect(ledger.kept()).toHaveLength(1_024)
  })

  test('PEER17 those that are kept are stored once', () => {
    const ledger = ledgerOf()
    ledger.bind(record('a'), false)
    ledger.bind(record('stored'), true)
    expect(['a', 'stored', 'unknown'].map((id) => ledger.mayKeep(id))).toEqual([
      ...[true, false, false],
    ])
    ledger.keep('a')
    expect(ledger.mayKeep('a')).toBe(false)
    expect(ledger.kept()).toEqual([record('a')])
    ledger.markStored([record('a')])
    expect([ledger.kept(), ledger.mayKeep('a')]).toEqual([[], false])
  })

  test('§20 bounds: of too many, those that no link uses any more go first', () => {
    const ledger = ledgerOf(2)
    for (const id of ['a', 'b']) {
      ledger.bind(record(id), false)
      ledger.hold(id)
      ledger.keep(id)
    }
    ledger.release('b')
    ledger.bind(record('c'), false)
    expect(['a', 'b', 'c'].map((id) => ledger.session(id) !== undefined)).toEqual([
      ...[true, false, true],
    ])
  })

  test('are the stored ones, with any session bound under the same id meanwhile', () => {
    const ledger = ledgerOf()
    ledger.bind(record('a', 'eve'), false)
    ledger.markStored([record('a', 'ann'), record('gone')])
    expect(ledger.session('a')).toEqual(record('a', 'ann'))
    expect([ledger.sessions, ledger.session('gone')]).toEqual([1, undefined])
    ledger.bind(record('a', 'somebody'), true)
    expect(ledger.session('a')).toEqual(record('a', 'ann'))
  })
})

test('WHO5 a session that came back without its key does not replace the one that is bound', () => {
  const ledger = ledgerOf()
  ledger.bind(record('a'), false)
  ledger.markStored([{ ...record('a', ''), publicKey: '' }])
  expect(ledger.session('a')).toEqual(record('a'))
  expect(ledger.unstored([record('a')])).toEqual([record('a')])
})

describe('verdicts', () => {
  test('are missing until they are noted, and that there is none is noted, too', () => {
    const ledger = ledgerOf()
    const asked = [
      () => ledger.verdictOn('a', 1),
      () => ledger.messageAt(7),
      () => ledger.rejection('m'),
    ]
    for (const ask of asked) expect(ask).toThrow(Missing)
    ledger.noteVerdict('a', 1, { kind: 'unknown' })
    ledger.noteMessage(7, { id: 'm', at: 1, forked: false })
    ledger.noteRejection('m', undefined)
    expect(asked.map((ask) => ask())).toEqual([
      { kind: 'unknown' },
      { id: 'm', at: 1, forked: false },
      undefined,
    ])
    expect([ledger.isKnown('a', 1), ledger.isKnown('a', 2)]).toEqual([true, false])
    ledger.forgetVerdicts()
    for (const ask of asked) expect(ask).toThrow(Missing)
  })

  test('§20 bounds: stay while a decision is made on them, however many, and go after it', () => {
    const ledger = ledgerOf()
    for (let n = 1; n <= 50; n++) {
      ledger.noteVerdict('a', n, { kind: 'refused' })
      ledger.noteMessage(n, { id: `m${n}`, at: 1, forked: false })
      ledger.noteRejection(`m${n}`, { msgId: `m${n}` } as Rejection)
    }
    for (let n = 1; n <= 50; n++) {
      expect(ledger.isKnown('a', n)).toBe(true)
      expect(ledger.messageAt(n).id).toBe(`m${n}`)
      expect(ledger.rejection(`m${n}`)?.msgId).toBe(`m${n}`)
    }
    ledger.trim()
    const left = Array.from({ length: 50 }, (_, n) => n + 1).filter((n) => ledger.isKnown('a', n))
    expect(left).toEqual([49, 50])
    expect(() => ledger.messageAt(48)).toThrow(Missing)
    expect(() => ledger.rejection('m50')).toThrow(Missing) // of texts fewer are at hand
  })
})
