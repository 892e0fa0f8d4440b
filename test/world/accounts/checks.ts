/** Invariants where several persons use one browser, and one person several browsers. */
import type { RuleContext } from '@countersign/core/reviewer'
import { must } from '../violation.ts'
import type { AccountTab } from './browser.ts'
import { Note } from './note.ts'
import type { Owner, Truth, Written } from './truth.ts'

/** The rows that a store shows: nothing that waits is another person's, and `$mine` is true. */
export function checkRows(truth: Truth, { store, owner }: AccountTab): void {
  const isTheirs = (other: Owner): boolean => truth.nowOf(other) === truth.nowOf(owner)
  for (const row of store.query(Note).rows) {
    const isPending = row.$state === 'pending' || row.$state === 'volatile'
    must(
      !isPending || isTheirs(row.by) || row.$reviewer !== null || (row.edits ?? 0) > 0,
      'S18',
      () => `${owner} is shown what ${row.by} has not sent: ${row.text}`,
    )
    const creator = truth.ownerOf(row.$createdBy)
    must(
      !row.$mine || creator === truth.nowOf(owner),
      'S18',
      () => `${owner} is shown as theirs what ${creator} wrote: ${row.text}`,
    )
  }
}

/** What a store sends: the sessions of its person, and no message that names another author's. */
export function checkSent(truth: Truth, { owner }: AccountTab, text: string): void {
  const kind = text.slice(2, text.indexOf('"', 2))
  if (kind === 'bind')
    for (const author of truth.authorsIn(text)) {
      const whose = truth.ownerOf(author)
      must(whose === truth.nowOf(owner), 'S18', () => `${owner} speaks for a session of ${whose}`)
    }
  if (kind !== 'offer') return
  const writers = truth.writersIn(text)
  must(
    writers.size <= 1,
    'S18',
    () => `${owner} offers what links ${writers.size} author ids: ${[...writers].join(', ')}`,
  )
}

/** A store receives author ids of its own person only. */
export function checkHeard(truth: Truth, { owner }: AccountTab, text: string): void {
  if (!text.startsWith('["me"')) return
  for (const author of truth.authorsIn(text)) {
    const whose = truth.ownerOf(author)
    must(whose === truth.nowOf(owner), 'S18', () => `${owner} is told that ${whose} is theirs`)
  }
}

/** A rule gets the right person, and `samePerson` is true for no other person. */
export function checkRule(
  truth: Truth,
  { authorId, person }: RuleContext,
  /** The creator of the row, and whether `samePerson` is true for them. */
  asked: { readonly creator: string; readonly isSame: boolean } | undefined,
): void {
  const writer = truth.ownerOf(authorId)
  must(
    !person.proved || writer === person.id,
    'S18',
    () => `a message of ${writer} is judged as one of ${person.id}`,
  )
  must(
    person.proved || truth.wasNobody(authorId),
    'S18',
    () => `a message of ${writer} is judged as nobody's`,
  )
  if (!asked) return
  const creator = truth.ownerOf(asked.creator)
  must(
    !asked.isSame || creator === writer,
    'S18',
    () => `${writer} is said to be the same as ${creator}`,
  )
}

/** Every note that its person has not discarded was accepted once. */
export function checkFinally(truth: Truth, mayMiss: (written: Written) => boolean): void {
  for (const written of truth.written.values()) {
    const { text, by, isKept, isGone } = written
    const times = truth.accepted.get(text) ?? 0
    must(times <= 1, 'S2', () => `${text} of ${by} was accepted ${times} times`)
    must(
      !isKept || isGone || times === 1 || mayMiss(written),
      'S4',
      () => `${text} of ${by} was durable, and was not accepted`,
    )
  }
}
