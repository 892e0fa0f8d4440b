/** Invariants of logins: the person of each message, and who is sent whose author ids (S18). */
import type { AnyRow } from '@countersign/core'
import type { RuleContext } from '@countersign/core/reviewer'
import type { AuthorFrame, ReviewerFrame } from '@countersign/core/protocol'
import type { Logins } from '../logins.ts'
import { must } from '../violation.ts'

/** A rule gets the right person of the author, and `samePerson` is right for the creator of the row. */
export function s18RulesKnow(
  logins: Logins,
  { authorId, person }: RuleContext,
  /** The row that it changes, and the answer of `samePerson` for its creator. */
  asked: { readonly row: AnyRow; readonly isSame: boolean | undefined } | undefined,
): void {
  const owner = logins.personOfAuthor(authorId)
  must(
    person.proved && person.id === owner,
    'S18',
    () =>
      `a message of ${owner} is judged as one of ${person.proved ? '' : 'a claimed '}${person.id}`,
  )
  if (!asked) return
  const { row, isSame } = asked
  const creator = logins.personOfAuthor(row.$createdBy)
  must(
    isSame === (creator === owner),
    'S18',
    () => `${owner} is said to be ${isSame ? '' : 'another than '}${creator}`,
  )
}

/** A person is sent only their own author ids, and their store believes no others. */
export function s18ToldTheirOwn(
  logins: Logins,
  authorIds: readonly string[],
  person: string,
  /** Whether the key is on the device: a tab may have died before anybody knew of it. */
  isHere: (authorId: string) => boolean = () => false,
): void {
  const foreign = authorIds.find((id) => logins.personOfAuthor(id) !== person && !isHere(id))
  must(foreign === undefined, 'S18', () => `${person} is told that ${foreign} is theirs`)
}

/** `$mine` of a row is true only for the person who created it. */
export function s18Mine(logins: Logins, row: AnyRow, person: string): boolean {
  const isTheirs = logins.personOfAuthor(row.$createdBy) === person
  must(!row.$mine || isTheirs, 'S18', () => `${person} is shown a row of another person as theirs`)
  return row.$mine
}

/** A timer may be late by so much, where a process has much to do in one turn. */
const LATE_MS = 1_000

/** Nothing is sent over a link whose login has ended. */
export class LoginEnds {
  readonly #logins: Logins
  /** By link: the latest end of its logins. */
  readonly #ends = new Map<string, number>()

  constructor(logins: Logins) {
    this.#logins = logins
  }

  up(name: string, frame: AuthorFrame): void {
    if (frame.kind !== 'bind' || frame.auth === null) return
    const end = this.#logins.endOf(frame.auth) ?? Infinity
    // An earlier link under that name may still be open at the reviewer.
    this.#ends.set(name, Math.max(this.#ends.get(name) ?? -Infinity, end))
  }

  down(name: string, { kind }: ReviewerFrame, now: number): void {
    const end = this.#ends.get(name) ?? Infinity
    must(
      (kind !== 'tail' && kind !== 'states') || now <= end + LATE_MS,
      'S18',
      () => `${name} is sent a ${kind} ${Math.round(now - end)} ms after the end of its login`,
    )
  }
}
