/** Bugs in what an author has seen, and in what follows from it. */
import type { Planted } from '../plant.ts'

export const SEEN: readonly Planted[] = [
  {
    name: 'news-not-seen',
    what: 'A flush stays open though a newer write of another author is on the screen.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'if (hasNews) this.close()',
        to: '',
      },
    ],
    seed: 4,
  },
  {
    name: 'position-not-seen',
    what: 'The view of an author is the one at the opening of the store.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'close(): void { this.#seen = undefined }',
        to: 'close(): void {}',
      },
    ],
    seed: 4,
  },
  {
    name: 'own-before-from',
    what: 'Every earlier message of the session counts as seen, refused ones and lost ones too.',
    edits: [
      {
        module: 'history/saw.ts',
        from: 'if (isBetween(entry.clientSeq, seen.from, clientSeq - 1, seen.except)) return true',
        to: 'return true',
      },
    ],
    seed: 1,
  },
  {
    name: 'create-has-seen',
    what: 'A second creation of a row counts as having seen the first.',
    edits: [
      {
        module: 'history/saw.ts',
        from: "return m.kind !== 'create' && hadRead(m.entry, m, w)",
        to: 'return hadRead(m.entry, m, w)',
      },
    ],
    seed: 138,
  },
  {
    name: 'shown-too-early',
    what: 'A message of another session is shown before the view is where its author was.',
    edits: [
      {
        module: 'client/outbox/pending-intake.ts',
        from: 'return isRead && ',
        to: 'return ',
      },
    ],
    seed: 46,
  },
  {
    name: 'base-of-the-first',
    what: 'The base of a review is the value in the register, not the value that the author saw.',
    edits: [
      {
        module: 'fold/review-bases.ts',
        from: '.filter((other) => saw(write, other))',
        to: '',
      },
    ],
    seed: 5,
  },
  {
    name: 'base-forgotten-in-pages',
    what: 'A page omits the bases of conflicts.',
    edits: [
      {
        module: 'fold/snapshot.ts',
        from: 'if (state instanceof Write || !state.bases) return undefined',
        to: 'if (state instanceof Write || table) return undefined',
      },
    ],
    seed: 8,
  },
  {
    name: 'seen-at-the-seal',
    what: 'The view of an author is recorded when its flush is sealed, not when it was opened.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'return { eid: position && seq > 0 ? position.eid : null, seq, chain:',
        to: `const now = this.#parts.position
    return { eid: position && seq > 0 ? position.eid : null, get seq() { return now()?.seq ?? 0 }, chain:`,
      },
    ],
    seed: 4,
  },
  {
    name: 'own-without-from',
    what: 'A message claims to have seen no pending message of its session.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'const from = this.#parts.oldestOwn() ?? clientSeq',
        to: 'const from = clientSeq',
      },
    ],
    seed: 1,
  },
  {
    name: 'spans-forgotten',
    what: 'Pending messages of another session that are in view, but no parents, are not named.',
    edits: [
      {
        module: 'client/outbox/author-view.ts',
        from: 'const from = Math.min(...inView)',
        to: 'const from = Math.max(...inView)',
      },
    ],
    seed: 7,
  },
]
