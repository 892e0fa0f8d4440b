/**
 * A reviewer's store in one SQLite file, through `node:sqlite`: WAL, `synchronous = full`, one
 * transaction a batch, so a batch is on the disk when `append` resolves.
 *
 * Commits run on the caller's thread. A worker for them was measured on two cores: it lost 0.2 ms
 * for a lone write and 10 to 30 % with small batches, and was equal with large ones; only a disk
 * that needs 3 ms gave it 10 % more in between. While a commit waits for the disk the next batch
 * gathers in the sockets, and `append` lets them be read before it resolves.
 *
 * A failed write leaves the store shut until `load` has opened the file anew: after an error of
 * the disk neither SQLite's caches nor the set of ids can be trusted.
 */
import { join, resolve } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type {
  AppendBatch,
  ReviewerState,
  ReviewerStore,
  StoredRejection,
  StoredRun,
  StoredSession,
} from '@countersign/core/ports'
import { checkedEndSeq, isFenced } from './batch.ts'
import type { StoredHead } from './batch.ts'
import { BatchError, StoreError } from './errors.ts'
import { IdSet, packIds, unpackIds } from './ids.ts'
import { openDatabase, storeError } from './sqlite-file.ts'

const FILE_NAME = 'reviewer.sqlite'
const FILE_ENDING = /\.(?:sqlite|sqlite3|db)$/

/**
 * A store in the folder at `path`, or in the very file if `path` ends in `.sqlite`, `.sqlite3` or
 * `.db`. The file is opened, or made, by the first call; every call rejects with a `StoreError`
 * while that fails.
 */
export function sqliteReviewerStore(path: string): ReviewerStore {
  return new SqliteStore(resolve(FILE_ENDING.test(path) ? path : join(path, FILE_NAME)))
}

class SqliteStore implements ReviewerStore {
  readonly #file: string
  #open: OpenFile | undefined
  #state: 'usable' | 'failed' | 'closed' = 'usable'

  constructor(file: string) {
    this.#file = file
  }

  async load(): Promise<ReviewerState> {
    if (this.#state === 'failed') {
      this.#open?.close()
      this.#open = undefined
      this.#state = 'usable'
    }
    return this.#use((open) => open.load())
  }

  async readRuns(afterSeq: number, runsMax: number): Promise<readonly StoredRun[]> {
    return this.#use((open) => open.readRuns(afterSeq, runsMax))
  }

  async claimMeta(key: string, value: string): Promise<string> {
    return this.#use((open) => open.claimMeta(key, value))
  }

  async append(batch: AppendBatch): Promise<'committed' | 'fenced'> {
    const endSeq = checkedEndSeq(batch)
    const outcome = this.#use((open) => open.append(batch, endSeq))
    // The next batch shall hold all that came in meanwhile, so the sockets are read before it.
    await new Promise(setImmediate)
    return outcome
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#open?.close()
    this.#open = undefined
  }

  #use<T>(work: (open: OpenFile) => T): T {
    if (this.#state === 'closed') throw new StoreError('closed', 'the store is closed')
    if (this.#state === 'failed') {
      throw new StoreError('failed', 'the store failed before and must be loaded anew')
    }
    try {
      this.#open ??= new OpenFile(openDatabase(this.#file))
      return work(this.#open)
    } catch (error) {
      if (this.#open !== undefined) this.#state = 'failed'
      throw error instanceof BatchError ? error : storeError(error, this.#file)
    }
  }
}

/** An open database with its prepared statements, and the set of the ids in it. */
class OpenFile {
  readonly #db: DatabaseSync
  readonly #ids = new IdSet()
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync
  readonly #readHead: StatementSync
  readonly #writeHead: StatementSync
  readonly #writeRun: StatementSync
  readonly #readRuns: StatementSync
  readonly #writeSession: StatementSync
  readonly #writeRejection: StatementSync
  readonly #removeSession: StatementSync
  readonly #removeRejection: StatementSync
  readonly #claim: StatementSync
  readonly #readMeta: StatementSync

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#begin = db.prepare('begin immediate')
    this.#commit = db.prepare('commit')
    this.#rollback = db.prepare('rollback')
    this.#readHead = db.prepare('select epoch, seq, text from head')
    this.#writeHead = db.prepare('insert or replace into head values (1, ?, ?, ?)')
    this.#writeRun = db.prepare('insert into runs values (?, ?, ?, ?, ?)')
    // Runs touch without gaps: the first to read is at the earliest the last that begins by then.
    this.#readRuns = db.prepare(`
      select from_seq as fromSeq, to_seq as toSeq, ids, text, seals from runs
      where from_seq >= coalesce((select max(from_seq) from runs where from_seq <= ?1), 0)
        and to_seq > ?1
      order by from_seq limit ?2`)
    this.#writeSession = db.prepare(`
      insert into sessions values (?, ?) on conflict do update set text = excluded.text`)
    this.#writeRejection = db.prepare(`
      insert into rejections values (?, ?, ?) on conflict do update set
        session_id = excluded.session_id, text = excluded.text`)
    this.#removeSession = db.prepare('delete from sessions where session_id = ?')
    this.#removeRejection = db.prepare('delete from rejections where msg_id = ?')
    this.#claim = db.prepare('insert into meta values (?, ?) on conflict do nothing')
    this.#readMeta = db.prepare('select value from meta where key = ?')
    for (const { ids } of db.prepare('select ids from runs').iterate()) {
      if (this.#ids.addAll(ids as Uint8Array) !== -1) {
        throw new StoreError('corrupt', 'the database holds a message twice')
      }
    }
  }

  load(): ReviewerState {
    const rows = <T>(sql: string): T[] => this.#db.prepare(sql).all() as T[]
    return {
      head: (this.#readHead.get() as { text: string } | undefined)?.text,
      meta: new Map(
        rows<{ key: string; value: string }>('select key, value from meta order by rowid').map(
          ({ key, value }) => [key, value],
        ),
      ),
      sessions: rows<StoredSession>(
        'select session_id as sessionId, text from sessions order by rowid',
      ),
      rejections: rows<StoredRejection>(
        `select msg_id as msgId, session_id as sessionId, text from rejections order by rowid`,
      ),
    }
  }

  readRuns(afterSeq: number, runsMax: number): readonly StoredRun[] {
    const rows = this.#readRuns.all(afterSeq, runsMax) as unknown as (Omit<StoredRun, 'ids'> & {
      ids: Uint8Array
    })[]
    return rows.map((row) => ({ ...row, ids: unpackIds(row.ids) }))
  }

  claimMeta(key: string, value: string): string {
    this.#claim.run(key, value)
    return (this.#readMeta.get(key) as { value: string }).value
  }

  append(batch: AppendBatch, endSeq: number): 'committed' | 'fenced' {
    const packed = batch.runs.map((run) => packIds(run.ids))
    this.#begin.run()
    try {
      const head = (this.#readHead.get() as StoredHead | undefined) ?? { epoch: 0, seq: 0 }
      if (isFenced(batch, head)) {
        this.#rollback.run()
        return 'fenced'
      }
      this.#write(batch, packed, endSeq)
      this.#commit.run()
      return 'committed'
    } catch (error) {
      if (this.#db.isTransaction) this.#rollback.run()
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }

  #write(batch: AppendBatch, packed: readonly Uint8Array[], endSeq: number): void {
    batch.runs.forEach((run, i) => {
      const twice = this.#ids.addAll(packed[i]!)
      if (twice !== -1) throw new BatchError(`message ${run.ids[twice]} is stored already`)
      this.#writeRun.run(run.fromSeq, run.toSeq, packed[i]!, run.text, run.seals)
    })
    for (const id of batch.removed?.rejections ?? []) this.#removeRejection.run(id)
    for (const id of batch.removed?.sessions ?? []) this.#removeSession.run(id)
    for (const { sessionId, text } of batch.sessions) this.#writeSession.run(sessionId, text)
    for (const { msgId, sessionId, text } of batch.rejections) {
      this.#writeRejection.run(msgId, sessionId, text)
    }
    this.#writeHead.run(batch.epoch, endSeq, batch.head)
  }
}
