/** Somebody does what they may not, or more than they may: one for each check of capabilities and quotas. */
import type { Planted } from '../plant.ts'

export const CAPABILITIES: readonly Planted[] = [
  {
    name: 'capability-not-asked',
    what: 'Whoever is let in writes, migrates and publishes.',
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
    what: 'Who may write may publish.',
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
    what: 'Who may write may migrate.',
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
    what: 'Who may not read is let in.',
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
    what: 'What a person may write is counted by session.',
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
    what: 'What is offered is not counted.',
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
    what: 'An id that somebody else has minted may be created.',
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
    what: 'A used number is looked at after everything that refuses a message for good.',
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
