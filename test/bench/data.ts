/**
 * The rows of every workload: seeded, the same for floor and ours, and the type that declares
 * them. Texts are made flat, as they come from a form or a parser, not as chains of pieces.
 */
import { type Row, entity } from '@countersign/core'
import { z } from 'zod'
import { must } from './figure.ts'

export interface TaskInput {
  readonly title: string
  readonly done: boolean
  readonly priority: number
  readonly ownerId: string
  readonly createdAt: number
}

export interface TaskRow extends TaskInput {
  readonly id: string
}

export const OWNERS = 100

const shape = z.object({
  title: z.string(),
  done: z.boolean(),
  priority: z.number(),
  ownerId: z.string(),
  createdAt: z.number(),
})

/** Without an index, for workloads that are about single rows. */
export const Plain = entity('task', shape, { idPolicy: 'supplied' })

/** With the two indexes that the queries use. Ids may be given, so that floor and ours agree. */
export const Task = Plain.index('open', ['done', '-priority', 'createdAt']).index('owner', [
  'ownerId',
  'createdAt',
])

export type TaskEntity = typeof Task
export type OurRow = Row<TaskEntity>

/** The query of C4: what is open, most urgent first, oldest first among equals. */
export function openQuery(limit: number): {
  where: { done: boolean }
  orderBy: ('-priority' | 'createdAt')[]
  limit: number
} {
  return { where: { done: false }, orderBy: ['-priority', 'createdAt'], limit }
}

/** The query of C4b and C5: the rows of one owner, oldest first. */
export function ownerQuery(ownerId: string): {
  where: { ownerId: string }
  orderBy: 'createdAt'[]
} {
  return { where: { ownerId }, orderBy: ['createdAt'] }
}

export type Random = () => number

/** Mulberry32: small, quick, and the same everywhere. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!
}

function uuidFrom(random: Random): string {
  let hex = ''
  while (hex.length < 32) {
    hex += Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0')
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

const VERBS = ['Check', 'Write', 'Renew', 'Order', 'Paint', 'Repair']
const THINGS = ['the garden fence', 'the annual report', 'the parking permit', 'the old bicycle']

const EPOCH_MS = 1_700_000_000_000

/** So many rows of one seed, with ids. */
export function taskRows(count: number, seed = 1): TaskRow[] {
  const random = seeded(seed)
  const owners = Array.from({ length: OWNERS }, () => uuidFrom(random))
  const rows: TaskRow[] = []
  for (let i = 0; i < count; i++) {
    rows.push({
      id: flat(uuidFrom(random)),
      title: flat(`${pick(random, VERBS)} ${pick(random, THINGS)} ${100_000 + i}`),
      done: random() < 0.5,
      priority: Math.floor(random() * 10),
      // Every owner has the same number of rows: queries by owner are all of one size.
      ownerId: owners[i % OWNERS]!,
      createdAt: EPOCH_MS + Math.floor(random() * 1e9),
    })
  }
  return rows
}

/** The same rows for stores that mint the ids. */
export function inputOf({ title, done, priority, ownerId, createdAt }: TaskRow): TaskInput {
  return { title, done, priority, ownerId, createdAt }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function flat(text: string): string {
  return decoder.decode(encoder.encode(text))
}

/** One number for a set of rows in any order. */
export function digest(rows: Iterable<TaskRow>): string {
  const texts: string[] = []
  for (const { id, title, done, priority, ownerId, createdAt } of rows) {
    texts.push(JSON.stringify([id, title, done, priority, ownerId, createdAt]))
  }
  return `${texts.length}:${hashText(texts.sort().join('\n'))}`
}

/** cyrb53: 53 bits are enough to detect a wrong state. */
function hashText(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(16)
}

export function mustEqualRow(found: TaskRow | undefined, wanted: TaskRow, what: string): void {
  const same =
    found !== undefined &&
    found.id === wanted.id &&
    found.title === wanted.title &&
    found.done === wanted.done &&
    found.priority === wanted.priority &&
    found.ownerId === wanted.ownerId &&
    found.createdAt === wanted.createdAt
  must(same, `${what}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`)
}

export function mustEqualRows(
  found: readonly TaskRow[],
  wanted: readonly TaskRow[],
  what: string,
): void {
  must(found.length === wanted.length, `${what}: ${found.length} rows, not ${wanted.length}`)
  for (const [i, row] of wanted.entries()) mustEqualRow(found[i], row, `${what}, row ${i + 1}`)
}

/** The rows of the open query, worked out the slow way. */
export function openRowsOf(rows: Iterable<TaskRow>, limit: number): TaskRow[] {
  return [...rows]
    .filter((row) => !row.done)
    .sort((a, b) => b.priority - a.priority || a.createdAt - b.createdAt || byId(a, b))
    .slice(0, limit)
}

export function ownedRowsOf(rows: Iterable<TaskRow>, ownerId: string): TaskRow[] {
  return [...rows]
    .filter((row) => row.ownerId === ownerId)
    .sort((a, b) => a.createdAt - b.createdAt || byId(a, b))
}

function byId(a: TaskRow, b: TaskRow): number {
  return a.id < b.id ? -1 : 1
}
