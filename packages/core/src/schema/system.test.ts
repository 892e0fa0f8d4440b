/** Holds the ids of published versions to their definition. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { uuid8 } from '../base/uuid.ts'
import { schemaId } from './system.ts'

test('ID5 the row of a version has the id of its type, number and revision', () => {
  for (const [type, number, revision] of [
    ['issue', 1, 0],
    ['issue', 2, 0],
    ['issue', 2, 1],
    ['note', 1, 0],
  ] as const) {
    const text = `cs/entity\0["$schema","${type}",${number},${revision}]`
    expect(schemaId(type, number, revision)).toBe(uuid8(createHash('sha256').update(text).digest()))
  }
})
