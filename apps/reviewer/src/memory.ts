/**
 * V8 heap settings: by default V8 grows its heap for speed, far beyond the size of the caches. A
 * reviewer creates many objects that live for a second, and its caches have a stated size, so a small
 * heap is enough. Import this first.
 *
 * - Young generation: keeps its initial size of some 16 MB, instead of 128 MB.
 * - Old generation: garbage is collected when the heap is 1.5 times as large as the live objects after
 *   the last collection, instead of up to four times.
 *
 * Measured by `npx pnpm bench reviewer`; the figures are in `test/bench/README.md`.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=50')
