/** Chains as data: encoded and parsed, untrusted, merged with a build's own, and corrected. */
import { describe, expect, test } from 'vitest'
import { canonical } from '../../base/canonical.ts'
import { type Json, jsonFault } from '../../base/json.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import type { Chain } from './chain.ts'
import { describeCorrection, sameSteps } from './correction.ts'
import { chainData, joined, parseChain } from './data.ts'
import { begun, extended, firstVersion, nextVersion } from './declare.ts'
import { Lenses } from './path.ts'
import { Dice, someChain } from './random-chains.ts'
import { type Step } from './step.ts'
import { add, code, map, remove, rename, scale, wrap } from './steps.ts'

interface Revised {
  readonly steps: readonly Step[]
  readonly revision?: number
}

function chainOf(...versions: readonly Revised[]): Chain {
  return versions.reduce<Chain>(nextVersion, firstVersion('issue', ['title', 'done']))
}

function parsed(data: unknown): Chain {
  const chain = parseChain(data)
  if (!chain.ok) throw new Error(chain.error.message)
  return chain.value
}

const travelled = (chain: Chain): Chain => parsed(JSON.parse(JSON.stringify(chainData(chain))))

const turn = code('done', { name: 'turn', up: (v: boolean) => !v, down: (v: boolean) => !v })
const status = (up: string): Step =>
  map(
    'done',
    'status',
    [
      [false, 'open'],
      [true, 'done'],
    ],
    { up, down: false, lossy: 'down' },
  )

describe('there and back', () => {
  test('13.6 data is plain JSON that fits into a field, and contains no functions', () => {
    const data = chainData(
      chainOf({ steps: [turn] }, { steps: [status('open'), add('points', 0)], revision: 2 }),
    )
    expect(jsonFault(data)).toBeUndefined()
    expect(data).toEqual({
      v: 1,
      entity: 'issue',
      fields: ['done', 'title'],
      versions: [
        { revision: 0, steps: [{ op: 'code', field: 'done', name: 'turn' }] },
        {
          revision: 2,
          steps: [
            {
              op: 'map',
              field: 'done',
              to: 'status',
              table: [
                [false, 'open'],
                [true, 'done'],
              ],
              up: 'open',
              down: false,
              lossy: 'down',
            },
            { op: 'add', field: 'points', default: 0 },
          ],
        },
      ],
    })
  })

  test('13.6 kinds are sent where they differ from the previous version', () => {
    const one = firstVersion('issue', ['title', 'done'], new Map([['title', 'string']]))
    const two = nextVersion(one, { steps: [rename('title', 'name')] })
    const kinds = new Map([
      ['name', 'string'],
      ['done', 'boolean'],
    ])
    const chain = nextVersion(two, { steps: [], kinds })
    expect(chainData(chain)).toMatchObject({
      kinds: { title: 'string' },
      versions: [
        { revision: 0, steps: [{ op: 'rename', field: 'title', to: 'name' }] },
        { revision: 0, steps: [], kinds: { done: 'boolean' } },
      ],
    })
    const copy = travelled(chain)
    expect(copy.versions.map((version) => Object.fromEntries(version.kinds))).toEqual([
      { title: 'string', done: 'unknown' },
      { name: 'string', done: 'unknown' },
      { name: 'string', done: 'boolean' },
    ])
    const other = nextVersion(two, { steps: [], kinds: new Map([['done', 'number']]) })
    expect(sameSteps(chain, other, 3)).toBe(
      'issue, version 3: the field "done" was boolean and is number',
    )
    const corrected = nextVersion(two, {
      steps: [],
      kinds: new Map([['done', 'number']]),
      revision: 1,
    })
    expect(describeCorrection(chain, corrected)).toMatchObject({
      kind: 'different',
      reason: expect.stringMatching(/version 3 is not the same version any more: the field "done"/),
    })
  })

  test('13.6 a received chain has the same registers, defaults and data', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const made = someChain(new Dice(new SeededRandom(seed)))
      let chain = begun('thing', made.fields)
      for (const steps of made.versions) if (chain.ok) chain = extended(chain.value, { steps })
      if (!chain.ok) continue
      const copy = travelled(chain.value)
      expect(canonical(chainData(copy))).toBe(canonical(chainData(chain.value)))
      for (let version = 1; version <= chain.value.version; version++) {
        expect(Object.fromEntries(copy.fieldsIn(version))).toEqual(
          Object.fromEntries(chain.value.fieldsIn(version)),
        )
        expect(sameSteps(copy, chain.value, version)).toBeUndefined()
      }
      const opaque = made.versions.flat().some(({ op }) => op === 'code')
      for (const [reg, { defaults }] of chain.value.registers) {
        if (!opaque) expect(copy.registers.get(reg)!.defaults).toEqual(defaults)
      }
    }
  })
})

const good = (): { [key: string]: Json } => ({
  v: 1,
  entity: 'issue',
  fields: ['a'],
  versions: [{ revision: 0, steps: [] }],
})
const withSteps = (...steps: Json[]): Json => ({ ...good(), versions: [{ revision: 0, steps }] })

/** Replaces or removes a random part of the data. */
function spoil(dice: Dice, data: Json, parts: readonly Json[]): void {
  let at = data as Record<string, Json>
  for (;;) {
    const keys = Object.keys(at)
    if (keys.length === 0) return
    const key = dice.pick(keys)
    const inner = at[key]
    if (typeof inner === 'object' && inner !== null && dice.chance(0.8)) {
      at = inner as Record<string, Json>
      continue
    }
    if (dice.chance(0.2)) delete at[key]
    else at[dice.chance(0.9) ? key : 'more'] = dice.pick(parts)
    return
  }
}

describe('data from outside', () => {
  test('13.6 the smallest chain', () => expect(parsed(good()).version).toBe(2))

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /a undefined is not a JSON value/],
    ['a text', 'chain', /it is not an object/],
    ['a list', [], /it is not an object/],
    ['another form', { ...good(), v: 2 }, /newer than this build/],
    ['a missing part', { v: 1, entity: 'issue', fields: [] }, /versions is missing/],
    ['one part more', { ...good(), extra: 1 }, /a key that this build does not know/],
    ['a name of no type', { ...good(), entity: '1' }, /not a valid type name/],
    ['fields that are none', { ...good(), fields: 'a' }, /fields are not an array/],
    ['a field that is no name', { ...good(), fields: [7] }, /a field name is a string/],
    ['a dangerous field', { ...good(), fields: ['__proto__'] }, /forbidden/],
    [
      'kinds that are none',
      { ...good(), kinds: ['string'] },
      /version 1: its kinds are not an object/,
    ],
    ['a kind of no field', { ...good(), kinds: { b: 'string' } }, /kind is given for "b"/],
    ['a kind that is none', { ...good(), kinds: { a: 7 } }, /field "a": a kind is a string/],
    ['a kind without an end', { ...good(), kinds: { a: 'x'.repeat(161) } }, /1 to 160 characters/],
    [
      'a kind of a field that is gone',
      {
        ...good(),
        versions: [{ revision: 0, steps: [{ op: 'remove', field: 'a' }], kinds: { a: 'string' } }],
      },
      /kind is given for "a"/,
    ],
    ['versions that are none', { ...good(), versions: {} }, /versions are not an array/],
    ['a version that is none', { ...good(), versions: [7] }, /version 2: it is not an object/],
    [
      'a version with more to it',
      { ...good(), versions: [{ revision: 0, steps: [], x: 1 }] },
      /does not know/,
    ],
    [
      'steps that are none',
      { ...good(), versions: [{ revision: 0, steps: 'add' }] },
      /steps are not an array/,
    ],
    [
      'half a revision',
      { ...good(), versions: [{ revision: 0.5, steps: [] }] },
      /a revision is a whole number/,
    ],
    ['a step that is none', withSteps(null), /a step must be an object/],
    ['a step of another age', withSteps({ op: 'split', field: 'a' }), /no step is called "split"/],
    [
      'a step from the prototype',
      withSteps({ op: 'constructor', field: 'a' }),
      /no step is called/,
    ],
    ['a step that does not fit', withSteps({ op: 'wrap', field: 'z' }), /there is no field "z"/],
    [
      'functions as texts',
      withSteps({ op: 'code', field: 'a', name: 'x', up: '1', down: '2' }),
      /it is not a function/,
    ],
    [
      'a dangerous key',
      JSON.parse('{"v":1,"__proto__":{"entity":"issue"}}'),
      /the key __proto__ is forbidden/,
    ],
    [
      'a dangerous key deep inside',
      withSteps({ op: 'add', field: 'b', default: JSON.parse('{"constructor":1}') as Json }),
      /the key constructor is forbidden/,
    ],
    [
      '64 versions beyond the first',
      { ...good(), versions: Array.from({ length: 64 }, () => ({ revision: 0, steps: [] })) },
      /at most 64 versions/,
    ],
    [
      '257 steps',
      withSteps(...Array.from({ length: 257 }, () => ({ op: 'scale', field: 'a', factor: 2 }))),
      /more than 256 steps/,
    ],
    [
      '1,025 pairs',
      withSteps({
        op: 'map',
        field: 'a',
        to: 'a',
        table: Array.from({ length: 1_025 }, (_, i) => [i, i]),
      }),
      /at most 1024 pairs/,
    ],
    [
      'a class',
      new (class {
        v = 1
      })(),
      /a .* is not plain data/,
    ],
  ])('13.6 refused, with a reason: %s', (_, data, reason) => {
    const chain = parseChain(data)
    expect(chain).toMatchObject({ ok: false, error: { code: 'schema_refused' } })
    expect(chain.ok ? '' : chain.error.message).toMatch(reason)
  })

  test('13.6 the largest chain is accepted, and a chain made from another does not change it', () => {
    const scales = Array.from({ length: 256 }, () => ({ op: 'scale', field: 'a', factor: 2 }))
    const versions = Array.from({ length: 63 }, () => ({ revision: 0, steps: scales }))
    const chain = parsed({ ...good(), versions })
    expect(chain.registers.get('a')!.steps).toHaveLength(63 * 256)
    // Steps of a previous version are shared with another chain, and do not change.
    const less = parsed({ ...good(), versions: versions.slice(1) })
    nextVersion(less, { steps: [scale('a', 2)] })
    expect(less.registers.get('a')!.steps).toHaveLength(62 * 256)
  })

  test('13.6 no value of any kind makes it throw', () => {
    const dice = new Dice(new SeededRandom(99))
    const text = JSON.stringify(
      chainData(chainOf({ steps: [turn, add('x', [1])] }, { steps: [status('open')] })),
    )
    const parts: readonly Json[] = [
      null,
      0,
      -1,
      'add',
      'title',
      'map',
      '$unset',
      [],
      {},
      [[1, 2]],
      true,
    ]
    let [accepted, refused] = [0, 0]
    for (let count = 0; count < 4_000; count++) {
      const data = JSON.parse(text) as Json
      for (let times = 1 + dice.below(2); times > 0; times--) spoil(dice, data, parts)
      if (parseChain(data).ok) accepted++
      else refused++
    }
    expect(accepted).toBeGreaterThan(20)
    expect(refused).toBeGreaterThan(1_000)
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap')
        },
      },
    )
    expect(parseChain(trap).ok).toBe(false)
    let reads = 0
    const shifty = {
      ...good(),
      get entity(): Json {
        return reads++ > 0 ? (JSON.parse('{"__proto__":1}') as Json) : 'issue'
      },
    }
    expect(parseChain(shifty).ok).toBe(false)
  })
})

describe('joined with a build’s own', () => {
  test('13.7 an old build reads what newer versions wrote, and keeps its own code', () => {
    const own = chainOf({ steps: [turn] })
    const newer = travelled(
      chainOf({ steps: [turn] }, { steps: [rename('done', 'finished'), wrap('finished')] }),
    )
    expect(new Lenses(newer).path('done', 3, 1).translate([true])).toEqual({
      kind: 'opaque',
      needs: 2,
    })
    const both = joined(own, newer)
    expect(both.ok && new Lenses(both.value).path('done', 3, 1).translate([true])).toEqual({
      kind: 'value',
      value: false,
    })
    expect(both.ok && both.value.version).toBe(3)
    const back = joined(both.ok ? both.value : own, travelled(own))
    expect(back.ok && back.value.version).toBe(3)
  })

  test('13.8 the higher revision of a version is taken, from either side', () => {
    const old = chainOf({ steps: [status('open')] }, { steps: [add('n', 1)] })
    const corrected = chainOf({ steps: [status('done')], revision: 1 })
    for (const both of [joined(old, travelled(corrected)), joined(corrected, travelled(old))]) {
      expect(both.ok && both.value.versions.map(({ revision }) => revision)).toEqual([0, 1, 0])
      expect(both.ok && new Lenses(both.value).path('done', 1, 2).translate(null)).toEqual({
        kind: 'value',
        value: 'done',
      })
    }
  })

  test('13.8 a corrected version keeps the code of its build', () => {
    const own = chainOf({ steps: [turn] })
    const both = joined(own, travelled(chainOf({ steps: [turn, wrap('done')], revision: 1 })))
    expect(both.ok && new Lenses(both.value).path('done', 1, 2).translate(true)).toEqual({
      kind: 'value',
      value: [false],
    })
  })

  test('13.6 refused: two that differ at one revision, or of two types', () => {
    const mine = chainOf({ steps: [status('open')] })
    const reason = (other: Chain): string => {
      const both = joined(mine, other)
      return both.ok ? 'joined' : both.error.message
    }
    expect(reason(chainOf({ steps: [status('done')] }))).toBe(
      'issue, version 2: step 1, map of done to status: up was "open" and is "done"',
    )
    expect(reason(firstVersion('issue', ['title']))).toBe(
      'issue, version 1: the field "done" was removed or has another register',
    )
    expect(reason(firstVersion('other', ['title', 'done']))).toBe('issue and other are two types')
    // A correction is rejected if the later versions no longer fit.
    const mixed = joined(
      chainOf({ steps: [add('x', 1)] }, { steps: [remove('x')] }),
      chainOf({ steps: [], revision: 1 }),
    )
    expect(mixed).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/version 3, step 1: remove: there is no field "x"/) },
    })
  })
})

describe('differences and corrections', () => {
  const before = chainOf({ steps: [status('open')] }, { steps: [add('points', 0)] })

  test('13.8 equal chains have no difference', () => {
    expect(sameSteps(before, travelled(before), 2)).toBeUndefined()
    expect(describeCorrection(before, travelled(before))).toEqual({ kind: 'same' })
    const turned = firstVersion('issue', ['done', 'title'])
    expect(sameSteps(before, turned, 1)).toBeUndefined()
    expect(
      describeCorrection(chainOf({ steps: [turn] }), travelled(chainOf({ steps: [turn] }))),
    ).toEqual({ kind: 'same' })
  })

  test('13.8 a difference is a sentence', () => {
    const other = chainOf({ steps: [turn, rename('done', 'status')] })
    expect(sameSteps(before, other, 2)).toBe(
      'issue, version 2: step 1, map of done to status, is now code of done',
    )
    expect(sameSteps(before, other, 3)).toBe('only one of them has version 3')
    expect(sameSteps(before, chainOf({ steps: [] }), 2)).toBe(
      'issue, version 2: step 1, map of done to status, was removed',
    )
    expect(sameSteps(chainOf({ steps: [] }), before, 2)).toBe(
      'issue, version 2: step 1, map of done to status, was added',
    )
    expect(sameSteps(before, other, 9)).toBeUndefined()
  })

  test('13.8 a correction lists the changes, with their version', () => {
    const after = chainOf(
      {
        steps: [
          map(
            'done',
            'status',
            [
              [false, 'open'],
              [true, 'done'],
            ],
            { up: 'done', down: false, lossy: 'down', backport: 'allow' },
          ),
        ],
        revision: 3,
      },
      { steps: [add('points', 1)], revision: 1 },
    )
    expect(describeCorrection(before, after)).toEqual({
      kind: 'correction',
      versions: [
        {
          version: 2,
          revision: 3,
          changes: [
            'step 1, map of done to status: backport was absent and is "allow"; up was "open" and is "done"',
          ],
        },
        { version: 3, revision: 1, changes: ['step 1, add of points: default was 0 and is 1'] },
      ],
    })
    expect(
      describeCorrection(before, nextVersion(before, { steps: [scale('points', 2)] })),
    ).toEqual({ kind: 'same' })
  })

  test('13.8 a change that is not a correction is detected', () => {
    const reason = (after: Chain, from = before): string => {
      const said = describeCorrection(from, after)
      return said.kind === 'different' ? said.reason : said.kind
    }
    expect(reason(chainOf({ steps: [status('done')] }))).toMatch(
      /^version 2 changes without a new revision: step 1/,
    )
    expect(reason(before, chainOf({ steps: [status('open')], revision: 1 }))).toBe(
      'version 2 goes back from revision 1 to 0',
    )
    expect(reason(chainOf({ steps: [rename('done', 'state')], revision: 1 }))).toMatch(
      /not the same version any more: the field "status" was removed/,
    )
    expect(reason(chainOf({ steps: [status('open'), add('x', 1)], revision: 1 }))).toMatch(
      /the field "x" was added/,
    )
    expect(reason(firstVersion('issue', ['done']))).toMatch(
      /version 1 changes without a new revision: the field "title" was removed/,
    )
    expect(reason(firstVersion('other', ['done']))).toBe('these are two types')
  })
})
