/** Reading and writing across versions: what each version sees, and what it may write. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../base/json.ts'
import type { Chain } from './chain.ts'
import { chainData, parseChain } from './data.ts'
import { firstVersion, nextVersion } from './declare.ts'
import { Lenses } from './path.ts'
import { type Step } from './step.ts'
import { add, code, format, head, hoist, map, nest, remove, rename, scale, wrap } from './steps.ts'

function chainOf(fields: readonly string[], ...versions: readonly (readonly Step[])[]): Chain {
  return versions.reduce(
    (chain, steps) => nextVersion(chain, { steps }),
    firstVersion('issue', fields),
  )
}

function lensesOf(fields: readonly string[], ...versions: readonly (readonly Step[])[]): Lenses {
  return new Lenses(chainOf(fields, ...versions))
}

/** The same chain after a transfer: without functions. */
function travelled(chain: Chain): Lenses {
  const parsed = parseChain(JSON.parse(JSON.stringify(chainData(chain))))
  if (!parsed.ok) throw new Error(parsed.error.message)
  return new Lenses(parsed.value)
}

const TABLE = [
  [false, 'open'],
  [true, 'done'],
] as const
const statusOf = (more: object): Step =>
  map('done', 'status', TABLE, { up: 'open', down: false, lossy: 'down', ...more })
const issue = lensesOf(['title', 'done'], [statusOf({ backport: 'allow' }), add('points', 0)])

describe('reading', () => {
  test('13.2 the issue of two versions, both ways', () => {
    const up = issue.path('done', 1, 2)
    expect(up.translate(false)).toEqual({ kind: 'value', value: 'open' })
    expect(up.translate(true)).toEqual({ kind: 'value', value: 'done' })
    const down = issue.path('done', 2, 1)
    expect(down.translate('open')).toEqual({ kind: 'value', value: false })
    expect(down.translate('doing')).toEqual({ kind: 'value', value: false })
    expect(down.translate('done')).toEqual({ kind: 'value', value: true })
    expect(issue.path('points', 2, 1).translate(3)).toEqual({ kind: 'absent' })
    expect(issue.defaultOf('points', 2)).toBe(0)
    expect(issue.defaultOf('points', 1)).toBeUndefined()
  })

  test('13.2 a path that changes nothing gives the very same value', () => {
    const value = { big: [1, 2, 3] }
    const lenses = lensesOf(['a', 'b'], [rename('a', 'c'), scale('b', 2)], [remove('b')], [])
    for (const [from, to] of [
      [1, 1],
      [1, 2],
      [1, 4],
      [4, 1],
      [3, 2],
    ] as const) {
      expect(lenses.isIdentity('a', from, to)).toBe(true)
      const seen = lenses.path('a', from, to).translate(value)
      expect(seen.kind === 'value' && seen.value).toBe(value)
    }
    expect(lenses.isIdentity('b', 1, 2)).toBe(false)
    expect(lenses.isIdentity('b', 1, 3)).toBe(false)
  })

  test('13.2 a path is made once', () => {
    const lenses = lensesOf(['a'], [scale('a', 2)])
    expect(lenses.path('a', 1, 2)).toBe(lenses.path('a', 1, 2))
    expect(lenses.path('a', 1, 2)).not.toBe(lenses.path('a', 2, 1))
  })

  test('13.2 steps go up in their order, and down in the opposite one', () => {
    const lenses = lensesOf(
      ['n'],
      [scale('n', 10), format('n', 'number', 'string')],
      [rename('n', 'm'), nest('m', 'k'), wrap('m')],
    )
    expect(lenses.path('n', 1, 3).translate(1.5)).toEqual({ kind: 'value', value: [{ k: '15' }] })
    expect(lenses.path('n', 3, 1).translate([{ k: '15' }])).toEqual({ kind: 'value', value: 1.5 })
    expect(lenses.path('n', 2, 1).translate('15')).toEqual({ kind: 'value', value: 1.5 })
  })

  test('13.2 a value without a form in the reader’s version is invalid, and shown as written', () => {
    const lenses = lensesOf(['n'], [format('n', 'string', 'number'), scale('n', 2)])
    const raw = { not: 'a number' }
    const seen = lenses.path('n', 1, 2).translate(raw)
    expect(seen).toEqual({ kind: 'invalid', raw })
    expect(seen.kind === 'invalid' && seen.raw).toBe(raw)
    // The author's form, not an intermediate one.
    expect(lenses.path('n', 2, 1).translate('x')).toEqual({ kind: 'invalid', raw: 'x' })
    const late = lensesOf(['n'], [scale('n', 2)], [map('n', 'n', [[4, 'four']])])
    expect(late.path('n', 1, 3).translate(2)).toEqual({ kind: 'value', value: 'four' })
    expect(late.path('n', 1, 3).translate(3)).toEqual({ kind: 'invalid', raw: 3 })
  })

  test('13.2 an unset passes through every lens', () => {
    const steps = [wrap('a'), nest('a', 'k'), code('a', { name: 'x', up: () => 1, down: () => 2 })]
    const lenses = lensesOf(['a', 'b'], steps, [remove('b')])
    const unset = { $unset: true }
    for (const [from, to] of [
      [1, 1],
      [1, 3],
      [3, 1],
    ] as const) {
      expect(lenses.path('a', from, to).translate(unset)).toEqual({ kind: 'unset' })
    }
    expect(lenses.path('b', 1, 3).translate(unset)).toEqual({ kind: 'absent' })
  })

  test('13.2 a value extracted from a list or an object is never mistaken for an unset', () => {
    const hidden = { $unset: true }
    const lenses = lensesOf(['a', 'b'], [head('a'), hoist('b', 'k')], [wrap('a'), wrap('b')])
    for (const to of [2, 3]) {
      expect(lenses.path('a', 1, to).translate([hidden])).toEqual({
        kind: 'invalid',
        raw: [hidden],
      })
      expect(lenses.path('b', 1, to).translate({ k: hidden })).toEqual({
        kind: 'invalid',
        raw: { k: hidden },
      })
    }
    expect(lenses.path('a', 3, 2).translate([{ $other: 1 }]).kind).toBe('invalid')
  })

  test('13.2 an empty list is unset on the side without lists, or the value that the step gives', () => {
    const lenses = lensesOf(
      ['a', 'b'],
      [head('a'), head('b', { empty: 'none' })],
      [wrap('a'), wrap('b')],
    )
    expect(lenses.path('a', 1, 2).translate([])).toEqual({ kind: 'unset' })
    expect(lenses.path('a', 1, 3).translate([])).toEqual({ kind: 'unset' })
    expect(lenses.path('b', 1, 3).translate([])).toEqual({ kind: 'value', value: ['none'] })
  })

  test('13.2 registers of the library are the same in every version', () => {
    expect(issue.isIdentity('$archived', 1, 2)).toBe(true)
    expect(issue.path('$archived', 99, 1).translate(true)).toEqual({ kind: 'value', value: true })
    expect(issue.writeFault('$archived', 1, 99)).toBeUndefined()
  })

  test('13.2 a register that its author’s version lacks is invalid, one of no version is absent', () => {
    expect(issue.path('points', 1, 2).translate(3)).toEqual({ kind: 'invalid', raw: 3 })
    expect(issue.path('points', 1, 2).translate({ $unset: true })).toEqual({ kind: 'unset' })
    expect(issue.path('toString', 1, 2).translate(3)).toEqual({ kind: 'absent' })
    expect(issue.path('__proto__', 1, 1).translate(3)).toEqual({ kind: 'absent' })
  })
})

describe('code', () => {
  test.each<[string, (value: Json) => Json]>([
    [
      'throws',
      () => {
        throw new Error('app')
      },
    ],
    [
      'throws no error',
      () => {
        throw null as unknown as Error
      },
    ],
    ['makes no JSON', () => (() => 1) as unknown as Json],
    ['makes nothing', () => undefined as unknown as Json],
    ['makes no number', () => Number.NaN],
    ['makes a promise that fails', () => Promise.reject(new Error('later')) as unknown as Json],
    ['makes a value with a dangerous key', () => JSON.parse('{"__proto__":{"a":1}}') as Json],
    ['makes an unset', () => ({ $unset: true })],
    [
      'makes what leads back to itself',
      () => {
        const loop: Json[] = []
        loop.push(loop)
        return loop
      },
    ],
    [
      'makes what throws when it is read',
      () => ({
        get a(): Json {
          throw new Error('trap')
        },
      }),
    ],
    ['changes what it was given', (value) => Object.assign(value as object, { a: 2 }) as Json],
  ])('13.2 code that %s gives an invalid value, and no exception', (_, run) => {
    const lenses = lensesOf(['a'], [code('a', { name: 'x', up: run, down: run })])
    const raw = Object.freeze({ a: 1 })
    expect(lenses.path('a', 1, 2).translate(raw)).toEqual({ kind: 'invalid', raw: { a: 1 } })
    expect(lenses.path('a', 2, 1).translate(raw)).toEqual({ kind: 'invalid', raw: { a: 1 } })
  })

  test('13.2 the result of code is the library’s own frozen copy', () => {
    const kept = { list: [1] }
    const lenses = lensesOf(['a'], [code('a', { name: 'x', up: () => kept, down: () => 1 })])
    const seen = lenses.path('a', 1, 2).translate(1)
    kept.list.push(2)
    expect(seen).toEqual({ kind: 'value', value: { list: [1] } })
    expect(seen.kind === 'value' && Object.isFrozen(seen.value)).toBe(true)
  })

  test('13.7 without its functions, code is opaque: it needs the version that added it', () => {
    const turn = code('a', { name: 'turn', up: (v: number) => -v, down: (v: number) => -v })
    const far = travelled(
      chainOf(['a', 'b'], [], [turn, scale('b', 2)], [scale('a', 2)], [{ ...turn, name: 'again' }]),
    )
    expect(far.path('a', 1, 2).translate(1)).toEqual({ kind: 'value', value: 1 })
    expect(far.path('a', 1, 3).translate(1)).toEqual({ kind: 'opaque', needs: 3 })
    expect(far.path('a', 3, 4).translate(1)).toEqual({ kind: 'value', value: 2 })
    expect(far.path('a', 5, 1).translate(1)).toEqual({ kind: 'opaque', needs: 5 })
    expect(far.path('b', 5, 1).translate(4)).toEqual({ kind: 'value', value: 2 })
    expect(far.writeFault('a', 2, 4)).toMatch(
      /issue\.a: version 3 changed it by code that this build lacks/,
    )
    expect(far.writeFault('a', 3, 4)).toBeUndefined()
  })
})

describe('versions that this build does not know', () => {
  test('13.7 they are opaque, but for fields that the reader does not have', () => {
    expect(issue.path('done', 7, 1).translate('x')).toEqual({ kind: 'opaque', needs: 7 })
    expect(issue.path('points', 7, 1).translate(1)).toEqual({ kind: 'absent' })
    expect(issue.path('brand-new', 7, 2).translate(1)).toEqual({ kind: 'absent' })
    expect(issue.path('done', 1, 7).translate(true)).toEqual({ kind: 'opaque', needs: 7 })
    expect(issue.isIdentity('done', 7, 7)).toBe(false)
    expect(issue.writeFault('done', 2, 7)).toMatch(
      /issue\.status: version 7 is in use, and this build knows 2 only/,
    )
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    '13.7 no version at all: %s',
    (version) => {
      expect(issue.path('done', version, 1).translate(true)).toEqual({ kind: 'invalid', raw: true })
      expect(issue.isIdentity('done', version, 1)).toBe(false)
    },
  )
})

describe('writing', () => {
  test('13.5 a register that is lossy down is read by old versions, and written with permission only', () => {
    const strict = lensesOf(['title', 'done'], [statusOf({})], [])
    expect(strict.writeFault('done', 1, 3)).toBe(
      'issue.done: since the map of done to status in version 2 it holds more than an older version sees; it can be written from version 2 on',
    )
    expect(strict.path('done', 3, 1).translate('doing')).toEqual({ kind: 'value', value: false })
    expect(strict.writeFault('title', 1, 3)).toBeUndefined()
    expect(strict.writeFault('done', 2, 3)).toBeUndefined()
    expect(strict.writeFault('done', 1, 1)).toBeUndefined()
    expect(issue.writeFault('done', 1, 2)).toBeUndefined()
  })

  test.each<[string, Step, boolean]>([
    ['wrap', wrap('a'), true],
    ['wrap, by leave', wrap('a', { backport: 'allow' }), false],
    ['head', head('a'), false],
    ['nest', nest('a', 'k'), false],
    ['nest beside others', nest('a', 'k', { lossy: 'down' }), true],
    ['hoist', hoist('a', 'k', { lossy: 'up' }), false],
    ['scale', scale('a', 2), false],
    ['scale that rounds up', scale('a', 2, { round: { up: 0 } }), false],
    ['scale that rounds down', scale('a', 2, { round: { down: 0 } }), true],
    [
      'scale that rounds down, by leave',
      scale('a', 2, { round: { down: 0 }, backport: 'allow' }),
      false,
    ],
    ['format', format('a', 'string', 'number', { lossy: 'up' }), false],
    ['format that reads going down', format('a', 'number', 'string', { lossy: 'down' }), true],
    ['remove', remove('a'), false],
    ['code', code('a', { name: 'x', up: (v: Json) => v, down: (v: Json) => v }), false],
    [
      'code, lossy',
      code('a', { name: 'x', up: (v: Json) => v, down: (v: Json) => v, lossy: 'both' }),
      true,
    ],
  ])('13.5 whether an old version may write below a step: %s', (_, step, refused) => {
    expect(lensesOf(['a'], [step]).writeFault('a', 1, 2) !== undefined).toBe(refused)
  })

  test('13.5 one step without permission is enough, and permission does not extend past it', () => {
    const lenses = lensesOf(
      ['a'],
      [wrap('a', { backport: 'allow' })],
      [nest('a', 'k', { lossy: 'down' })],
    )
    expect(lenses.writeFault('a', 1, 2)).toBeUndefined()
    expect(lenses.writeFault('a', 1, 3)).toMatch(/nest of a in version 3/)
  })

  test('13.5 a register that the writer’s version does not have cannot be written', () => {
    expect(issue.writeFault('points', 1, 1)).toBe('issue: version 1 has no register points')
    expect(issue.writeFault('points', 1, 2)).toBeDefined()
    expect(issue.writeFault('nothing', 2, 2)).toBeDefined()
  })
})

describe('a row that an old client edits', () => {
  type Stored = ReadonlyMap<string, { readonly version: number; readonly value: Json }>
  const v2: Stored = new Map([
    ['title', { version: 2, value: 'Fix it' }],
    ['done', { version: 2, value: 'doing' }],
    ['points', { version: 2, value: 5 }],
  ])

  function rowAt(stored: Stored, version: number): Record<string, Json> {
    const row: Record<string, Json> = {}
    for (const [name, reg] of issue.chain.fieldsIn(version)) {
      const write = stored.get(reg)
      const seen = write && issue.path(reg, write.version, version).translate(write.value)
      const value = seen
        ? seen.kind === 'value'
          ? seen.value
          : undefined
        : issue.defaultOf(reg, version)
      if (value !== undefined) row[name] = value
    }
    return row
  }

  /** Writes only the changed registers, in the writer's version. */
  function patched(stored: Stored, patch: Record<string, Json>): Stored {
    const next = new Map(stored)
    for (const [name, value] of Object.entries(patch))
      next.set(issue.chain.fieldsIn(1).get(name)!, { version: 1, value })
    return next
  }

  /**
   * The planted error: the row as the old client sees it is written back whole, in the new form.
   */
  function wholeRow(stored: Stored, patch: Record<string, Json>): Stored {
    const next = new Map<string, { version: number; value: Json }>()
    for (const [name, value] of Object.entries({ ...rowAt(stored, 1), ...patch })) {
      const reg = issue.chain.fieldsIn(1).get(name)!
      const up = issue.path(reg, 1, 2).translate(value)
      if (up.kind === 'value') next.set(reg, { version: 2, value: up.value })
    }
    return next
  }

  const keeps = (edit: typeof patched): boolean => {
    const after = rowAt(edit(v2, { title: 'Fixed' }), 2)
    return JSON.stringify(after) === JSON.stringify({ title: 'Fixed', status: 'doing', points: 5 })
  }

  test('13.1 registers that the old client did not write, or cannot see, do not change', () => {
    expect(rowAt(v2, 1)).toEqual({ title: 'Fix it', done: false })
    expect(keeps(patched)).toBe(true)
    expect(rowAt(patched(v2, { done: true }), 2)).toEqual({
      title: 'Fix it',
      status: 'done',
      points: 5,
    })
  })

  test('13.1 a round trip of the whole row loses what this check looks for', () => {
    expect(keeps(wholeRow)).toBe(false)
    expect(rowAt(wholeRow(v2, { title: 'Fixed' }), 2)).toEqual({
      title: 'Fixed',
      status: 'open',
      points: 0,
    })
  })

  test('13.1 a removed field is still shown in versions that have it', () => {
    const gone = lensesOf(['a'], [rename('a', 'b')], [remove('b')], [add('b', 1)])
    expect(gone.path('a', 1, 4).translate('kept')).toEqual({ kind: 'absent' })
    expect(gone.path('a', 1, 2).translate('kept')).toEqual({ kind: 'value', value: 'kept' })
    expect(gone.path('b@4', 4, 2).translate(2)).toEqual({ kind: 'absent' })
  })
})
