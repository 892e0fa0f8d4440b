/**
 * The kind of a field, derived from its schema (`schema/lens/kind.ts` has the form). Schemas of zod
 * are inspected, those of this library name it, others are probed with plain values.
 */
import { checksum } from '../base/checksum.ts'
import {
  KIND_LENGTH_MAX,
  type Kinds,
  UNKNOWN_KIND,
  alternativesOf,
  unitedKind,
} from './lens/kind.ts'
import type { FieldSchema } from './codec.ts'
import type { Field } from './field.ts'
import { type Def, accepts, defOf, lazilyGot, listOf } from './keepable.ts'

/** Maximum nesting of schemas that are inspected. */
const DEPTH_MAX = 10
const CUT_LENGTH = KIND_LENGTH_MAX - 16

/** The kind of each field, by name. */
export function kindsOf(fields: Iterable<Field>): Kinds {
  return new Map([...fields].map(({ name, schema }) => [name, kindOf(schema)]))
}

/** The kind of a field's values as a short text, to compare versions by. */
export function kindOf(schema: FieldSchema): string {
  const { '~kind': named, '~optional': inner } = schema
  if (named !== undefined) return bounded(named)
  if (inner) return bounded(unitedKind([...alternativesOf(kindOf(inner)), 'undefined']))
  if (schema['~codec']) return UNKNOWN_KIND
  return bounded(defOf(schema) ? kindIn(schema, []) : probed(schema))
}

function bounded(kind: string): string {
  if (kind.length <= KIND_LENGTH_MAX) return kind.toWellFormed() || UNKNOWN_KIND
  return `${kind.slice(0, CUT_LENGTH)}… ${checksum(kind)}`.toWellFormed()
}

/** `outer`: the enclosing schemas; a recursive schema contains itself. */
function kindIn(schema: unknown, outer: readonly unknown[]): string {
  return unitedKind(alternativesIn(schema, outer))
}

function alternativesIn(schema: unknown, outer: readonly unknown[]): readonly string[] {
  const def = defOf(schema)
  if (!def) return ['any']
  if (outer.includes(schema)) return ['itself']
  if (outer.length >= DEPTH_MAX) return ['more']
  const path = [...outer, schema]
  const within = (inner: unknown): readonly string[] => alternativesIn(inner, path)
  switch (def.type) {
    case 'string':
    case 'template_literal':
      return ['string']
    case 'int':
      return ['number']
    case 'unknown':
      return ['any']
    case 'void':
      return ['undefined']
    case 'literal':
      return listOf(def['values']).map(literal)
    case 'enum':
      return enumValues(def['entries'] as object).map(literal)
    case 'optional':
      return [...within(def['innerType']), 'undefined']
    case 'nullable':
      return [...within(def['innerType']), 'null']
    case 'default':
    case 'nonoptional':
      return within(def['innerType']).filter((kind) => kind !== 'undefined')
    case 'prefault':
    case 'catch':
    case 'readonly':
      return within(def['innerType'])
    case 'union':
      return listOf(def['options']).flatMap(within)
    case 'pipe':
      return within(def['out'])
    case 'lazy':
      return within(lazilyGot(def['getter']))
    default:
      return [compound(def, (inner) => kindIn(inner, path))]
  }
}

/** The kind of a compound schema; for an unknown one, the name that zod gives it. */
function compound(def: Def, kind: (inner: unknown) => string): string {
  switch (def.type) {
    case 'array':
      return `list<${kind(def['element'])}>`
    case 'tuple': {
      const items = listOf(def['items']).map(kind)
      return `tuple<${[...items, ...(def['rest'] ? [`...${kind(def['rest'])}`] : [])].join(', ')}>`
    }
    case 'record': {
      const [key, value] = [kind(def['keyType']), kind(def['valueType'])]
      return key === 'string' ? `map<${value}>` : `map<${key}, ${value}>`
    }
    case 'intersection':
      return `(${kind(def['left'])}) & (${kind(def['right'])})`
    case 'object': {
      const shape = Object.entries(def['shape'] as object).sort(([a], [b]) => (a < b ? -1 : 1))
      const parts = shape.map(([name, inner]) => `${keyName(name)}: ${kind(inner)}`)
      const others = defOf(def['catchall'])
      if (others && others.type !== 'never') parts.push(`*: ${kind(def['catchall'])}`)
      return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
    }
    default:
      return def.type
  }
}

function literal(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value)
}

/** TypeScript adds the names of a numeric enum as values. */
function enumValues(entries: object): readonly unknown[] {
  const numbers = Object.values(entries).filter((value) => typeof value === 'number')
  return Object.entries(entries).flatMap(([name, value]) =>
    numbers.includes(Number(name)) ? [] : [value as unknown],
  )
}

function keyName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
}

/** Values that no list of choices contains by chance. */
const PROBES: readonly (readonly [kind: string, values: readonly unknown[]])[] = [
  ['string', ['countersign: any text', '']],
  ['number', [7_919, -7_919.5, 0.015_625]],
  ['boolean', [false]],
  ['null', [null]],
  ['undefined', [undefined]],
]

/** The kind of a schema without a description, by probing: a kind of plain values, or unknown. */
function probed(schema: FieldSchema): string {
  const taken = PROBES.filter(([, values]) => values.some((value) => accepts(schema, value)))
  const isPlain = taken.some(([kind]) => ['string', 'number', 'boolean'].includes(kind))
  const isWider = [[], {}].some((value) => accepts(schema, value))
  return isPlain && !isWider ? unitedKind(taken.map(([kind]) => kind)) : UNKNOWN_KIND
}
