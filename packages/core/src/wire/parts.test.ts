/** Parts over a link that repeats, mixes and loses them; and malicious parts. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FRAME_BYTES_MAX } from '../ports/transport.ts'
import { FrameJoiner, type Joined, cutFrame } from './parts.ts'

const SCRIPTS = ['a', 'é', 'я', '汉', '🙂', '"', '\\']
const JOINED_MAX = 20_000

/** A frame of some thousand bytes in one script. */
function frame(unit: string, count: number): string {
  return JSON.stringify(['tail', unit.repeat(count), '\ud83d'])
}

function takeAll(joiner: FrameJoiner, frames: readonly string[]): Joined[] {
  return frames.map((text) => joiner.take(text)).filter(({ kind }) => kind !== 'waiting')
}

test('§19 parts: a frame that fits is sent as it is, at its very bound', () => {
  const text = `["${'я'.repeat((FRAME_BYTES_MAX - 4) / 2)}"]`
  expect(Buffer.byteLength(text)).toBe(FRAME_BYTES_MAX)
  expect(cutFrame(text)).toEqual([text])
  expect(new FrameJoiner(10).take(text)).toEqual({ kind: 'frame', text })
  expect(cutFrame(text.replace('"]', 'a"]')).length).toBeGreaterThan(1)
})

test.each(SCRIPTS)(
  '§19 parts: every part of %j fits a frame, and they make the frame again',
  (unit) => {
    const text = frame(unit, 300_000)
    const parts = cutFrame(text)
    for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(FRAME_BYTES_MAX)
    expect(takeAll(new FrameJoiner(4_000_000), parts)).toEqual([{ kind: 'frame', text }])
  },
)

test('§19 parts: in any order, repeated, and with others between them', () => {
  const one = fc.record({
    unit: fc.constantFrom(...SCRIPTS),
    count: fc.integer({ min: 200, max: 900 }),
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(one, { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat()),
      (all, dice) => {
        const texts = all.map(({ unit, count }) => frame(unit, count))
        const frames = texts.flatMap((text) => cutFrame(text, 256))
        const mixed = [...frames, ...frames.slice(0, 5), '["bye","a"]']
          .map((text) => ({ text, place: dice.next().value }))
          .sort((a, b) => a.place - b.place)
        const found = takeAll(
          new FrameJoiner(JOINED_MAX),
          mixed.map(({ text }) => text),
        )
        const joined = found.map((each) => (each.kind === 'frame' ? each.text : each.kind))
        expect(new Set(joined)).toEqual(new Set([...texts, '["bye","a"]']))
      },
    ),
    { numRuns: 100 },
  )
})

test('§19 parts: a frame of which a part is lost does not hold up the next, and is forgotten', () => {
  const joiner = new FrameJoiner(JOINED_MAX)
  for (let n = 0; n < 50; n++) {
    expect(takeAll(joiner, cutFrame(frame('汉', 1_000 + n), 256).slice(1))).toEqual([])
    const text = frame('a', 9_000 + n)
    expect(takeAll(joiner, cutFrame(text, 256))).toEqual([{ kind: 'frame', text }])
  }
})

test.each<[string, (parts: readonly string[]) => readonly unknown[]]>([
  ['more than the bound', () => cutFrame(frame('汉', JOINED_MAX / 3), 256)],
  ['no JSON', () => ['["part",']],
  ['of one', () => [['part', 'x', 0, 1, 'a']]],
  ['of very many', () => [['part', 'x', 0, 1e9, 'a']]],
  ['beyond its number', () => [['part', 'x', 2, 2, 'a']]],
  ['without text', () => [['part', 'x', 0, 2, '']]],
  ['without series', () => [['part', null, 0, 2, 'a']]],
  ['with a series that is no name', () => [['part', 'x'.repeat(17), 0, 2, 'a']]],
  ['of another number', (parts) => [parts[0], parts[1]!.replace(/,(\d+),"/, ',4000,"')]],
  ['of another text', (parts) => parts.map((part) => part.replace('汉', '字'))],
])('§19 parts: %s are reported as malformed, and the next frames are read', (_, make) => {
  const joiner = new FrameJoiner(JOINED_MAX)
  const text = frame('汉', 500)
  const parts = cutFrame(text, 256)
  const frames = make(parts).map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  expect(takeAll(joiner, frames)).toContainEqual({
    kind: 'malformed',
    message: expect.stringMatching(/^(a part|parts) /) as string,
  })
  expect(takeAll(joiner, parts).at(-1)).toEqual({ kind: 'frame', text })
})
