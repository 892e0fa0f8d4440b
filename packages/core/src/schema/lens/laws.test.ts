/** The laws of every step on generated values, and that the laws detect steps that break them. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../base/json.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { begun, extended, firstVersion, nextVersion } from './declare.ts'
import { brokenByChain, brokenByStep } from './laws.ts'
import { movesOf } from './step-rule.ts'
import { Lenses } from './path.ts'
import { Dice, STRAY, someChain, someValue } from './random-chains.ts'
import { stepFault } from './step-fault.ts'
import { type Step } from './step.ts'
import { add, code, format, head, hoist, map, nest, remove, rename, scale, wrap } from './steps.ts'

const dice = new Dice(new SeededRandom(13))
const many = <T>(make: () => T): readonly T[] => Array.from({ length: 300 }, make)

const cents = (): number => (dice.below(2_000_001) - 1_000_000) / 100
const whole = (): number => dice.below(2_000_001) - 1_000_000
const double = (): number => (dice.below(2 ** 30) - 2 ** 29) / (1 + dice.below(2 ** 20))
const word = (): string => dice.pick(['', 'a', 'ö', 'a b', '\u{1f600}', 'null', '{}'])
const instant = (): number => someValue(dice, { is: 'epochMs' }) as number
const isoDate = (): string => someValue(dice, { is: 'isoDate' }) as string
const orNull = (make: () => Json): Json => (dice.chance(0.1) ? null : make())

const done = map(
  'done',
  'status',
  [
    [false, 'open'],
    [true, 'done'],
  ],
  {
    up: 'open',
    down: false,
    lossy: 'down',
    backport: 'allow',
  },
)

const lawful: readonly (readonly [string, Step, () => Json, () => Json])[] = [
  ['add', add('a', 0), cents, cents],
  ['remove', remove('a', 0), cents, cents],
  ['rename', rename('a', 'b'), word, word],
  [
    'map, folded going down',
    done,
    () => dice.chance(0.5),
    () => dice.pick(['open', 'doing', 'done']),
  ],
  [
    'map of equal sides',
    map('a', 'a', [
      [1, 'x'],
      [null, 'y'],
      [{ k: [1] }, 'z'],
    ]),
    () => dice.pick([1, null, { k: [1] }]),
    () => dice.pick(['x', 'y', 'z']),
  ],
  [
    'map to null',
    map(
      'a',
      'a',
      [
        [1, null],
        [2, 'x'],
      ],
      { up: 'x', lossy: 'up' },
    ),
    () => dice.pick([1, 2]),
    () => dice.pick([null, 'x']),
  ],
  [
    'map that folds both ways',
    map(
      'a',
      'a',
      [
        ['x', 1],
        ['y', 1],
        ['z', 2],
        ['z', 3],
      ],
      { lossy: 'both' },
    ),
    () => dice.pick(['x', 'y', 'z']),
    () => dice.pick([1, 2, 3]),
  ],
  ['scale of cents', scale('a', 100), () => orNull(cents), () => orNull(whole)],
  ['scale by a fraction', scale('a', 0.01), whole, cents],
  ['scale by a negative factor', scale('a', -2.5), cents, () => whole() / 2],
  ['scale that rounds up', scale('a', 100, { round: { up: 0 } }), double, whole],
  ['scale that rounds minutes', scale('a', 60, { round: { up: 0 } }), double, whole],
  ['scale that rounds down', scale('a', 1 / 60, { round: { down: 0 } }), whole, double],
  [
    'scale that rounds both ways',
    scale('a', 0.621371, { round: { up: 3, down: 3 } }),
    double,
    double,
  ],
  ['format of numbers', format('a', 'number', 'string'), () => orNull(double), () => `${double()}`],
  [
    'format of digits',
    format('a', 'string', 'number', { lossy: 'up' }),
    () => ` ${dice.pick(['+', ''])}${Math.abs(whole())}.50 `,
    double,
  ],
  [
    'format of booleans',
    format('a', 'boolean', 'string'),
    () => dice.chance(0.5),
    () => dice.pick(['true', 'false']),
  ],
  [
    'format of bits',
    format('a', 'number', 'boolean', { lossy: 'up' }),
    whole,
    () => dice.chance(0.5),
  ],
  ['format of instants', format('a', 'epochMs', 'isoDate'), instant, isoDate],
  [
    'format of dates',
    format('a', 'isoDate', 'epochMs', { lossy: 'up' }),
    () => dice.pick(['2024-02-29', isoDate()]),
    instant,
  ],
  ['wrap', wrap('a', { empty: '' }), word, () => [word(), word()].slice(dice.below(3))],
  ['head', head('a'), () => [cents(), word()].slice(dice.below(3)), cents],
  ['nest', nest('a', 'k'), word, () => ({ k: word() })],
  [
    'nest beside others',
    nest('a', 'k', { lossy: 'down' }),
    word,
    () => dice.pick([{ k: word(), l: 1 }, {}]),
  ],
  ['hoist', hoist('a', 'k'), () => ({ k: cents() }), cents],
  ['hoist from others', hoist('a', 'k', { lossy: 'up' }), () => ({ k: cents(), l: [1] }), cents],
  [
    'code',
    code('a', { name: 'turn', up: (v: boolean) => !v, down: (v: boolean) => !v }),
    () => dice.chance(0.5),
    () => dice.chance(0.5),
  ],
  ['code without its functions', { op: 'code', field: 'a', name: 'elsewhere' }, word, word],
]

describe('laws of steps', () => {
  test.each(lawful)(
    '13.3 a step is exact unless it declares the lossy direction: %s',
    (_, step, old, next) => {
      expect(stepFault(step)).toBeUndefined()
      expect(brokenByStep(step, { old: many(old), next: many(next) })).toBeUndefined()
    },
  )

  test.each(lawful)('13.3 a step is total, and its result is frozen: %s', (_, step, old, next) => {
    const moves = movesOf(step)
    if (typeof moves === 'string') {
      expect(['identity', 'opaque']).toContain(moves)
      return
    }
    for (const value of [...STRAY, ...many(old), ...many(next)]) {
      for (const made of [moves.up(value), moves.down(value)]) {
        const isObject = typeof made === 'object' && made !== null && made !== value
        if (isObject) expect(Object.isFrozen(made) || isPartOf(made, value)).toBe(true)
      }
    }
    // A value outside the form breaks no law: it is rejected. Tables and code have their own domain.
    if (step.op === 'map' || step.op === 'code') return
    expect(brokenByStep(step, { old: STRAY, next: STRAY }, { invalid: 'allow' })).toBeUndefined()
  })
})

/** A value that a step extracts is as frozen as the whole was. */
function isPartOf(made: Json, value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).includes(made)
}

const liars: readonly (readonly [string, Step, Json, Json])[] = [
  ['a table that folds in silence', map('a', 'a', [[1, 'x']], { up: 'x' }), 2, 'x'],
  ['a fallback that folds going down', map('a', 'a', [[1, 'x']], { down: 1 }), 1, 'y'],
  [
    'code that forgets',
    code('a', { name: 'n', up: (v: number) => Math.abs(v), down: (v: number) => v }),
    -1,
    1,
  ],
  [
    'code that forgets going down',
    code('a', { name: 'n', up: (v: number) => v, down: () => 1 }),
    1,
    2,
  ],
  [
    'code that throws',
    code('a', { name: 'n', up: (v: { k: number }) => v.k, down: (k: number) => ({ k }) }),
    null,
    1,
  ],
  [
    'code that makes no JSON',
    code('a', { name: 'n', up: () => Number.NaN, down: (v: number) => v }),
    1,
    1,
  ],
  [
    'code that makes an unset',
    code('a', { name: 'n', up: () => ({ $unset: true }), down: () => 1 }),
    1,
    1,
  ],
  ['a form that takes half the values', format('a', 'string', 'number'), 'x', 1],
  ['a factor that loses digits', scale('a', 3), 1, 0.1234567890123456],
]

test.each(liars)('13.3 the laws find %s', (_, step, old, next) => {
  const found = brokenByStep(step, { old: [old], next: [next] })
  expect(found).toBeDefined()
  expect([old, next]).toContainEqual(found!.value)
  expect(found!.why).not.toBe('')
})

describe('laws of chains', () => {
  test('13.3 a chain of lawful steps keeps the laws, over random chains', () => {
    let checked = 0
    for (let seed = 1; seed <= 300; seed++) {
      const seeded = new Dice(new SeededRandom(seed))
      const made = someChain(seeded)
      let chain = begun('thing', made.fields)
      for (const steps of made.versions) if (chain.ok) chain = extended(chain.value, { steps })
      if (!chain.ok) continue
      const lenses = new Lenses(chain.value)
      const newest = chain.value.version
      for (const [reg, { from, until = newest + 1 }] of chain.value.registers) {
        const formOf = (version: number) =>
          made.forms[version - 1]!.get(chain.value.nameIn(reg, version)!)!
        const to = until - 1
        const old = Array.from({ length: 8 }, () => someValue(seeded, formOf(from)))
        const next = Array.from({ length: 8 }, () => someValue(seeded, formOf(to)))
        const stretch = { reg, from, to, old: [...old, ...STRAY], next: [...next, ...STRAY] }
        const found = brokenByChain(lenses, stretch, { invalid: 'allow' })
        // Only a table with fallbacks may merge values that its field never holds.
        const folds = chain.value.registers
          .get(reg)!
          .steps.some(({ step }) => step.op === 'map' && step.up !== undefined)
        if (!folds) expect(found, `seed ${seed}, ${reg}`).toBeUndefined()
        checked += folds ? 0 : 1
      }
    }
    expect(checked).toBeGreaterThan(500)
  })

  test('13.3 the laws find a chain that loses on the way', () => {
    const one = firstVersion('thing', ['a'])
    const liar = code('a', {
      name: 'cut',
      up: (v: string) => v.slice(0, 2),
      down: (v: string) => v,
    })
    const lenses = new Lenses(
      nextVersion(nextVersion(one, { steps: [wrap('a'), head('a')] }), {
        steps: [rename('a', 'b'), liar, nest('b', 'k')].map((s) => ({
          ...s,
          field: s.op === 'rename' ? 'a' : 'b',
        })),
      }),
    )
    expect(
      brokenByChain(lenses, { reg: 'a', from: 2, to: 3, old: ['ab'], next: [{ k: 'ab' }] }),
    ).toBeUndefined()
    const found = brokenByChain(lenses, { reg: 'a', from: 2, to: 3, old: ['ab', 'abc'], next: [] })
    expect(found).toEqual({
      law: 'down(up(x)) = x',
      value: 'abc',
      why: 'it becomes {"k":"ab"}, and that becomes "ab"',
    })
    // After a lossy step there is no law.
    expect(
      brokenByChain(lenses, { reg: 'a', from: 1, to: 3, old: ['abc'], next: [] }),
    ).toBeUndefined()
  })
})
