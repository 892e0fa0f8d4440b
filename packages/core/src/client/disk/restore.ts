/**
 * What a storage held, put back: checkpoint, tail, and own messages without a verdict. Stored
 * text is untrusted like any other: what does not check is left out, and the caller is told,
 * so that the reviewer is asked for it again.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { Bases, Rejection } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import type { StoredCheckpoint, StoredSegment, StoredState } from '../../ports/storage.ts'
import { parseReviewerFrame, readPosition } from '../../wire/frames.ts'
import type { Reviewing, SnapshotApplied, TailReader } from '../../sync/tail.ts'
import { readCheckpoint } from './checkpoint.ts'
import { readStoredBases } from './drafts.ts'
import { type OwnReading, readOwnText } from './own-text.ts'
import { parsed } from './sound-state.ts'
import { StoredPages } from './stored-pages.ts'

/** One stored flush of own messages. */
export interface StoredFlush {
  readonly key: string
  readonly messages: readonly AuthoredMessage[]
  /** What their author saw in the registers, by message and change, as far as that is stored. */
  readonly bases: readonly (readonly Bases[] | undefined)[]
  /** Session line, head line, lines: as it was offered. */
  readonly text: string
  readonly sig: string
  /** Waits for verdicts. */
  readonly open: boolean
  /** Its seal is lost: what it holds cannot be offered as it is. */
  readonly isDamaged?: true
  /** What says whether it waits was damaged: it is offered once more, and not shown as pending. */
  readonly isReopened?: true
}

/** `state` holds sound records; `corrupt` are those of own messages that are none all the same. */
export function readFlushes(
  state: StoredState,
  reading: OwnReading,
): { flushes: StoredFlush[]; corrupt: StoredSegment[] } {
  const open = new Set(state.outbox)
  const flushes: StoredFlush[] = []
  const corrupt: StoredSegment[] = []
  for (const stored of state.segments) {
    if (stored.kind !== 'own') continue
    const flush = readFlush(stored, reading)
    if (flush) flushes.push({ ...flush, open: open.has(stored.key) })
    else corrupt.push(stored)
  }
  return { flushes, corrupt }
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

/** Verdicts against own messages, by message id. */
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

/** What of the canonical state on disk its next checkpoint builds on. */
export interface RestoredPages {
  readonly checkpoint: string
  /** undefined where they are as a reviewer made them. */
  readonly pages: StoredPages | undefined
}

export interface RestoredCanonical {
  readonly stored: RestoredPages | undefined
  /** Of the steps after the checkpoint. */
  readonly entries: readonly Entry[]
}

/**
 * Canonical state from checkpoint and tail. undefined when something of it is missing or rotten:
 * then the canonical state is fetched again.
 */
export function restoreCanonical(
  { checkpoint, segments, advance }: StoredState,
  tail: TailReader,
): RestoredCanonical | undefined {
  const stored = checkpoint && restoreCheckpoint(checkpoint, tail)
  if (checkpoint && !stored) return undefined
  const entries: Entry[] = []
  for (const { kind, text } of segments) {
    if (kind !== 'tail') continue
    const step = parsed(text) as { by?: Reviewing; frames?: unknown } | null | undefined
    const by = step?.by
    const replayed = by && Array.isArray(step?.frames) ? replay(step.frames, by, tail) : undefined
    if (!replayed) return undefined
    entries.push(...replayed)
  }
  const position = advance && readPosition(parsed(advance.text))
  return (tail.position?.seq ?? 0) === (position?.seq ?? 0) ? { stored, entries } : undefined
}

function restoreCheckpoint(stored: StoredCheckpoint, tail: TailReader): RestoredPages | undefined {
  const head = readCheckpoint(stored)
  if (!head) return undefined
  const texts = stored.pages.map(({ text }) => text)
  const outcome = tail.snapshot(texts, { position: head.position, settled: new Map() })
  if (outcome.kind !== 'applied') return undefined
  return { checkpoint: stored.name, pages: head.isSorted ? pagesOf(stored, outcome) : undefined }
}

/** undefined where a page is none that a checkpoint writes. */
function pagesOf({ pages }: StoredCheckpoint, read: SnapshotApplied): StoredPages | undefined {
  const all = new StoredPages()
  for (const [i, { no, check }] of pages.entries()) {
    const entities = read.pages[i]!
    const [first] = entities
    const root = first?.writes[0]
    if (!first || !root) return undefined
    const place = { seq: root.message.review.seq, index: root.index }
    all.add(first.type, { no, check, first: place, ids: entities.map(({ id }) => id) })
  }
  return all
}

/** One stored step, frames of the tail: the messages that were taken in. */
function replay(
  frames: readonly unknown[],
  by: Reviewing,
  tail: TailReader,
): readonly Entry[] | undefined {
  const entries: Entry[] = []
  for (const text of frames) {
    const frame = typeof text === 'string' ? parseReviewerFrame(text) : undefined
    if (!frame?.ok || frame.value.kind !== 'tail') return undefined
    const outcome = tail.tail(frame.value, by)
    if (outcome.kind === 'applied') entries.push(...outcome.entries)
    else if (outcome.kind !== 'known') return undefined
  }
  return entries
}

/** What the storage keeps of a step of the tail: its frames, and who had sent them. */
export function stepText(by: Reviewing, frames: readonly string[]): string {
  return JSON.stringify({ by, frames })
}
