/**
 * C7: a newcomer in a space of 10,000 rows and 200,000 changes: the bytes of the reviewer's answer,
 * compressed, and the time until it has the rows by id and by a query. The reviewer lives in another
 * thread, with its space on disk. The floor's answer is the rows in columns, which it puts into a
 * map and two indexes.
 */
import type { SyncStore } from '@countersign/core'
import type { Transport } from '@countersign/core/ports'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  Task,
  type TaskRow,
  digest,
  mustEqualRow,
  openQuery,
  openRowsOf,
  taskRows,
} from '../data.ts'
import { type Figure, type Stretch, loneFigure, median, must, timeFigure } from '../figure.ts'
import { RawStore } from '../floors/raw-best.ts'
import { rowsOf, snapshotOf } from '../floors/sync-wire.ts'
import { startOffstage } from './offstage.ts'
import { type Size, interleaved, stretches, turn, until } from './rounds.ts'
import { acknowledged, openStore } from './stores.ts'

/** Changes of each row, its creation included. */
const HISTORY = 20
const CHANGES_A_TURN = 100
const WAIT_MS = 600_000
const QUERY_ROWS = 50

interface Joined {
  readonly all: Stretch
  readonly bytes: number
}

export async function c7({ rounds, rows: size }: Size): Promise<Figure[]> {
  const count = size / 10
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const offstage = startOffstage(folder)
  const young = await filled(offstage.transport, count, 1)
  const youngBytes = (await joined(offstage.transport, young)).bytes
  await young.writer.close()
  const old = await filled(offstage.transport, count, HISTORY)
  const answer = JSON.stringify(snapshotOf(old.rows))
  const answerBytes = gzipSync(answer).length
  const measured = await interleaved<Joined>(
    rounds,
    () => ({ all: floorJoined(answer, old.rows), bytes: answerBytes }),
    () => joined(offstage.transport, old),
  )
  await old.writer.close()
  await offstage.close()
  rmSync(folder, { recursive: true, force: true })
  const bytes = measured.ours.map((run) => run.bytes)
  const changes = (count * HISTORY).toLocaleString('en-US')
  const what = `newcomer: ${count.toLocaleString('en-US')} rows, ${changes} changes of history`
  return [
    timeFigure(
      { name: 'C7', what: `${what}, until get and query`, unit: 'ms' },
      stretches(measured, (run) => run.all),
    ),
    {
      ...loneFigure(
        { name: 'C7 bytes', what: `${what}, bytes of the answer, gz`, unit: 'B' },
        bytes,
      ),
      floor: answerBytes,
    },
    loneFigure({ name: 'C7 history', what: 'these bytes over those without a history', unit: '' }, [
      median(bytes) / youngBytes,
    ]),
  ]
}

interface Filled {
  readonly writer: SyncStore
  readonly rows: readonly TaskRow[]
  readonly seq: number
}

async function filled(transport: Transport, count: number, history: number): Promise<Filled> {
  const writer = await openStore(Task, { transport })
  await until('the link', () => writer.status.getState().connection === 'online')
  const isNew = writer.query(Task).rows.length === 0 && history === 1
  if (isNew) await writer.import(Task, taskRows(count))
  else await until('the rows', () => writer.query(Task).rows.length === count, WAIT_MS)
  const ids = taskRows(count).map((row) => row.id)
  for (let update = 1; update < history; update++) await updateAll(writer, ids, update)
  await acknowledged(writer)
  const rows = writer.query(Task).rows.map(plain)
  return { writer, rows, seq: writer.status.getState().position!.seq }
}

function plain({ id, title, done, priority, ownerId, createdAt }: TaskRow): TaskRow {
  return { id, title, done, priority, ownerId, createdAt }
}

/** Each change in a message of its own, as people make them. */
async function updateAll(store: SyncStore, ids: readonly string[], update: number): Promise<void> {
  for (const [i, id] of ids.entries()) {
    store.update(Task, id, { title: `The title of ${id.slice(0, 8)} after update ${update}` })
    if (i % CHANGES_A_TURN === 0) await turn()
  }
  await acknowledged(store)
}

function floorJoined(answer: string, rows: readonly TaskRow[]): Stretch {
  const cpu = process.threadCpuUsage()
  const start = performance.now()
  const store = new RawStore({ indexed: true })
  store.createMany(rowsOf(JSON.parse(answer)))
  const first = store.queryOpen(QUERY_ROWS)
  const one = store.get(rows[0]!.id)
  const ms = performance.now() - start
  const { user, system } = process.threadCpuUsage(cpu)
  checkRows([...store.all()], { first, one, rows })
  return { ms, cpuMs: (user + system) / 1_000 }
}

/** A further replica of the same space, with a storage of its own. */
async function joined(transport: Transport, { rows, seq }: Filled): Promise<Joined> {
  const frames: string[] = []
  const cpu = process.threadCpuUsage()
  const start = performance.now()
  const store = await openStore(Task, { transport: recorded(transport, frames) })
  await until('the answer', () => (store.status.getState().position?.seq ?? 0) >= seq)
  const first = store.query(Task, openQuery(QUERY_ROWS)).rows
  const one = store.read(Task, rows[0]!.id)
  const ms = performance.now() - start
  const { user, system } = process.threadCpuUsage(cpu)
  checkRows(store.query(Task).rows, { first, one, rows })
  await store.close()
  return { all: { ms, cpuMs: (user + system) / 1_000 }, bytes: gzipSync(frames.join('\n')).length }
}

function recorded(transport: Transport, frames: string[]): Transport {
  return {
    connect: (events) =>
      transport.connect({
        ...events,
        frame: (text) => {
          frames.push(text)
          events.frame(text)
        },
      }),
  }
}

function checkRows(
  found: readonly TaskRow[],
  {
    first,
    one,
    rows,
  }: {
    readonly first: readonly TaskRow[]
    readonly one: TaskRow | undefined
    readonly rows: readonly TaskRow[]
  },
): void {
  must(digest(found) === digest(rows), 'the newcomer has other rows')
  mustEqualRow(one, rows[0]!, 'the newcomer reads')
  const wanted = openRowsOf(rows, QUERY_ROWS).map((row) => row.id)
  must(first.map((row) => row.id).join() === wanted.join(), 'the newcomer finds other rows')
}
