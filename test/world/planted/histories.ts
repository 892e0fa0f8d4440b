/** Bugs in what is told of the past of a row. */
import type { Planted } from '../plant.ts'

export const HISTORIES: readonly Planted[] = [
  {
    name: 'history-twice',
    what: 'A history lists an own message as accepted and as waiting until the verdict arrives.',
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
    what: 'A history without its older part is reported as complete.',
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
    what: 'A history marks no message as concurrent.',
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
    what: 'A lost request for a history is never repeated, and never fails.',
    edits: [
      {
        module: 'sync/history.ts',
        from: 'if (nowMs - asked.heardAtMs < ANSWER_MS) continue',
        to: 'if (nowMs - asked.heardAtMs < ANSWER_MS * 1e6) continue',
      },
    ],
    seed: 304,
  },
]
