/**
 * Whether a field can store the output of its schema: JSON that the schema accepts unchanged.
 * Checked when the type is declared, so that no write fails later. Schemas of zod are inspected,
 * nested ones too; other schemas are probed with sample values.
 */
import type { FieldSchema } from './codec.ts'

/** Values without a JSON form, by kind, with the replacement. */
const CURES: Readonly<Record<string, string>> = {
  date: 'a Date has no JSON form: use date() of @countersign/core for the field, or text such as z.iso.datetime() within it',
  bigint:
    'a bigint has no JSON form: use bigint() of @countersign/core for the field, or text within it',
  map: 'a Map has no JSON form: use z.record()',
  set: 'a Set has no JSON form: use z.array()',
  symbol: 'a symbol has no JSON form: use z.enum() or text',
  function: 'a function cannot be stored: store its name',
  promise: 'a promise cannot be stored: await its value before the write',
  file: 'a file has no JSON form: store it elsewhere, and its URL here',
  nan: 'NaN has no JSON form: use z.null() or an optional number',
  transform:
    'a transform makes another value than it is given: declare what is stored, and transform before the write',
}
const COERCED =
  'z.coerce takes other values than it makes: declare what is stored, and convert before the write'

/** Bounds the walk: a lazy schema may create schemas without end. */
const SCHEMAS_MAX = 2_000

/** Why a field of that schema cannot be stored, as a sentence with the fix; or undefined. */
export function unkeepable(schema: FieldSchema): string | undefined {
  if (schema['~codec']) return undefined
  return defOf(schema) ? faultIn(schema) : probed(schema)
}

/** The definition of a zod schema. */
export interface Def {
  readonly type: string
  readonly [part: string]: unknown
}

/** The definition inside a schema of zod; undefined for others. */
export function defOf(schema: unknown): Def | undefined {
  const { _zod: zod } = (schema ?? {}) as { readonly _zod?: { readonly def?: Def } }
  return typeof zod?.def?.type === 'string' ? zod.def : undefined
}

/** Inspects a zod schema and all nested ones. A recursive schema is visited once. */
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

/** The nested schemas of a schema, each with its key. */
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

/** The value if it is an array, otherwise an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A lazy schema may use a type that is not declared yet; its fault then appears at a write. */
export function lazilyGot(getter: unknown): unknown {
  try {
    return (getter as () => unknown)()
  } catch {
    return undefined
  }
}

const STRANGE: readonly (readonly [kind: string, value: unknown])[] = [
  // oxlint-disable-next-line no-restricted-globals -- A sample value, not the current time.
  ['date', new Date(0)],
  ['bigint', 0n],
  ['map', new Map()],
  ['set', new Set()],
  ['function', () => undefined],
]
const PLAIN: readonly unknown[] = ['', 'text', '2025-01-01T00:00:00Z', 0, 1, true, null, [], {}]

/** The fault of a schema that accepts a value without JSON form, and no plain one. */
function probed(schema: FieldSchema): string | undefined {
  const found = STRANGE.find(([, value]) => accepts(schema, value))
  if (!found || PLAIN.some((value) => accepts(schema, value))) return undefined
  return CURES[found[0]]
}

/** Whether a schema accepts a value synchronously; false where it throws or returns a promise. */
export function accepts(schema: FieldSchema, value: unknown): boolean {
  try {
    const result = schema['~standard'].validate(value)
    return !('then' in result) && !result.issues
  } catch {
    return false
  }
}
