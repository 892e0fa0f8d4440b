import { useInfiniteQuery } from '../src/index.ts'
import { Issue, Line } from './example.tsx'

export function Board() {
  const query = { orderBy: ['title'], pageSize: 20 } as const
  const { rows, hasMore, fetching, fetchMore } = useInfiniteQuery(Issue, query)
  return (
    <>
      {rows.map((issue) => (
        <Line key={issue.id} id={issue.id} />
      ))}
      {hasMore && <button disabled={fetching} onClick={fetchMore} />}
    </>
  )
}
