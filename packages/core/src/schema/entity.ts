/**
 * Entity types as the app declares them: `entity(name, shape)`, its indexes and its
 * policy for ids. A declaration is immutable data; it holds no rows. It lists the
 * fields and validates their values; the fold gives values their meaning.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { firstVersion, nextVersion } from './lens/declare.ts'
import { jsonEqual } from '../base/json.ts'
import { nameFault } from './lens/names.ts'
import { Lenses } from './lens/path.ts'
import type { Step } from './lens/step.ts'
import type { StepsFor } from './lens/types.ts'
import { type FieldSchema, optional } from './codec.ts'
import type { Field } from './field.ts'
import { unkeepable } from './keepable.ts'
import { kindsOf } from './kind.ts'
import {
  type FieldPolicies,
  NO_POLICIES,
  type Policies,
  type RowPolicies,
  policiesWith,
} from './policies.ts'
import type { Reg } from './registers.ts'
import {
  type FieldShapes,
  type Flat,
  type ObjectShape,
  type EntityShape,
  type ShapeInput,
  type ShapeOutput,
  fieldsOf,
  refuse,
  wholeOf,
} from './shape.ts'

/** The name of the type whose rows are versions of types (`system.ts`). */
export const SCHEMA_NAME = '$schema'

/** A field to sort by; `-` before its name sorts descending. */
export interface SortKey {
  readonly field: string
  readonly descending: boolean
}

/** Options of `entity`; each has a default. */
export interface EntityOptions {
  /**
   * `minted` (default): the store makes ids, and no other store can make the same. `supplied`:
   * the app may give one, for imports and natural singletons. A reviewer that does not know the
   * type takes ids of version 8 for minted ones: supply other versions there.
   */
  readonly idPolicy?: 'minted' | 'supplied'
  /** A second `create` of one supplied id: `refuse` (default) it, or `fork` the row. */
  readonly onExists?: 'refuse' | 'fork'
  /** A rule across fields, run on the row after a write: returns what is wrong, or undefined. */
  readonly rule?: (row: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * Whether the reviewer accepts an update whose author had not seen the newest change of the row:
   * `fork` (default) accepts it as a concurrent change, `reject` rejects it as `stale`.
   */
  readonly stale?: 'fork' | 'reject'
}

/** Parts of a declaration beyond its name and fields. */
interface Details {
  readonly versions: readonly ReadonlyMap<Reg, Field>[]
  readonly lenses: Lenses
  readonly whole: StandardSchemaV1 | undefined
  readonly indexes: ReadonlyMap<string, readonly SortKey[]>
  readonly options: EntityOptions
  readonly policies: Policies
  readonly assignedFields: ReadonlySet<string>
}

const NO_FIELDS: ReadonlySet<string> = new Set()

type SortableName<Out> =
  | (keyof Out & string)
  | '$orderKey'
  | '$createdOrderKey'
  | '$timestamp'
  | '$author'

/** A declared type. `In` is the input of `create`, `Out` the fields of a row. */
export class Entity<
  Name extends string = string,
  In extends object = any,
  Out extends object = any,
> {
  readonly name: Name
  /** The fields of the newest version, by name. */
  readonly fields: ReadonlyMap<string, Field>
  /** The fields of each version that this build knows, by register; version 1 is first. */
  readonly versions: readonly ReadonlyMap<Reg, Field>[]
  /** Translate the values of a register between versions. */
  readonly lenses: Lenses
  /** The schema of every key, where the type has no fixed fields. */
  readonly each: FieldSchema | undefined
  /** The schema of all fields together, where the app gave one: faster than field by field. */
  readonly whole: StandardSchemaV1 | undefined
  readonly indexes: ReadonlyMap<string, readonly SortKey[]>
  readonly options: EntityOptions
  /** The policies that decide between several values of a field. */
  readonly policies: Policies
  /** Fields whose values the reviewer assigns when it accepts the creation. */
  readonly assignedFields: ReadonlySet<string>
  declare readonly '~input': In
  declare readonly '~output': Out

  constructor(
    name: Name,
    fields: ReadonlyMap<string, Field>,
    each: FieldSchema | undefined,
    details: Details,
  ) {
    this.name = name
    this.fields = fields
    this.each = each
    this.versions = details.versions
    this.lenses = details.lenses
    this.whole = details.whole
    this.indexes = details.indexes
    this.options = details.options
    this.policies = details.policies
    this.assignedFields = details.assignedFields
  }

  /** The newest version that this build knows; it writes in this version. */
  get currentVersion(): number {
    return this.lenses.chain.version
  }

  /**
   * Declares the next version of the type: its shape, and the steps from the previous version. Rows
   * of different versions coexist; none is rewritten. Declare versions before indexes, conflicts
   * and assigned fields. Correct a wrong step that was published with a higher `revision`.
   * @throws CountersignError `schema_refused`, with the step and its fault
   */
  version<S extends ObjectShape | FieldShapes, const Steps extends readonly Step[]>(
    number: number,
    shape: S,
    steps: Steps & StepsFor<Out, Steps, ShapeOutput<S>>,
    { revision = 0 }: { readonly revision?: number } = {},
  ): Entity<Name, ShapeInput<S>, ShapeOutput<S>> {
    const { chain } = this.lenses
    if (this.each) refuse(this.name, 'a type without fixed fields has one version')
    if (number !== chain.version + 1)
      refuse(this.name, `version ${number} does not follow version ${chain.version}`)
    if (this.indexes.size + this.assignedFields.size > 0 || this.policies !== NO_POLICIES)
      refuse(this.name, 'declare all versions before indexes, conflicts and assigned fields')
    const named = fieldsOf(this.name, shape, (field) => field)
    const kinds = kindsOf(named.values())
    const next = nextVersion(chain, { steps, fields: named.keys(), kinds, revision })
    // `nextVersion` has rejected a version whose fields differ from those of the shape.
    const registerOf = (field: string): Reg => next.fieldsIn(number).get(field)!
    const fields = fieldsOf(this.name, shape, registerOf)
    this.#refuseHiddenSteps(steps, named)
    const before = byRegister(this.fields)
    for (const { name, reg, codec } of fields.values())
      if (before.has(reg) && !before.get(reg)?.codec?.hidden !== !codec?.hidden)
        refuse(this.name, `${name} was or becomes encrypted: use a field of another name`, name)
    for (const { name, reg, merging } of fields.values()) {
      if (!merging) continue
      const shown = new Lenses(next).defaultOf(reg, number)
      if (shown !== undefined && !jsonEqual(shown, merging.initial))
        refuse(this.name, `${name} merges: it starts at ${JSON.stringify(merging.initial)}`, name)
    }
    return this.#with(
      {
        whole: wholeOf(shape),
        lenses: new Lenses(next),
        versions: [...this.versions, byRegister(fields)],
      },
      fields,
    )
  }

  /** Declares an index: sorted by these fields, ties by id. Queries that match it need no scan. */
  index(
    name: string,
    keys: readonly (SortableName<Out> | `-${SortableName<Out>}`)[],
  ): Entity<Name, In, Out> {
    if (keys.length === 0) refuse(this.name, `index ${name} names no field`)
    const sorted = keys.map(parseSortKey)
    for (const { field } of sorted) {
      const meta = ['$orderKey', '$createdOrderKey', '$timestamp', '$author'].includes(field)
      const indexed = meta ? undefined : this.fieldOf(field)
      if (!meta && !indexed) refuse(this.name, `index ${name} names an unknown field: ${field}`)
      if (indexed?.codec?.hidden)
        refuse(this.name, `index ${name} names ${field}, which is encrypted`, field)
    }
    return this.#with({ indexes: new Map(this.indexes).set(name, Object.freeze(sorted)) })
  }

  /**
   * Declares the policies for several values of a field, and of the whole row. The default is
   * `ask`: two different values are a conflict until it is resolved.
   */
  conflicts(fields: FieldPolicies<Out>, row: Partial<RowPolicies> = {}): Entity<Name, In, Out> {
    for (const name of Object.keys(fields)) {
      const field = this.fieldOf(name)
      if (!field) refuse(this.name, `conflicts names an unknown field: ${name}`)
      if (field.merging) refuse(this.name, `${name} merges, and is never in conflict`, name)
    }
    const byReg = Object.entries(fields).map(
      // Every name was looked up above.
      ([name, policy]) => [this.fieldOf(name)!.reg, policy as unknown] as const,
    )
    return this.#with({
      policies: policiesWith(this.policies, Object.fromEntries(byReg), row),
    })
  }

  /**
   * Declares fields whose values the reviewer assigns when it accepts the creation: a number, a
   * slug. The app cannot write them; a row lacks them until its creation is accepted.
   */
  assigned<K extends keyof Out & string>(
    ...names: readonly K[]
  ): Entity<Name, Flat<Omit<In, K>>, Flat<Omit<Out, K> & { readonly [P in K]?: Out[P] }>> {
    for (const name of names) {
      const field = this.fieldOf(name)
      if (!field) refuse(this.name, `assigned names an unknown field: ${name}`)
      if (field.merging) refuse(this.name, `${name} merges, and cannot be assigned`, name)
      if (field.codec?.hidden)
        refuse(this.name, `${name} is encrypted, and cannot be assigned`, name)
    }
    return this.#with({ assignedFields: new Set([...this.assignedFields, ...names]) })
  }

  /** No step reads or writes an encrypted value: the reviewer and old builds have no key. */
  #refuseHiddenSteps(steps: readonly Step[], next: ReadonlyMap<string, Field>): void {
    for (const step of steps) {
      if (['add', 'remove', 'rename'].includes(step.op)) continue
      for (const name of [step.field, 'to' in step ? step.to : step.field]) {
        if (!this.fields.get(name)?.codec?.hidden && !next.get(name)?.codec?.hidden) continue
        refuse(this.name, `${name} is encrypted, and cannot have a ${step.op} step`, name)
      }
    }
  }

  #with<I extends object = In, O extends object = Out>(
    changed: Partial<Details>,
    fields: ReadonlyMap<string, Field> = this.fields,
  ): Entity<Name, I, O> {
    const { versions, lenses, whole, indexes, options, policies, assignedFields } = this
    const details = { versions, lenses, whole, indexes, options, policies, assignedFields }
    return new Entity(this.name, fields, this.each, { ...details, ...changed })
  }

  /** The field of that name, or undefined when the type has none. */
  fieldOf(name: string): Field | undefined {
    const known = this.fields.get(name)
    if (known || !this.each || nameFault(name)) return known
    // A key may be absent even if its schema rejects undefined.
    return { name, reg: name, schema: optional(this.each), codec: this.each['~codec'] }
  }

  /** The field of a register in a version, by default the newest. */
  fieldAt(reg: Reg, version: number = this.currentVersion): Field | undefined {
    return this.each ? this.fieldOf(reg) : this.versions[version - 1]?.get(reg)
  }

  /** Whether the reviewer assigns the values of that register. */
  assigns(reg: Reg): boolean {
    return this.assignedFields.has(this.fieldAt(reg)?.name ?? '')
  }
}

function byRegister(fields: ReadonlyMap<string, Field>): ReadonlyMap<Reg, Field> {
  return new Map([...fields.values()].map((field) => [field.reg, field]))
}

/** Parses `'-points'`. */
export function parseSortKey(key: string): SortKey {
  return key.startsWith('-')
    ? { field: key.slice(1), descending: true }
    : { field: key, descending: false }
}

/**
 * Declares a type.
 * @throws CountersignError `schema_refused` for reserved names (`id`, `$...`), fields whose values
 *   have no JSON form or do not validate unchanged (dates, transforms), more than 128 fields, and
 *   objects with rules across fields (use `options.rule`).
 */
export function entity<Name extends string, S extends EntityShape>(
  name: Name,
  shape: S,
  options: EntityOptions = {},
): Entity<Name, ShapeInput<S>, ShapeOutput<S>> {
  if (!isTypeName(name)) {
    refuse(name, 'a type is named by 1 to 64 letters, digits, dots, dashes, a letter first')
  }
  if ('~each' in shape && (shape['~each'] as FieldSchema)['~merging'])
    refuse(name, 'a type without fixed fields has no fields that merge')
  const unkept = '~each' in shape ? unkeepable(shape['~each'] as FieldSchema) : undefined
  if (unkept) refuse(name, `its keys: ${unkept}`)
  const fields =
    '~each' in shape ? new Map<string, Field>() : fieldsOf(name, shape, (field) => field)
  return new Entity(name, fields, '~each' in shape ? (shape['~each'] as FieldSchema) : undefined, {
    versions: [byRegister(fields)],
    lenses: new Lenses(firstVersion(name, fields.keys(), kindsOf(fields.values()))),
    whole: wholeOf(shape),
    indexes: new Map(),
    options: Object.freeze({ ...options }),
    policies: NO_POLICIES,
    assignedFields: NO_FIELDS,
  })
}

/** Whether the text is a valid type name. */
export function isTypeName(name: string): boolean {
  return /^[a-zA-Z][\w.-]{0,63}$/.test(name) || name === SCHEMA_NAME
}
