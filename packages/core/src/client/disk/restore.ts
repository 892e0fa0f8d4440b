/**
 * Reads the stored records of own messages and of the tail. Stored text is untrusted: damaged own
 * records are returned apart, and a damaged tail as undefined, so that the caller fetches it again
 * from the reviewer.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { Bases, Rejection } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import type { StoredSegment, StoredState } from '../../ports/storage.ts'
import { parseReviewerFrame } from '../../wire/frames.ts'
import type { TailReader } from '../../sync/tail.ts'
import type { EpochTerm, PlannedTail } from '../../sync/tail-plan.ts'
import { type CheckpointHead, readCheckpoint } from './checkpoint.ts'
import { readStoredBases } from './drafts.ts'
import { type OwnReading, readOwnText } from './own-text.ts'
import { parsed } from './sound-state.ts'
import type { StoredPages } from './stored-pages.ts'

/** One stored flush of own messages. */
export interface StoredFlush {
  readonly key: string
  readonly messages: readonly AuthoredMessage[]
  /** The register values that the author saw, by message and change; undefined where not stored. */
  readonly bases: readonly (readonly Bases[] | undefined)[]
  /** Session line, head line, lines: the signed text. */
  readonly text: string
  readonly sig: string
  /** Has messages without a verdict. */
  readonly open: boolean
  /** Its seal is lost, so it cannot be sent. */
  readonly isDamaged?: true
  /** The record of its verdicts was damaged: it is sent again, and not shown as pending. */
  readonly isReopened?: true
}

/** Reads the flushes of own messages. `unreadable`: records with a right checksum that cannot be parsed. */
export function readFlushes(
  state: Pick<StoredState, 'segments' | 'outbox'>,
  reading: OwnReading,
): { flushes: StoredFlush[]; unreadable: StoredSegment[] } {
  const open = new Set(state.outbox)
  const flushes: StoredFlush[] = []
  const unreadable: StoredSegment[] = []
  for (const stored of state.segments) {
    if (stored.kind !== 'own') continue
    const flush = readFlush(stored, reading)
    if (flush) flushes.push({ ...flush, open: open.has(stored.key) })
    else unreadable.push(stored)
  }
  return { flushes, unreadable }
}

function readFlush(
  stored: StoredSegment,
  reading: OwnReading,
): Omit<StoredFlush, 'open'> | undefined {
  const record = readOwnText(stored.text, reading)
  if (!record) return undefined
  const { messages, text, sig } = record
  const bases = messages.map(({ changes }, i) =>
    readStoredBases(record.bases[i] ?? 0, changes.length),
  )
  return { key: stored.key, messages, bases, text, sig }
}

/** The rejections of own messages, by message id. */
export function readRejections(state: StoredState): Map<Uuid, Rejection> {
  const found = new Map<Uuid, Rejection>()
  for (const stored of state.segments) {
    if (stored.kind !== 'rejections') continue
    const frame = parseReviewerFrame(stored.text)
    if (!frame.ok || frame.value.kind !== 'rejected') continue
    for (const rejection of frame.value.rejections) found.set(rejection.msgId, rejection)
  }
  return found
}

/** The stored checkpoint that the next one is based on. */
export interface RestoredPages {
  readonly checkpoint: string
  /** undefined where the pages come from a snapshot of the reviewer. */
  readonly pages: StoredPages | undefined
}

export interface RestoredCanonical {
  readonly stored: RestoredPages | undefined
  /** The messages of the steps after the checkpoint. */
  readonly entries: readonly Entry[]
  /** Rows of which values were erased in these steps, with their types. */
  readonly erased: ReadonlyMap<Uuid, string>
}

/** Whether the stored rows are those of scopes, which a store of the whole space cannot continue. */
export function isPartial({ checkpoint }: StoredState): boolean {
  return checkpoint !== undefined && readCheckpoint(checkpoint)?.isPartial === true
}

/** A stored step that was read: what it does, and the frame that brought it. */
export interface StoredStep {
  readonly plan: PlannedTail
  readonly frame: string
}

/** The effects of the stored steps after a checkpoint; undefined where one is malformed. */
export function stepsOf(
  segments: readonly StoredSegment[],
  tail: TailReader,
  head: CheckpointHead | undefined,
): readonly StoredStep[] | undefined {
  const steps: StoredStep[] = []
  // The term that the next frame continues: a step of another tab may have begun before an epoch.
  let term: EpochTerm | undefined = head && { ...head.position, reviewerId: head.reviewerId }
  let from = head?.position ?? null
  for (const { kind, text } of segments) {
    if (kind !== 'tail') continue
    const step = parsed(text) as { by?: EpochTerm; frames?: unknown } | null | undefined
    const by = step?.by
    if (!by || !Array.isArray(step?.frames)) return undefined
    for (const line of step.frames as readonly unknown[]) {
      const frame = typeof line === 'string' ? parseReviewerFrame(line) : undefined
      if (!frame?.ok || frame.value.kind !== 'tail') return undefined
      const plan = tail.plan(frame.value, term ?? by, from)
      if (plan.kind === 'planned') {
        steps.push({ plan, frame: line as string }) // parsed above
        term = plan.end
        from = plan.position
      } else if (plan.kind !== 'known') return undefined
    }
  }
  return steps
}

/** Encodes a tail step for the storage: its frames, and the reviewer's term in which it starts. */
export function stepText(
  { reviewerId, eid, epoch, chain }: EpochTerm,
  frames: readonly string[],
): string {
  const by = { reviewerId, eid, epoch, chain }
  return JSON.stringify({ by, frames })
}
