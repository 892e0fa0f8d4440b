/** The types of included rows, and of includes that must not compile. Nothing here runs. */
import { type AnyRow, entity, optional, reference } from '@countersign/core'
import { z } from 'zod'
import type { Row } from '../src/index.ts'
import { useInfiniteQuery, useQuery } from '../src/index.ts'

const User = entity('user', z.object({ name: z.string() }))
const Team = entity('team', { title: z.string() })
const Issue = entity('issue', {
  title: z.string(),
  points: z.number(),
  assignee: optional(reference(User)),
  team: reference(Team),
  parent: optional(reference({ name: 'issue' })),
})
const Card = entity('card', z.object({ author: z.string(), reviewer: z.string().optional() }))

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<T extends true>(value: T): T {
  return value
}

export function useRightIncludes(): void {
  const { rows } = useQuery(Issue, {
    where: { points: 1 },
    include: { assignee: true, team: true },
  })
  const issue = rows[0]!
  const { assignee, team } = issue.$included
  holds<Equal<(typeof issue)['title'], string>>(true)
  holds<
    Equal<NonNullable<typeof assignee>['status'], 'ready' | 'archived' | 'loading' | 'unknown'>
  >(true)
  const user = assignee?.row
  holds<Equal<typeof user, Row<typeof User> | undefined>>(true)
  // A reference that every row has names something, which may be missing.
  holds<Equal<typeof team extends undefined ? true : false, false>>(true)
  void team.status
  const title = team.row?.title
  holds<Equal<typeof title, string | undefined>>(true)
  const text: string | undefined = issue.assignee

  const cards = useQuery(Card, { include: { author: reference(User), reviewer: reference(User) } })
  const name = cards.rows[0]!.$included.author.row?.name
  const other = cards.rows[0]!.$included.reviewer?.row?.name
  holds<Equal<typeof name, string | undefined>>(true)
  holds<Equal<typeof other, string | undefined>>(true)

  const parents = useQuery(Issue, { include: { parent: true } })
  const parent = parents.rows[0]!.$included.parent?.row
  holds<Equal<typeof parent, AnyRow | undefined>>(true)

  const names = useQuery(Issue, { include: { assignee: true } }, (result) =>
    result.rows.map((row) => row.$included.assignee?.row?.name),
  )
  holds<Equal<typeof names, (string | undefined)[]>>(true)
  const pages = useInfiniteQuery(Issue, { pageSize: 5, include: { assignee: true } })
  const more: () => void = pages.fetchMore
  const paged = pages.rows[0]!.$included.assignee?.row?.name
  holds<Equal<typeof paged, string | undefined>>(true)
  void [text, more, pages.hasMore, pages.asOf]
}

export function useWrongIncludes(): void {
  // @ts-expect-error a field that the type does not have
  useQuery(Issue, { include: { colour: true } })
  // @ts-expect-error a field that is no reference
  useQuery(Issue, { include: { title: true } })
  // @ts-expect-error a field that holds no text
  useQuery(Issue, { include: { points: reference(User) } })
  // @ts-expect-error a text that no declaration makes a reference
  useQuery(Card, { include: { author: true } })
  // @ts-expect-error not included
  void useQuery(Issue, { include: { team: true } }).rows[0]!.$included.assignee
  // @ts-expect-error without include there is none
  void useQuery(Issue).rows[0]!.$included
  // @ts-expect-error a field that the included type does not have
  void useQuery(Issue, { include: { team: true } }).rows[0]!.$included.team.row?.colour
  // @ts-expect-error where: a field that the type does not have
  useQuery(Issue, { where: { colour: 'red' }, include: { team: true } })
}
