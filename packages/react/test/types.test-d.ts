/**
 * Programs that must not compile, and the types of the hooks. Nothing here runs:
 * the type check of the workspace covers this file, and an unused `@ts-expect-error` fails it.
 */
import type {
  Conflict,
  PagesResult,
  QueryResult,
  RefusedMessage,
  Row,
  SyncStatus,
  SyncStore,
  Uuid,
} from '../src/index.ts'
import {
  useConflicts,
  useEntity,
  useInfiniteQuery,
  useQuery,
  useRefused,
  useSyncStatus,
  useSyncStore,
} from '../src/index.ts'
import { Issue } from './kit.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<T extends true>(value: T): T {
  return value
}

export function useRightPrograms(id: Uuid): void {
  const row = useEntity(Issue, id)
  holds<Equal<typeof row, Row<typeof Issue> | undefined>>(true)
  const title = useEntity(Issue, id, (issue) => issue.title)
  holds<Equal<typeof title, string | undefined>>(true)
  const pair = useEntity(
    Issue,
    id,
    ({ points, status }) => ({ points, status }),
    (a, b) => a.points === b.points && a.status === b.status,
  )
  holds<Equal<typeof pair, { points: number; status: 'open' | 'doing' | 'done' } | undefined>>(true)
  holds<Equal<NonNullable<typeof row>['status'], 'open' | 'doing' | 'done'>>(true)
  useEntity(Issue, undefined)
  useEntity(Issue, null)

  const all = useQuery(Issue)
  holds<Equal<typeof all, QueryResult<typeof Issue>>>(true)
  useQuery(Issue, {
    where: { status: 'open', points: { gte: 3 }, $author: id },
    orderBy: ['-points', '$createdOrderKey', 'title'],
    limit: 50,
    archived: 'include',
  })
  useQuery(Issue, { where: { or: [{ status: 'open' }, { points: { in: [1, 2] } }] } })
  const points = useQuery(Issue, undefined, ({ rows }) => rows.map((issue) => issue.points))
  holds<Equal<typeof points, number[]>>(true)

  const pages = useInfiniteQuery(Issue, {
    where: { status: 'open' },
    orderBy: ['-points'],
    pageSize: 20,
  })
  holds<Equal<typeof pages, PagesResult<typeof Issue>>>(true)
  const loaded = useInfiniteQuery(
    Issue,
    undefined,
    ({ rows, hasMore }) => [rows.length, hasMore] as const,
  )
  holds<Equal<typeof loaded, readonly [number, boolean]>>(true)

  const status = useSyncStatus()
  holds<Equal<typeof status, SyncStatus>>(true)
  const waiting = useSyncStatus((now) => now.outboxMessages > 0)
  holds<Equal<typeof waiting, boolean>>(true)
  holds<Equal<ReturnType<typeof useSyncStore>, SyncStore>>(true)
}

export function useRightLists(): void {
  const conflicts = useConflicts(Issue)
  holds<Equal<typeof conflicts, readonly Conflict<typeof Issue>[]>>(true)
  const field = conflicts[0]!.field
  holds<Equal<typeof field, 'title' | 'status' | 'points' | '$archived'>>(true)
  const all = useConflicts()
  holds<Equal<typeof all, readonly Conflict[]>>(true)
  const count = useConflicts(Issue, (open) => open.length)
  holds<Equal<typeof count, number>>(true)
  const titles = useConflicts(Issue, (open) => open.filter((one) => one.field === 'title'))
  holds<Equal<typeof titles, Conflict<typeof Issue>[]>>(true)

  const refused = useRefused()
  holds<Equal<typeof refused, readonly RefusedMessage[]>>(true)
  const reasons = useRefused(
    (messages) => messages.map(({ reason }) => reason),
    (a, b) => a.join() === b.join(),
  )
  holds<Equal<typeof reasons, RefusedMessage['reason'][]>>(true)
}

export function useWrongLists(): void {
  // @ts-expect-error a name is no type
  useConflicts('issue')
  // @ts-expect-error a field that the type does not have
  useConflicts(Issue, (open) => open.filter((one) => one.field === 'colour'))
  // @ts-expect-error the list is the store's
  useConflicts(Issue).pop()
  // @ts-expect-error refused messages are of all types
  useRefused(Issue)
  // @ts-expect-error the list is the store's
  useRefused().pop()
}

export function useWrongWrites(id: Uuid): void {
  const store = useSyncStore()
  // @ts-expect-error create: a field that the type does not have
  store.create(Issue, { title: 'x', status: 'open', points: 0, colour: 'red' })
  // @ts-expect-error create: the wrong type
  store.create(Issue, { title: 7, status: 'open', points: 0 })
  // @ts-expect-error create: a value outside the enum
  store.create(Issue, { title: 'x', status: 'closed', points: 0 })
  // @ts-expect-error create: a required field is missing
  store.create(Issue, { title: 'x', status: 'open' })
  // @ts-expect-error update: a field that the type does not have
  store.update(Issue, id, { colour: 'red' })
  // @ts-expect-error update: the wrong type
  store.update(Issue, id, { points: '3' })
  // @ts-expect-error update: the id is no field
  store.update(Issue, id, { id })
  // @ts-expect-error update: what the library says of a row cannot be written
  store.update(Issue, id, { $author: id })
}

export function useWrongQueries(): void {
  // @ts-expect-error where: a field that the type does not have
  useQuery(Issue, { where: { colour: 'red' } })
  // @ts-expect-error where: the wrong type
  useQuery(Issue, { where: { points: { gte: '3' } } })
  // @ts-expect-error where: a value outside the enum
  useQuery(Issue, { where: { status: 'closed' } })
  // @ts-expect-error where: a comparison that does not exist
  useQuery(Issue, { where: { points: { above: 3 } } })
  // @ts-expect-error where: a field that the type does not have, inside `or`
  useQuery(Issue, { where: { or: [{ colour: 'red' }] } })
  // @ts-expect-error orderBy: a field that the type does not have
  useQuery(Issue, { orderBy: ['colour'] })
  // @ts-expect-error orderBy: the same, turned round
  useQuery(Issue, { orderBy: ['-colour'] })
  // @ts-expect-error pages have a size, and no limit
  useInfiniteQuery(Issue, { limit: 5 })
  // @ts-expect-error where: a field that the type does not have, of pages
  useInfiniteQuery(Issue, { where: { colour: 'red' } })
  // @ts-expect-error a part of a query that does not exist
  useQuery(Issue, { sortBy: ['points'] })
}

export function useWrongReads(id: Uuid): void {
  const row = useEntity(Issue, id)
  // @ts-expect-error the row may be missing
  void row.title
  // @ts-expect-error selecting a field that the type does not have
  useEntity(Issue, id, (issue) => issue.colour)
  // @ts-expect-error a number is no id
  useEntity(Issue, 7)
  // @ts-expect-error a name is no type
  useEntity('issue', id)
  // @ts-expect-error a part of the status that does not exist
  useSyncStatus((status) => status.mood)
}

export function wrongUses(row: Row<typeof Issue>, { rows }: QueryResult<typeof Issue>): void {
  // @ts-expect-error reading a field that the type does not have
  void row.colour
  // @ts-expect-error reading a field that the type does not have, from a list
  void rows[0]?.colour
  // @ts-expect-error assigning to a field of a row
  row.title = 'y'
  // @ts-expect-error assigning to what the library says of a row
  row.$author = row.id
  // @ts-expect-error deleting a field of a row
  delete row.title
  // @ts-expect-error adding a row by hand
  rows.push(row)
}

export function wrongDecisions(conflict: Conflict<typeof Issue>): void {
  // @ts-expect-error a conflict is resolved by its own function, not changed
  conflict.candidates = []
  // @ts-expect-error candidates are the store's
  conflict.candidates.pop()
}
