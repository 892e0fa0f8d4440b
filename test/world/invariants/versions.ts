/**
 * Invariants of a commit that concern schema versions (S19): no write removes values that its version
 * cannot show; only such a write is refused for its version; a message of a version that the reviewer does
 * not know waits; and a migration writes the values that were there before.
 */
import type { AuthoredMessage, Change, Json } from '@countersign/core/message'
import type { Commit } from '@countersign/core/ports'
import { isDeepStrictEqual } from 'node:util'
import { Versions } from '../../model/versions.ts'
import type { Fact } from '../facts.ts'
import { writtenIn } from '../reading.ts'
import { type CommittedBatch, type Truth, rejectionsOf } from '../truth.ts'
import { BUILDS, type Build, knownTo } from '../versioned.ts'
import { must } from '../violation.ts'

/** The verdicts that need no look at the values of a message. */
const OF_THE_FORM = new Set(['parent_rejected', 'seq_reused', 'too_large'])

/** `builds`: of the reviewers that know types; none, where any type is taken unseen, or the one that spoke is dead. */
export function s19RefusalsAreNeeded(truth: Truth, commit: Commit, builds: readonly Build[]): void {
  for (const { msgId, reason } of rejectionsOf(commit)) {
    const message = truth.facts.message(msgId)
    if (!message || OF_THE_FORM.has(reason)) continue
    const name = truth.facts.nameOf(msgId)
    must(
      builds.length === 0 || builds.some((build) => isKnown(message, build)),
      'S19',
      () => `${name} is refused as ${reason} by a reviewer that does not know its version`,
    )
    must(
      reason !== 'needs_upgrade' ||
        builds.length === 0 ||
        builds.some((build) => losesSomething(message, build)),
      'S19',
      () => `${name} is asked for an upgrade, and sees all there is`,
    )
  }
}

/** Called after the commit. */
export function s19NothingIsLost(
  truth: Truth,
  batches: readonly CommittedBatch[],
  builds: readonly Build[],
): void {
  for (const { id, changes } of batches.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(id)!
    for (const change of changes) {
      if (change.shape.kind === 'migrate') migratesWhatStood(truth, fact, change)
      if (change.shape.kind === 'create') continue
      must(
        builds.length === 0 || builds.some((build) => !loses(change, build)),
        'S19',
        () => `${fact.name} writes what its version does not see in full, and is accepted`,
      )
    }
  }
}

/** Each value is the former one, as some build that has this version reads it. */
function migratesWhatStood(
  truth: Truth,
  fact: Fact,
  { shape, entityId, values, keep }: Change,
): void {
  const history = truth.history(entityId)!
  const { parents } = fact.oracle.changes.find(({ entity }) => entity === entityId)!
  const { live } = history.expected(history.closure(parents)!)
  for (const [i, reg] of shape.regs.entries()) {
    if (keep?.some((kept) => kept.reg === reg)) continue // whether the row is archived is still in conflict
    const [stood, ...others] = live.get(reg) ?? []
    const from = stood && writtenIn(truth.facts.get(stood.by)!, history)
    const isRead = BUILDS.some((_, at) => {
      const versions = new Versions(knownTo(at + 1, shape.type)!)
      if (from === undefined || versions.newest < shape.schemaVersion) return false
      const seen = versions.seen(reg, stood!.value as Json, [from, shape.schemaVersion])
      return seen.kind === 'value' && isDeepStrictEqual(seen.value, values![i])
    })
    must(
      others.length === 0 && isRead,
      'S19',
      () => `${fact.name} migrates ${history.name}.${reg} to what did not stand there`,
    )
  }
}

function isKnown({ changes }: AuthoredMessage, build: Build): boolean {
  return changes.every(
    (change) => change.shape.schemaVersion <= (versionsOf(change, build)?.newest ?? 1),
  )
}

function losesSomething({ changes }: AuthoredMessage, build: Build): boolean {
  return changes.some((change) => loses(change, build))
}

function loses(change: Change, build: Build): boolean {
  const versions = versionsOf(change, build)
  const { regs, schemaVersion } = change.shape
  if (!versions || versions.newest < schemaVersion) return false
  return regs.some((reg) => !reg.startsWith('$') && !versions.mayWrite(reg, schemaVersion))
}

function versionsOf({ shape }: Change, build: Build): Versions | undefined {
  const known = knownTo(build, shape.type)
  return known && new Versions(known)
}
