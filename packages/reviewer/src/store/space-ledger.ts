/**
 * The sessions, ledger and rejections of a space in SQLite. A single message costs a lookup of the
 * previous run and one row; consecutive messages of a session with consecutive seqs share one row.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assert, checkApart, damaged, joins } from '@countersign/core/ports'
import type {
  Commit,
  LedgerAnswer,
  LedgerRun,
  NumberedSession,
  RejectionText,
  SessionText,
  Stored,
} from '@countersign/core/ports'
import { StoreError } from './errors.ts'
import { sumOf, textOf } from './row.ts'

interface SessionRow {
  readonly no: number
  readonly sessionId: string
  readonly sum: string
  readonly text: string
}

interface RunRow extends LedgerRun {
  readonly sum: string
}

/** Numbers from one on, and below another, in the ledger of a session. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly run: RunRow | undefined
  /** The fault of a damaged run, as text. */
  readonly fault: string | undefined
}

interface RejectionRow {
  readonly msgId: string
  readonly sessionNo: number
  readonly clientSeq: number
  readonly sum: string
  readonly text: string
}

const SESSION = 'select no, session_id as sessionId, sum, text from sessions'
const RUN = 'select client_seq as clientSeq, count, seq, sum from ledger where session_no = ?'
const REJECTION = `
  select msg_id as msgId, session_no as sessionNo, client_seq as clientSeq, sum, text
  from rejections`

export class LedgerTables {
  readonly #sessionById: StatementSync
  readonly #sessionByNo: StatementSync
  readonly #noOf: StatementSync
  readonly #putSession: StatementSync
  readonly #runAt: StatementSync
  readonly #runsAfter: StatementSync
  readonly #putRun: StatementSync
  readonly #rejectionById: StatementSync
  readonly #rejectionsFrom: StatementSync
  readonly #rejectionsNaming: StatementSync
  readonly #addRejection: StatementSync
  readonly #setRejection: StatementSync
  readonly #newestRejection: StatementSync
  readonly #forget: StatementSync

  constructor(db: DatabaseSync) {
    this.#sessionById = db.prepare(`${SESSION} where session_id = ?`)
    this.#sessionByNo = db.prepare(`${SESSION} where no = ?`)
    this.#noOf = db.prepare('select no from sessions where session_id = ?')
    this.#putSession = db.prepare(`
      insert into sessions values (?, ?, ?, ?)
      on conflict (no) do update set sum = excluded.sum, text = excluded.text`)
    this.#runAt = db.prepare(`${RUN} and client_seq <= ? order by client_seq desc limit 1`)
    this.#runsAfter = db.prepare(`${RUN} and client_seq > ? order by client_seq limit ?`)
    this.#putRun = db.prepare(`
      insert into ledger values (?, ?, ?, ?, ?) on conflict do update
      set count = excluded.count, sum = excluded.sum`)
    this.#rejectionById = db.prepare(`${REJECTION} where msg_id = ?`)
    this.#rejectionsFrom = db.prepare(
      `${REJECTION} where session_no = ? and client_seq >= ? order by client_seq limit ?`,
    )
    this.#rejectionsNaming = db.prepare(`${REJECTION} where instr(text, ?) > 0 order by no`)
    this.#addRejection = db.prepare('insert into rejections values (null, ?, ?, ?, ?, ?)')
    this.#setRejection = db.prepare('update rejections set sum = ?, text = ? where msg_id = ?')
    this.#newestRejection = db.prepare('select max(no) as no from rejections')
    this.#forget = db.prepare(`
      delete from rejections where no in
        (select no from rejections where no <= ? order by no limit ?)`)
  }

  /** Stores sessions. `known`: the number of stored ones before; returns the number after. */
  putSessions(sessions: readonly SessionText[], known: number): number {
    let count = known
    for (const { sessionId, text } of sessions) {
      const no = this.#numberOf(sessionId) ?? ++count
      this.#putSession.run(no, sessionId, sumOf(sessionKey(no, sessionId), text), text)
    }
    return count
  }

  put({ accepted = [], rejections = [] }: Commit): void {
    for (const run of accepted) this.#putVerdict(this.#knownNo(run.sessionId), run.sessionId, run)
    for (const { msgId, sessionId, clientSeq, text } of rejections) {
      const no = this.#knownNo(sessionId)
      this.#putVerdict(no, sessionId, { clientSeq, count: 1, seq: 0 })
      const isNew = this.#rejectionById.get(msgId) === undefined
      assert(isNew, `message ${msgId} is rejected already`)
      this.#addRejection.run(
        msgId,
        no,
        clientSeq,
        sumOf(rejectionKey(msgId, no, clientSeq), text),
        text,
      )
    }
  }

  redact(rejections: readonly Pick<RejectionText, 'msgId' | 'text'>[]): void {
    for (const { msgId, text } of rejections) {
      const row = this.#rejectionById.get(msgId) as RejectionRow | undefined
      assert(row !== undefined, `no rejection of message ${msgId} is stored`)
      this.#setRejection.run(
        sumOf(rejectionKey(msgId, row.sessionNo, row.clientSeq), text),
        text,
        msgId,
      )
    }
  }

  answers(sessionId: string, clientSeqs: readonly number[]): readonly LedgerAnswer[] {
    const no = this.#numberOf(sessionId)
    let at: Stretch | undefined
    return clientSeqs.map((clientSeq) => {
      if (no === undefined) return { kind: 'unknown' }
      if (at === undefined || clientSeq < at.from || clientSeq >= at.to)
        at = this.#stretch(no, clientSeq)
      const { run, fault } = at
      if (fault !== undefined) return { kind: 'damaged', what: fault }
      if (run === undefined || !covers(run, clientSeq)) return { kind: 'unknown' }
      if (run.seq === 0) return { kind: 'refused' }
      return { kind: 'accepted', seq: run.seq + clientSeq - run.clientSeq }
    })
  }

  /** The numbers around one for which the same run is the last that begins at or before them. */
  #stretch(no: number, clientSeq: number): Stretch {
    const run = this.#findRun(no, clientSeq)
    const next = this.#runsAfter.get(no, clientSeq, 1) as RunRow | undefined
    const fault = run && !isWhole(no, run) ? damaged(runKey(no, run)).error.message : undefined
    return { run, fault, from: run?.clientSeq ?? 0, to: next?.clientSeq ?? Infinity }
  }

  runs(sessionId: string, fromClientSeq: number, countMax: number): readonly LedgerRun[] {
    const no = this.#numberOf(sessionId)
    if (no === undefined) return []
    const first = this.#wholeRun(no, fromClientSeq)
    const begins = first !== undefined && covers(first, fromClientSeq)
    const rest = this.#runsAfter.all(no, fromClientSeq, countMax) as unknown as RunRow[]
    return (begins ? [first, ...rest] : rest).slice(0, countMax).map((run) => {
      checkWhole(no, run)
      return { clientSeq: run.clientSeq, count: run.count, seq: run.seq }
    })
  }

  session(key: string | number): Stored<NumberedSession> | undefined {
    const search = typeof key === 'number' ? this.#sessionByNo : this.#sessionById
    const row = search.get(key) as SessionRow | undefined
    if (row === undefined) return undefined
    const { no, sessionId, sum, text } = row
    return { no, sessionId, text: textOf(sessionKey(no, sessionId), sum, text) }
  }

  rejection(msgId: string): Stored<RejectionText> | undefined {
    const row = this.#rejectionById.get(msgId) as RejectionRow | undefined
    return row && this.#rejectionOf(row)
  }

  rejections(sessionId: string, from: number, countMax: number): Stored<RejectionText>[] {
    const no = this.#numberOf(sessionId)
    if (no === undefined) return []
    const rows = this.#rejectionsFrom.all(no, from, countMax) as unknown as RejectionRow[]
    return rows.map((row) => this.#rejectionOf(row, sessionId))
  }

  rejectionsWith(part: string): Stored<RejectionText>[] {
    const rows = this.#rejectionsNaming.all(part) as unknown as RejectionRow[]
    return rows.map((row) => this.#rejectionOf(row))
  }

  /** Deletes the oldest rejections. Row numbers have no gaps, so the newest one determines the range. */
  forget(keep: number, countMax: number): number {
    const { no } = this.#newestRejection.get() as { no: number | null }
    return no === null ? 0 : Number(this.#forget.run(no - keep, countMax).changes)
  }

  #numberOf(sessionId: string): number | undefined {
    return (this.#noOf.get(sessionId) as { no: number } | undefined)?.no
  }

  #knownNo(sessionId: string): number {
    const no = this.#numberOf(sessionId)
    assert(no !== undefined, `unknown session ${sessionId}`)
    return no
  }

  /** Adds a run to the ledger, or extends the previous one. Throws when that one is damaged. */
  #putVerdict(no: number, sessionId: string, run: LedgerRun): void {
    const before = this.#wholeRun(no, run.clientSeq + run.count - 1)
    checkApart(sessionId, run, before)
    const { clientSeq, count, seq } =
      before !== undefined && joins(before, run)
        ? { ...before, count: before.count + run.count }
        : run
    this.#putRun.run(no, clientSeq, count, seq, sumOf(runKey(no, { clientSeq, count, seq }), ''))
  }

  #findRun(no: number, clientSeq: number): RunRow | undefined {
    return this.#runAt.get(no, clientSeq) as RunRow | undefined
  }

  #wholeRun(no: number, clientSeq: number): RunRow | undefined {
    const run = this.#findRun(no, clientSeq)
    if (run !== undefined) checkWhole(no, run)
    return run
  }

  #rejectionOf(row: RejectionRow, sessionId?: string): Stored<RejectionText> {
    const { msgId, sessionNo, clientSeq, sum, text } = row
    const id = sessionId ?? (this.#sessionByNo.get(sessionNo) as SessionRow | undefined)?.sessionId
    const key = rejectionKey(msgId, sessionNo, clientSeq)
    const whole = id === undefined ? damaged(key) : textOf(key, sum, text)
    return { msgId, sessionId: id ?? '', clientSeq, text: whole }
  }
}

function covers(run: LedgerRun, clientSeq: number): boolean {
  return run.clientSeq <= clientSeq && clientSeq < run.clientSeq + run.count
}

function isWhole(no: number, run: RunRow): boolean {
  return run.sum === sumOf(runKey(no, run), '')
}

function checkWhole(no: number, run: RunRow): void {
  if (!isWhole(no, run)) {
    throw new StoreError('corrupt', damaged(runKey(no, run)).error.message)
  }
}

const sessionKey = (no: number, id: string): string => `session ${no} (${id})`
const rejectionKey = (msgId: string, no: number, clientSeq: number): string =>
  `the rejection of message ${msgId} (session ${no}, clientSeq ${clientSeq})`
const runKey = (no: number, { clientSeq, count, seq }: LedgerRun): string =>
  `the ledger of session ${no} from clientSeq ${clientSeq} (${count} at seq ${seq})`
