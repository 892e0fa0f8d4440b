/** Bugs in the texts that are made once and read by everybody: flushes, drafts and batches. */
import type { Planted } from '../plant.ts'

export const TEXTS: readonly Planted[] = [
  {
    name: 'head-not-in-hash',
    what: 'The hash of a line does not cover the head of its flush.',
    edits: [
      {
        module: 'facts/hashes.ts',
        from: "return hashLine('cs/line', head + before + line)",
        to: "return hashLine('cs/line', head.slice(43) + before + line)",
      },
    ],
    seed: 1,
  },
  {
    name: 'line-before-not-in-hash',
    what: 'The hash of a line does not cover the line before it.',
    edits: [
      {
        module: 'facts/hashes.ts',
        from: "return hashLine('cs/line', head + before + line)",
        to: "return hashLine('cs/line', head + before.slice(43) + line)",
      },
    ],
    seed: 1,
  },
  {
    name: 'batch-misses-a-line',
    what: 'The stored text of a batch has a hash in the place of some accepted line.',
    edits: [
      {
        module: 'review/batch-text.ts',
        from: 'return textIn(layout, {}, bounds)',
        to: 'return textIn(layout, { hides: ({ seq }) => seq % 5 === 0 }, bounds)',
      },
    ],
    seed: 1,
  },
  {
    name: 'all-is-own',
    what: 'An author gets hashes in place of all messages of a batch, not only its own.',
    edits: [
      {
        module: 'review/batch-text.ts',
        from: 'return textIn(layout, { hides: ({ session }) => own.has(session) })',
        to: 'return textIn(layout, { hides: ({ session }) => own.has(session) || session.line.length > 0 })',
      },
    ],
    seed: 8,
  },
  {
    name: 'batch-skips-a-seq',
    what: 'A batch begins one after the seq that it should begin with.',
    edits: [
      {
        module: 'review/decide.ts',
        from: 'const draft = { fromSeq: head.seq + 1',
        to: 'const draft = { fromSeq: head.seq + 2',
      },
    ],
    seed: 3,
  },
  {
    name: 'chain-begins-anew',
    what: 'The chain of each batch begins where the epoch begins.',
    edits: [
      {
        module: 'review/decide.ts',
        from: 'const composed = composeBatch(draft, head.chain',
        to: 'const composed = composeBatch(draft, this.#context.epoch.chain',
      },
    ],
    seed: 1,
  },
  {
    name: 'reviews-not-in-chain',
    what: 'The chain does not cover the reviews.',
    edits: [
      {
        module: 'wire/layout.ts',
        from: 'links.push(...reviews.map(({ place }) => place.hash))',
        to: 'void reviews',
      },
    ],
    seed: 1,
  },
  {
    name: 'draft-without-names',
    what: 'The record of a draft lacks the rows that earlier lines name.',
    edits: [
      {
        module: 'client/disk/flush-log.ts',
        from: 'names: writer.namesBefore(firstLine)',
        to: 'names: []',
      },
    ],
    seed: 1105,
  },
  {
    name: 'draft-sealed-twice',
    what: 'Drafts that are in a flush are sealed again, with the remaining ones.',
    edits: [
      {
        module: 'client/disk/finish-drafts.ts',
        from: 'const left = drafts.filter(({ message }) => !sealed.has(sessionId, message.clientSeq))',
        to: 'const left = drafts',
      },
      {
        module: 'client/outbox/flusher.ts',
        from: 'drop: records',
        to: 'drop: records.slice(1)',
      },
    ],
    seed: 14,
  },
  {
    name: 'names-left-out',
    what: 'A batch lacks the names of rows in omitted lines.',
    edits: [
      {
        module: 'wire/compose-batch.ts',
        from: 'if (at?.hidden) names.set(at.line, entityId)',
        to: 'if (at?.hidden && at.line < 0) names.set(at.line, entityId)',
      },
    ],
    seed: 2104,
  },
]
