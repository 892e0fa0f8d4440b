/**
 * What a storage held, put back: checkpoint, tail, and own messages without a verdict. Stored
 * text is untrusted like any other: what does not check is left out, and the caller is told,
 * so that the reviewer is asked for it again.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { Bases, Position, Rejection } from '../../facts/message.ts'
import type { StoredSegment, StoredState } from '../../ports/storage.ts'
import { parseReviewerFrame, positionJson, readPosition } from '../../wire/frames.ts'
import type { Reviewing, TailReader } from '../../sync/tail.ts'
import { readStoredBases } from './drafts.ts'
import { type OwnReading, readOwnText } from './own-text.ts'
import { parsed } from './sound-state.ts'

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

/** `position` and pages of a checkpoint, as texts. */
export function checkpointPages(
  position: Position,
  reviewerId: Uuid,
  pages: readonly string[],
): readonly string[] {
  return [JSON.stringify({ position: positionJson(position), reviewerId }), ...pages]
}

/**
 * Canonical state from checkpoint and tail. False when something of it is missing or rotten:
 * then the canonical state must be had anew.
 */
export function restoreCanonical(state: StoredState, tail: TailReader): boolean {
  let by: Reviewing | undefined
  if (state.checkpoint) {
    const read = readCheckpoint(state.checkpoint.pages, state.checkpoint.check)
    if (!read) return false
    const at = { position: read.position, settled: new Map() }
    if (tail.snapshot(read.pages, at).kind !== 'applied') return false
  }
  for (const stored of state.segments) {
    if (stored.kind !== 'tail') continue
    const step = parsed(stored.text) as { by?: Reviewing; frames?: unknown } | null | undefined
    by = step?.by
    if (!by || !Array.isArray(step?.frames) || !replay(step.frames, by, tail)) return false
  }
  const stored = state.advance && readPosition(parsed(state.advance.text))
  return (tail.position?.seq ?? 0) === (stored?.seq ?? 0)
}

/** One stored step: frames of the tail. */
function replay(frames: readonly unknown[], by: Reviewing, tail: TailReader): boolean {
  return frames.every((text) => {
    const frame = typeof text === 'string' ? parseReviewerFrame(text) : undefined
    if (!frame?.ok || frame.value.kind !== 'tail') return false
    const { kind } = tail.tail(frame.value, by)
    return kind === 'applied' || kind === 'known'
  })
}

export function stepText(by: Reviewing, frames: readonly string[]): string {
  return JSON.stringify({ by, frames })
}

function readCheckpoint(
  pages: readonly string[],
  check: string,
): { position: Position; pages: readonly string[] } | undefined {
  if (checksum(pages.join('\n')) !== check) return undefined
  const [head, ...rest] = pages
  const position = readPosition((parsed(head) as { position?: unknown } | undefined)?.position)
  return position && { position, pages: rest }
}
