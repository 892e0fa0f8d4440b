/**
 * Reads the stored records: checkpoint, tail, and own messages. Stored text is untrusted: damaged
 * own records are returned apart, and a damaged canonical state as undefined, so that the caller
 * fetches it again from the reviewer.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { Bases, Rejection } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import type { StoredCheckpoint, StoredSegment, StoredState } from '../../ports/storage.ts'
import { parseReviewerFrame, readPosition } from '../../wire/frames.ts'
import type { SnapshotApplied, TailReader } from '../../sync/tail.ts'
import type { Reviewing } from '../../sync/tail-plan.ts'
import { readCheckpoint } from './checkpoint.ts'
import { readStoredBases } from './drafts.ts'
import { type OwnReading, readOwnText } from './own-text.ts'
import { parsed } from './sound-state.ts'
import { StoredPages } from './stored-pages.ts'

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
}

/**
 * Restores the canonical state from checkpoint and tail. undefined when a part is missing or
 * damaged: then the canonical state is fetched again from the reviewer.
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

/** The page index of a restored checkpoint; undefined where a page has no rows. */
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

/** Replays one stored step. Returns the applied messages; undefined where it is malformed. */
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

/** Encodes a tail step for the storage: its frames, and the reviewer that sent them. */
export function stepText(by: Reviewing, frames: readonly string[]): string {
  return JSON.stringify({ by, frames })
}
