/**
 * How V8 may use memory in this process: it grows its heap for speed, far beyond what the caches hold,
 * on a machine that has the memory. A reviewer makes many objects that live for a second, and its
 * caches have a stated size, so it needs neither. Import this first.
 *
 * - New objects: the part for them stays as large as it is at the start, some 16 MB, instead of 128 MB.
 * - Old objects: garbage is collected when the heap is half as large again as what was alive after the
 *   last collection, instead of up to four times as large.
 *
 * Measured by `npx pnpm bench reviewer`; the figures are in `test/bench/README.md`.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=50')
