/** Somebody does what they may not, or more than they may: one for each check of capabilities and quotas. */
import type { Planted } from '../plant.ts'

export const CAPABILITIES: readonly Planted[] = [
  {
    name: 'capability-not-asked',
    what: 'Every person who may read may also write, migrate and publish.',
    edits: [
      {
        module: 'review/author-faults.ts',
        from: 'const withheld = withheldFrom(message.changes, may)',
        to: 'const withheld = withheldFrom([], may)',
      },
    ],
    seed: 111,
  },
  {
    name: 'publish-as-write',
    what: 'The capability write includes publish.',
    edits: [
      {
        module: 'review/capabilities.ts',
        from: 'if (!may.has(needed)) return WITHHELD[needed]',
        to: "if (!may.has(needed) && !(needed === 'publish' && may.has('write'))) return WITHHELD[needed]",
      },
    ],
    seed: 191,
  },
  {
    name: 'migrate-as-write',
    what: 'The capability write includes migrate.',
    edits: [
      {
        module: 'review/capabilities.ts',
        from: "return kind === 'migrate' ? 'migrate' : 'write'",
        to: "return kind === 'migrate' ? 'write' : 'write'",
      },
    ],
    seed: 111,
  },
  {
    name: 'read-not-asked',
    what: 'A person without the capability read is bound.',
    edits: [
      {
        module: 'node/login.ts',
        from: "if (!may.has('read'))",
        to: "if (may.size === 0 && !may.has('read'))",
      },
    ],
    seed: 111,
  },
  {
    name: 'quota-by-session',
    what: 'The quota of a person is counted by session.',
    edits: [
      {
        module: 'node/connection.ts',
        from: 'const key = personKey(this.#person, record)',
        to: 'const key = sessionId',
      },
    ],
    seed: 191,
  },
  {
    name: 'quota-not-taken',
    what: 'Offers are not counted.',
    edits: [
      {
        module: 'node/quotas.ts',
        from: 'usage.messages.take(messages)',
        to: 'usage.messages.take(messages * 0)',
      },
    ],
    seed: 151,
  },
  {
    name: 'hijacked-create',
    what: 'An id that another author has minted may be created.',
    edits: [
      {
        module: 'review/admit.ts',
        from: 'if (isMinted && !ledger.minted(entityId, authorId, sid ?? sessionId))',
        to: 'if (isMinted && !ledger.minted(entityId, authorId, sid ?? sessionId) && sid === sessionId)',
      },
    ],
    seed: 111,
  },
  {
    name: 'number-looked-at-late',
    what: 'A used number is checked after all other reasons to reject a message.',
    edits: [
      {
        module: 'review/admit.ts',
        from: "if (verdictOn(message.session.facts.sessionId, clientSeq, context) !== 'unknown')",
        to: "if (timestampFault(message.time) === undefined && verdictOn(message.session.facts.sessionId, clientSeq, context) !== 'unknown')",
      },
    ],
    seed: 111,
  },
]
