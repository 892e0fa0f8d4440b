/** Bugs in what an author has seen, and in what follows from it. */
import type { Planted } from '../plant.ts'

export const SEEN: readonly Planted[] = [
  {
    name: 'news-not-seen',
    what: 'A flush stays open though somebody else’s newer write is on the screen.',
    edits: [
      {
        module: 'replica/author-view.ts',
        from: 'if (changes.some((change) => standsOn(change) && headsOf(change.before).some(isNews)))',
        to: 'if (changes.some((change) => standsOn(change) && headsOf(change.before).some(isNews) && false))',
      },
    ],
    seed: 4,
  },
  {
    name: 'position-not-seen',
    what: 'What an author has seen is taken as it was when the store was opened.',
    edits: [
      {
        module: 'replica/author-view.ts',
        from: 'this.close()\n    entry.seen = this.#seen ??= this.#open(entry.clientSeq)',
        to: 'void 0\n    entry.seen = this.#seen ??= this.#open(entry.clientSeq)',
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
        from: 'if (isBetween(clientSeq, seen.from, own.clientSeq - 1, seen.except)) return true',
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
        from: "if (m.kind === 'create') return false",
        to: '',
      },
    ],
    seed: 1,
  },
  {
    name: 'shown-too-early',
    what: 'A message of another session is shown before the view is where its author was.',
    edits: [
      {
        module: 'replica/pending-intake.ts',
        from: 'return isRead && ',
        to: 'return ',
      },
    ],
    seed: 14,
  },
  {
    name: 'base-of-the-first',
    what: 'The base that a review states is what stood there, not what the author saw.',
    edits: [
      {
        module: 'fold/review-bases.ts',
        from: '.filter((other) => saw(write, other))',
        to: '',
      },
    ],
    seed: 1,
  },
  {
    name: 'base-forgotten-in-pages',
    what: 'A page leaves out what stood before a conflict.',
    edits: [
      {
        module: 'fold/snapshot.ts',
        from: 'if (state instanceof Write || !state.bases) return undefined',
        to: 'if (state instanceof Write || table) return undefined',
      },
    ],
    seed: 1,
  },
]
