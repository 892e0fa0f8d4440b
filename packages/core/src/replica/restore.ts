/**
 * What a storage held, put back: checkpoint, tail, and own messages without a verdict. Stored
 * text is untrusted like any other: what does not check is left out, and the caller is told,
 * so that the reviewer is asked for it again.
 */
import { checksum } from '../base/checksum.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Json } from '../base/json.ts'
import type { Bases, Message, Position, Rejection } from '../message/message.ts'
import type { StoredSegment, StoredState } from '../ports/storage.ts'
import { parseReviewerFrame, readPosition } from '../protocol/frames.ts'
import { unpackMessages } from '../protocol/pack.ts'
import type { Reviewing, TailReader } from '../messaging/tail.ts'
import { readStoredBases } from './drafts.ts'
import { parsed } from './sound-state.ts'

/** One stored flush of own messages. */
export interface StoredFlush {
  readonly key: string
  readonly messages: readonly Message[]
  /** What their author saw in the registers, by message and change, as far as that is stored. */
  readonly bases: readonly (readonly Bases[] | undefined)[]
  readonly packed: string
  readonly sig: string
  readonly publicKey: string
  /** Waits for verdicts. */
  readonly open: boolean
  /** Its seal is lost: what it holds cannot be offered as it is. */
  readonly isDamaged?: true
  /** What says whether it waits was damaged: it is offered once more, and not shown as pending. */
  readonly isReopened?: true
}

/** `bases` of each message as `basesJson` writes them: they are stored beside it, and not sent. */
export function flushText(
  packed: string,
  { sig, publicKey }: { readonly sig: string; readonly publicKey: string },
  bases: readonly Json[],
): string {
  const seal = `"sig":${JSON.stringify(sig)},"publicKey":${JSON.stringify(publicKey)}`
  return `{${seal},"bases":${JSON.stringify(bases)},"packed":${packed}}`
}

/** `state` holds sound records; `corrupt` are those of own messages that are none all the same. */
export function readFlushes(
  state: StoredState,
  space: Uuid,
): { flushes: StoredFlush[]; corrupt: StoredSegment[] } {
  const open = new Set(state.outbox)
  const flushes: StoredFlush[] = []
  const corrupt: StoredSegment[] = []
  for (const stored of state.segments) {
    if (stored.kind !== 'own') continue
    const flush = readFlush(stored, space)
    if (flush) flushes.push({ ...flush, open: open.has(stored.key) })
    else corrupt.push(stored)
  }
  return { flushes, corrupt }
}

function readFlush(stored: StoredSegment, space: Uuid): Omit<StoredFlush, 'open'> | undefined {
  const json = parsed(stored.text) as
    | { sig?: unknown; publicKey?: unknown; packed?: unknown; bases?: unknown }
    | null
    | undefined
  if (typeof json?.sig !== 'string' || typeof json.publicKey !== 'string') return undefined
  const messages = unpackMessages(json.packed, space)
  if (!messages.ok || messages.value.length === 0) return undefined
  const packed = JSON.stringify(json.packed)
  const bases = Array.isArray(json.bases) ? (json.bases as unknown[]) : []
  return {
    key: stored.key,
    messages: messages.value,
    bases: messages.value.map(({ changes }, i) => readStoredBases(bases[i] ?? 0, changes.length)),
    packed,
    sig: json.sig,
    publicKey: json.publicKey,
  }
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
  return [JSON.stringify({ position, reviewerId }), ...pages]
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
    const { kind } = tail.tail(frame.value.runs, frame.value.position, by)
    return kind === 'applied' || kind === 'known'
  })
}

export function stepText(by: Reviewing, frames: readonly string[]): string {
  return JSON.stringify({ by, frames })
}

function readCheckpoint(
  pages: readonly string[],
  check: string,
): { position: Position; pages: unknown[] } | undefined {
  if (checksum(pages.join('\n')) !== check) return undefined
  const [head, ...rest] = pages.map(parsed)
  const position = readPosition((head as { position?: unknown } | undefined)?.position)
  return position && { position, pages: rest }
}
