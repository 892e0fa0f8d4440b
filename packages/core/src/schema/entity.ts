/**
 * Entity types as the app declares them: `entity(name, shape)`, its indexes and its
 * policy for ids. A declaration is immutable data; it holds no rows. It says which
 * fields there are and whether a value fits one; what a value means to the fold is
 * no business of this file.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { firstVersion, nextVersion } from './lens/declare.ts'
import { jsonEqual } from '../base/json.ts'
import { nameFault } from './lens/names.ts'
import { Lenses } from './lens/path.ts'
import type { Step } from './lens/steps.ts'
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
  type Shape,
  type ShapeInput,
  type ShapeOutput,
  fieldsOf,
  refuse,
  wholeOf,
} from './shape.ts'

/** A field to sort by; `-` before its name turns the order round. */
export interface SortKey {
  readonly field: string
  readonly descending: boolean
}

/** What `entity` takes beside the fields; all of it has a default. */
export interface EntityOptions {
  /**
   * `minted` (default): the store makes ids, and nobody else can make the same. `supplied`:
   * the app may give one, for imports and natural singletons. A reviewer that does not know the
   * type takes ids of version 8 for minted ones: give others there.
   */
  readonly idPolicy?: 'minted' | 'supplied'
  /** What a second `create` of one supplied id does: `refuse` (default) or stand beside the first. */
  readonly onExists?: 'refuse' | 'fork'
  /** A rule across fields: a sentence about what is wrong, or undefined. Runs on the row after a write. */
  readonly rule?: (row: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * What a reviewer does with an update that has not seen the newest change of its row: `fork`
   * (default) accepts it beside that change, `reject` refuses it as `stale`.
   */
  readonly stale?: 'fork' | 'reject'
}

/** Facts of a declaration beyond its name and fields. */
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

/** A declared type. `In` and `Out` are what `create` takes and what a row shows. */
export class Entity<
  Name extends string = string,
  In extends object = any,
  Out extends object = any,
> {
  readonly name: Name
  /** The fields of the newest version, by name. */
  readonly fields: ReadonlyMap<string, Field>
  /** The fields of each version this build knows, by register; version 1 stands first. */
  readonly versions: readonly ReadonlyMap<Reg, Field>[]
  /** How each version sees what the others wrote. */
  readonly lenses: Lenses
  /** The schema of every key, where the type has no fixed fields. */
  readonly each: FieldSchema | undefined
  /** The schema of all fields at once, where the app gave one: quicker than field by field. */
  readonly whole: StandardSchemaV1 | undefined
  readonly indexes: ReadonlyMap<string, readonly SortKey[]>
  readonly options: EntityOptions
  /** What several values of one field mean. */
  readonly policies: Policies
  /** Fields whose values the reviewer gives when it accepts the creation. */
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

  /** The newest version this build knows, and writes in. */
  get currentVersion(): number {
    return this.lenses.chain.version
  }

  /**
   * Declares the next version of the type: its shape, and the steps that lead to it from the
   * version before. Rows of any version are read and written side by side; nothing is rewritten.
   * Versions are declared before indexes, conflicts and assigned fields. A step that was published
   * and is wrong is corrected with a higher `revision`.
   * @throws CountersignError `schema_refused`, with the step and what is wrong with it
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
    // `nextVersion` has refused a version whose fields are not those of the shape.
    const registerOf = (field: string): Reg => next.fieldsIn(number).get(field)!
    const fields = fieldsOf(this.name, shape, registerOf)
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

  /** Declares an index: sorted by these fields, ties by id. Queries that fit it open without a scan. */
  index(
    name: string,
    keys: readonly (SortableName<Out> | `-${SortableName<Out>}`)[],
  ): Entity<Name, In, Out> {
    if (keys.length === 0) refuse(this.name, `index ${name} names no field`)
    const sorted = keys.map(parseSortKey)
    for (const { field } of sorted) {
      const meta = ['$orderKey', '$createdOrderKey', '$timestamp', '$author'].includes(field)
      if (!meta && !this.fieldOf(field))
        refuse(this.name, `index ${name} names no field of it: ${field}`)
    }
    return this.#with({ indexes: new Map(this.indexes).set(name, Object.freeze(sorted)) })
  }

  /**
   * Declares what several values of a field mean, and of the whole row. Undeclared fields ask:
   * two different values are a conflict until somebody resolves it.
   */
  conflicts(fields: FieldPolicies<Out>, row: Partial<RowPolicies> = {}): Entity<Name, In, Out> {
    for (const name of Object.keys(fields)) {
      const field = this.fieldOf(name)
      if (!field) refuse(this.name, `conflicts name no field of it: ${name}`)
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
   * Declares fields whose values the reviewer gives when it accepts the creation: a number, a
   * slug. No app writes them; a row has none until its creation is accepted.
   */
  assigned<K extends keyof Out & string>(
    ...names: readonly K[]
  ): Entity<Name, Flat<Omit<In, K>>, Flat<Omit<Out, K> & { readonly [P in K]?: Out[P] }>> {
    for (const name of names) {
      const field = this.fieldOf(name)
      if (!field) refuse(this.name, `assigned names no field of it: ${name}`)
      if (field.merging) refuse(this.name, `${name} merges, and cannot be assigned`, name)
    }
    return this.#with({ assignedFields: new Set([...this.assignedFields, ...names]) })
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
    // Any key may be absent, whatever its schema says of a value.
    return { name, reg: name, schema: optional(this.each), codec: this.each['~codec'] }
  }

  /** The field that a register is in a version, the newest unless said otherwise. */
  fieldAt(reg: Reg, version: number = this.currentVersion): Field | undefined {
    return this.each ? this.fieldOf(reg) : this.versions[version - 1]?.get(reg)
  }

  /** Whether the reviewer gives the values of that register. */
  assigns(reg: Reg): boolean {
    return this.assignedFields.has(this.fieldAt(reg)?.name ?? '')
  }
}

function byRegister(fields: ReadonlyMap<string, Field>): ReadonlyMap<Reg, Field> {
  return new Map([...fields.values()].map((field) => [field.reg, field]))
}

/** `'-points'` as data. */
export function parseSortKey(key: string): SortKey {
  return key.startsWith('-')
    ? { field: key.slice(1), descending: true }
    : { field: key, descending: false }
}

/**
 * Declares a type.
 * @throws CountersignError `schema_refused` for names that are taken (`id`, `$...`), fields whose
 *   values have no JSON form or change on the way (dates, transforms), more than 128 fields, and
 *   objects with rules across fields (give those as `options.rule`).
 */
export function entity<Name extends string, S extends Shape>(
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

/** Whether a type can have that name. */
export function isTypeName(name: string): boolean {
  return /^[a-zA-Z][\w.-]{0,63}$/.test(name) || name === '$schema'
}
