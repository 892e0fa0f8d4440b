/**
 * One open space in SQLite: the head and the batches, with each write as one transaction. Only
 * prepared statements and SQLite's page cache are in memory.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  NEW_HEAD,
  assert,
  checkCommit,
  checkKeys,
  checkWriteBehind,
  damaged,
  isFencedCommit,
  isFencedWriteBehind,
  utf8Bytes,
} from '@countersign/core/ports'
import type {
  AuthorText,
  BatchText,
  Bytes,
  ChangeText,
  Commit,
  LedgerAnswer,
  LedgerRun,
  NumberedSession,
  ReadLimit,
  RejectionText,
  RevocationText,
  ScanTables,
  SpaceHead,
  SpaceTables,
  StateKeyRange,
  StateText,
  Stored,
  WriteBehind,
} from '@countersign/core/ports'
import { checkRow, sumOf, textOf } from './row.ts'
import { AuthorTables } from './space-authors.ts'
import { BehindTables } from './space-behind.ts'
import { StoreError } from './errors.ts'
import { BUSY_MS_MAX, openSpaceFile, readSpaceFile } from './space-file.ts'
import { LedgerTables } from './space-ledger.ts'

interface HeadRow {
  readonly epoch: number
  readonly seq: number
  readonly commits: number
  readonly sessions: number
  readonly sum: string
  readonly text: string
  /** Any of the revocations. */
  readonly revoked: string | null
}

interface BatchRow {
  readonly fromSeq: number
  readonly toSeq: number
  readonly sum: string
  readonly text: string
}

type BatchTable = 'batches' | 'seals'

/** The `meta` key of a flag: erased text may still be in the log, which must be truncated. */
const SCRUB = 'store:scrub'
/** The `meta` key of the space id, which does not depend on the file name. */
const SPACE = 'store:space'

export class SqliteTables implements SpaceTables {
  readonly #db: DatabaseSync
  readonly #ledger: LedgerTables
  readonly #authors: AuthorTables
  readonly #behind: BehindTables
  readonly #begin: StatementSync
  readonly #beginRead: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync
  readonly #readHead: StatementSync
  readonly #writeHead: StatementSync
  readonly #addBatch: StatementSync
  readonly #addSeals: StatementSync
  readonly #setBatch: StatementSync
  readonly #batchFrom: StatementSync
  readonly #batchesAfter: StatementSync
  readonly #sealsAt: StatementSync
  readonly #readMeta: StatementSync
  readonly #addMeta: StatementSync
  readonly #setMeta: StatementSync
  readonly #dropMeta: StatementSync
  #mustScrub: boolean

  constructor(file: string, space: string, isReadOnly = false) {
    const db = isReadOnly ? readSpaceFile(file) : openSpaceFile(file)
    this.#db = db
    this.#ledger = new LedgerTables(db)
    this.#authors = new AuthorTables(db)
    this.#behind = new BehindTables(db, file)
    this.#begin = db.prepare('begin immediate')
    this.#beginRead = db.prepare('begin')
    this.#commit = db.prepare('commit')
    this.#rollback = db.prepare('rollback')
    this.#readHead = db.prepare(`
      select epoch, seq, commits, sessions, head.sum, head.text, key as revoked
      from head left join revocations on true limit 1`)
    this.#writeHead = db.prepare('insert or replace into head values (1, ?, ?, ?, ?, ?, ?)')
    this.#addBatch = db.prepare('insert into batches values (?, ?, ?, ?)')
    this.#addSeals = db.prepare('insert into seals values (?, ?, ?, ?)')
    this.#setBatch = db.prepare('update batches set sum = ?, text = ? where from_seq = ?')
    this.#batchFrom = db.prepare('select to_seq as toSeq from batches where from_seq = ?')
    // Batches have no gaps: the first one to read is the last that starts at or before the seq.
    this.#batchesAfter = db.prepare(`
      select from_seq as fromSeq, to_seq as toSeq, sum, text from batches
      where from_seq >= coalesce((select max(from_seq) from batches where from_seq <= ?), 0)
      order by from_seq`)
    this.#sealsAt = db.prepare(`
      select from_seq as fromSeq, to_seq as toSeq, sum, text from seals
      where from_seq <= ? order by from_seq desc limit 1`)
    this.#readMeta = db.prepare('select sum, value from meta where key = ?')
    this.#addMeta = db.prepare('insert into meta values (?, ?, ?) on conflict do nothing')
    this.#setMeta = db.prepare('update meta set sum = ?, value = ? where key = ?')
    this.#dropMeta = db.prepare('delete from meta where key = ?')
    try {
      const owner = this.meta(SPACE) ?? (isReadOnly ? 'nobody' : this.claimMeta(SPACE, space))
      if (owner !== space) throw new StoreError('not_ours', `${file} is of space ${owner}`)
      this.#mustScrub = this.meta(SCRUB) !== undefined
    } catch (error) {
      db.close()
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }

  head(): SpaceHead {
    return this.#read(() => this.#head())
  }

  #head(): SpaceHead {
    const { through, entities } = this.#behind.read()
    const row = this.#readHead.get() as HeadRow | undefined
    if (row === undefined) return { ...NEW_HEAD, through, entities }
    checkRow(headKey(row), row.sum, row.text)
    const { epoch, seq, commits, sessions, text } = row
    const hasRevocations = row.revoked !== null
    return { epoch, seq, commits, sessions, text, through, entities, hasRevocations }
  }

  append(commit: Commit): 'committed' | 'fenced' {
    checkCommit(commit)
    const outcome = this.#write(() => {
      const stored = this.#head()
      if (isFencedCommit(commit, stored)) return 'fenced'
      const sessions = this.#ledger.putSessions(commit.sessions ?? [], stored.sessions)
      this.#authors.put(commit.authors ?? [])
      this.#authors.revoke(commit.revocations ?? [])
      if (commit.batch !== undefined) this.#putBatch(commit.batch)
      this.#ledger.put(commit)
      this.#redact(commit)
      const seq = commit.batch?.toSeq ?? stored.seq
      const head = { epoch: commit.epoch, seq, commits: stored.commits + 1, sessions }
      const sum = sumOf(headKey(head), commit.head)
      this.#writeHead.run(head.epoch, seq, head.commits, sessions, sum, commit.head)
      return 'committed'
    })
    this.#scrub()
    return outcome
  }

  writeBehind(write: WriteBehind): 'written' | 'fenced' {
    checkWriteBehind(write)
    const outcome = this.#write(() => {
      const stored = this.#head()
      if (isFencedWriteBehind(write, stored)) return 'fenced'
      if (write.erases) this.#scrubLater()
      this.#behind.write(write, stored.entities)
      return 'written'
    })
    this.#scrub()
    return outcome
  }

  resetBehind(): void {
    this.#write(() => this.#behind.reset())
  }

  ledger(sessionId: string, clientSeqs: readonly number[]): readonly LedgerAnswer[] {
    checkKeys(clientSeqs)
    return this.#read(() => this.#ledger.answers(sessionId, clientSeqs))
  }

  ledgerRuns(sessionId: string, fromClientSeq: number, countMax: number): readonly LedgerRun[] {
    return this.#read(() => this.#ledger.runs(sessionId, fromClientSeq, countMax))
  }

  sessions(keys: readonly (string | number)[]): readonly (Stored<NumberedSession> | undefined)[] {
    checkKeys(keys)
    return this.#read(() => keys.map((key) => this.#ledger.session(key)))
  }

  authors(ids: readonly string[]): readonly (Stored<AuthorText> | undefined)[] {
    checkKeys(ids)
    return this.#read(() => ids.map((id) => this.#authors.author(id)))
  }

  authorsOf(text: string, countMax: number): readonly Stored<AuthorText>[] {
    return this.#read(() => this.#authors.of(text, countMax))
  }

  revocations(): readonly Stored<RevocationText>[] {
    return this.#read(() => this.#authors.revocations())
  }

  rejection(msgId: string): Stored<RejectionText> | undefined {
    return this.#read(() => this.#ledger.rejection(msgId))
  }

  rejections(sessionId: string, from: number, countMax: number): readonly Stored<RejectionText>[] {
    return this.#read(() => this.#ledger.rejections(sessionId, from, countMax))
  }

  rejectionsWith(part: string): readonly Stored<RejectionText>[] {
    return this.#read(() => this.#ledger.rejectionsWith(part))
  }

  forgetRejections(keep: number, countMax: number): number {
    return this.#write(() => this.#ledger.forget(keep, countMax))
  }

  states(entities: readonly string[], bytesMax: Bytes): readonly (Stored<StateText> | undefined)[] {
    checkKeys(entities)
    return this.#read(() => this.#behind.states(entities, bytesMax))
  }

  changes(entity: string, beforeSeq: number, max: ReadLimit): readonly Stored<ChangeText>[] {
    return this.#read(() => this.#behind.changes(entity, beforeSeq, max))
  }

  batches(afterSeq: number, bytesMax: Bytes): readonly Stored<BatchText>[] {
    return this.#read(() => this.#batches(afterSeq, bytesMax))
  }

  #batches(afterSeq: number, bytesMax: Bytes): readonly Stored<BatchText>[] {
    const { seq } = this.#head()
    const given: Stored<BatchText>[] = []
    let next = afterSeq + 1
    let left: number = bytesMax
    for (const found of this.#batchesAfter.iterate(next)) {
      const row = found as unknown as BatchRow
      if (row.toSeq < next) continue
      left -= utf8Bytes(row.text)
      if (left < 0 && given.length > 0) return given
      if (row.fromSeq > next) given.push(missing('batches', next, row.fromSeq - 1))
      given.push(batchOf('batches', row))
      next = row.toSeq + 1
    }
    if (next <= seq) given.push(missing('batches', next, seq))
    return given
  }

  seals(seq: number): Stored<BatchText> | undefined {
    if (seq < 1 || seq > this.head().seq) return undefined
    const row = this.#sealsAt.get(seq) as BatchRow | undefined
    return row === undefined || row.toSeq < seq ? missing('seals', seq, seq) : batchOf('seals', row)
  }

  scan(type?: string, keys?: StateKeyRange): ScanTables {
    return this.#behind.scan(type, keys)
  }

  claimMeta(key: string, value: string): string {
    this.#write(() => this.#addMeta.run(key, sumOf(metaKey(key), value), value))
    // Set by the statement above, in this call or an earlier one.
    return this.meta(key)!
  }

  meta(key: string): string | undefined {
    const row = this.#readMeta.get(key) as { sum: string; value: string } | undefined
    if (row === undefined) return undefined
    checkRow(metaKey(key), row.sum, row.value)
    return row.value
  }

  #putBatch({ fromSeq, toSeq, text, seals }: NonNullable<Commit['batch']>): void {
    const sum = (table: BatchTable, of: string): string =>
      sumOf(batchKey(table, { fromSeq, toSeq }), of)
    this.#addBatch.run(fromSeq, toSeq, sum('batches', text), text)
    this.#addSeals.run(fromSeq, toSeq, sum('seals', seals), seals)
  }

  #redact({ redacted, expect }: Commit): void {
    if (redacted === undefined) return
    for (const { fromSeq, text } of redacted.batches) {
      const row = this.#batchFrom.get(fromSeq) as { toSeq: number } | undefined
      assert(row !== undefined && row.toSeq <= expect.seq, `no batch begins at seq ${fromSeq}`)
      const key = batchKey('batches', { fromSeq, toSeq: row.toSeq })
      this.#setBatch.run(sumOf(key, text), text, fromSeq)
    }
    this.#ledger.redact(redacted.rejections)
    for (const { key, value } of redacted.meta ?? []) {
      const { changes } = this.#setMeta.run(sumOf(metaKey(key), value), value, key)
      assert(changes === 1, `no row of ${metaKey(key)} is stored`)
    }
    this.#scrubLater()
  }

  /** Runs a step in a read transaction, with one snapshot of the file. */
  #read<T>(step: () => T): T {
    return this.#within(this.#beginRead, step)
  }

  #write<T>(step: () => T): T {
    return this.#within(this.#begin, step)
  }

  #within<T>(begin: StatementSync, step: () => T): T {
    begin.run()
    try {
      const result = step()
      this.#commit.run()
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#rollback.run()
      throw error
    }
  }

  /** Sets the flag to truncate the log. Called within an erasing transaction. */
  #scrubLater(): void {
    this.#addMeta.run(SCRUB, sumOf(metaKey(SCRUB), ''), '')
    this.#mustScrub = true
  }

  /** Truncates the log, which still has erased text. While a scan reads it, the next write retries. */
  #scrub(): void {
    if (!this.#mustScrub) return
    this.#db.exec('pragma busy_timeout = 0')
    const { busy } = this.#db.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number }
    this.#db.exec(`pragma busy_timeout = ${BUSY_MS_MAX}`)
    if (busy !== 0) return
    this.#write(() => this.#dropMeta.run(SCRUB))
    this.#mustScrub = false
  }
}

function batchOf(table: BatchTable, row: BatchRow): Stored<BatchText> {
  const { fromSeq, toSeq, sum, text } = row
  return { fromSeq, toSeq, text: textOf(batchKey(table, row), sum, text) }
}

/** The error for missing rows, which are damage, because seqs have no gaps. */
function missing(table: BatchTable, fromSeq: number, toSeq: number): Stored<BatchText> {
  return { fromSeq, toSeq, text: damaged(batchKey(table, { fromSeq, toSeq })) }
}

const batchKey = (table: BatchTable, { fromSeq, toSeq }: Omit<BatchText, 'text'>): string =>
  `${table === 'batches' ? 'the batch' : 'the seals of the batch'} of seqs ${fromSeq} to ${toSeq}`
const headKey = ({
  epoch,
  seq,
  commits,
  sessions,
}: Omit<HeadRow, 'sum' | 'text' | 'revoked'>): string =>
  `the head (epoch ${epoch}, seq ${seq}, commit ${commits}, ${sessions} sessions)`
const metaKey = (key: string): string => `meta ${JSON.stringify(key)}`
