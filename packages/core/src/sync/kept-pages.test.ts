/** Which pages are kept for the next link. */
import { expect, test } from 'vitest'
import { pageHash, pageName } from '../wire/signed.ts'
import { KEPT_PAGES_MAX, KeptPages } from './kept-pages.ts'

const nameOf = (text: string): string => pageName(pageHash(text))

test('SNAP9 pages are kept by the names of their hashes, each once, within the bound of bytes', () => {
  const kept = new KeptPages(10)
  expect(kept.names).toBeNull()
  for (const text of ['äb', 'äb', 'cdef', 'ghij', 'klm']) kept.add(text)
  expect(kept.names).toEqual(['äb', 'cdef', 'klm'].map(nameOf))
  expect([kept.get(nameOf('cdef')), kept.get(nameOf('ghij'))]).toEqual(['cdef', undefined])
  kept.clear()
  expect([kept.names, kept.get(nameOf('cdef'))]).toEqual([null, undefined])
  kept.add('ghij')
  expect(kept.names).toEqual([nameOf('ghij')])
})

test('§20 bounds: so many pages are kept that a handshake can name them', () => {
  const kept = new KeptPages(1_000_000)
  for (let n = 0; n <= KEPT_PAGES_MAX; n++) kept.add(`page ${n}`)
  expect(kept.names).toHaveLength(KEPT_PAGES_MAX)
})
