/** Persons of one browser are mixed: one for each step that keeps them apart (W11). */
import type { Planted } from '../plant.ts'

export const ACCOUNT_BUGS: readonly Planted[] = [
  {
    name: 'partition-of-another-person',
    what: 'All persons of a browser have one partition.',
    edits: [
      {
        module: 'client/identity/partitions.ts',
        from: "uuid8(hashBytes('cs/partition', [space, personalId]))",
        to: "uuid8(hashBytes('cs/partition', [space, space]))",
      },
    ],
    seed: 26,
  },
  {
    name: 'outbox-not-taken-along',
    what: 'Waiting messages are not sent after a person has signed in.',
    edits: [
      {
        module: 'client/identity/take-along.ts',
        from: 'outboxAdd: state.outbox,',
        to: 'outboxAdd: state.outbox.slice(state.outbox.length),',
      },
    ],
    seed: 122,
  },
  {
    name: 'new-name-on-what-waits',
    what: 'A new name writes on messages that wait under the earlier one.',
    edits: [
      {
        module: 'client/identity/rotation.ts',
        from: 'if (!waits()) return',
        to: 'if (waits() || !waits()) return',
      },
    ],
    seed: 26,
  },
  {
    name: 'unsent-is-erased',
    what: 'A sign-out erases unsent messages that it must keep.',
    edits: [
      {
        module: 'client/leaving.ts',
        from: "this.#erases = policy === 'discard' ||",
        to: "this.#erases = policy !== 'refuse' ||",
      },
    ],
    seed: 410,
  },
]
