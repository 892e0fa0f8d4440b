/** Readings of the world are cached by key, so a key must contain all inputs. */
import type { AnyRow } from '@countersign/core'
import { expect, test } from 'vitest'
import { VersionedReading } from './reading.ts'
import { NEWEST_BUILD, knownTo } from './versioned.ts'

/** A row of `$schema`, under the id of version 3, as a build publishes it. */
function publishedBy(build: number): AnyRow {
  return { id: 'version 3', type: 'ticket', chain: knownTo(build, 'ticket') } as never
}

test('two builds publish under one id: the second one reads the chain of the first', () => {
  const own = new VersionedReading(3, [publishedBy(3)])
  const corrected = new VersionedReading(3, [publishedBy(NEWEST_BUILD)])
  expect(corrected.isWider).toBe(true)
  expect(own.isWider).toBe(false)
  expect(corrected.key).not.toBe(own.key)
})

test('versions of other types change nothing', () => {
  const other = { id: 'other', type: 'place', chain: {} } as never
  expect(new VersionedReading(3, [other]).key).toBe(new VersionedReading(3, []).key)
})
