/** All planted bugs. Each must be caught by the world; one that survives is a hole in its checks. */
import { ACCOUNT_BUGS } from './accounts.ts'
import { ERASURES } from './erasures.ts'
import { LINK_LIFE } from './link-life.ts'
import { REVOCATIONS } from './revocations.ts'
import type { Planted } from '../plant.ts'
import { ackBeforeCommit } from './ack-before-commit.ts'
import { ackShowsCanonical } from './ack-shows-canonical.ts'
import { concurrentOverwrites } from './concurrent-overwrites.ts'
import { dedupByNumberOnly } from './dedup-by-number-only.ts'
import { duplicateAcceptedTwice } from './duplicate-accepted-twice.ts'
import { expectationIgnored } from './expectation-ignored.ts'
import { fenceIgnored } from './fence-ignored.ts'
import { foldForgetsKeep } from './fold-forgets-keep.ts'
import { halfMessageApplied } from './half-message-applied.ts'
import { halfMessageTold } from './half-message-told.ts'
import { indexMissesRemoval } from './index-misses-removal.ts'
import { liveQueryMissesChange } from './live-query-misses-change.ts'
import { offerBeforeDurable } from './offer-before-durable.ts'
import { offerNeverRepeated } from './offer-never-repeated.ts'
import { orderByTimestamp } from './order-by-timestamp.ts'
import { outboxClearedEarly } from './outbox-cleared-early.ts'
import { outboxForgotten } from './outbox-forgotten.ts'
import { outboxRelaxed } from './outbox-relaxed.ts'
import { parentsNotChecked } from './parents-not-checked.ts'
import { partialSnapshotTaken } from './partial-snapshot-taken.ts'
import { positionMovesOverGap } from './position-moves-over-gap.ts'
import { rejectionLeavesDescendants } from './rejection-leaves-descendants.ts'
import { resolveNotCompared } from './resolve-not-compared.ts'
import { rollbackForgotten } from './rollback-forgotten.ts'
import { PEERS } from './peers.ts'
import { RESTORES } from './restores.ts'
import { SEEN } from './seen.ts'
import { FORGERIES_BELIEVED } from './forged.ts'
import { HISTORIES } from './histories.ts'
import { STORED } from './stored.ts'
import { TEXTS } from './texts.ts'
import { TRIMMED } from './trimmed.ts'
import { sessionReused } from './session-reused.ts'
import { shownIsOldestOwn } from './shown-is-oldest-own.ts'
import { indexShownOnly } from './index-shown-only.ts'
import { updateDropsCandidate } from './update-drops-candidate.ts'
import { ackFlipsShown } from './ack-flips-shown.ts'
import { rejectedParentForgotten } from './rejected-parent-forgotten.ts'
import { resolveIgnoresRace } from './resolve-ignores-race.ts'
import { lastIsFirst } from './last-is-first.ts'
import { LIES_BELIEVED } from './lies.ts'
import { snapshotForgetsHeads } from './snapshot-forgets-heads.ts'
import { conflictInAuthorVersion } from './conflict-in-author-version.ts'
import { correctionNotTaken } from './correction-not-taken.ts'
import { defaultForgotten } from './default-forgotten.ts'
import { keysOutdated } from './keys-outdated.ts'
import { lensThrows } from './lens-throws.ts'
import { unknownVersionRefused } from './unknown-version-refused.ts'
import { unknownVersionSkipped } from './unknown-version-skipped.ts'
import { wholeRowWritten } from './whole-row-written.ts'
import { lastFlushAlone } from './last-flush-alone.ts'
import { BEYOND_BOUNDS } from './bounds.ts'
import { operationTwice } from './operation-twice.ts'
import { UNVERIFIED } from './unverified.ts'
import { PARTS } from './parts.ts'
import { PERSONS } from './persons.ts'
import { CAPABILITIES } from './capabilities.ts'

export const PLANTED: readonly Planted[] = [
  operationTwice,
  ackBeforeCommit,
  fenceIgnored,
  duplicateAcceptedTwice,
  dedupByNumberOnly,
  resolveNotCompared,
  expectationIgnored,
  rejectionLeavesDescendants,
  halfMessageApplied,
  halfMessageTold,
  rollbackForgotten,
  foldForgetsKeep,
  concurrentOverwrites,
  orderByTimestamp,
  shownIsOldestOwn,
  ackShowsCanonical,
  keysOutdated,
  indexMissesRemoval,
  liveQueryMissesChange,
  positionMovesOverGap,
  snapshotForgetsHeads,
  partialSnapshotTaken,
  offerBeforeDurable,
  outboxRelaxed,
  outboxForgotten,
  outboxClearedEarly,
  sessionReused,
  ...LINK_LIFE,
  offerNeverRepeated,
  parentsNotChecked,
  indexShownOnly,
  updateDropsCandidate,
  ackFlipsShown,
  rejectedParentForgotten,
  resolveIgnoresRace,
  lastIsFirst,
  conflictInAuthorVersion,
  correctionNotTaken,
  defaultForgotten,
  lensThrows,
  unknownVersionRefused,
  unknownVersionSkipped,
  wholeRowWritten,
  lastFlushAlone,
  ...BEYOND_BOUNDS,
  ...LIES_BELIEVED,
  ...SEEN,
  ...FORGERIES_BELIEVED,
  ...STORED,
  ...TEXTS,
  ...HISTORIES,
  ...UNVERIFIED,
  ...PERSONS,
  ...CAPABILITIES,
  ...PEERS,
  ...RESTORES,
  ...PARTS,
  ...ACCOUNT_BUGS,
  ...ERASURES,
  ...REVOCATIONS,
  ...TRIMMED,
]

export function plantedNamed(name: string): Planted {
  const found = PLANTED.find((planted) => planted.name === name)
  if (found) return found
  throw new Error(
    `no planted bug "${name}"; there are ${PLANTED.map((each) => each.name).join(', ')}`,
  )
}
