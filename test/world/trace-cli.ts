/**
 * `pnpm world --trace FILE`: replays a saved trace of a panel, and prints whether the rows are
 * equal.
 */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { readTrace } from '@countersign/devtools/panel'
import { type TraceReplay, replayTrace } from './trace-replay.ts'

/** Maximum number of differences that are printed. */
const SHOWN_MAX = 20

/** Returns the exit code: 0 where all rows are equal. */
export async function runTrace(file: string): Promise<number> {
  // pnpm starts scripts in the root, not in the caller's folder.
  const text = readFileSync(resolve(process.env['INIT_CWD'] ?? '.', file), 'utf8')
  const read = readTrace(text)
  if (!read.ok) {
    console.error(`world: ${read.message}`)
    return 1
  }
  const report = await replayTrace(read.trace)
  console.log(`world: trace ${basename(file)}: ${reportText(report)}`)
  for (const difference of report.differences.slice(0, SHOWN_MAX)) console.error(`  ${difference}`)
  const more = report.differences.length - SHOWN_MAX
  if (more > 0) console.error(`  and ${more} more`)
  if (report.rows === 0 && report.leftOut > 0) console.error('world: nothing could be compared')
  return report.differences.length > 0 || (report.rows === 0 && report.leftOut > 0) ? 1 : 0
}

function reportText({
  messages,
  accepted,
  rows,
  leftOut,
  digest,
  differences,
}: TraceReplay): string {
  const rest = leftOut > 0 ? `, ${leftOut} left out, whose older history is not in it` : ''
  const verdict = differences.length === 0 ? `equal, digest ${digest}` : 'DIFFERENT'
  return `${accepted} of ${messages} messages accepted, ${rows} rows ${verdict}${rest}`
}
