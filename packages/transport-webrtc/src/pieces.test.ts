import { FRAME_BYTES_MAX } from '@countersign/core/ports'
import { describe, expect, test } from 'vitest'
import { PieceJoiner, byeOf, piecesOf } from './pieces.ts'
import type { Piece, Word } from './pieces.ts'

function joined(pieces: readonly Piece[]): Word[] {
  const joiner = new PieceJoiner()
  return pieces.map((piece) => joiner.take(piece))
}

const bytes = (...numbers: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(numbers)

describe('a frame', () => {
  test.each([0, 1, 16_382, 16_383, 16_384, 32_766, 32_767, FRAME_BYTES_MAX])(
    'of %i bytes comes back, in messages of at most 16 KiB, none of them empty',
    (length) => {
      for (const text of ['x'.repeat(length), `\ufeff${'ü'.repeat(Math.max(0, length - 3) / 2)}`]) {
        const pieces = piecesOf(text)
        for (const piece of pieces) {
          const size = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength
          expect(size).toBeGreaterThan(0)
          expect(size).toBeLessThanOrEqual(16_384)
        }
        const words = joined(pieces)
        expect(words.at(-1)).toEqual({ kind: 'frame', text })
        expect(words.slice(0, -1).every(({ kind }) => kind === 'waiting')).toBe(true)
      }
    },
  )

  test('a joiner takes one after the other, as bytes of either kind', () => {
    const joiner = new PieceJoiner()
    for (const text of ['a'.repeat(40_000), 'short', '€'.repeat(20_000)]) {
      let word: Word | undefined
      for (const piece of piecesOf(text))
        word = joiner.take(typeof piece === 'string' ? piece : piece.buffer)
      expect(word).toEqual({ kind: 'frame', text })
    }
  })
})

describe('untrusted messages', () => {
  test.each([
    ['', 'a message of unknown kind'],
    ['x', 'a message of unknown kind'],
    [bytes(), 'an empty piece'],
    [bytes(1), 'an empty piece'],
    [bytes(7, 1), 'an empty piece'],
    [bytes(1, 0xff), 'a frame that is not UTF-8'],
    [new Blob(['x']), 'a message that is neither text nor bytes'],
    [`f${'x'.repeat(FRAME_BYTES_MAX + 1)}`, `a frame received exceeds ${FRAME_BYTES_MAX} bytes`],
  ])('%j is malformed', (data, why) => {
    expect(new PieceJoiner().take(data)).toEqual({ kind: 'malformed', why })
  })

  test('LNK5: pieces of more than a frame, and a frame amid pieces, are malformed', () => {
    const joiner = new PieceJoiner()
    const piece = new Uint8Array(100_001)
    expect([1, 2, 3].map(() => joiner.take(piece).kind)).toEqual([
      'waiting',
      'waiting',
      'malformed',
    ])
    const why = 'a frame amid the pieces of another'
    expect(joined([bytes(0, 65), 'fB']).at(-1)).toEqual({ kind: 'malformed', why })
  })

  test('a bye has a reason, of bounded length', () => {
    expect(joined([byeOf('enough'), 'b', byeOf('x'.repeat(1_000))])).toEqual([
      { kind: 'bye', reason: 'enough' },
      { kind: 'bye', reason: 'no reason' },
      { kind: 'bye', reason: 'x'.repeat(256) },
    ])
  })
})
