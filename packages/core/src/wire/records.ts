/**
 * Records of a reviewer that take a seq of their own, each one line:
 *
 *   epoch   ["epoch", seq, at, v, space, reviewerId, reviewerKey, epoch, why, prev | null]
 *           prev: [eid, epoch, seq, chain], the position that it continues
 *   redact  ["redact", seq, at, entity, [register…]]
 *           erases the values of these registers that were written before it; ascending
 *
 * Their link of the chain is the hash of the line alone. The id of an epoch, `eid`, is the uuid8
 * of that hash. The signature of a later position covers a record.
 */
import { canonical } from '../base/canonical.ts'
import { type Hash, bytesOfHash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Outcome } from '../base/outcome.ts'
import { isLongerThan } from '../base/size.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import { longId, shortId } from '../facts/ids.ts'
import { parseLine } from '../facts/line.ts'
import { countOf, hashOf, listOf, outcomeOf, refuse, textOf } from '../facts/malformed.ts'
import { isSortedUnique, regFault } from '../facts/parse.ts'
import { TEXT_VERSION } from '../facts/types.ts'
import type { Position } from '../facts/message.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import { NO_CHAIN, chainAfter, firstHash } from './hashes.ts'

const RECORD_BYTES_MAX = 1_024
/** Registers of one record of an erasure: as many as a change may write. */
export const REDACT_REGISTERS_MAX = 128
/** With the longest names. */
const REDACT_BYTES_MAX = 131_072
const WHY = ['genesis', 'handover', 'restore', 'claim'] as const
const KEY_CHARACTERS_MAX = 256

/** Opens a term of a reviewer. Genesis has seq 0; seqs continue along the lineage. */
export interface EpochRecord {
  readonly kind: 'epoch'
  readonly seq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly space: Uuid
  readonly reviewerId: Uuid
  /** Public key, base64url. */
  readonly reviewerKey: string
  readonly epoch: number
  readonly why: (typeof WHY)[number]
  readonly prev: Position | null
}

/** An epoch with what follows from its record: id, chain after it, and text. */
export interface Epoch extends EpochRecord {
  readonly eid: Uuid
  readonly chain: Hash
  readonly line: string
}

/** Erases the values of registers of one entity that were written before it. */
export interface RedactRecord {
  readonly kind: 'redact'
  readonly seq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly entityId: Uuid
  /** Ascending. */
  readonly regs: readonly Reg[]
}

/** A record of the reviewer that takes a seq between batches. */
export type BatchRecord = EpochRecord | RedactRecord

/** A record with its text and the chain after it. */
export interface RecordText {
  readonly record: BatchRecord
  readonly line: string
  readonly hash: Hash
  readonly chain: Hash
}

/** Composes a record: its line, its hash, and the chain after it. */
export function composeRecord(record: BatchRecord, before: Hash): RecordText {
  return withChain(record, canonical(recordJson(record)), before)
}

/** Parses an untrusted record. Errors: `invalid`, `too_large`. */
export function readRecord(line: string, before: Hash): Outcome<RecordText> {
  return outcomeOf(() => textOfRecord(line, before))
}

/** As `readRecord`. @throws Malformed */
export function textOfRecord(line: string, before: Hash): RecordText {
  return withChain(recordIn(line), line, before)
}

function withChain(record: BatchRecord, line: string, before: Hash): RecordText {
  const hash = firstHash(line)
  return { record, line, hash, chain: chainAfter(before, [hash]) }
}

/** The id of the epoch that this record opens. */
export function epochId({ hash }: Pick<RecordText, 'hash'>): Uuid {
  return uuid8(bytesOfHash(hash))
}

/** The epoch that a record opens. */
export function epochOf(record: EpochRecord): Epoch {
  const text = composeRecord(record, record.prev?.chain ?? NO_CHAIN)
  return { ...record, eid: epochId(text), chain: text.chain, line: text.line }
}

/** Parses an untrusted line as the record of an epoch. Errors: `invalid`, `too_large`. */
export function readEpoch(line: string): Outcome<Epoch> {
  return outcomeOf(() => epochIn(line))
}

/** As `readEpoch`. @throws Malformed */
export function epochIn(line: string): Epoch {
  const record = recordIn(line)
  return record.kind === 'epoch' ? epochOf(record) : refuse('record: not of an epoch')
}

/** Whether a text of the tail is a record, and not a batch. */
export function isRecord(text: string): boolean {
  return text.startsWith('["epoch"') || text.startsWith('["redact"')
}

function recordJson(record: BatchRecord): Json {
  if (record.kind === 'redact')
    return ['redact', record.seq, record.at, shortId(record.entityId), record.regs]
  const { seq, at, space, reviewerId, reviewerKey, epoch, why, prev } = record
  const from = prev && [shortId(prev.eid), prev.epoch, prev.seq, prev.chain]
  const ids = [shortId(space), shortId(reviewerId), reviewerKey]
  return ['epoch', seq, at, TEXT_VERSION, ...ids, epoch, why, from]
}

/** Parses an untrusted record. @throws Malformed */
export function recordIn(line: string): BatchRecord {
  const bytesMax = line.startsWith('["redact"') ? REDACT_BYTES_MAX : RECORD_BYTES_MAX
  if (isLongerThan(line, bytesMax)) refuse(`record: longer than ${bytesMax} bytes`, 'too_large')
  const list = parseLine(line, 'record')
  const seq = countOf(list[1], 'seq')
  const at = countOf(list[2], 'at')
  if (list[0] === 'epoch') return epochRecordOf(list, { seq, at })
  if (list[0] !== 'redact' || list.length !== 5) return refuse('record: the kind is unknown')
  if (seq === 0) refuse('redact: there is nothing before seq 0')
  const entityId = longId(list[3], 'redact')
  return { kind: 'redact', seq, at, entityId, regs: regsOf(list[4]) }
}

function regsOf(value: unknown): readonly Reg[] {
  const regs = listOf(value, 'redact', { min: 1, max: REDACT_REGISTERS_MAX }).map((reg) =>
    textOf(reg, 'redact'),
  )
  for (const reg of regs)
    if (reg === ARCHIVED || regFault(reg)) refuse('redact: not the register of a field')
  return isSortedUnique(regs) ? regs : refuse('redact: the registers are not sorted and unique')
}

function epochRecordOf(
  list: readonly unknown[],
  { seq, at }: { readonly seq: number; readonly at: number },
): EpochRecord {
  if (list.length !== 10) refuse('epoch: 10 elements are expected')
  if (list[3] !== TEXT_VERSION) refuse(`epoch: the version is not ${TEXT_VERSION}`)
  const epoch = countOf(list[7], 'epoch', 1)
  const why = WHY.find((item) => item === list[8]) ?? refuse('epoch: the reason is unknown')
  const prev = prevOf(list[9])
  if ((why === 'genesis') !== (prev === null))
    refuse('epoch: only genesis has no previous position')
  if (seq !== (prev ? prev.seq + 1 : 0)) refuse('epoch: the seq is not the next one')
  if (epoch <= (prev?.epoch ?? 0)) refuse('epoch: the number is not above the one before')
  const reviewerKey = textOf(list[6], 'reviewerKey')
  if (reviewerKey.length > KEY_CHARACTERS_MAX || !/^[A-Za-z0-9_-]+$/.test(reviewerKey))
    refuse('reviewerKey: base64url is expected')
  const space = longId(list[4], 'space')
  const reviewerId = longId(list[5], 'reviewerId')
  return { kind: 'epoch', seq, at, space, reviewerId, reviewerKey, epoch, why, prev }
}

function prevOf(value: unknown): Position | null {
  if (value === null) return null
  const list = listOf(value, 'prev', { min: 4, max: 4 })
  return {
    eid: longId(list[0], 'prev'),
    epoch: countOf(list[1], 'prev', 1),
    seq: countOf(list[2], 'prev'),
    chain: hashOf(list[3], 'prev'),
  }
}
