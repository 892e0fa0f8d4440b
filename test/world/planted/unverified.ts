/** What is shown before its check is more than shown, or outlives a check that has failed. */
import type { Planted } from '../plant.ts'

export const UNVERIFIED: readonly Planted[] = [
  {
    name: 'unverified-stored',
    what: 'Where checks are slow, a batch is applied and stored before its check.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: 'this.#events.show?.(frame)',
        to: 'if (this.#events.show) this.#events.deliver(frame, text)',
      },
    ],
    seed: 222,
  },
  {
    name: 'unverified-parent-sent',
    what: 'Messages that depend on an unverified row leave the outbox before the check.',
    edits: [
      {
        module: 'sync/session.ts',
        from: 'entries.every((entry) => tail.hasChecked(entry.writtenAt))',
        to: 'entries.length > 0',
      },
    ],
    seed: 574,
  },
  {
    name: 'unverified-not-taken-back',
    what: 'Rows stay unverified though their check has failed.',
    edits: [{ module: 'sync/link-gate.ts', from: 'tail.disown()', to: '' }],
    seed: 153,
  },
  {
    name: 'unverified-counts-as-seen',
    what: 'An author signs that it has read unverified messages.',
    edits: [
      {
        module: 'client/outbox/own-messages.ts',
        from: 'position: () => tail.position, noteReadings',
        to: `position: () =>
        tail.position && { ...tail.position, seq: tail.shownSeq ?? tail.position.seq },
      tableOf`,
      },
    ],
    seed: 56,
  },
  {
    name: 'unverified-on-what-is-pending',
    what: 'An unverified message is shown on top of pending ones, which it is before.',
    edits: [
      {
        module: 'sync/unverified.ts',
        from: 'if (!table || table.hasPending(entityId)) return false',
        to: 'if (!table) return false',
      },
    ],
    seed: 56,
  },
]
