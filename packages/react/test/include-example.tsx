import { entity, optional, reference } from '@countersign/core'
import { z } from 'zod'
import { useQuery } from '../src/index.ts'

export const Person = entity('person', z.object({ name: z.string() }))
export const Task = entity('task', { title: z.string(), author: optional(reference(Person)) })

export function Tasks() {
  const { rows } = useQuery(Task, { orderBy: ['title'], include: { author: true } })
  return rows.map(({ id, title, $included: { author } }) => (
    <p key={id}>{`${title}: ${author?.row?.name ?? author?.status ?? 'nobody'}`}</p>
  ))
}
