/** What lies beyond a bound is lost: one for each bound that a seed may set to a few. */
import type { Planted } from '../plant.ts'

export const BEYOND_BOUNDS: readonly Planted[] = [
  {
    name: 'binds-without-turns',
    what: 'All binds query the store at once, also for links that close before it answers.',
    edits: [
      {
        module: 'node/waiting-line.ts',
        from: 'if (this.#free > 0) this.#free--',
        to: 'if (this.#free > 0) {}',
      },
    ],
    seed: 591,
  },
  {
    name: 'contested-too-early',
    what: 'A message is refused though the register that it writes has room for one more.',
    edits: [
      {
        module: 'review/crowded.ts',
        from: 'return count > liveWritesMax && count',
        to: 'return count >= liveWritesMax && count',
      },
    ],
    seed: 956,
  },
  {
    name: 'first-page-alone',
    what: 'A snapshot has the entities of its first page, and no others.',
    edits: [
      {
        module: 'node/snapshot-pages.ts',
        from: 'if (page.length > 0) texts.push',
        to: 'if (page.length > 0 && texts.length === 0) texts.push',
      },
    ],
    seed: 20014,
  },
  {
    name: 'first-changed-page-alone',
    what: 'A checkpoint writes the first page that has changed, and no others.',
    edits: [
      {
        module: 'client/disk/canonical-disk.ts',
        from: '      const rows = heldRows(table, ids)\n',
        to: '      if (jobs.length > 0) break\n      const rows = heldRows(table, ids)\n',
      },
    ],
    seed: 20001,
  },
  {
    name: 'restored-steps-unwritten',
    what: 'Rows that the stored tail had changed before a start stay as they were on their pages.',
    edits: [
      {
        module: 'client/disk/canonical-disk.ts',
        from: 'this.#base = stored\n    this.#touch(entries)',
        to: 'this.#base = stored',
      },
    ],
    seed: 131,
  },
  {
    name: 'first-sessions-alone',
    what: 'Of many sessions only those of the first part are bound.',
    edits: [
      {
        module: 'sync/binding.ts',
        from: 'isOpen(sessionId) && (at === 0 || waits(sessionId))',
        to: 'isOpen(sessionId) && at < this.#limits.sessionsPerBindMax && (at === 0 || waits(sessionId))',
      },
    ],
    seed: 162,
  },
  {
    name: 'message-without-bound',
    what: 'A store writes messages that are larger than its reviewer accepts.',
    edits: [
      {
        module: 'client/verbs/writer.ts',
        from: 'if (bytes > messageBytesMax) {',
        to: 'if (bytes > messageBytesMax * 1_000) {',
      },
    ],
    seed: 15,
  },
  {
    name: 'last-part-lost',
    what: 'The last part of a frame that is larger than a frame is not sent.',
    edits: [
      {
        module: 'wire/parts.ts',
        from: 'return pieces.map((piece, n) =>',
        to: 'return pieces.slice(0, -1).map((piece, n) =>',
      },
    ],
    seed: 66,
  },
  {
    name: 'first-read-alone',
    what: 'A reviewer replays only its first read of the store.',
    edits: [
      {
        module: 'node/open.ts',
        from: 'const found = await store.batches(seq, READ_BYTES)',
        to: 'if (chain !== undefined) return; const found = await store.batches(seq, bytesOf(Number(READ_BYTES > 0)))',
      },
    ],
    seed: 4,
  },
]
