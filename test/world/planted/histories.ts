/** Bugs in what is told of the past of a row. */
import type { Planted } from '../plant.ts'

export const HISTORIES: readonly Planted[] = [
  {
    name: 'history-twice',
    what: 'An own message stands in a history as accepted, and as waiting, until the verdict is heard.',
    edits: [
      {
        module: 'client/reads/history.ts',
        from: '...unreviewed.filter(({ messageId }) => !accepted.has(messageId)),',
        to: '...unreviewed.filter(() => accepted.size >= 0),',
      },
    ],
    seed: 349,
  },
  {
    name: 'history-always-whole',
    what: 'A history of which the older part was left out is told as whole.',
    edits: [
      {
        module: 'node/history.ts',
        from: "page.send(isCut ? 'cut' : 'whole')",
        to: "page.send('whole')",
      },
    ],
    seed: 470,
  },
  {
    name: 'history-never-forked',
    what: 'A history says of no message that somebody had written beside it.',
    edits: [
      {
        module: 'client/reads/history.ts',
        from: 'return beside.length > 0',
        to: 'return beside.length < 0',
      },
    ],
    seed: 183,
  },
  {
    name: 'history-not-asked-again',
    what: 'A question for a history that is lost on the way is never asked again, and never given up.',
    edits: [
      {
        module: 'sync/history.ts',
        from: 'if (nowMs - asked.heardAtMs < ANSWER_MS) continue',
        to: 'if (nowMs - asked.heardAtMs < ANSWER_MS * 1e6) continue',
      },
    ],
    seed: 633,
  },
]
