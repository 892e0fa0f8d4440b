/** Readings of the world are kept by their keys, so a key must say all that is read by. */
import type { AnyRow } from '@countersign/core'
import { expect, test } from 'vitest'
import { VersionedReading } from './reading.ts'
import { NEWEST_BUILD, knownTo } from './versioned.ts'

/** A row of `$schema`, under the id of version 3, as a build publishes it. */
function publishedBy(build: number): AnyRow {
  return { id: 'version 3', type: 'ticket', chain: knownTo(build, 'ticket') } as never
}

test('two builds publish under one id: who was second learns what the first one said', () => {
  const own = new VersionedReading(3, [publishedBy(3)])
  const corrected = new VersionedReading(3, [publishedBy(NEWEST_BUILD)])
  expect(corrected.isWider).toBe(true)
  expect(own.isWider).toBe(false)
  expect(corrected.key).not.toBe(own.key)
})

test('what is told of other types changes nothing', () => {
  const other = { id: 'other', type: 'place', chain: {} } as never
  expect(new VersionedReading(3, [other]).key).toBe(new VersionedReading(3, []).key)
})
