/**
 * Test vectors of the texts of reviewers: a short lineage of an epoch record, a batch in several
 * forms, and a redact record, with the chain after each and the bytes that a position signs.
 */
import { toHex } from '../src/base/bytes.ts'
import type { Json } from '../src/base/json.ts'
import { composeFlush } from '../src/facts/flush.ts'
import { chainPrefix } from '../src/facts/ids.ts'
import { composeSession } from '../src/facts/session-line.ts'
import type { Flush, Message, Names, Session, Shape } from '../src/facts/types.ts'
import { storedText } from '../src/review/batch-text.ts'
import { BATCH_BOUNDS } from '../src/wire/bounds.ts'
import { type BatchForm, composeBatch, textOfBatch } from '../src/wire/compose-batch.ts'
import { erasedLayout } from '../src/wire/erase-batch.ts'
import { positionBytes } from '../src/wire/signed.ts'
import { NO_CHAIN } from '../src/wire/hashes.ts'
import { type EpochRecord, composeRecord, epochId } from '../src/wire/records.ts'
import type { Review } from '../src/wire/types.ts'

const uuid = (n: number): string => `0190a6b2-3c4d-8e5f-8a7b-${String(n).padStart(12, '0')}`
const SALT = 'abcdefghijklmnop'
const HASH = 'qvTGHdzF6KLavt4PO0gs2a6pQ00pQ00pQ00pQ00pQ00'
const TIME = 1_700_000_000_000
const SPACE = uuid(1)
const NONE: Names = { canonical: [], own: [], others: [] }

const genesis: EpochRecord = {
  kind: 'epoch',
  seq: 0,
  at: TIME,
  space: SPACE,
  reviewerId: uuid(50),
  reviewerKey: 'MCowBQYDK2VwAyEAabcdefghijklmnopqrstuvwxyz0123456789-_ABCDE',
  epoch: 1,
  why: 'genesis',
  prev: null,
}
const first = composeRecord(genesis, NO_CHAIN)
const before = { eid: epochId(first), epoch: 1, seq: 0, chain: first.chain }
/** The one that the rest is of continues genesis. */
const record = composeRecord(
  { ...genesis, seq: 1, epoch: 2, why: 'restore', prev: before },
  first.chain,
)
const eid = epochId(record)

function sessionOf(author: number): Session {
  const facts = { space: SPACE, authorId: uuid(author), sessionId: uuid(author + 1) }
  return composeSession({ ...facts, personalCommit: HASH, eid })
}
const ann = sessionOf(2)
const bob = sessionOf(4)

const shape = (kind: Shape['kind'], ...regs: string[]): Shape => ({
  type: 'issue',
  kind,
  schemaVersion: 1,
  regs,
})
const CREATE = shape('create', 'title')
const UPDATE = shape('update', 'title')
const UPDATE_THREE = shape('update', 'done', 'notes', 'title')

function message(
  clientSeq: number,
  entity: number,
  parents: Names,
  ...values: readonly Json[]
): Message {
  const update = values.length === 1 ? UPDATE : UPDATE_THREE
  const change = {
    shape: parents === NONE ? CREATE : update,
    entityId: uuid(entity),
    parents,
    values,
  }
  return { clientSeq, time: TIME + clientSeq, changes: [change], salts: [SALT] }
}

function flushOf(session: Session, messages: readonly Message[]): Flush {
  const seen = { seq: 1, chain: chainPrefix(record.chain), from: 1, except: [], eid }
  const composed = composeFlush(session, { seen, messages })
  if (!composed.ok) throw new Error(composed.error.message)
  return composed.value
}

const own = (clientSeq: number): Names => ({ ...NONE, own: [clientSeq] })
/** Ann: a create, a write on it, a create that is refused, one that is judged later; and another flush. */
const annsFlush = flushOf(ann, [
  message(1, 17, NONE, 'one'),
  message(2, 17, own(1), true, 'noted', 'two'),
  message(3, 18, NONE, 'refused'),
  message(4, 17, own(2), 'later'),
])
const annsNext = flushOf(ann, [message(5, 20, NONE, 'four')])
const bobsFlush = flushOf(bob, [message(1, 19, NONE, 'three')])
/** Of three registers: one was unset, of one it is not known, of one a write is named. */
const REVIEW: Review = {
  bases: [
    { change: 0, reg: 0, seq: 0 },
    { change: 0, reg: 1, seq: null },
    {
      change: 0,
      reg: 2,
      seq: 2,
      value: { version: 1, value: 'one', salt: SALT },
    },
  ],
  assigned: [],
  places: [{ eid: uuid(60), seq: 7 }],
  reads: [{ eid: uuid(61), seq: 3 }],
  salt: SALT,
}

/** A batch by itself: the line of each session where it stands first, then its number. */
function byItself(): BatchForm {
  const met: Session[] = []
  const sessionNo = (session: Session): number | undefined => {
    const no = met.indexOf(session)
    if (no < 0) met.push(session)
    return no < 0 ? undefined : no
  }
  return { sessionNo }
}

/** For a reader that has both session lines from before. */
const numbered: BatchForm = { sessionNo: (session) => sessions.indexOf(session) }
const isAnn = ({ session }: { readonly session: Session }): boolean => session === ann

export function batchVectors(): Json {
  const judged = [
    {
      session: ann,
      flush: annsFlush,
      first: 0,
      end: 3,
      verdicts: [{ accepted: true }, { accepted: true, review: REVIEW }, { accepted: false }],
    },
    { session: bob, flush: bobsFlush, first: 0, end: 1, verdicts: [{ accepted: true }] },
    { session: ann, flush: annsNext, first: 0, end: 1, verdicts: [{ accepted: true }] },
  ]
  const batch = composed({ fromSeq: 2, at: TIME + 100, judged }, record.chain)
  const later = {
    session: ann,
    flush: annsFlush,
    first: 3,
    end: 4,
    verdicts: [{ accepted: true }],
  }
  const rest = composed({ fromSeq: 6, at: TIME + 200, judged: [later] }, batch.chain)
  const redact = composeRecord(
    { kind: 'redact', seq: 7, at: TIME + 300, entityId: uuid(17), regs: ['notes', 'title'] },
    rest.chain,
  )
  return {
    space: SPACE,
    eid,
    genesis: { text: first.line, chain: first.chain, position: positionOf(0, first.chain, before) },
    epoch: { text: record.line, chain: record.chain, position: positionOf(1, record.chain) },
    batch: {
      log: textOf(batch, byItself()),
      author: textOf(batch, { ...byItself(), hides: isAnn }),
      erased: erasedOf(batch),
      numbered: textOf(batch, numbered),
      chain: batch.chain,
      position: positionOf(5, batch.chain),
    },
    rest: {
      text: textOf(rest, byItself()),
      chain: rest.chain,
      position: positionOf(6, rest.chain),
    },
    redact: { text: redact.line, chain: redact.chain, position: positionOf(7, redact.chain) },
  }
}

export const sessions: readonly Session[] = [ann, bob]

type Composed = Extract<ReturnType<typeof composeBatch>, { ok: true }>['value']

function composed(draft: Parameters<typeof composeBatch>[0], before: string): Composed {
  const batch = composeBatch(draft, before)
  if (!batch.ok) throw new Error(batch.error.message)
  return batch.value
}

/** As the log has it after the record. */
function erasedOf({ layout }: Composed): string {
  const erased = { entityId: uuid(17), regs: ['notes', 'title'] }
  const after = erasedLayout(layout, erased, BATCH_BOUNDS)
  if (!after.ok || !after.value) throw new Error('the batch has these values')
  return storedText(after.value)
}

function textOf({ layout }: Composed, form: BatchForm): string {
  const text = textOfBatch(layout, form)
  if (!text.ok) throw new Error(text.error.message)
  return text.value
}

/** What the reviewer signs at this seq, as hex. */
function positionOf(seq: number, chain: string, of = { eid, epoch: 2 }): string {
  return toHex(positionBytes(SPACE, { eid: of.eid, epoch: of.epoch, seq, chain }))
}
