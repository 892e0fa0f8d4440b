// Owns: `pnpm reloads [TRIES]`: reloads a page at each delay after a write, 200 times unless told
// otherwise, and prints what the next page finds, ours beside a bare IndexedDB `put`. Fails when a
// write before a resolved `flushed()` is gone, or when ours loses over one in a hundred more.

import { reloads } from '../bench/browser/reloads.ts'

const DELAYS_MS = [0, 2, 5, 10, 20]
/** Of 200. */
const MORE_LOST_MAX = 2

const tries = Number(process.argv[2] ?? 200)
if (!Number.isInteger(tries) || tries < 1) throw new Error('pnpm reloads [TRIES]: a number from 1')

console.log('delay ms  tries  bare lost  ours lost  ours late  flushed  flushed and lost')
const failures: string[] = []
await reloads(DELAYS_MS, tries, ({ delayMs, lost, late, flushed, flushedLost }) => {
  const cells = [delayMs, tries, lost.bare, lost.ours, late, flushed, flushedLost]
  const widths = [8, 5, 9, 9, 9, 7, 16]
  console.log(cells.map((cell, i) => String(cell).padStart(widths[i]!)).join('  '))
  if (flushedLost > 0) failures.push(`${delayMs} ms: ${flushedLost} lost after flushed()`)
  if (lost.ours > lost.bare + (MORE_LOST_MAX * tries) / 200)
    failures.push(`${delayMs} ms: ours lost ${lost.ours}, a bare put ${lost.bare}`)
})
for (const failure of failures) console.error(`reloads: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
