/** Somebody who lies about keys, sessions or persons is believed: one for each check of who wrote. */
import type { Planted } from '../plant.ts'

export const LIES_BELIEVED: readonly Planted[] = [
  {
    name: 'seal-unchecked',
    what: 'A seal counts whatever it was made for, and by whomever.',
    edits: [
      {
        module: 'reviewer/verify.ts',
        from: 'if (!(await signer.verify(seal.publicKey, sealBytes(space, authorId, hashes), seal.sig))) {',
        to: 'if (false as boolean) {',
      },
    ],
    seed: 46,
  },
  {
    name: 'any-key-seals',
    what: 'Any key may seal in the name of any author.',
    edits: [
      {
        module: 'reviewer/verify.ts',
        from: 'if (whoamiId(seal.publicKey) !== authorId)',
        to: 'if (false as boolean)',
      },
    ],
    seed: 94,
  },
  {
    name: 'several-authors-in-one-offer',
    what: 'One author seals an offer that holds messages of others.',
    edits: [
      {
        module: 'reviewer/verify.ts',
        from: 'if (messages.some(({ header }) => header.authorId !== authorId))',
        to: 'if (false as boolean)',
      },
    ],
    seed: 46,
  },
  {
    name: 'bind-unsigned',
    what: 'A session is bound whatever proves it.',
    edits: [
      {
        module: 'reviewer/verify.ts',
        from: 'if (!(await signer.verify(publicKey, bytes, sig)))',
        to: 'if (false as boolean)',
      },
    ],
    seed: 9,
  },
  {
    name: 'bind-with-any-key',
    what: 'Any key proves that a session is of any author.',
    edits: [
      {
        module: 'reviewer/verify.ts',
        from: 'if (whoamiId(publicKey) !== authorId)',
        to: 'if (false as boolean)',
      },
    ],
    seed: 46,
  },
  {
    name: 'session-of-two-persons',
    what: 'A session that is known is bound to a second person of the same author.',
    edits: [
      {
        module: 'reviewer/bind.ts',
        from: 'return known.authorId === record.authorId && known.personalCommit === record.personalCommit',
        to: 'return known.authorId === record.authorId',
      },
    ],
    seed: 46,
  },
  {
    name: 'session-of-two-authors',
    what: 'A session that is known is bound to a second author.',
    edits: [
      {
        module: 'reviewer/bind.ts',
        from: 'if (known && !isSameOwner(known, record.value)) {',
        to: 'if (known && known.authorId === record.value.authorId && !isSameOwner(known, record.value)) {',
      },
    ],
    seed: 47,
  },
  {
    name: 'message-of-any-session',
    what: 'A message may be of the session of another author.',
    edits: [
      {
        module: 'reviewer/admit.ts',
        from: 'if (session.authorId !== header.authorId)',
        to: 'if (false as boolean)',
      },
    ],
    seed: 46,
  },
  {
    name: 'message-of-any-person',
    what: 'A message may commit to another person than its session.',
    edits: [
      {
        module: 'reviewer/admit.ts',
        from: 'if (session.personalCommit !== header.personalCommit) {',
        to: 'if (false as boolean) {',
      },
    ],
    seed: 46,
  },
]
