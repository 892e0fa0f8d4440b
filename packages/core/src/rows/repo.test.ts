import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { Repo } from './repo.ts'

const viewer = { authorId: () => undefined, isMine: () => false, volatile: () => false }

test('a system type that is added later notifies its listeners before the types of the app', () => {
  const told: string[] = []
  const repo = new Repo({
    entities: ['task', 'note'].map((name) => entity(name, z.object({ title: z.string() }))),
    viewer,
    onListenerError: () => {},
    onTable: (table) => {
      const { name } = table.entity
      table.sink = { changed: () => {}, emit: () => void told.push(name) }
    },
  })
  repo.addSystem(entity('$schema', z.object({ type: z.string() })))
  repo.tableNamed('other-build')
  repo.emit()
  expect(told).toEqual(['$schema', 'task', 'note', 'other-build'])
  expect([...repo.tables()].map(({ entity: { name } }) => name)).toEqual(told)
})
