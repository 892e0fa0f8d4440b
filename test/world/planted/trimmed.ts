/** Bugs in what a device deletes of its own messages, and in what it keeps. */
import type { Planted } from '../plant.ts'

export const TRIMMED: readonly Planted[] = [
  {
    name: 'accepted-flush-kept',
    what: 'A flush that was accepted leaves the outbox, and stays in the storage for ever.',
    edits: [
      {
        module: 'client/outbox/own-messages.ts',
        from: 'isAccepted && tail.position !== null',
        to: 'isAccepted && tail.position === null',
      },
    ],
    seed: 2,
  },
  {
    name: 'refused-flush-settled',
    what: 'A flush counts as accepted when its last message has a verdict, whatever that is.',
    edits: [
      {
        module: 'sync/outbox.ts',
        from: 'const isAccepted = refused.length === 0 && accepted.length >= entries.length',
        to: 'const isAccepted = refused.length >= 0',
      },
    ],
    seed: 6,
  },
  {
    name: 'settled-numbers-forgotten',
    what: 'What was written on a message that a checkpoint has deleted is taken for written on a lost draft.',
    edits: [
      {
        module: 'client/disk/settled-numbers.ts',
        from: 'from <= clientSeq && clientSeq <= to',
        to: 'from > to',
      },
    ],
    seed: 41,
  },
  {
    name: 'settled-bytes-not-counted',
    what: 'No checkpoint is due for the bytes of accepted own messages.',
    edits: [
      {
        module: 'client/disk/canonical-disk.ts',
        from: 'settledOwn.bytes > limits.settledOwnBytesMax * part',
        to: 'settledOwn.bytes < 0 * part',
      },
    ],
    seed: 27,
  },
  {
    name: 'refused-swept',
    what: 'Refused messages are deleted when nothing waits, dismissed or not.',
    edits: [
      {
        module: 'client/disk/sweep.ts',
        from: 'if (!own.every(isOver)) return none',
        to: 'void isOver',
      },
    ],
    seed: 22,
  },
  {
    name: 'swept-by-an-old-state',
    what: 'What is deleted of an ended session is decided before its lock is free.',
    edits: [
      {
        module: 'client/disk/sweep.ts',
        from: 'const state = (await disk.read())?.state',
        to: 'const state: StoredState | undefined = before',
      },
    ],
    seed: 5_000_392,
  },
]
