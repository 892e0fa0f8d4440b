/** Operations on values: their form, sums, sets, inverses, and a model of all of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../base/json.ts'
import { jsonEqual } from '../base/json.ts'
import { ops, set, counter } from './merging-fields.ts'
import { appFold } from './app-folds.ts'
import {
  type Operation,
  type Primitive,
  type Total,
  folded,
  joinFault,
  operationIn,
} from './operations.ts'
import { inverseOf, joined, operationFault } from './operation-input.ts'

const of = {}
const fold = (operations: readonly Operation[], start?: Total): Total | undefined =>
  operations.reduce<Total | undefined>(
    (total, one) => folded(total, one, { fold: undefined, of }),
    start,
  )
const valueOf = (total: Total | undefined): Json | undefined => total?.value

const element = fc.constantFrom<Primitive>(null, false, true, 0, -1, 2.5, '', 'a', 'b', 'ü😀')
const setOps: fc.Arbitrary<Operation> = fc
  .tuple(fc.array(element), fc.array(element))
  .map(([added, removed]) => joined(set.remove(...removed), set.add(...added))!)
const counterOps: fc.Arbitrary<Operation> = fc
  .integer({ min: -1_000, max: 1_000 })
  .map((n) => counter.increment(n))

describe('§9: an operation', () => {
  it('is one by its form alone', () => {
    const good: unknown[] = [
      counter.increment(-3),
      counter.increment(-0),
      set.add('b', 'a', 'b'),
      set.remove(null, 1, true),
      set.add(),
      ops.apply({ any: ['thing'] }),
    ]
    for (const one of good) expect(operationFault(one as Operation)).toBeUndefined()
    expect(counter.increment(-0)).toEqual({ $op: ['counter', 0] })
    expect(set.add('b', 'a', 'b')).toEqual({ $op: ['set', ['a', 'b'], []] })
    for (const value of [1, null, 'x', [], {}, { $unset: true }, { $op: 1 }])
      expect(operationIn(value as Json)).toBeUndefined()
  })

  it.each([
    { $op: [] },
    { $op: ['counter'] },
    { $op: ['counter', 1.5] },
    { $op: ['counter', 1, 2] },
    { $op: ['counter', 1], more: 1 },
    { $op: ['set', ['a']] },
    { $op: ['set', ['b', 'a'], []] },
    { $op: ['set', ['a', 'a'], []] },
    { $op: ['set', ['a'], ['a']] },
    { $op: ['set', [['a']], []] },
    { $op: ['set', 'a', []] },
    { $op: ['ops', []] },
    { $op: ['ops', 1] },
    { $op: ['sum', 1] },
  ])('OPS1 is malformed: %j', (wrong) => {
    expect(operationFault(operationIn(wrong as Json)!)).toBeDefined()
  })

  it('OPS3 leaves a total of another kind, and a counter at its bound, as they are', () => {
    const most = fold([counter.increment(Number.MAX_SAFE_INTEGER)])
    expect(joinFault(most, counter.increment(1))).toMatch(/safe integers/)
    expect(valueOf(fold([counter.increment(1)], most))).toBe(Number.MAX_SAFE_INTEGER)
    expect(joinFault(most, set.add('a'))).toMatch(/holds a counter/)
    expect(fold([set.add('a')], most)).toEqual(most)
    expect(joined(counter.increment(Number.MAX_SAFE_INTEGER), counter.increment(1))).toBeUndefined()
  })
})

describe('§9: operations as one', () => {
  it('OPS6 have the same effect as one by one, and one form', () => {
    for (const arbitrary of [setOps, counterOps])
      fc.assert(
        fc.property(
          fc.array(arbitrary, { minLength: 1, maxLength: 8 }),
          arbitrary,
          (list, under) => {
            const one = list.reduce((a, b) => joined(a, b)!)
            expect(operationFault(one)).toBeUndefined()
            expect(valueOf(fold([under, one]))).toEqual(valueOf(fold([under, ...list])))
          },
        ),
      )
  })

  it('are taken back by the inverse', () => {
    for (const arbitrary of [setOps, counterOps])
      fc.assert(
        fc.property(fc.array(arbitrary, { minLength: 1 }), arbitrary, (before, one) => {
          const start = fold(before)
          const inverse = inverseOf(one, start?.value)!
          expect(operationFault(inverse)).toBeUndefined()
          expect(valueOf(fold([one, inverse], start))).toEqual(start!.value)
        }),
      )
    expect(inverseOf(ops.apply(1), 1)).toBeUndefined()
  })

  it('make the set that a list of verbs makes, sorted', () => {
    const verbs = fc.array(fc.tuple(fc.boolean(), element))
    fc.assert(
      fc.property(verbs, (list) => {
        const model = new Set<Primitive>()
        for (const [isAdd, each] of list) {
          if (isAdd) model.add(each)
          else model.delete(each)
        }
        const made = valueOf(
          fold(list.map(([isAdd, each]) => (isAdd ? set.add(each) : set.remove(each)))),
        ) as readonly Primitive[] | undefined
        expect(new Set(made)).toEqual(model)
        expect(made ?? []).toHaveLength(model.size)
        const again = valueOf(
          fold(
            [...model].reverse().map((each) => set.add(each)),
            fold([set.add()]),
          ),
        )
        expect(jsonEqual(made ?? [], again)).toBe(true)
      }),
    )
  })
})

describe('§9: the operations of an app', () => {
  it('OPS4 wait where the function is not known, and are folded in order where it is', () => {
    const reported: unknown[] = []
    const field = ops((text: string, more: string) => text + more, { initial: '>' })
    const known = appFold(field['~merging']!, (error) => reported.push(error))!
    const waiting = fold([ops.apply('a'), ops.apply('b')])
    expect(waiting).toEqual({ kind: 'ops', waiting: ['a', 'b'] })
    expect(folded(waiting, ops.apply('c'), { fold: known, of })).toEqual({
      kind: 'ops',
      value: '>abc',
    })
    expect(reported).toEqual([])
  })

  it('change nothing where the function throws, mutates, or makes no JSON; reported once', () => {
    const bad = (text: Json, how: Json): Json => {
      if (how === 'throw') throw new Error('no')
      if (how === 'mutate') (text as string[]).push('x')
      return how === 'nothing' ? (undefined as never) : [...(text as string[]), how]
    }
    const reported: unknown[] = []
    const known = appFold({ kind: 'ops', initial: [], fold: bad }, (error) => reported.push(error))!
    let total: Total | undefined
    for (const how of ['a', 'throw', 'mutate', 'nothing', 'b'])
      for (let turn = 0; turn < 2; turn++)
        total = folded(total, ops.apply(how), { fold: known, of: { how } })
    expect(total!.value).toEqual(['a', 'a', 'b', 'b'])
    expect(reported).toHaveLength(6)
    const one = {}
    for (let turn = 0; turn < 3; turn++) folded(total, ops.apply('throw'), { fold: known, of: one })
    expect(reported).toHaveLength(7)
  })
})
