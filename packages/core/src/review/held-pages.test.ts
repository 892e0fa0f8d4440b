/** Which pages are kept in memory, and which go. */
import { expect, test } from 'vitest'
import { HeldPages } from './held-pages.ts'

const page = (letter: string): string[] => [letter.repeat(4), letter.repeat(4)]

test('§20 bounds: the pages that were used the longest time ago go, and never those that are pinned', () => {
  const held = new HeldPages(24)
  const loose = { isPinned: false }
  const pinned = { isPinned: false }
  const keys = [{}, {}, {}, {}, {}] as const
  held.keep(keys[0], page('a'), loose)
  held.keep(keys[1], page('b'), pinned)
  held.keep(keys[2], page('c'), loose)
  expect([held.get(keys[0]), held.bytes]).toEqual([page('a'), 24])
  held.keep(keys[3], page('d'), loose)
  expect(keys.map((key) => held.has(key))).toEqual([true, false, true, true, false])
  pinned.isPinned = true
  held.keep(keys[1], page('b'), pinned)
  held.keep(keys[3], page('d'), pinned)
  held.keep(keys[4], page('e'), pinned)
  expect([keys.map((key) => held.has(key)), held.bytes]).toEqual([
    [false, true, false, true, true],
    24,
  ])
  // There is no room, so it is not kept.
  held.keep(keys[0], page('a'), loose)
  expect([held.has(keys[0]), held.bytes]).toEqual([false, 24])
  held.delete(keys[1])
  held.keep(keys[0], page('ü').slice(1), loose)
  expect([held.has(keys[0]), held.bytes]).toEqual([true, 24])
  held.keep({}, ['f'], pinned)
  expect([held.has(keys[0]), held.bytes]).toEqual([false, 17])
})
