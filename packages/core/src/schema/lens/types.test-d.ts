/**
 * Programs that must not compile, and the types of fields after steps. Nothing here runs:
 * the type check covers this file, and an unused `@ts-expect-error` fails it.
 */
import type { Json } from '../../base/json.ts'
import { type Step } from './step.ts'
import { add, code, format, head, hoist, map, nest, remove, rename, scale, wrap } from './steps.ts'
import type { ShapeFault, Stepped, StepsFor } from './types.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

function holds<T extends true>(value: T): T {
  return value
}

/** The parameters of `entity().version()`, with explicit types of the shapes. */
declare class Declared<Out> {
  next<Next>(): {
    by<const Steps extends readonly Step[]>(
      steps: Steps & StepsFor<Out, Steps, Next>,
    ): Declared<Next>
  }
}

/** The fault of steps, as a string literal, or never. */
declare function faultOf<Out, Next>(): <const Steps extends readonly Step[]>(
  steps: Steps,
) => ShapeFault<Stepped<Out, Steps>, Next>

type V1 = { title: string; done: boolean }
type V2 = { title: string; status: 'open' | 'doing' | 'done'; points: number }

export function rightSteps(v1: Declared<V1>): void {
  v1.next<V2>().by([
    map(
      'done',
      'status',
      [
        [false, 'open'],
        [true, 'done'],
      ],
      { up: 'open', down: false, lossy: 'down', backport: 'allow' },
    ),
    add('points', 0),
  ])
  v1.next<V1>().by([])
  v1.next<{ name: string; done: boolean }>().by([rename('title', 'name')])
  v1.next<{ done: boolean }>().by([remove('title')])
  v1.next<V1 & { note?: string }>().by([add('note')])
  v1.next<V1 & { size: 'big' | 'small' }>().by([add('size', 'small')])
  v1.next<V1 & { due: string }>().by([add('due', 0), format('due', 'epochMs', 'isoDate')])
  v1.next<V1 & { due: Date }>().by([add('due', 0), format('due', 'epochMs', 'isoDate')])
  v1.next<{ done: boolean; title: string[] }>().by([wrap('title')])
  v1.next<{ done: boolean; title: readonly string[] }>().by([wrap('title')])
  v1.next<{ done: boolean; title: { text: string } }>().by([nest('title', 'text')])
  v1.next<{ done: boolean; title: { text: string; lang?: string } }>().by([
    nest('title', 'text', { lossy: 'down' }),
  ])
  v1.next<{ title: string; done?: boolean }>().by([])
}

export function moreRightSteps(
  lists: Declared<{ tags: string[]; note?: string }>,
  boxes: Declared<{ price: { amount: number }; at?: Date; big: bigint }>,
): void {
  lists.next<{ tags: string; note?: string }>().by([head('tags')])
  lists.next<{ tags: string[]; note?: string[] }>().by([wrap('note')])
  lists.next<{ tags: string[]; memo?: string }>().by([rename('note', 'memo')])
  boxes
    .next<{ price: number; at?: Date; big: string }>()
    .by([hoist('price', 'amount'), scale('price', 100)])
  boxes
    .next<{ price: { amount: number }; at?: number; big: bigint }>()
    .by([format('at', 'isoDate', 'epochMs')])
  boxes.next<{ price: string; at?: Date; big: bigint }>().by([
    code('price', {
      name: 'price-text',
      up: (price: { readonly amount: number }) => `${price.amount} EUR`,
      down: (text: string) => ({ amount: Number.parseFloat(text) }),
      lossy: 'both',
    }),
  ])
}

export function whatStepsMake(): void {
  type Done = { title: string; done: boolean }
  const steps = [rename('done', 'finished'), add('points', 0)] as const
  type After = Stepped<Done, typeof steps>
  holds<Equal<keyof After, 'title' | 'finished' | 'points'>>(true)
}

/** The exact reasons: a program may fail to compile for another one. */
export function reasons(): void {
  const name = faultOf<V1, V1>()([rename('titel', 'name')])
  holds<Equal<typeof name, 'rename: there is no field titel'>>(true)
  const taken = faultOf<V1, V1>()([rename('title', 'done')])
  holds<Equal<typeof taken, 'rename: there is a field done already'>>(true)
  const twice = faultOf<V1, V1>()([add('title', 'x')])
  holds<Equal<typeof twice, 'add: there is a field title already'>>(true)
  const text = faultOf<V1, V1>()([scale('title', 2)])
  holds<Equal<typeof text, 'scale: title is not a number'>>(true)
  const list = faultOf<V1, V1>()([head('title')])
  holds<Equal<typeof list, 'head: title is not a list'>>(true)
  const key = faultOf<{ title: { text: string } }, V1>()([hoist('title', 'name')])
  holds<Equal<typeof key, 'hoist: title is not an object with the key name'>>(true)
  const old = faultOf<V1, V1>()([map('done', 'done', [['yes', 'y']])])
  holds<Equal<typeof old, 'map: done never has a value that the table has'>>(true)
  const down = faultOf<V1, V1>()([map('done', 'done', [[true, 'y']], { down: 'n' })])
  holds<Equal<typeof down, 'map: done never has the value that `down` gives'>>(true)
  const up = faultOf<V1, V1>()([map('done', 'done', [[true, 'y']], { up: 'n' })])
  holds<
    Equal<typeof up, 'map: done has values that the table leaves to `up`: declare it lossy up'>
  >(true)
}

export function reasonsOfShapes(): void {
  const wider = faultOf<{ a: string }, { a: string | number }>()([])
  holds<
    Equal<
      typeof wider,
      'a is wider in the new shape, and no step says how older versions read that'
    >
  >(true)
  const other = faultOf<{ a: string }, { a: number }>()([])
  holds<Equal<typeof other, 'a is not of the type in the new shape that the steps make of it'>>(
    true,
  )
  const made = faultOf<{ a: string }, { a: string; b: string }>()([add('b', 1)])
  holds<Equal<typeof made, 'b cannot hold in the new shape what the steps make of it'>>(true)
  const missing = faultOf<{ a?: string }, { a: string }>()([])
  holds<
    Equal<
      typeof missing,
      'a may be missing in the version before, and is required in the new shape'
    >
  >(true)
  const folded = faultOf<{ a: boolean }, { a: 'y' | 'n' | 'maybe' }>()([
    map(
      'a',
      'a',
      [
        [true, 'y'],
        [false, 'n'],
      ],
      { down: false },
    ),
  ])
  holds<Equal<typeof folded, 'a may hold values in the new shape that the steps do not take down'>>(
    true,
  )
  const extra = faultOf<{ a: string }, { a: string; b: string }>()([])
  holds<Equal<typeof extra, 'no step makes the field b'>>(true)
  const lost = faultOf<{ a: string; b: string }, { a: string }>()([])
  holds<Equal<typeof lost, 'the new shape lacks the field b, and no step removes it'>>(true)
  const right = faultOf<V1, { title: string; status: boolean }>()([rename('done', 'status')])
  holds<Equal<typeof right, never>>(true)
  const recursive = faultOf<{ a: Json; b: readonly Json[] }, { a: Json; b: Json[] }>()([])
  holds<Equal<typeof recursive, never>>(true)
}

export function stepsOnWrongFields(v1: Declared<V1>): void {
  // @ts-expect-error rename: a field that does not exist
  v1.next<{ name: string; done: boolean }>().by([rename('titel', 'name')])
  // @ts-expect-error remove: a field that does not exist
  v1.next<{ title: string }>().by([remove('finished')])
  // @ts-expect-error rename: the name is taken
  v1.next<{ done: string }>().by([rename('title', 'done')])
  // @ts-expect-error add: the name is taken
  v1.next<V1>().by([add('title', 'x')])
  // @ts-expect-error a step after the field was renamed away
  v1.next<{ name: string[]; done: boolean }>().by([rename('title', 'name'), wrap('title')])
  // @ts-expect-error scale: a text
  v1.next<V1>().by([scale('title', 2)])
  // @ts-expect-error format: a text is no instant
  v1.next<{ title: string; done: string }>().by([format('done', 'epochMs', 'isoDate')])
  // @ts-expect-error head: a text is no list
  v1.next<V1>().by([head('title')])
  // @ts-expect-error hoist: a text is no object
  v1.next<V1>().by([hoist('title', 'text')])
  // @ts-expect-error code: it takes numbers, the field is a text
  v1.next<V1>().by([code('title', { name: 'x', up: (n: number) => `${n}`, down: () => 1 })])
}

export function wrongTables(v1: Declared<V1>, v2: Declared<V2>): void {
  // @ts-expect-error map: the field never has the old value
  v1.next<{ title: string; done: string }>().by([map('done', 'done', [['yes', 'y']])])
  // @ts-expect-error map: the field never has the value that `down` gives
  v1.next<{ title: string; done: string }>().by([map('done', 'done', [[true, 'y']], { down: 'n' })])
  // @ts-expect-error map: `up` folds two values into one, and no loss is declared
  v2.next<{ title: string; status: 'a' | 'b'; points: number }>().by([
    map('status', 'status', [['open', 'a']], { up: 'b' }),
  ])
  // @ts-expect-error map: what the table makes is not in the new shape
  v1.next<{ title: string; done: 'y' | 'n' }>().by([
    map('done', 'done', [
      [true, 'y'],
      [false, 'no'],
    ]),
  ])
  // @ts-expect-error map: the new shape has more than the table, `down` folds it, no loss is declared
  v1.next<{ title: string; done: 'y' | 'n' | 'maybe' }>().by([
    map(
      'done',
      'done',
      [
        [true, 'y'],
        [false, 'n'],
      ],
      { down: false },
    ),
  ])
}

export function wrongShapes(v1: Declared<V1>, lists: Declared<{ note?: string }>): void {
  // @ts-expect-error no step makes the field
  v1.next<V1 & { points: number }>().by([])
  // @ts-expect-error the new shape lacks a field that nothing removes
  v1.next<{ title: string }>().by([])
  // @ts-expect-error another type, without a step
  v1.next<{ title: number; done: boolean }>().by([])
  // @ts-expect-error a wider type, without a step
  v1.next<{ title: string | null; done: boolean }>().by([])
  // @ts-expect-error the default does not fit
  v1.next<V1 & { points: number }>().by([add('points', '0')])
  // @ts-expect-error an addition without a default is optional
  v1.next<V1 & { points: number }>().by([add('points')])
  // @ts-expect-error wrapped, but no list in the new shape
  v1.next<V1>().by([wrap('title')])
  // @ts-expect-error nested under another key
  v1.next<{ title: { name: string }; done: boolean }>().by([nest('title', 'text')])
  // @ts-expect-error what was optional is required
  lists.next<{ note: string }>().by([])
}

export function wrongBuilders(): void {
  // @ts-expect-error a rename of two fields
  rename(['first', 'last'], 'name')
  // @ts-expect-error a form that does not exist
  format('due', 'isoDate', 'stardate')
  // @ts-expect-error a loss that does not exist
  map('a', 'a', [], { lossy: 'sideways' })
  // @ts-expect-error a default that is no JSON
  add('at', 5n)
  // @ts-expect-error code goes both ways
  code('a', { name: 'x', up: (value: string) => value })
}
