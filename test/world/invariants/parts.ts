/** Invariants of a replica that follows parts of the space: a result that it calls complete is complete. */
import type { AnyRow } from '@countersign/core'
import type { Rejection } from '@countersign/core/message'
import { type ReviewerFrame, readPage } from '@countersign/core/protocol'
import type { EntityHistory, Fact } from '../facts.ts'
import type { Secrets } from '../secrets.ts'
import { type Shape, isIn } from '../shapes.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** A result that is called complete as of that seq. */
export interface Claim {
  readonly shape: Shape
  readonly seq: number
  readonly rows: readonly AnyRow[]
  /** Whether a row was to be read then. */
  readonly mayRead: (history: EntityHistory) => boolean
  /** The messages that are shown of a row; undefined where it is not looked into. */
  readonly maskOf: (history: EntityHistory) => bigint | undefined
}

/**
 * All rows that were in it at that seq are here, as they were then at the least; and no row is called
 * canonical in it that has been changed since it was told of.
 */
export function s14Complete(truth: Truth, { shape, seq, rows, mayRead, maskOf }: Claim): void {
  const what = `${shape.type.name} ${JSON.stringify(shape.query.where)}`
  for (const history of truth.facts.entities()) {
    if (history.type !== shape.type.name) continue
    const accepted = history.acceptedAt(seq)
    if (accepted === 0n || !isIn(shape, history.expected(accepted)) || !mayRead(history)) continue
    const mask = maskOf(history)
    must(
      mask === undefined || (mask & accepted) === accepted,
      'S14',
      () => `${what} is complete at ${seq}, and ${lack(history, accepted, mask!)}`,
    )
  }
  for (const { id, $state } of rows) {
    const history = truth.history(id)
    const mask = history && maskOf(history)
    if ($state !== 'canonical' || !history || mask === undefined) continue
    const accepted = history.acceptedAt(seq)
    must(
      (mask & accepted) === accepted,
      'S14',
      () =>
        `${what} is complete at ${seq}, shows ${history.name}, and ${lack(history, accepted, mask)}`,
    )
  }
}

function lack(history: EntityHistory, accepted: bigint, mask: bigint): string {
  const lacks = history.within(accepted & ~mask).map(({ name, seq }) => `${name}@${seq}`)
  return mask === 0n ? `lacks ${history.name}` : `${history.name} lacks ${lacks.join(' ')}`
}

/** A row that is not followed has its state of some earlier moment. */
export function s1Prefix(history: EntityHistory, mask: bigint, name: string): void {
  must(
    history.isPrefix(mask),
    'S1',
    () => `${name} shows a ${history.name} that the reviewer never had`,
  )
}

/** The frames to each client, where some rows are withheld. */
export interface Telling {
  readonly truth: Truth
  readonly secrets: Secrets
  readonly person: string
}

/** No frame reveals a row that its receiver may not read (S27). */
export function s27NothingWithheld(
  frame: ReviewerFrame,
  { truth, secrets, person }: Telling,
): void {
  const mustRead = (id: string, seqs: readonly number[], how: string): void => {
    const history = truth.history(id)
    must(
      !history || seqs.some((seq) => secrets.mayRead(person, history, seq)),
      'S27',
      () => `${person} is told ${how} ${history!.name}, and may not read it at ${seqs.join()}`,
    )
  }
  if (frame.kind === 'history' && frame.texts !== '')
    mustRead(frame.entityId, [frame.asOfSeq, truth.seq], 'the history of')
  if (frame.kind !== 'states') return
  for (const id of frame.kept) mustRead(id, [frame.position.seq], 'that it has')
  const page = frame.texts === '' ? undefined : readPage(frame.texts)
  for (const { id, writes } of page?.ok ? page.value : [])
    mustRead(id, [writes.at(-1)!.message.review.seq], 'the state of')
}

/** No accepted message changes a row that its author might not read before it. */
export function s27NothingWritten({ oracle, name, seq }: Fact, telling: Telling): void {
  const { truth, secrets, person } = telling
  for (const { entity } of oracle.changes)
    must(
      secrets.mayRead(person, truth.history(entity)!, seq! - 1),
      'S27',
      () => `${name} of ${person} writes on ${truth.history(entity)!.name}, which it may not read`,
    )
}

/** No rejection has values of a row that its author may not read, before the commit or after it. */
export function s27NothingStanding(
  { standing = [] }: Rejection,
  before: number,
  { truth, secrets, person }: Telling,
): void {
  for (const { entityId } of standing) {
    const history = truth.history(entityId)!
    must(
      [before, truth.seq].some((seq) => secrets.mayRead(person, history, seq)),
      'S27',
      () => `${person} is told what stands in ${history.name}, and may not read it`,
    )
  }
}
