/**
 * What a reviewer may refuse because of the version that a message was written in, checked in
 * the moment of the commit: only what takes away something that its author never saw. A version
 * that it does not know is no reason; then the message waits.
 */
import type { Change, Message } from '@countersign/core/message'
import type { AppendBatch } from '@countersign/core/ports'
import { Versions } from '../../model/versions.ts'
import type { Truth } from '../truth.ts'
import { type Build, knownTo } from '../versioned.ts'
import { must } from '../violation.ts'

/** What is said before anybody looks at what a message wrote. */
const OF_THE_FORM = new Set(['parent_rejected', 'seq_reused', 'too_large'])

/** `builds`: of the reviewers that know types; none, where any type is taken unseen. */
export function s19RefusalsAreNeeded(
  truth: Truth,
  batch: AppendBatch,
  builds: readonly Build[],
): void {
  for (const { msgId, text } of batch.rejections) {
    const { rejection } = JSON.parse(text) as { readonly rejection: { readonly reason: string } }
    const { reason } = rejection
    const message = truth.facts.message(msgId)
    if (!message || OF_THE_FORM.has(reason)) continue
    const name = truth.facts.nameOf(msgId)
    must(
      builds.length === 0 || builds.some((build) => isKnown(message, build)),
      'S19',
      () => `${name} is refused as ${reason} by a reviewer that does not know its version`,
    )
    must(
      reason !== 'needs_upgrade' || builds.some((build) => losesSomething(message, build)),
      'S19',
      () => `${name} is asked for an upgrade, and sees all there is`,
    )
  }
}

function isKnown({ changes }: Message, build: Build): boolean {
  return changes.every((change) => versionOf(change!) <= (versionsOf(change!, build)?.newest ?? 1))
}

function losesSomething({ changes }: Message, build: Build): boolean {
  return changes.some((change) => {
    const versions = versionsOf(change!, build)
    return change!.meta.regs.some(
      (reg) =>
        !reg.startsWith('$') && versions && !versions.mayWrite(reg, change!.meta.schemaVersion),
    )
  })
}

function versionOf({ meta }: Change): number {
  return meta.schemaVersion
}

function versionsOf({ meta }: Change, build: Build): Versions | undefined {
  const known = knownTo(build, meta.type)
  return known && new Versions(known)
}
