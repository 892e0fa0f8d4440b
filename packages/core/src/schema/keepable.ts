/**
 * Whether a field can hold what its schema makes: JSON that is the same when its schema looks at
 * it again. Found out when the type is declared, so that no write has to fail for it. Schemas of
 * zod are looked into, nested ones too; of others, only what they accept can be asked.
 */
import type { FieldSchema } from './codec.ts'

/** What has no JSON form, and what to use in its place. */
const CURES: Readonly<Record<string, string>> = {
  date: 'a Date has no JSON form: use date() of @countersign/core for the field, or text such as z.iso.datetime() within it',
  bigint:
    'a bigint has no JSON form: use bigint() of @countersign/core for the field, or text within it',
  map: 'a Map has no JSON form: use z.record()',
  set: 'a Set has no JSON form: use z.array()',
  symbol: 'a symbol has no JSON form: use z.enum() or text',
  function: 'a function cannot be stored: store what names it',
  promise: 'a promise cannot be stored: await its value before the write',
  file: 'a file is no JSON: store it elsewhere, and its link here',
  nan: 'NaN has no JSON form: use z.null() or an optional number',
  transform:
    'a transform makes another value than it is given: declare what is stored, and transform before the write',
}
const COERCED =
  'z.coerce takes other values than it makes: declare what is stored, and convert before the write'

/** A lazy schema may make new ones without end. */
const SCHEMAS_MAX = 2_000

/** Why a field of that schema cannot be kept, as a sentence with the cure; or undefined. */
export function unkeepable(schema: FieldSchema): string | undefined {
  if (schema['~codec']) return undefined
  return defOf(schema) ? faultIn(schema) : probed(schema)
}

/** What a schema of zod says of itself. */
export interface Def {
  readonly type: string
  readonly [part: string]: unknown
}

/** The definition inside a schema of Zod; undefined for others. */
export function defOf(schema: unknown): Def | undefined {
  const { _zod: zod } = (schema ?? {}) as { readonly _zod?: { readonly def?: Def } }
  return typeof zod?.def?.type === 'string' ? zod.def : undefined
}

/** Looks at a schema of zod and at all those within it; recursive ones come back to themselves. */
function faultIn(root: unknown): string | undefined {
  const seen = new Set<unknown>()
  const open: { readonly schema: unknown; readonly path: string }[] = [{ schema: root, path: '' }]
  for (const { schema, path } of open) {
    const def = defOf(schema)
    if (!def || seen.has(schema)) continue
    if (seen.size === SCHEMAS_MAX) return undefined
    seen.add(schema)
    const fault = faultOf(def)
    if (fault !== undefined) return path === '' ? fault : `in ${path}: ${fault}`
    for (const [name, inner] of partsOf(def)) {
      const at = name === '' ? path : `${path === '' ? '' : `${path}.`}${name}`
      open.push({ schema: inner, path: at })
    }
  }
  return undefined
}

function faultOf(def: Def): string | undefined {
  if (Object.hasOwn(CURES, def.type)) return CURES[def.type]
  if (def['coerce'] === true) return COERCED
  if (def.type === 'pipe' && typeof def['transform'] === 'function') return CURES['transform']
  const { values } = def
  if (def.type === 'literal' && Array.isArray(values)) {
    if (values.some((value) => typeof value === 'bigint')) return CURES['bigint']
  }
  return undefined
}

/** The schemas that a schema is made of, each with the key it stands under. */
function partsOf(def: Def): readonly (readonly [name: string, schema: unknown])[] {
  switch (def.type) {
    case 'object':
      return [...Object.entries(def['shape'] as object), ['*', def['catchall']]]
    case 'array':
      return [['[]', def['element']]]
    case 'tuple':
      return [...listOf(def['items']).map((item) => ['[]', item] as const), ['[]', def['rest']]]
    case 'record':
      return [
        ['', def['keyType']],
        ['*', def['valueType']],
      ]
    case 'union':
      return listOf(def['options']).map((option) => ['', option] as const)
    case 'intersection':
      return [
        ['', def['left']],
        ['', def['right']],
      ]
    case 'pipe':
      return [
        ['', def['in']],
        ['', def['out']],
      ]
    case 'lazy':
      return [['', lazilyGot(def['getter'])]]
    default:
      return [['', def['innerType']]]
  }
}

/** The value where it is a list, otherwise an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A lazy schema may stand on a type that is not declared yet; then it is found out at the write. */
export function lazilyGot(getter: unknown): unknown {
  try {
    return (getter as () => unknown)()
  } catch {
    return undefined
  }
}

const STRANGE: readonly (readonly [kind: string, value: unknown])[] = [
  // oxlint-disable-next-line no-restricted-globals -- A value like any other here, and no time.
  ['date', new Date(0)],
  ['bigint', 0n],
  ['map', new Map()],
  ['set', new Set()],
  ['function', () => undefined],
]
const PLAIN: readonly unknown[] = ['', 'text', '2025-01-01T00:00:00Z', 0, 1, true, null, [], {}]

/** A schema that takes a value of no JSON form, and no plain one, is made for such values. */
function probed(schema: FieldSchema): string | undefined {
  const found = STRANGE.find(([, value]) => accepts(schema, value))
  if (!found || PLAIN.some((value) => accepts(schema, value))) return undefined
  return CURES[found[0]]
}

/** Whether a schema accepts a value at once; false where it throws or answers later. */
export function accepts(schema: FieldSchema, value: unknown): boolean {
  try {
    const result = schema['~standard'].validate(value)
    return !('then' in result) && !result.issues
  } catch {
    return false
  }
}
