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

  test('WHO5 those that are stored go with the last link that speaks for them, and the others later', () => {
    const ledger = ledgerOf(2_000)
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
      expect(ledger.session(id)).toEqual(isStored ? undefined : record(id))
    }
    expect(ledger.sessions).toBe(0)
    for (let n = 1; n <= 1_023; n++) {
      ledger.bind(record(`n${n}`), false)
      ledger.hold(`n${n}`)
      ledger.release(`n${n}`)
    }
    expect(ledger.session('a')).toEqual(record('a'))
    ledger.bind(record('a'), false)
    ledger.hold('a')
    for (const id of ['c', 'd']) {
      ledger.bind(record(id), false)
      ledger.hold(id)
      ledger.release(id)
    }
    expect(['a', 'n1', 'n2', 'd'].map((id) => ledger.session(id) !== undefined)).toEqual([
      ...[true, false, true, true],
    ])
    ledger.release('a')
    ledger.markStored([record('a')])
    expect(ledger.session('a')).toBeUndefined()
  })

  test('PEER17 those that are kept are stored once, and are not forgotten before', () => {
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
    const many = ledgerOf(2_000)
    for (let n = 0; n <= 1_024; n++) {
      many.bind(record(`n${n}`), false)
      if (n < 1_024) many.keep(`n${n}`)
    }
    expect([many.kept().length, many.mayKeep('n1024')]).toEqual([1_024, false])
  })

  test('§20 bounds: of too many, those that no link uses any more go first', () => {
    const ledger = ledgerOf(2)
    for (const id of ['a', 'b']) {
      ledger.bind(record(id), false)
      ledger.hold(id)
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
