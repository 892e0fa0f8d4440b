/** What must hold of a replica that follows parts of the space: what it calls complete is. */
import type { AnyRow } from '@countersign/core'
import type { EntityHistory } from '../facts.ts'
import { type Shape, isIn } from '../shapes.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** A result that is called complete as of that seq. */
export interface Claim {
  readonly shape: Shape
  readonly seq: number
  readonly rows: readonly AnyRow[]
  /** The messages that are shown of a row; undefined where it is not looked into. */
  readonly maskOf: (history: EntityHistory) => bigint | undefined
}

/**
 * All rows that were in it at that seq are here, as they were then at the least; and no row is called
 * canonical in it that has been changed since it was told of.
 */
export function s14Complete(truth: Truth, { shape, seq, rows, maskOf }: Claim): void {
  const what = `${shape.type.name} ${JSON.stringify(shape.query.where)}`
  for (const history of truth.facts.entities()) {
    if (history.type !== shape.type.name) continue
    const accepted = history.acceptedAt(seq)
    if (accepted === 0n || !isIn(shape, history.expected(accepted))) continue
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

/** A row that nobody follows is as it was at some moment. */
export function s1Prefix(history: EntityHistory, mask: bigint, name: string): void {
  must(
    history.isPrefix(mask),
    'S1',
    () => `${name} shows a ${history.name} that the reviewer never had`,
  )
}
