/**
 * Made-up edit histories through a real reviewer: a process, sockets, SQLite, ordinary stores.
 * The same player as `pnpm replay`, which plays the recorded history of a real repository.
 */
import { expect, test, vi } from 'vitest'
import { generateHistory } from '../model/history.ts'
import { replay } from '../model/replay.ts'
import type { Trace } from '../model/trace.ts'

// A process starts, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 })

const options = { delayMs: 2, again: 0.3 }

test.each([
  ['edits, merges, second roots', 1, {}],
  ['writes that keep a part of a conflict open', 2, { keep: 0.3 }],
  ['many authors on few rows, who seldom listen', 3, { authors: 8, rows: 2, exchange: 0.25 }],
] as const)('S2 order independence: %s, through a real reviewer', async (_, seed, shape) => {
  const trace = generateHistory(seed, { messages: 150, authors: 6, rows: 8, ...shape })
  expect(trace.expectConflicts.length).toBeGreaterThan(10)
  const report = await replay(trace, { ...options, seed })
  expect(report.differences).toEqual([])
  expect(report).toMatchObject({
    accepted: 150,
    rowsEqual: trace.counts.rows,
    places: { placesEqual: trace.counts.conflicts, fieldsEqual: trace.counts.fieldsInConflict },
  })
  expect(report.repeats).toBeGreaterThan(20)
})

test('S8 conflict exactness: a wrong answer is reported', async () => {
  const trace = generateHistory(4, { messages: 60 })
  const [row, expected] = [...trace.expectRows].find(([, { fields }]) => fields.size > 0)!
  const [place, ...rest] = trace.expectConflicts
  const [field, candidates] = [...place!.conflicts][0]!
  const wrong: Trace = {
    ...trace,
    expectRows: new Map(trace.expectRows).set(row, { ...expected, fields: new Map() }),
    expectConflicts: [
      { ...place!, conflicts: new Map(place!.conflicts).set(field, candidates.slice(1)) },
      ...rest,
    ],
  }
  const report = await replay(wrong, { ...options, seed: 4 })
  const { rowsEqual, places, accepted } = report
  expect([accepted, rowsEqual]).toEqual([60, trace.counts.rows - 1])
  expect(places.placesEqual).toBe(trace.counts.conflicts - 1)
  expect(places.fieldsEqual).toBe(trace.counts.fieldsInConflict - 1)
  // Two stores report a difference of the row, and the fold one of the place.
  expect(report.differences).toHaveLength(3)
})
