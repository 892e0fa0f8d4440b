// Owns: `pnpm replay FILE [--seeds N | --seed S] [--delay MS] [--again SHARE]`. Plays an edit
// history through a real reviewer process over Socket.IO, once for each seed, and says in one
// line a seed whether every message was accepted and every answer of the file was met. Ends with
// code 1 on any difference; `--seed S` plays that one order again.

import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { replay, type ReplayReport } from '../model/replay.ts'
import { readTrace } from '../model/trace.ts'

const USAGE = 'usage: pnpm replay FILE [--seeds N | --seed S] [--delay MS] [--again SHARE]'
/** Differences printed a seed. */
const SHOWN_MAX = 10

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string' },
    delay: { type: 'string', default: '3' },
    again: { type: 'string', default: '0.3' },
  },
})
const file = positionals.filter((argument) => argument !== '--')[0]
const [first, count, delayMs, again] = [
  Number(values.seed ?? 1),
  values.seed === undefined ? Number(values.seeds) : 1,
  Number(values.delay),
  Number(values.again),
]
if (
  file === undefined ||
  !(count >= 1) ||
  !Number.isInteger(first) ||
  !(delayMs >= 0) ||
  !(again >= 0)
) {
  console.error(USAGE)
  process.exit(2)
}

// pnpm starts scripts in the root, not in the caller's folder.
const trace = readTrace(readFileSync(resolve(process.env['INIT_CWD'] ?? '.', file), 'utf8'))
const { messages, rows, authors, conflicts, fieldsInConflict } = trace.counts
console.log(
  `replay ${basename(file)}: ${messages} messages, ${rows} rows, ${authors} authors, ` +
    `${conflicts} places with ${fieldsInConflict} fields in conflict`,
)

let failed = 0
for (let seed = first; seed < first + count; seed++) {
  try {
    const report = await replay(trace, { seed, delayMs, again })
    console.log(lineOf(report))
    for (const difference of report.differences.slice(0, SHOWN_MAX)) console.log(`  ${difference}`)
    const more = report.differences.length - SHOWN_MAX
    if (more > 0) console.log(`  and ${more} more`)
    if (report.differences.length > 0 || report.accepted < report.messages) failed++
  } catch (error) {
    console.log(`seed ${seed}: FAILED, ${error instanceof Error ? error.message : String(error)}`)
    failed++
  }
}
if (failed > 0) {
  console.log(`replay: ${failed} of ${count} FAILED; one again: pnpm replay ${file} --seed S`)
  process.exit(1)
}
console.log(`replay: ${count} of ${count} equal`)

function lineOf(report: ReplayReport): string {
  const { seed, accepted, repeats, rowsEqual, open, places, seconds } = report
  return (
    `seed ${seed}: accepted ${accepted} of ${report.messages} (${repeats} offered again), ` +
    `rows equal ${rowsEqual} of ${report.rows} (${open} fields still open), ` +
    `conflicts found at ${places.placesEqual} of ${places.places} places, ` +
    `${places.fieldsEqual} of ${places.fields} fields, ${seconds.toFixed(1)} s`
  )
}
