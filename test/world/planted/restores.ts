/** Bugs in what happens when a reviewer has lost its data, and what it lost comes back. */
import type { Planted } from '../plant.ts'

export const RESTORES: readonly Planted[] = [
  {
    name: 'face-value-across-lineages',
    what: 'A position of another lineage counts by its number, and not up to where both parted.',
    edits: [
      {
        module: 'history/lineage.ts',
        from: 'return { here: this.common({ eid, seq }), others }',
        to: 'return { here: seq, others }',
      },
    ],
    seed: 50,
  },
  {
    name: 'place-not-checked',
    what: 'A returned message counts as read by every author with that number, on any lineage.',
    edits: [
      {
        module: 'history/saw.ts',
        from: 'seq <= Math.min(readOf(by, eid), cut)',
        to: 'eid !== undefined && seq <= Math.min(by.seen?.seq ?? 0, cut)',
      },
    ],
    seed: 17,
    workload: 'W8',
  },
  {
    name: 'lost-position-is-kept',
    what: 'A position of a lost lineage counts as one of this lineage: rows count as complete up to its seq.',
    edits: [
      {
        module: 'sync/pull.ts',
        from: 'const isSame = here !== null && by.lineage.has(here)',
        to: 'const isSame = here !== null',
      },
    ],
    seed: 2,
    workload: 'W8',
  },
  {
    name: 'chains-of-another-lineage',
    what: 'Chains of a lost lineage are compared with what authors have read of this one.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'if (isOther) this.#chains = new HeldChains(this.#parts.heldChainsMax)',
        to: '',
      },
    ],
    seed: 1,
    workload: 'W8',
  },
  {
    name: 'kept-by-one-place-alone',
    what: 'The kept writes of an update are found by their place in the epoch of its author only, and by no earlier place.',
    edits: [
      {
        module: 'history/saw.ts',
        from: 'seq === named && named <= readOf(by, eid)',
        to: 'seq === named && eid === by.seen?.eid',
      },
    ],
    seed: 65,
    workload: 'W8',
  },
  {
    name: 'nothing-handed-back',
    what: 'Stores do not hand lost batches back.',
    edits: [
      {
        module: 'sync/link-life.ts',
        from: 'if (!here || here.seq <= Math.min(lineage.common(here), head.seq)) return',
        to: 'if (here !== undefined) return',
      },
    ],
    seed: 1,
    workload: 'W8',
  },
  {
    name: 'no-epoch-on-older-data',
    what: 'A reviewer continues on older data as if they were the newest.',
    edits: [
      {
        module: 'node/open.ts',
        from: 'known !== undefined && (options.restored || (marks && !isAsLeft(head, mark))) === true',
        to: 'false',
      },
    ],
    seed: 2,
    workload: 'W8',
  },
  {
    name: 'accepted-on-a-lost-lineage',
    what: 'Numbers that were accepted on the previous lineage count as accepted on this one.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'this.#parts.repo.messages.forgetAccepted()',
        to: '',
      },
    ],
    seed: 4,
    workload: 'W8',
  },
  {
    name: 'adopted-unread',
    what: 'Returned batches that continue the head are stored, and change no row.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'await replay(this.open, { after: this.head.seq, head }, store)',
        to: 'void replay',
      },
    ],
    seed: 3,
    workload: 'W8',
  },
  {
    name: 'refused-comes-back',
    what: 'A flush is offered again without the rejections of its messages, so a reviewer that lost them judges again.',
    edits: [
      {
        module: 'client/session-events.ts',
        from: 'return this.#parts.refusals.signed(ids).filter((one) => one.reviewerId === reviewerId)',
        to: 'return []',
      },
    ],
    seed: 2,
    workload: 'W8',
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
    seed: 50,
    workload: 'W8',
  },
  {
    name: 'session-without-key-replaces',
    what: 'A session that was returned with its messages replaces the bound one.',
    edits: [{ module: 'review/ledger.ts', from: 'if (!hasKey(record)) continue', to: '' }],
    seed: 4,
    workload: 'W8',
  },
  {
    name: 'orphan-waits-for-ever',
    what: 'Messages whose parents are lost for good wait for ever, without a rejection.',
    edits: [
      {
        module: 'client/session-events.ts',
        from: 'this.#parts.refusals.orphaned(entries, this.#parts.reviewing())',
        to: 'void 0',
      },
    ],
    seed: 18,
    workload: 'W8',
  },
  {
    name: 'partly-accepted-stay-lost',
    what: 'An accepted and lost message is not pending again while others of its flush still wait.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'for (const kept of outbox.partly()) count += this.#again(kept, this.#lost(kept, isHere))',
        to: '',
      },
    ],
    seed: 161,
    workload: 'W8',
  },
  {
    name: 'again-comes-last',
    what: 'A message that waits again is placed behind later ones.',
    edits: [
      {
        module: 'client/change-over.ts',
        from: 'outbox.addAgain(again, entries)',
        to: 'outbox.addFlush(again, entries)',
      },
    ],
    seed: 15,
    workload: 'W8',
  },
  {
    name: 'row-of-nothing',
    what: 'A row that another lineage lacks stays in view.',
    edits: [
      {
        module: 'sync/tail.ts',
        from: 'for (const row of gone) table.replaceCanonical(row.id, undefined)',
        to: 'for (const row of gone) if (!isOther) table.replaceCanonical(row.id, undefined)',
      },
    ],
    seed: 24,
  },
  {
    name: 'lineages-not-stored',
    what: 'Which lineages a store has met, it does not remember.',
    edits: [
      {
        module: 'client/identity/lineages.ts',
        from: "void this.#parts.disk.write({ durability: 'relaxed', meta: [[KEY, value]] })",
        to: 'void value',
      },
    ],
    seed: 371,
    workload: 'W8',
  },
  {
    name: 'restored-on-next-lineage',
    what: 'Rows that a crash has left are named as if they were of the lineage that was followed last.',
    edits: [
      {
        module: 'client/disk/restoration.ts',
        from: 'this.#parts.lineages.restored(this.#parts.tail.position)',
        to: '',
      },
    ],
    seed: 380,
    workload: 'W8',
  },
  {
    name: 'key-of-session-lost',
    what: 'A session that came back without its key replaces the record that was stored with it meanwhile.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'await this.#unstored([...decision.sessions.values(), ...ledger.kept()])',
        to: 'ledger.unstored([...decision.sessions.values(), ...ledger.kept()])',
      },
    ],
    seed: 10,
    workload: 'W8',
  },
]
