/** Compares instants with the calendar of the machine, which the library does not use. */
import { expect, test } from 'vitest'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { parseIsoDate, printIsoDate, readIsoDate } from './iso-date.ts'

const EDGES_MS = [
  0, -1, 1, 8.64e15, -8.64e15, 951_782_400_000, 4_107_542_399_999, -62_167_219_200_001,
]

test('VER10 an instant prints as the machine prints it, and its text gives it back', () => {
  const random = new SeededRandom(5)
  const made = Array.from({ length: 3_000 }, () => Math.floor((random.unit() * 2 - 1) * 8.64e15))
  const near = Array.from({ length: 3_000 }, (_, i) => i * 7 * 86_400_000 - 500_000_000_000 + i)
  for (const ms of [...EDGES_MS, ...made, ...near]) {
    const text = new Date(ms).toISOString()
    expect(printIsoDate(ms)).toBe(text)
    expect(parseIsoDate(text)).toBe(ms)
    expect(readIsoDate(text)).toBe(ms)
  }
})

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1, -8.64e15 - 1])(
  '13.3 no instant: %s',
  (ms) => expect(printIsoDate(ms)).toBeUndefined(),
)

test.each([
  '2023-02-29T00:00:00.000Z',
  '2024-13-01T00:00:00.000Z',
  '2024-00-01T00:00:00.000Z',
  '2024-01-00T00:00:00.000Z',
  '2024-01-01T24:00:00.000Z',
  '2024-01-01T00:60:00.000Z',
  '-000000-01-01T00:00:00.000Z',
  '+002024-01-01T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  '2024-01-01T00:00:00Z',
  '2024-01-01',
  ' 2024-01-01T00:00:00.000Z',
  '',
  '9'.repeat(60_000),
])('VER10 exact parsing refuses %j', (text) => expect(parseIsoDate(text)).toBeUndefined())

test.each([
  ['2024-02-29', '2024-02-29T00:00:00Z'],
  ['2024-02-29T10:11Z', '2024-02-29T10:11:00Z'],
  ['2024-02-29T10:11:12+02:30', '2024-02-29T10:11:12+02:30'],
  ['2024-02-29T10:11:12.3456789-11:00', '2024-02-29T10:11:12.345-11:00'],
  ['2024-02-29T10:11:12.3Z', '2024-02-29T10:11:12.300Z'],
])('VER10 loose parsing reads %j', (text, plain) => {
  expect(readIsoDate(text)).toBe(new Date(plain).getTime())
})

test.each([
  '2023-02-29',
  '2024-02-30T00:00Z',
  '2024-01-01T00:00:00',
  '2024-01-01T24:00Z',
  '2024-01-01T00:00:00+24:00',
  '-000000-01-01',
  '+275760-09-13T00:00:00-01:00',
  'yesterday',
])('VER10 loose parsing refuses %j', (text) => expect(readIsoDate(text)).toBeUndefined())
