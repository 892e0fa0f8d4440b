/** Somebody is taken for another person, or told of one: one for each check of logins and persons. */
import type { Planted } from '../plant.ts'

export const PERSONS: readonly Planted[] = [
  {
    name: 'commitment-not-compared',
    what: 'A session is bound by the login of another person than it commits to.',
    edits: [
      {
        module: 'node/bind.ts',
        from: '!person || personalId === person.id || isAnonymous(personalId)',
        to: "!person || personalId !== '' || isAnonymous(personalId)",
      },
    ],
    seed: 94,
  },
  {
    name: 'person-of-another-offer',
    what: 'Offers that wait behind another one are judged as of its person.',
    edits: [
      {
        module: 'node/intake.ts',
        from: 'person: connection.person ?? claimedBy(record)',
        to: 'person: this.#waiting[0]?.person ?? connection.person ?? claimedBy(record)',
      },
    ],
    seed: 12,
  },
  {
    name: 'author-of-two-persons',
    what: 'An author id of one person is bound by the login of another.',
    edits: [
      {
        module: 'node/bind.ts',
        from: 'if (owner !== undefined && owner !== person?.id) {',
        to: 'if (owner !== undefined && person === null) {',
      },
      {
        module: 'review/author-faults.ts',
        from: 'if (owner !== undefined && !(person.proved && owner === person.id))',
        to: 'if (owner !== undefined && !person.proved)',
      },
    ],
    seed: 593,
  },
  {
    name: 'login-never-ends',
    what: 'A link stays open after its login has ended.',
    edits: [
      { module: 'node/connection.ts', from: 'else this.#expire()', to: 'else this.#cancelEnd()' },
    ],
    seed: 12,
  },
  {
    name: 'me-told-to-others',
    what: 'The author ids of a person are sent to every link with a login.',
    edits: [
      {
        module: 'node/bind.ts',
        from: '(other) => other !== connection && other.person?.id === person.id',
        to: '(other) => other !== connection && other.person !== null',
      },
    ],
    seed: 12,
  },
  {
    name: 'anybody-is-the-same',
    what: 'Two authors with logins are the same person to a rule.',
    edits: [
      {
        module: 'review/rules.ts',
        from: 'batch.personOf(other) === person.id',
        to: 'batch.personOf(other) !== undefined',
      },
    ],
    seed: 12,
  },
  {
    name: 'person-not-stored',
    what: 'The person behind an author id is lost with the process.',
    edits: [
      {
        module: 'node/desk.ts',
        from: 'authors: authors.map(([authorId, text]) => ({ authorId, text })),',
        to: 'authors: authors.slice(authors.length).map(([authorId, text]) => ({ authorId, text })),',
      },
    ],
    seed: 46,
  },
  {
    name: 'forged-me-believed',
    what: 'The signature over the author ids of a person is not verified.',
    edits: [
      {
        module: 'sync/gate.ts',
        from: "return this.#signed(bytes, frame.sig, 'the author ids of a person')",
        to: "return this.#signed(bytes, frame.sig, 'the author ids of a person').then(() => undefined)",
      },
    ],
    seed: 47,
  },
]
