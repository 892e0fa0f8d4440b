/** Declaring chains: registers and their keys, defaults, and every reason to reject a step. */
import { describe, expect, test } from 'vitest'
import { CountersignError } from '../../base/outcome.ts'
import type { Json } from '../../base/json.ts'
import type { Chain } from './chain.ts'
import { firstVersion, nextVersion } from './declare.ts'
import type { Step } from './step.ts'
import { add, code, format, head, hoist, map, nest, remove, rename, scale, wrap } from './steps.ts'
import { provideAll } from './rules/all.ts'

// Some steps are plain data here.
provideAll()

function chainOf(fields: readonly string[], ...versions: readonly (readonly Step[])[]): Chain {
  return versions.reduce(
    (chain, steps) => nextVersion(chain, { steps }),
    firstVersion('issue', fields),
  )
}

function reasonOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CountersignError)
    const { code: errorCode, entity, reason } = error as CountersignError
    expect([errorCode, entity]).toEqual(['schema_refused', 'issue'])
    return reason!
  }
  return 'nothing was refused'
}

describe('registers', () => {
  test('13.1 a field keeps the register of its first name', () => {
    const chain = chainOf(
      ['done', 'title'],
      [map('done', 'status', [[false, 'open']])],
      [rename('status', 'state')],
    )
    expect([...chain.fieldsIn(3)]).toEqual([
      ['title', 'title'],
      ['state', 'done'],
    ])
    expect([1, 2, 3, 4].map((version) => chain.nameIn('done', version))).toEqual([
      'done',
      'status',
      'state',
      undefined,
    ])
  })

  test('13.1 a name that is used again is another register', () => {
    const chain = chainOf(
      ['a', 'b'],
      [remove('a')],
      [add('a', 1), rename('b', 'c')],
      [remove('a'), add('b', 2)],
      [add('a', 3)],
    )
    expect(Object.fromEntries(chain.fieldsIn(3))).toEqual({ a: 'a@3', c: 'b' })
    expect(Object.fromEntries(chain.fieldsIn(4))).toEqual({ b: 'b@4', c: 'b' })
    expect(Object.fromEntries(chain.fieldsIn(5))).toEqual({ a: 'a@5', b: 'b@4', c: 'b' })
    expect([...chain.registers.keys()]).toEqual(['a', 'b', 'a@3', 'b@4', 'a@5'])
  })

  test('13.1 keys are unique for all names of fields', () => {
    const one = chainOf(['a', 'a@2'], [remove('a'), add('a', 1)])
    expect(one.fieldsIn(2).get('a')).toBe('a@2@2')
    const other = chainOf(['a'], [remove('a'), add('a', 1)], [add('a@2', 1)])
    expect(other.fieldsIn(3).get('a@2')).toBe('a@2@3')
  })

  test('13.1 the keys of a version do not depend on later ones', () => {
    const short = chainOf(['a'], [rename('a', 'b'), add('a', 1)])
    const long = nextVersion(short, { steps: [remove('a'), remove('b')] })
    expect(long.fieldsIn(2)).toEqual(short.fieldsIn(2))
  })

  test('13.1 steps of one version work in the order of their declaration', () => {
    const chain = chainOf(['a', 'b'], [rename('a', 'c'), rename('b', 'a'), rename('c', 'b')])
    expect(Object.fromEntries(chain.fieldsIn(2))).toEqual({ a: 'b', b: 'a' })
  })
})

describe('defaults', () => {
  test('13.4 the default of an added field goes through the steps after it', () => {
    const chain = chainOf(
      ['a'],
      [add('points', 2)],
      [scale('points', 10)],
      [format('points', 'number', 'string'), wrap('points')],
    )
    expect([1, 2, 3, 4].map((version) => chain.defaultOf('points', version))).toEqual([
      undefined,
      2,
      20,
      ['20'],
    ])
  })

  test('13.4 within one version, steps before an addition do not touch its default', () => {
    const chain = chainOf(['a'], [scale('a', 2), add('b', 1), scale('b', 2)])
    expect(chain.defaultOf('b', 2)).toBe(2)
    expect(chain.defaultOf('a', 2)).toBeUndefined()
  })

  test('13.4 the default of a removed field goes back to where it began', () => {
    const chain = chainOf(
      ['a'],
      [add('b')],
      [scale('b', 10)],
      [remove('b', 50), remove('a', 'x')],
      [],
    )
    expect([1, 2, 3, 4, 5].map((version) => chain.defaultOf('b', version))).toEqual([
      undefined,
      5,
      50,
      undefined,
      undefined,
    ])
    expect([1, 2, 3, 4].map((version) => chain.defaultOf('a', version))).toEqual([
      'x',
      'x',
      'x',
      undefined,
    ])
  })

  test('13.4 if a field has both, the default of its addition wins', () => {
    const chain = chainOf([], [add('b', 1)], [remove('b', 2)])
    expect(chain.defaultOf('b', 2)).toBe(1)
  })

  test('13.4 a default ends where a list has no first element', () => {
    const chain = chainOf([], [add('b', [])], [head('b')], [wrap('b')])
    expect([2, 3, 4].map((version) => chain.defaultOf('b', version))).toEqual([
      [],
      undefined,
      undefined,
    ])
  })

  test('13.4 a default is a frozen copy', () => {
    const given = { list: [1] }
    const chain = chainOf([], [add('b', given)])
    given.list.push(2)
    expect(chain.defaultOf('b', 2)).toEqual({ list: [1] })
    expect(Object.isFrozen(chain.defaultOf('b', 2))).toBe(true)
  })
})

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['a field that is not there', rename('z', 'y'), /rename: there is no field "z" in version 1/],
  ['an addition of a field that is there', add('a', 1), /add: the name "a" is taken/],
  [
    'a rename onto another register',
    rename('a', 'b'),
    /"b" is taken; a step cannot touch two registers/,
  ],
  [
    'a map onto another register',
    map('a', 'b', []),
    /"b" is taken; a step cannot touch two registers/,
  ],
  ['a rename to itself', rename('a', 'a'), /a has this name already/],
  [
    'a step over two fields',
    { op: 'rename', field: ['a', 'b'], to: 'c' },
    /field: a field name is a string/,
  ],
  [
    'a rename of a type',
    { op: 'renameType', to: 'ticket' },
    /"renameType"; a step changes one field, never the name of a type/,
  ],
  ['the name id', rename('a', 'id'), /to: the name id is taken/],
  ['a reserved name', add('$archived', 1), /the name \$archived is taken/],
  ['a dangerous name', add('__proto__', 1), /this name is forbidden/],
  ['an empty name', add('', 1), /1 to 256 characters/],
  ['no step', 7, /a step must be an object/],
  ['a missing part', { op: 'rename', field: 'a' }, /rename: to is missing/],
  ['an unknown option', { ...rename('a', 'x'), fast: true }, /rename: "fast" is not an option/],
  [
    'a default that is no JSON',
    { op: 'add', field: 'x', default: new Date() },
    /default: a Date is not plain data/,
  ],
  [
    'a default that looks like an unset',
    add('x', { $unset: true }),
    /a key of a value cannot start with \$/,
  ],
  ['a default that is too deep', add('x', [[[[[[[[[1]]]]]]]]]), /nested deeper than 8/],
  [
    'a table that is none',
    { op: 'map', field: 'a', to: 'a', table: [[1]] },
    /table: a table is a list of pairs/,
  ],
  [
    'a table that is too long',
    map(
      'a',
      'a',
      Array.from({ length: 1_025 }, (_, i) => [i, i] as const),
    ),
    /at most 1024 pairs/,
  ],
  [
    'a dangerous key in a table',
    map('a', 'a', [[1, JSON.parse('{"__proto__":1}') as Json]]),
    /the key __proto__ is forbidden/,
  ],
  [
    'a table that folds going up',
    map('a', 'a', [
      [1, 'x'],
      [2, 'x'],
    ]),
    /several old values become "x": declare it lossy up/,
  ],
  [
    'a table that folds going down',
    map(
      'a',
      'a',
      [
        [1, 'x'],
        [1, 'y'],
      ],
      { lossy: 'up' },
    ),
    /several new values become 1: declare it lossy down/,
  ],
  [
    'a pair that is there twice',
    map(
      'a',
      'a',
      [
        [1, 'x'],
        [1, 'x'],
      ],
      { lossy: 'both' },
    ),
    /1 to "x" twice/,
  ],
  [
    'a loss that does not exist',
    { ...map('a', 'a', []), lossy: 'yes' },
    /lossy: it is one of: up, down, both/,
  ],
  [
    'backport of what loses nothing',
    map('a', 'a', [], { backport: 'allow' }),
    /backport is only for a step that is lossy down/,
  ],
  ['a factor of 0', scale('a', 0), /factor: a factor is a finite number other than 0/],
  ['a factor without end', scale('a', Number.POSITIVE_INFINITY), /a factor is a finite number/],
  [
    'half a decimal',
    scale('a', 2, { round: { up: 0.5 } }),
    /round: decimals are a whole number from 0 to 15/,
  ],
  ['rounding nowhere', scale('a', 2, { round: {} }), /round: it has decimals up, down or both/],
  [
    'a format between strangers',
    format('a', 'isoDate', 'boolean'),
    /no conversion between isoDate and boolean/,
  ],
  [
    'a form that does not exist',
    { op: 'format', field: 'a', from: 'constructor', to: 'string' },
    /no conversion between constructor and string/,
  ],
  [
    'a loss where it prints',
    format('a', 'number', 'string', { lossy: 'up' }),
    /up prints, which is never lossy/,
  ],
  ['a dangerous key', nest('a', '__proto__'), /key: this key is forbidden/],
  ['a reserved key', hoist('a', '$unset'), /key: this key is forbidden/],
  ['code without a name', { op: 'code', field: 'a', name: '' }, /code has a name/],
  [
    'code that goes one way',
    { op: 'code', field: 'a', name: 'x', up: () => 1 },
    /code: it needs both up and down/,
  ],
  [
    'code that is none',
    { op: 'code', field: 'a', name: 'x', up: 1, down: 2 },
    /up: it is not a function/,
  ],
]

describe('refusals', () => {
  test.each(wrong)('13.3 refused, with a reason: %s', (_, step, reason) => {
    const chain = chainOf(['a', 'b'])
    const given = reasonOf(() =>
      nextVersion(chain, { steps: [rename('b', 'b2'), rename('b2', 'b'), step as Step] }),
    )
    expect(given).toMatch(/^version 2, step 3: /)
    expect(given).toMatch(reason)
    expect(chain.version).toBe(1)
  })

  test('13.3 refused: a default that has no form after a step', () => {
    const typed = code('b', { name: 'x', up: (v: string) => v.length, down: () => 'x' })
    expect(reasonOf(() => chainOf([], [add('b', 'x')], [format('b', 'string', 'number')]))).toMatch(
      /format of b: the default "x" cannot be translated by it/,
    )
    expect(reasonOf(() => chainOf([], [add('b', null), typed]))).toMatch(
      /code of b: the default null cannot be translated/,
    )
    expect(reasonOf(() => chainOf(['b'], [map('b', 'c', [[1, 2]])], [remove('c', 3)]))).toMatch(
      /default 3 cannot be translated down by the map of b to c/,
    )
  })

  test('13.3 refused: a step beside the end of its field, in one version', () => {
    expect(reasonOf(() => chainOf(['a'], [scale('a', 2), remove('a')]))).toMatch(
      /remove: a step before it in this version concerns "a"/,
    )
    expect(reasonOf(() => chainOf([], [add('a'), remove('a')]))).toMatch(
      /remove: a step before it in this version/,
    )
  })

  test('13.3 refused: a field that was renamed away by a step before', () => {
    expect(reasonOf(() => chainOf(['a'], [rename('a', 'b'), wrap('a')]))).toMatch(
      /step 2: wrap: there is no field "a"/,
    )
  })

  test('13.3 refused: more than the bounds', () => {
    const names = Array.from({ length: 257 }, (_, i) => `f${i}`)
    expect(reasonOf(() => chainOf(names))).toMatch(/at most 256 fields/)
    expect(reasonOf(() => chainOf(names.slice(1), [add('more')]))).toMatch(/at most 256 fields/)
    expect(
      reasonOf(() =>
        chainOf(
          ['a'],
          Array.from({ length: 257 }, () => scale('a', 2)),
        ),
      ),
    ).toMatch(/more than 256 steps/)
    expect(reasonOf(() => chainOf(['a'], ...Array.from({ length: 64 }, () => [])))).toMatch(
      /at most 64 versions/,
    )
    expect(
      reasonOf(() =>
        chainOf(
          ['a'],
          Array.from({ length: 17 }, () => wrap('a')),
        ),
      ),
    ).toMatch(/wrapped or nested in at most 16 steps/)
    expect(chainOf(['a'], ...Array.from({ length: 63 }, () => [])).version).toBe(64)
  })

  test('13.3 refused: a shape that differs from the result of the steps', () => {
    const chain = chainOf(['a', 'b'])
    expect(reasonOf(() => nextVersion(chain, { steps: [], fields: ['a', 'b', 'c'] }))).toBe(
      'version 2: no step makes its field "c"',
    )
    expect(reasonOf(() => nextVersion(chain, { steps: [rename('a', 'c')], fields: ['c'] }))).toBe(
      'version 2: its shape lacks "b", and no step removes that',
    )
    expect(nextVersion(chain, { steps: [rename('a', 'c')], fields: ['b', 'c'] }).version).toBe(2)
  })

  test('13.3 refused: invalid first fields', () => {
    expect(reasonOf(() => chainOf(['a', 'a']))).toMatch(/"a" is there twice/)
    expect(reasonOf(() => chainOf(['$x']))).toMatch(/taken/)
    expect(reasonOf(() => nextVersion(chainOf(['a']), { steps: [], revision: -1 }))).toMatch(
      /revision is a whole number/,
    )
  })

  test('13.6 steps are plain frozen data, code excepted', () => {
    const table = [[1, { deep: [2] }] as const]
    const step = map('a', 'a', table)
    expect(
      Object.isFrozen(step) && Object.isFrozen(step.table) && Object.isFrozen(step.table[0]![1]),
    ).toBe(true)
    expect(JSON.parse(JSON.stringify(step))).toEqual(step)
    const byHand = { op: 'rename' as const, field: 'a', to: 'b' }
    const chain = chainOf(['a'], [byHand])
    byHand.to = 'c'
    expect(chain.versions[1]!.steps).toEqual([{ op: 'rename', field: 'a', to: 'b' }])
  })
})
