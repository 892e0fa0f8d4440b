// Owns: `pnpm reloads [TRIES] [--board] [--delays MS,MS…]`: reloads a page at each delay after a write, 200 times unless
// told otherwise, and prints what the next page finds, ours beside a bare IndexedDB `put`. Fails when a
// write before a resolved `flushed()` is gone, or when ours loses over one in a hundred more. The page
// is a small one with a store, or the board of the demo.

import { parseArgs } from 'node:util'
import { withBoard } from '../bench/browser/board-reloads.ts'
import { type Losses, reloads } from '../bench/browser/reloads.ts'

const DELAYS_MS = '0,2,5,10,20'
/** Of 200. */
const MORE_LOST_MAX = 2

const { values, positionals } = parseArgs({
  options: {
    board: { type: 'boolean', default: false },
    delays: { type: 'string', default: DELAYS_MS },
  },
  allowPositionals: true,
})
const tries = Number(positionals[0] ?? 200)
const delays = values.delays.split(',').map(Number)
if (!Number.isInteger(tries) || tries < 1 || delays.some((ms) => !(ms >= 0))) {
  console.error(
    'usage: pnpm reloads [TRIES] [--board] [--delays MS,MS…]; tries: a whole number from 1',
  )
  process.exit(2)
}

console.log('delay ms  tries  bare lost  ours lost  ours late  flushed  flushed and lost')
const failures: string[] = []
const onLosses = ({ delayMs, lost, late, flushed, flushedLost }: Losses): void => {
  const cells = [delayMs, tries, lost.bare, lost.ours, late, flushed, flushedLost]
  const widths = [8, 5, 9, 9, 9, 7, 16]
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i]!)).join('  '))
  if (flushedLost > 0) failures.push(`${delayMs} ms: ${flushedLost} lost after flushed()`)
  if (lost.ours > lost.bare + (MORE_LOST_MAX * tries) / 200)
    failures.push(`${delayMs} ms: ours lost ${lost.ours}, a bare put ${lost.bare}`)
}
await reloads(delays, tries, { onLosses, ...(values.board && { within: withBoard<Losses> }) })
for (const failure of failures) console.error(`reloads: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
