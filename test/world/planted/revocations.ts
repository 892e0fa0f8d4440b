/** Who is revoked writes or reads on, or loses what they wrote before; and names that are shown to be one person's (W15). */
import type { Planted } from '../plant.ts'

export const REVOCATIONS: readonly Planted[] = [
  {
    name: 'revocation-not-asked',
    what: 'What is written by whoever is revoked is taken.',
    edits: [
      {
        module: 'review/author-faults.ts',
        from: 'const ended = revokedFault(message, revoked, lineage)',
        to: 'const ended = revokedFault(message, revoked.slice(revoked.length), lineage)',
      },
    ],
    seed: 91,
  },
  {
    name: 'revoked-reads',
    what: 'Who is revoked reads on.',
    edits: [
      {
        module: 'node/connection.ts',
        from: 'if (this.sessions.size === 0 || this.#revoked !== undefined)',
        to: "if (this.sessions.size === 0 || this.#revoked === '')",
      },
    ],
    seed: 43,
  },
  {
    name: 'revoked-is-told-who-they-are',
    what: 'Who is revoked is told of other author ids of theirs.',
    edits: [
      {
        module: 'node/bind.ts',
        from: 'other.person?.id === person.id && other.revoked === undefined',
        to: "other.person?.id === person.id && other.revoked !== ''",
      },
    ],
    seed: 187,
  },
  {
    name: 'late-work-refused',
    what: 'What was written before its author was revoked is refused.',
    edits: [
      {
        module: 'review/revocations.ts',
        from: "late === 'refused' || time > at || readSeq > seq",
        to: "late === 'refused' || time > 0 || at < 0 || readSeq > seq",
      },
    ],
    seed: 331,
  },
  {
    name: 'revoked-before-it-was-asked',
    what: 'A revocation is known only to whoever is bound after it.',
    edits: [
      {
        module: 'node/revoke.ts',
        from: 'open.revocations.put(key, stored)',
        to: 'if (stored === undefined) open.revocations.put(key, stored)',
      },
    ],
    seed: 43,
  },
  {
    name: 'name-of-another-tab-shown',
    what: 'What waits under the name of another tab is shown, and named by a write on it.',
    edits: [
      {
        module: 'client/outbox/pending-intake.ts',
        from: 'if (this.#parts.hides(session.authorId)) return false',
        to: 'if (this.#parts.author() === undefined) return false',
      },
    ],
    seed: 427,
  },
]
