/**
 * Floor of the network workloads: what goes over Socket.IO. Changes are positional and name a row
 * by its number in the order of creation, so that the floor is as small as it can be with JSON.
 */
import type { TaskRow } from '../data.ts'

export const FIELDS = ['title', 'done', 'priority', 'ownerId', 'createdAt'] as const

/** A created row: its id, then the values in the order of `FIELDS`. */
export type WireRow = readonly [
  id: string,
  title: string,
  done: boolean,
  priority: number,
  ownerId: string,
  createdAt: number,
]

/** One field of a row. `row` is an id while the author does not know the number. */
export type WireUpdate = readonly [row: number | string, field: number, value: unknown]

export type WireChange = WireRow | WireUpdate

/** Changes `first`, `first + 1`, … of an author. */
export type WireRun = readonly [author: string, first: number, changes: readonly WireChange[]]

/** All rows in columns, in the order of their numbers; owners by their place in a list. */
export interface WireSnapshot {
  readonly ids: readonly string[]
  readonly titles: readonly string[]
  readonly dones: readonly (0 | 1)[]
  readonly priorities: readonly number[]
  readonly owners: readonly string[]
  readonly ownerOf: readonly number[]
  readonly createdAts: readonly number[]
}

/** `push`: changes without a verdict, up. `hello`: the last seq that is known, up. */
export interface ClientEvents {
  push: (run: WireRun) => void
  hello: (afterSeq: number) => void
}

/**
 * `commit`: a run of the canonical order, down, equal for all clients: to its author it is the ack.
 */
export interface ServerEvents {
  commit: (firstSeq: number, runs: readonly WireRun[]) => void
  snapshot: (seq: number, rows: WireSnapshot) => void
}

export function isRow(change: WireChange): change is WireRow {
  return change.length === 6
}

export function rowOf([id, title, done, priority, ownerId, createdAt]: WireRow): TaskRow {
  return { id, title, done, priority, ownerId, createdAt }
}

export function wireRow({ id, title, done, priority, ownerId, createdAt }: TaskRow): WireRow {
  return [id, title, done, priority, ownerId, createdAt]
}

/** A row with another value of a field, of the same hidden class. */
export function changed(row: TaskRow, field: number, value: unknown): TaskRow {
  const { id, title, done, priority, ownerId, createdAt } = row
  const next = { id, title, done, priority, ownerId, createdAt }
  ;(next as Record<string, unknown>)[FIELDS[field]!] = value
  return next
}

export function snapshotOf(rows: readonly TaskRow[]): WireSnapshot {
  const owners = [...new Set(rows.map((row) => row.ownerId))]
  const places = new Map(owners.map((owner, i) => [owner, i]))
  return {
    ids: rows.map((row) => row.id),
    titles: rows.map((row) => row.title),
    dones: rows.map((row) => (row.done ? 1 : 0)),
    priorities: rows.map((row) => row.priority),
    owners,
    ownerOf: rows.map((row) => places.get(row.ownerId)!),
    createdAts: rows.map((row) => row.createdAt),
  }
}

export function rowsOf(snapshot: WireSnapshot): TaskRow[] {
  const { ids, titles, dones, priorities, owners, ownerOf, createdAts } = snapshot
  return ids.map((id, i) => ({
    id,
    title: titles[i]!,
    done: dones[i] === 1,
    priority: priorities[i]!,
    ownerId: owners[ownerOf[i]!]!,
    createdAt: createdAts[i]!,
  }))
}
