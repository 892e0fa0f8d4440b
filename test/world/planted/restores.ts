/** Bugs in what happens when a reviewer has lost its data, and what it lost comes back. */
import type { Planted } from '../plant.ts'

export const RESTORES: readonly Planted[] = [
  {
    name: 'face-value-across-lineages',
    what: 'A position of another lineage counts for what its number says, and not up to where both parted.',
    edits: [
      {
        module: 'history/lineage.ts',
        from: 'return { here: this.common({ eid, seq }), others }',
        to: 'return { here: seq, others }',
      },
    ],
    seed: 24,
  },
  {
    name: 'place-not-checked',
    what: 'What came back with a place counts as read by everybody who had read as far as that number, of whatever.',
    edits: [
      {
        module: 'history/saw.ts',
        from: 'seq <= Math.min(readOf(by, eid), cut)',
        to: 'eid !== undefined && seq <= Math.min(by.seen?.seq ?? 0, cut)',
      },
    ],
    seed: 128,
  },
  {
    name: 'lost-position-is-kept',
    what: 'A position of a lineage that was lost is as good as one of this: all is complete up to its seq.',
    edits: [
      {
        module: 'sync/pull.ts',
        from: 'const isSame = here !== null && by.lineage.has(here)',
        to: 'const isSame = here !== null',
      },
    ],
    seed: 50,
  },
  {
    name: 'chains-of-another-lineage',
    what: 'Chains that were read on a lineage that was lost are compared with what authors have read of this one.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'if (isOther) this.#chains = new HeldChains(this.#parts.heldChainsMax)',
        to: '',
      },
    ],
    seed: 24,
  },
  {
    name: 'kept-by-one-place-alone',
    what: 'What an update keeps is found by the place in the epoch that its author followed, and by no earlier one.',
    edits: [
      {
        module: 'history/saw.ts',
        from: 'seq === named && named <= readOf(by, eid)',
        to: 'seq === named && eid === by.seen?.eid',
      },
    ],
    seed: 50,
  },
  {
    name: 'nothing-handed-back',
    what: 'What a reviewer has lost stays with those who have read it.',
    edits: [
      {
        module: 'sync/link-life.ts',
        from: 'if (!here || here.seq <= Math.min(lineage.common(here), head.seq)) return',
        to: 'if (here !== undefined) return',
      },
    ],
    seed: 50,
  },
  {
    name: 'no-epoch-on-older-data',
    what: 'A reviewer goes on with older data as if they were those that it wrote last.',
    edits: [
      {
        module: 'node/open.ts',
        from: 'known !== undefined && (options.restored || (marks && !isAsLeft(head, mark))) === true',
        to: 'false',
      },
    ],
    seed: 102,
  },
  {
    name: 'accepted-on-a-lost-lineage',
    what: 'Numbers that were accepted on the lineage before count as accepted on this one.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'this.#parts.repo.messages.forgetAccepted()',
        to: '',
      },
    ],
    seed: 50,
  },
  {
    name: 'adopted-unread',
    what: 'What continues the head is stored, and changes no row.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'await replay(this.open, { after: this.head.seq, head }, store)',
        to: 'void replay',
      },
    ],
    seed: 24,
  },
  {
    name: 'refused-comes-back',
    what: 'A flush is offered again without the refusals of its messages: who has lost them judges anew.',
    edits: [
      {
        module: 'client/session-events.ts',
        from: 'return this.#parts.refusals.signed(ids).filter((one) => one.reviewerId === reviewerId)',
        to: 'return []',
      },
    ],
    seed: 50,
  },
  {
    name: 'own-stay-lost',
    what: 'Own messages that the new lineage lacks are not pending again.',
    edits: [
      {
        module: 'client/session-events.ts',
        from: 'if (isOther) changeOver.revive(told)',
        to: '',
      },
    ],
    seed: 180,
  },
  {
    name: 'session-without-key-replaces',
    what: 'A session that came back with its messages takes the place of the one that is bound.',
    edits: [{ module: 'review/ledger.ts', from: 'if (!hasKey(record)) continue', to: '' }],
    seed: 726,
  },
  {
    name: 'orphan-waits-for-ever',
    what: 'What was written on what nobody gives back waits, and nobody is told.',
    edits: [
      {
        module: 'client/session-events.ts',
        from: 'this.#parts.refusals.orphaned(entries, this.#parts.reviewing())',
        to: 'void 0',
      },
    ],
    seed: 908,
  },
  {
    name: 'partly-accepted-stay-lost',
    what: 'What was accepted and is lost does not wait again where others of its flush still wait.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'for (const kept of outbox.partly()) count += this.#again(kept, this.#lost(kept, isHere))',
        to: '',
      },
    ],
    seed: 1298,
  },
  {
    name: 'again-comes-last',
    what: 'What waits again stands behind what was written after it.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'outbox.addAgain(again, entries)',
        to: 'outbox.addFlush(again, entries)',
      },
    ],
    seed: 1298,
  },
]
