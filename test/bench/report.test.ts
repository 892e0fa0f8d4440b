import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readArgs } from './args.ts'
import type { Figure } from './figure.ts'
import { orderOf } from './growth/order.ts'
import {
  BLOCK_END,
  BLOCK_START,
  NOTHING_RECORDED,
  type Recorded,
  type Run,
  collapsed,
  readmeWith,
  withRun,
} from './report.ts'

const machine = { node: 'v24.0.0', cores: 2, load: 0.1, date: '2026-01-01 00:00', rows: 100_000 }

function figure(name: string, ratio: number, unit: Figure['unit'] = 'ms'): Figure {
  return {
    name,
    what: 'something',
    unit,
    ours: ratio,
    floor: 1,
    ratio,
    spread: [ratio, ratio],
    rounds: 1,
  }
}

function run(...figures: readonly Figure[]): Run {
  return { machine, figures, growth: [], failures: [] }
}

function text(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

describe('recorded figures', () => {
  test("the README's figures are those of recorded.json", () => {
    const recorded = JSON.parse(text('recorded.json')) as Recorded
    expect(recorded.runs.length).toBeGreaterThan(0)
    expect(text('README.md')).toBe(readmeWith(text('README.md'), recorded))
  })

  test('every ratio of the short run has its record', () => {
    const { short } = JSON.parse(text('recorded.json')) as Recorded
    const parsed = readArgs(['--short'])
    const names = parsed.kind === 'settings' ? parsed.settings.names : []
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) {
      expect(Object.keys(short).some((key) => key.split(' ')[0] === name)).toBe(true)
    }
  })

  test('a figure is in the newest run that measured it', () => {
    const first = withRun(NOTHING_RECORDED, run(figure('C1', 1), figure('C3', 2)))
    const second = withRun(first, run(figure('C1', 3)))
    expect(second.runs.map(({ figures }) => figures.map(({ ours }) => ours))).toEqual([[2], [3]])
    const third = withRun(second, run(figure('C3', 4)))
    expect(third.runs.map(({ figures }) => figures.map(({ ours }) => ours))).toEqual([[3], [4]])
  })

  test('a README without a place for the figures is refused', () => {
    expect(() => readmeWith('no place', NOTHING_RECORDED)).toThrow('no place for the figures')
    const readme = `before\n${BLOCK_START}\nobsolete\n${BLOCK_END}\nafter`
    const written = readmeWith(readme, withRun(NOTHING_RECORDED, run(figure('C1', 2))))
    expect(written).toContain('| C1 | something | 1 ms | 2 ms |')
    expect(written).not.toContain('obsolete')
  })
})

describe('a short run', () => {
  test('fails where a ratio is more than five times worse, in either direction', () => {
    const short = { slow: 2, rate: 0.5 }
    expect(collapsed([figure('slow', 9.9), figure('rate', 0.11, 'per s')], short)).toEqual([])
    expect(collapsed([figure('slow', 12)], short)).toEqual([
      'slow: 12 of the floor, 6.0 times worse than recorded',
    ])
    expect(collapsed([figure('rate', 0.09, 'per s')], short)).toHaveLength(1)
    expect(collapsed([figure('unknown', 99)], short)).toEqual([])
  })
})

describe('growth', () => {
  const at = [1_000, 10_000, 100_000, 1_000_000]
  test.each([
    [[5, 6, 5, 7], 'flat'],
    [[1, 2, 3, 4.5], 'log n'],
    [[1, 10, 100, 1_000], 'linear'],
    [[1, 100, 10_000, 1_000_000], 'worse than linear'],
  ] as const)('%j is %s', (cost, order) => {
    expect(orderOf(at, cost)).toBe(order)
  })

  test('what the floor grows by is the machine, not the store', () => {
    expect(orderOf(at, [1, 3, 10, 30], [0.1, 0.3, 1, 3])).toBe('flat')
  })
})
