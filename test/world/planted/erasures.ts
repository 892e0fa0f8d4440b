/** Erased values are left somewhere: one for each place that must lose them (W12). */
import type { Planted } from '../plant.ts'

export const ERASURES: readonly Planted[] = [
  {
    name: 'erased-batches-left',
    what: 'The log keeps the values of an erasure.',
    edits: [
      {
        module: 'node/eraser.ts',
        from: 'batches.push({ fromSeq: stored.fromSeq, text })',
        to: 'if (!text) batches.push({ fromSeq: stored.fromSeq, text })',
      },
    ],
    seed: 30,
  },
  {
    name: 'erased-below-is-sent',
    what: 'Whoever is behind is sent batches that have lost values, in the place of states.',
    edits: [
      {
        module: 'node/catch-up.ts',
        from: 'const isErased = after < parts.erasedThrough()',
        to: 'const isErased = after < parts.erasedThrough() - parts.erasedThrough()',
      },
    ],
    seed: 30,
  },
  {
    name: 'erased-flushes-left',
    what: 'A device keeps its own stored messages with erased values.',
    edits: [
      {
        module: 'client/disk/erased-records.ts',
        from: 'if (!isKept) return null',
        to: "if (!isKept) return 'clean'",
      },
    ],
    seed: 32,
    workload: 'W12',
  },
  {
    name: 'erased-is-taken-back',
    what: 'An undo brings back a value that is erased.',
    edits: [
      {
        module: 'client/erasing.ts',
        from: 'this.#in.undo.forget(isRow)',
        to: 'if (!isRow) this.#in.undo.forget(isRow)',
      },
    ],
    seed: 6,
    workload: 'W12',
  },
  {
    name: 'erased-in-old-checkpoint',
    what: 'The values of stored steps and pages are left until some later checkpoint.',
    edits: [
      {
        module: 'client/disk/canonical-disk.ts',
        from: 'const isAnswered = isStored || hasTrouble || base === undefined',
        to: 'const isAnswered = isStored || !isStored',
      },
    ],
    seed: 9,
    workload: 'W12',
  },
  {
    name: 'erased-before-taken',
    what: 'A message of another session of the device brings values back that are erased.',
    edits: [
      {
        module: 'client/erasing.ts',
        from: 'if (!erased) continue\n      write.bases',
        to: 'if (!erased || erased) continue\n      write.bases',
      },
    ],
    seed: 709,
    workload: 'W12',
  },
  {
    name: 'erased-elsewhere-is-kept',
    what: 'A store of scopes keeps what it wrote of rows that it does not have.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'this.#parts.onErasedElsewhere()',
        to: 'if (!step) this.#parts.onErasedElsewhere()',
      },
    ],
    seed: 255,
    workload: 'W12',
  },
]
