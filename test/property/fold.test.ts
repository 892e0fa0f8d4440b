/**
 * Core's fold against the oracle: over made-up histories with everything that makes them
 * hard, and over the recorded one, in many causal orders, with duplicates, after every
 * delivery. A failure names seed and order.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { expectedOf, messagesByRow } from '../model/check.ts'
import { CoreFold, oracleRow, showRow } from '../model/core-fold.ts'
import { generateHistory, type HistoryOptions } from '../model/history.ts'
import { conflictsOf, type OracleMessage, type OracleRow, rowOf, seenBy } from '../model/oracle.ts'
import { causalOrder } from '../model/order.ts'
import { Random } from '../model/random.ts'
import { hasRealHistory, readRealHistory } from '../model/real-history.ts'

/** What differs between core and the oracle for one entity, or undefined. */
function difference(core: CoreFold, entity: string, expected: OracleRow): string | undefined {
  if (!isDeepStrictEqual(core.row(entity), expected)) {
    return `${entity}: core ${showRow(core.row(entity))}, oracle ${showRow(expected)}`
  }
  const conflicts = [...conflictsOf(expected).keys()].sort()
  if (isDeepStrictEqual(core.conflicts(entity), conflicts)) return undefined
  return `${entity}: core has conflicts in ${core.conflicts(entity).join()}, oracle in ${conflicts.join()}`
}

/** Plays one order; compares what each delivery touched, after it. Returns how often. */
function playAndCompare(order: readonly OracleMessage[], where: string): number {
  const core = new CoreFold()
  const here: OracleMessage[] = []
  const known = new Set<string>()
  let compared = 0
  for (const [step, message] of order.entries()) {
    core.deliver(message)
    if (!known.has(message.id)) here.push(message)
    known.add(message.id)
    for (const { entity } of message.changes) {
      const wrong = difference(core, entity, rowOf(here, entity)!)
      if (wrong) throw new Error(`${where}, delivery ${step} (${message.id}): ${wrong}`)
      compared++
    }
  }
  return compared
}

const kinds: readonly (readonly [name: string, options: Partial<HistoryOptions>])[] = [
  ['usual edits and merges', {}],
  ['writes that keep a part of a conflict', { keep: 0.4 }],
  ['parents that are no heads', { oddParents: 0.5, keep: 0.2 }],
  ['one row, many authors who seldom listen', { rows: 1, authors: 9, exchange: 0.25, keep: 0.2 }],
  ['many second roots', { secondRoot: 1, exchange: 0.3, messages: 40 }],
  ['transactions over many rows', { rows: 9, changesMax: 9 }],
]

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

describe('generated histories', () => {
  test.each(kinds)('S2 order independence: %s, every prefix equals the oracle', (_, options) => {
    let compared = 0
    for (let seed = 1; seed <= 12; seed++) {
      const { messages } = generateHistory(seed, options)
      for (let orderSeed = 0; orderSeed < 3; orderSeed++) {
        const order = causalOrder(messages, new Random(orderSeed), 0.3)
        compared += playAndCompare(order, `history ${seed}, order ${orderSeed}`)
      }
    }
    expect(compared).toBeGreaterThan(2_000)
  })

  test('first and newest write are those of canonical order', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { messages } = generateHistory(seed, { secondRoot: 1, exchange: 0.3 })
      const canonical = causalOrder(messages, new Random(seed))
      const seqOf = new Map(canonical.map(({ id }, i) => [id, i + 1]))
      const core = new CoreFold((id) => seqOf.get(id))
      for (const message of canonical) core.deliver(message)
      for (const [entity, list] of messagesByRow(canonical)) {
        expect(core.ends(entity), `history ${seed}`).toEqual([list[0]!.id, list.at(-1)!.id])
      }
    }
  })

  test('S9 no silent overwrite: an author who had not seen a write does not overwrite it', () => {
    let concurrent = 0
    for (let seed = 1; seed <= 15; seed++) {
      const { messages } = generateHistory(seed, { oddParents: 0.3 })
      const core = new CoreFold()
      for (const message of causalOrder(messages, new Random(seed))) {
        const before = message.changes.map(({ entity }) => core.row(entity))
        core.deliver(message)
        for (const [i, { entity, parents }] of message.changes.entries()) {
          const seen = new Set(seenBy(messages, entity, parents).map(({ id }) => id))
          const after = core.row(entity)!.live
          for (const [reg, list] of before[i]?.live ?? []) {
            const standing = after.get(reg)!.map(({ by }) => by)
            const unseen = list.map(({ by }) => by).filter((by) => !seen.has(by))
            concurrent += unseen.length
            const lost = unseen.filter((by) => !standing.includes(by))
            if (lost.length > 0)
              throw new Error(`history ${seed}, ${message.id}: ${reg} lost ${lost.join()}`)
          }
        }
      }
    }
    expect(concurrent).toBeGreaterThan(1_000)
  })
})

describe('the recorded history (needs its file beside the repository)', () => {
  test.skipIf(!hasRealHistory)(
    'S2 order independence: every order ends in the recorded rows',
    () => {
      const trace = readRealHistory()
      for (let seed = 0; seed < 5; seed++) {
        const core = new CoreFold()
        for (const message of causalOrder(trace.messages, new Random(seed), 0.3))
          core.deliver(message)
        for (const [row, expected] of trace.expectRows) {
          const state = core.state(row)!
          expect(expectedOf(oracleRow(state, core.table)), `${row}, order ${seed}`).toEqual(
            expected,
          )
        }
      }
    },
  )

  test.skipIf(!hasRealHistory)('S2 order independence: every prefix of every small row', () => {
    const { messages } = readRealHistory()
    let compared = 0
    for (const [row, list] of messagesByRow(messages)) {
      if (list.length > 60) continue
      // One row by itself: the rest of a transaction is the business of other rows.
      const alone = list.map(({ id, changes }) => ({
        id,
        changes: changes.filter(({ entity }) => entity === row),
      }))
      compared += playAndCompare(causalOrder(alone, new Random(1), 0.3), row)
    }
    expect(compared).toBeGreaterThan(1_000)
  })

  test.skipIf(!hasRealHistory)(
    'S8 conflict exactness: at each of its places, these and no others',
    () => {
      const trace = readRealHistory()
      const byRow = messagesByRow(trace.messages)
      let fields = 0
      for (const [i, { row, at, conflicts }] of trace.expectConflicts.entries()) {
        const seen = seenBy(byRow.get(row)!, row, at)
        const alone = seen.map(({ id, changes }) => ({
          id,
          changes: changes.filter(({ entity }) => entity === row),
        }))
        const core = new CoreFold()
        for (const message of causalOrder(alone, new Random(i), 0.3)) core.deliver(message)
        expect(expectedOf(core.row(row)!).open, `${row} at ${at.join()}`).toEqual(conflicts)
        expect(core.conflicts(row)).toEqual([...conflicts.keys()].sort())
        fields += conflicts.size
      }
      expect([trace.expectConflicts.length, fields]).toEqual([269, 380])
    },
  )
})
