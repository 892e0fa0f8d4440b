/**
 * Random chains and values, for tests. A field has a form (its values in a version), and each step
 * is chosen to fit the form, so that most values are in its domain. Knows the domain and range of
 * steps, not their functions.
 */
import type { Json } from '../../base/json.ts'
import { type Step } from './step.ts'
import { add, code, format, head, hoist, map, nest, remove, rename, scale, wrap } from './steps.ts'

/** The values that a field holds. */
export type Form =
  | { readonly is: 'boolean' | 'bit' | 'flag' | 'number' | 'digits' | 'epochMs' | 'isoDate' }
  | { readonly is: 'words'; readonly words: readonly string[] }
  | { readonly is: 'list'; readonly of: Form }
  | { readonly is: 'box'; readonly key: string; readonly of: Form }

export class Dice {
  readonly #random: { unit(): number }

  constructor(random: { unit(): number }) {
    this.#random = random
  }

  below(count: number): number {
    return Math.floor(this.#random.unit() * count)
  }

  chance(share: number): boolean {
    return this.#random.unit() < share
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}

const WORDS: readonly string[] = ['open', 'done', 'late', '', 'ö', '1', 'true', 'null']
const INSTANTS = [
  [0, '1970-01-01T00:00:00.000Z'],
  [951_782_399_999, '2000-02-28T23:59:59.999Z'],
  [951_782_400_000, '2000-02-29T00:00:00.000Z'],
  [-1, '1969-12-31T23:59:59.999Z'],
  [-62_167_219_200_001, '-000001-12-31T23:59:59.999Z'],
  [8_640_000_000_000_000, '+275760-09-13T00:00:00.000Z'],
] as const

/** Values that no form, or only some, contain. */
export const STRAY: readonly Json[] = [
  ...[null, 0, 7, -0.5, 1e21, 1 / 3, true, '', 'x', '07', '1e3', '2024-02-30T00:00:00.000Z'],
  ...[[], [1, 2], [[]], {}, { a: 1 }, { a: 1, b: 2 }, { b: 1 }],
  ...[[{ $unset: true }], { a: { $unset: true } }],
]

/** A random form of values, for tests of laws. */
export function someForm(dice: Dice): Form {
  switch (dice.below(9)) {
    case 0:
      return { is: 'words', words: WORDS.slice(dice.below(3), 5 + dice.below(4)) }
    case 1:
      return { is: 'list', of: { is: 'number' } }
    case 2:
      return { is: 'box', key: 'a', of: { is: 'boolean' } }
    default:
      return { is: dice.pick(['boolean', 'number', 'number', 'digits', 'epochMs', 'isoDate']) }
  }
}

/** A value of the form. */
export function someValue(dice: Dice, form: Form): Json {
  switch (form.is) {
    case 'boolean':
      return dice.chance(0.5)
    case 'bit':
      return dice.below(2)
    case 'flag':
      return dice.pick(['true', 'false'])
    case 'number':
      return someNumber(dice)
    case 'digits':
      return String(someNumber(dice))
    case 'epochMs':
      return dice.pick(INSTANTS)[0]
    case 'isoDate':
      return dice.pick(INSTANTS)[1]
    case 'words':
      return dice.pick(form.words)
    case 'list':
      return Array.from({ length: dice.below(4) }, () => someValue(dice, form.of))
    case 'box':
      return { [form.key]: someValue(dice, form.of) }
  }
}

function someNumber(dice: Dice): number {
  return (dice.below(20_001) - 10_000) / dice.pick([1, 10, 100])
}

export interface Stepping {
  readonly step: Step
  /** The name and the form of the field after the step; name undefined: removed. */
  readonly name: string | undefined
  readonly form: Form
}

/** A step that fits a field. `fresh` is an unused name. */
export function someStep(
  dice: Dice,
  field: string,
  { form, fresh }: { form: Form; fresh: string },
): Stepping {
  const plain = (step: Step, after: Form): Stepping => ({ step, name: field, form: after })
  switch (dice.below(7)) {
    case 0:
      return { step: rename(field, fresh), name: fresh, form }
    case 1:
      return plain(wrap(field, dice.chance(0.5) ? { empty: 0 } : {}), { is: 'list', of: form })
    case 2: {
      const loose = dice.chance(0.5) ? ({ lossy: 'down' } as const) : {}
      return plain(nest(field, 'a', loose), { is: 'box', key: 'a', of: form })
    }
    case 3:
      return plain(code(field, mirrored), form)
    case 4:
      return dice.chance(0.3)
        ? { step: remove(field, someValue(dice, form)), name: undefined, form }
        : fittingStep(dice, field, { form, fresh })
    default:
      return fittingStep(dice, field, { form, fresh })
  }
}

/** Its own inverse, on any value. */
const mirrored = {
  name: 'mirror',
  up: (value: Json): Json => mirror(value),
  down: (value: Json): Json => mirror(value),
}

function mirror(value: Json): Json {
  if (Array.isArray(value)) return [...(value as readonly Json[])].reverse()
  return typeof value === 'boolean' ? !value : typeof value === 'number' ? -value : value
}

function fittingStep(
  dice: Dice,
  field: string,
  { form, fresh }: { form: Form; fresh: string },
): Stepping {
  const plain = (
    step: Step,
    is: 'bit' | 'flag' | 'boolean' | 'number' | 'digits' | 'epochMs' | 'isoDate',
  ) => ({
    step,
    name: field,
    form: { is },
  })
  switch (form.is) {
    case 'boolean':
      return dice.chance(0.5)
        ? dice.pick([
            plain(format(field, 'boolean', 'number'), 'bit'),
            plain(format(field, 'boolean', 'string'), 'flag'),
          ])
        : someMap(dice, field, { olds: [false, true], fresh })
    case 'bit':
      return plain(format(field, 'number', 'boolean'), 'boolean')
    case 'flag':
      return plain(
        format(field, 'string', 'boolean', dice.chance(0.5) ? { lossy: 'up' } : {}),
        'boolean',
      )
    case 'number':
      return dice.chance(0.5)
        ? plain(
            format(field, 'number', 'string', dice.chance(0.3) ? { lossy: 'down' } : {}),
            'digits',
          )
        : plain(someScale(dice, field), 'number')
    case 'digits':
      return plain(
        format(field, 'string', 'number', dice.chance(0.5) ? { lossy: 'up' } : {}),
        'number',
      )
    case 'epochMs':
      return plain(format(field, 'epochMs', 'isoDate'), 'isoDate')
    case 'isoDate':
      return plain(
        format(field, 'isoDate', 'epochMs', dice.chance(0.5) ? { lossy: 'up' } : {}),
        'epochMs',
      )
    case 'words':
      return someMap(dice, field, { olds: form.words, fresh })
    case 'list':
      return {
        step: head(field, dice.chance(0.5) ? { empty: 'none' } : {}),
        name: field,
        form: form.of,
      }
    case 'box':
      return {
        step: hoist(field, form.key, dice.chance(0.5) ? { lossy: 'up' } : {}),
        name: field,
        form: form.of,
      }
  }
}

function someScale(dice: Dice, field: string): Step {
  const factor = dice.pick([2, 10, 100, 0.5, 0.01, -4, 3])
  const round = dice.pick([undefined, { up: 0 }, { down: 1 }, { up: 2, down: 0 }])
  return scale(field, factor, round ? { round } : {})
}

/** Maps to as many new words as there are old values, or to fewer, which is lossy. */
function someMap(
  dice: Dice,
  field: string,
  { olds, fresh }: { olds: readonly Json[]; fresh: string },
): Stepping {
  const to = dice.chance(0.5) ? fresh : field
  const folds = dice.chance(0.3)
  const first = dice.below(3)
  const words = WORDS.slice(first, first + 5)
  // Five words, or as many as there are olds.
  const table = olds.slice(0, 5).map((old, i) => [old, folds ? words[0]! : words[i]!] as const)
  const lossy = folds ? 'both' : dice.pick(['down', 'both'] as const)
  // Called with one old value at least.
  const more = dice.chance(0.5) ? { up: 'open', down: olds[0]!, lossy } : folds ? { lossy } : {}
  return {
    step: map(field, to, table, more),
    name: to,
    form: { is: 'words', words: [...words, 'extra'] },
  }
}

export interface MadeUp {
  readonly fields: readonly string[]
  /** The steps that lead to version 2, 3, … */
  readonly versions: readonly (readonly Step[])[]
  /** By version, from 1: the fields and their forms. */
  readonly forms: readonly ReadonlyMap<string, Form>[]
}

/** A chain of 1 to 6 steps, over one version or several. */
export function someChain(dice: Dice): MadeUp {
  const forms = [
    new Map(['a', 'b', 'c'].slice(0, 1 + dice.below(3)).map((name) => [name, someForm(dice)])),
  ]
  const versions: Step[][] = []
  let left = 1 + dice.below(6)
  while (left > 0) {
    const now = new Map(forms.at(-1))
    const steps: Step[] = []
    const untouched = new Set(now.keys())
    for (let count = Math.min(left, 1 + dice.below(4)); count > 0; count--, left--) {
      steps.push(placed(dice, now, untouched))
    }
    versions.push(steps)
    forms.push(now)
  }
  return { fields: [...(forms[0]?.keys() ?? [])], versions, forms }
}

/** Few names, so that they are reused for other registers. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']

/** A step on a field of `now`, or a new field. Removes a field only if no step has touched it. */
function placed(dice: Dice, now: Map<string, Form>, untouched: Set<string>): Step {
  const fresh = dice.pick(NAMES.filter((name) => !now.has(name)))
  const field = dice.pick([...now.keys(), ''])
  const form = now.get(field)
  const stepping = form && someStep(dice, field, { form, fresh })
  if (!stepping || (stepping.name === undefined && !untouched.has(field))) {
    const added = someForm(dice)
    now.set(fresh, added)
    return dice.chance(0.7) ? add(fresh, someValue(dice, added)) : add(fresh)
  }
  now.delete(field)
  untouched.delete(field)
  if (stepping.name !== undefined) now.set(stepping.name, stepping.form)
  return stepping.step
}
