/** The invariants with an attacker who forges frames of the reviewer (S25). */
import type { AnyRow, SyncStatus } from '@countersign/core'
import type { EntityHistory } from '../facts.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** Every message that is shown as canonical was accepted. */
export function s25NothingForged(truth: Truth, history: EntityHistory, row: AnyRow): void {
  if (row.$state !== 'canonical') return
  const unknown = row.$heads.find((id) => !truth.facts.message(id))
  must(
    unknown === undefined,
    'S25',
    () => `${history.name} is made of ${unknown}, which nobody wrote`,
  )
}

/** A reviewer without an attacker in between is followed, and never contradicts itself. */
export function s25Doubts(
  { connectionRefusal, alarm }: Pick<SyncStatus, 'connectionRefusal' | 'alarm'>,
  { isLiedTo }: { readonly isLiedTo: boolean },
): void {
  const isDoubt = connectionRefusal === 'forged' || connectionRefusal === 'other_reviewer'
  must(
    isLiedTo || !isDoubt,
    'S25',
    () => `an honest reviewer is not followed: ${connectionRefusal}`,
  )
  must(alarm === undefined, 'S25', () => alarm!)
}

/**
 * A store that is online has all that the reviewer had at the greeting: an attacker cannot hide
 * missing data.
 */
export function s25CaughtUp({ connection }: SyncStatus, seq: number, greeted: number): void {
  must(
    connection !== 'online' || seq >= greeted,
    'S25',
    () => `online at ${seq}, and was greeted at ${greeted}`,
  )
}
