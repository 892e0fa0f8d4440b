/** Somebody who lies about keys, sessions or persons is believed: one for each check of who wrote. */
import type { Planted } from '../plant.ts'

export const LIES_BELIEVED: readonly Planted[] = [
  {
    name: 'seal-unchecked',
    what: 'The seal of a flush is not verified.',
    edits: [
      {
        module: 'node/verify.ts',
        from: 'return signer.verify(publicKey, sealBytes(hashes), sig)',
        to: 'return signer.verify(publicKey, sealBytes(hashes), sig).then(() => true)',
      },
    ],
    seed: 118,
  },
  {
    name: 'any-key-seals',
    what: 'A link that has bound one session may offer flushes of another.',
    edits: [
      {
        module: 'node/intake.ts',
        from: 'if (!(await verifySeal(flush, { sig, publicKey: record.publicKey }, signer))) {',
        to: `const [mine = sessionId] = connection.sessions
    const { publicKey } = ledger().session(mine) ?? record
    if (!(await verifySeal(flush, { sig, publicKey }, signer))) {`,
      },
    ],
    seed: 341,
  },
  {
    name: 'session-line-not-sealed',
    what: 'The session line is not in the hashes that a seal covers.',
    edits: [
      {
        module: 'facts/hashes.ts',
        from: "return hashLine('cs/head', session + line)",
        to: "return hashLine('cs/head', session.slice(43) + line)",
      },
    ],
    seed: 1,
  },
  {
    name: 'bind-unsigned',
    what: 'The proof of a session is not verified.',
    edits: [
      {
        module: 'node/verify.ts',
        from: 'if (!(await signer.verify(publicKey, bytes, sig)))',
        to: 'if (false as boolean)',
      },
    ],
    seed: 593,
  },
  {
    name: 'bind-with-any-key',
    what: 'Any key proves a session of any author.',
    edits: [
      {
        module: 'node/verify.ts',
        from: 'if (whoamiId(publicKey) !== authorId)',
        to: 'if (false as boolean)',
      },
    ],
    seed: 158,
  },
  {
    name: 'session-of-two-persons',
    what: 'A known session is bound to a second person of the same author.',
    edits: [
      {
        module: 'node/bind.ts',
        from: 'return known.authorId === record.authorId && known.personalCommit === record.personalCommit',
        to: 'return known.authorId === record.authorId',
      },
    ],
    seed: 409,
  },
  {
    name: 'session-of-two-authors',
    what: 'A known session is bound to a second author.',
    edits: [
      {
        module: 'node/bind.ts',
        from: 'if (known && !isSameOwner(known, record)) {',
        to: 'if (known && known.authorId === record.authorId && !isSameOwner(known, record)) {',
      },
    ],
    seed: 118,
  },
  {
    name: 'message-of-any-session',
    what: 'A message may be of the session of another author.',
    edits: [
      {
        module: 'node/intake.ts',
        from: 'if (record.authorId !== authorId) {',
        to: 'if (false as boolean) {',
      },
    ],
    seed: 46,
  },
  {
    name: 'message-of-any-person',
    what: 'A message may commit to another person than its session.',
    edits: [
      {
        module: 'review/author-faults.ts',
        from: 'if (record.personalCommit !== personalCommit)',
        to: 'if (record.personalCommit === authorId)',
      },
    ],
    seed: 47,
  },
  {
    name: 'seen-not-compared',
    what: 'The position that an author claims to have read is not checked.',
    edits: [
      {
        module: 'review/admit.ts',
        from: 'if (saw(write, head) === isParent) continue',
        to: 'if (isParent || !isParent) continue',
      },
    ],
    seed: 436,
  },
  {
    name: 'chain-not-compared',
    what: 'An author may have read another history up to the same number.',
    edits: [
      {
        module: 'review/admit.ts',
        from: 'if (seen.seq <= head.seq && space.chains.mayBe(seen.seq, seen.chain)) return undefined',
        to: 'if (seen.seq <= head.seq && space.chains) return undefined',
      },
    ],
    seed: 141,
  },
  {
    name: 'future-read',
    what: 'An author may claim a position beyond the head.',
    edits: [
      {
        module: 'review/admit.ts',
        from: 'if (seen.seq <= head.seq && space.chains.mayBe(seen.seq, seen.chain)) return undefined',
        to: 'if (space.chains.mayBe(seen.seq, seen.chain)) return undefined',
      },
    ],
    seed: 47,
  },
  {
    name: 'form-not-compared',
    what: 'A line is accepted in any form of JSON.',
    edits: [
      {
        module: 'facts/line.ts',
        from: "if (form === 'canonical' && canonicalOf(value, line) !== line)",
        to: 'if (canonicalOf(value, line) === form)',
      },
    ],
    seed: 46,
  },
]
