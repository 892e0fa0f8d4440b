/**
 * The rules of a deployment, by type: which change an author may write. And the check of the result
 * of a whole message (`ReviewRule`). Both are synchronous and pure functions of their arguments.
 * When one throws, or returns anything else than a valid answer, the message gets no verdict, and
 * an event reports it.
 *
 * Rules read the canonical rows. They run before the preconditions of a message are checked, so an
 * unauthorised author learns nothing about the row. Capabilities are checked before them.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { readValue } from '../fold/read.ts'
import type { EntityState } from '../fold/state.ts'
import type { Entry, Write } from '../history/entry.ts'
import type { ChangeKind } from '../facts/types.ts'
import type { Entity } from '../schema/entity.ts'
import type { Operation } from '../schema/operations.ts'
import { ARCHIVED } from '../schema/registers.ts'
import { SCHEMA } from '../schema/system.ts'
import type { AnyRow, Query, Row } from '../schema/types.ts'
import { LoginNeeded, type Person } from './persons.ts'
import type { SpaceRows } from './rows.ts'
import type { DecisionBatch } from './space.ts'

/** The author of a message, and the time of the review. */
export interface RuleContext {
  /** A public, throw-away id, proved by the seal of the message. One person may have many. */
  readonly authorId: Uuid
  /** The person behind it: proved by a login, or claimed by the client. */
  readonly person: Person
  /**
   * Whether an author, such as `row.$createdBy`, is this person: the same author id, or another one
   * of which a login has proved that it is theirs. A mere claim never makes two authors the same
   * person.
   */
  readonly samePerson: (this: void, authorId: Uuid) => boolean
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  /** Name of the type of the change. */
  readonly entity: string
}

/** One change as its author wrote it, by the names of fields. */
export interface AnyChange {
  readonly entity: string
  readonly entityId: Uuid
  readonly kind: ChangeKind
  /** By field; undefined unsets it. `$archived` where the change archives or restores. */
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * One change of a type. Its values are typed by the fields of the newest version; those of fields that
 * merge are operations, as they travel.
 */
export type RuleChange<E extends Entity = Entity> = string extends E['name']
  ? AnyChange
  : Omit<AnyChange, 'entity' | 'values'> & {
      readonly entity: E['name']
      readonly values: Changed<E> & { readonly $archived?: boolean }
    }

type Changed<E extends Entity> = {
  readonly [K in keyof E['~output']]?: K extends keyof E['~input']
    ? [NonNullable<E['~input'][K]>] extends [Operation]
      ? unknown
      : E['~output'][K] | undefined
    : E['~output'][K] | undefined
}

/** A row of a type as a rule reads it, in the newest version. */
export type RuleRow<E extends Entity = Entity> = string extends E['name'] ? AnyRow : Row<E>

/** `true` allows the change; a sentence rejects the message as `unauthorised`, and is shown to its author. */
export type RuleAnswer = true | string

/**
 * What an author may do to rows of one type. A rule that is absent allows everything. A change that
 * archives a row and writes other fields, too, is checked by both rules.
 */
export interface TypeRules<E extends Entity = Entity> {
  create?(context: RuleContext, change: RuleChange<E>): RuleAnswer
  /** `row`: before the change. Restoring an archived row is an update that writes `$archived: false`. */
  update?(context: RuleContext, change: RuleChange<E>, row: RuleRow<E>): RuleAnswer
  /** Writes `$archived: true`. */
  archive?(context: RuleContext, change: RuleChange<E>, row: RuleRow<E>): RuleAnswer
  /** Decides a conflict. */
  resolve?(context: RuleContext, change: RuleChange<E>, row: RuleRow<E>): RuleAnswer
}

/**
 * The rules of an app, by the names of its types. All are synchronous and pure. When one throws, the
 * message waits, and its author sends it again. No rule is called for migrations: a person with the
 * capability `migrate` may rewrite any row.
 */
export type Rules<E extends Entity = Entity> = {
  readonly [N in E['name']]?: TypeRules<
    string extends E['name'] ? E : Extract<E, { readonly name: N }>
  >
}

const VERBS = ['create', 'update', 'archive', 'resolve'] as const
type Verb = (typeof VERBS)[number]

/** A change with the row before and after it. */
export interface RuleStep extends AnyChange {
  /** undefined: the change creates it. */
  readonly before: AnyRow | undefined
  readonly after: AnyRow
}

/** A message whose changes are all allowed, with each row before and after. */
export interface RuleMessage extends Omit<RuleContext, 'entity'> {
  readonly id: Uuid
  readonly changes: readonly RuleStep[]
}

/** The canonical rows as they would be after the message. Read only. */
export interface RuleRows {
  /** The row of that id, archived or not. */
  row<E extends Entity>(entity: E, id: Uuid): Row<E> | undefined
  /** All rows of a type, archived ones included. */
  rows<E extends Entity>(entity: E): readonly Row<E>[]
  /** As in a store: archived rows only on request, and a declared index saves the scan. */
  query<E extends Entity>(entity: E, query?: Query<E>): readonly Row<E>[]
}

/**
 * Checks the result of a whole message, over rows of any types. Called once, when each change is
 * allowed. A returned sentence rejects the message as `invalid`.
 */
export type ReviewRule = (message: RuleMessage, rows: RuleRows) => string | undefined

/** A rule of the deployment has thrown, or returned an invalid answer. */
export class RuleFailure extends Error {
  override readonly name = 'RuleFailure'
  /** `issue.update`, `review`, `assign`. */
  readonly rule: string
  constructor(rule: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.rule = rule
  }
}

export interface RuleParts {
  readonly rules: Rules
  readonly review: ReviewRule | undefined
  readonly rows: SpaceRows
  readonly batch: DecisionBatch
  readonly context: Omit<RuleContext, 'entity'>
}

/** Maximum characters of a rule's sentence in a verdict. */
const DETAIL_CHARS_MAX = 512

/** The context that rules get of an author. `samePerson` reads the table of persons. */
export function ruleContext(
  author: { readonly authorId: Uuid; readonly person: Person },
  at: number,
  batch: DecisionBatch,
): Omit<RuleContext, 'entity'> {
  const { authorId, person } = author
  const samePerson = (other: Uuid): boolean =>
    other === authorId || (person.proved && batch.personOf(other) === person.id)
  return { authorId, person, samePerson, at }
}

/** Why the author may not write a change; undefined: allowed. @throws RuleFailure */
export function unauthorised(entry: Entry, parts: RuleParts): string | undefined {
  for (const write of entry.writes) {
    if (write.type === SCHEMA.name) continue
    const rules = parts.rules[write.type]
    for (const verb of rules ? verbsOf(write) : []) {
      const answer = answerOf(verb, write, parts)
      if (answer === true) continue
      if (typeof answer === 'string') return sentence(answer)
      const why = 'it must return true or a string, synchronously'
      throw new RuleFailure(`${write.type}.${verb}`, why)
    }
  }
  return undefined
}

/** The rules that check a change. */
function verbsOf({ kind, regs, values }: Write): readonly Verb[] {
  if (kind === 'create') return ['create']
  if (kind === 'migrate') return []
  const archives = values[ARCHIVED] === true
  const isMore = !archives || regs.names.length > 1
  return [...(isMore ? [kind] : []), ...(archives ? (['archive'] as const) : [])]
}

function answerOf(verb: Verb, write: Write, { rules, rows, batch, context }: RuleParts): unknown {
  const { type, entityId } = write
  const own = rules[type]
  if (!own?.[verb]) return true
  const about = { ...context, entity: type }
  const change = ruleChange(write, rows)
  return answered(`${type}.${verb}`, batch, () => {
    if (verb === 'create') return own.create?.(about, change)
    const row = rows.row(type, entityId, batch)
    assert(row, 'a change that is no create is of a known row')
    return own[verb]?.(about, change, row)
  })
}

/** Why these rules do not match the types of the deployment; undefined: they do. */
export function rulesFault(
  rules: Rules,
  types: ReadonlyMap<string, Entity> | undefined,
): string | undefined {
  for (const [name, own] of Object.entries(rules)) {
    if (types && !types.has(name))
      return `rules name the type ${name}, which is not among the entities`
    for (const [verb, rule] of Object.entries(own ?? {})) {
      if (!VERBS.some((each) => each === verb))
        return `rules name ${name}.${verb}, and there are ${VERBS.join(', ')}`
      if (typeof rule !== 'function') return `the rule ${name}.${verb} is not a function`
    }
  }
  return undefined
}

/** Why the result of a message is invalid by the rules; undefined: valid. @throws RuleFailure */
export function objection(
  entry: Entry,
  states: readonly EntityState[],
  parts: RuleParts,
): string | undefined {
  const { review, rows, batch, context } = parts
  if (!review) return undefined
  const changes = entry.writes.map((write, i): RuleStep => {
    const { type, entityId } = write
    const before = rows.row(type, entityId, batch)
    return { ...ruleChange(write, rows), before, after: rows.build(type, entityId, states[i]!) }
  })
  const reader = new Reader(parts, changes, states)
  try {
    const answer = answered('review', batch, () =>
      review({ id: entry.id, ...context, changes }, reader),
    )
    if (answer === undefined) return undefined
    if (typeof answer === 'string') return sentence(answer)
    throw new RuleFailure('review', 'it must return a string or undefined, synchronously')
  } finally {
    reader.end()
  }
}

/** Rows with the changes of one message applied, until `end`. */
class Reader implements RuleRows {
  readonly #parts: RuleParts
  readonly #changes: readonly RuleStep[]
  readonly #states: readonly EntityState[]
  readonly #shown = new Set<string>()
  readonly #undo: (() => void)[] = []

  constructor(parts: RuleParts, changes: readonly RuleStep[], states: readonly EntityState[]) {
    this.#parts = parts
    this.#changes = changes
    this.#states = states
  }

  row<E extends Entity>({ name }: E, id: Uuid): Row<E> | undefined {
    const own = this.#changes.find((change) => change.entityId === id && change.entity === name)
    const { rows, batch } = this.#parts
    return (own?.after ?? rows.row(name, id, batch)) as unknown as Row<E> | undefined
  }

  rows<E extends Entity>({ name }: E): readonly Row<E>[] {
    this.#show(name)
    return this.#parts.rows.all(name, this.#parts.batch) as unknown as readonly Row<E>[]
  }

  query<E extends Entity>({ name }: E, query: Query<E> = {}): readonly Row<E>[] {
    this.#show(name)
    const { rows, batch } = this.#parts
    return rows.query(name, query as Query<Entity>, batch) as unknown as readonly Row<E>[]
  }

  /** Reverts the changes: a reader that a rule has kept reads the canonical rows after this. */
  end(): void {
    for (const back of this.#undo.splice(0).reverse()) back()
  }

  #show(type: string): void {
    if (this.#shown.has(type)) return
    this.#shown.add(type)
    const { rows, batch } = this.#parts
    rows.keep(type, batch)
    for (const [i, { entity, entityId }] of this.#changes.entries()) {
      if (entity === type) this.#undo.push(rows.put(type, entityId, this.#states[i]!))
    }
  }
}

/** Calls a rule and returns its answer. @throws RuleFailure, LoginNeeded, and Missing on a cache miss */
export function answered<T>(rule: string, batch: DecisionBatch, ask: () => T): T {
  let answer: T
  try {
    answer = ask()
  } catch (error) {
    batch.assertNothingMissed()
    if (error instanceof LoginNeeded) throw error
    throw new RuleFailure(rule, error)
  }
  batch.assertNothingMissed()
  // The promise is not awaited; an unhandled rejection would end the process.
  if (answer instanceof Promise) answer.catch(() => {})
  return answer
}

function sentence(text: string): string {
  return text.slice(0, DETAIL_CHARS_MAX).toWellFormed()
}

/** The change, translated to the version of the type that this deployment has. */
function ruleChange(write: Write, rows: SpaceRows): AnyChange {
  const { type, entityId, kind, regs } = write
  const reader = rows.reader(type)
  const values: Record<string, unknown> = {}
  for (const reg of regs.names) {
    if (reg === ARCHIVED) values[reg] = write.values[reg]
    else values[reader.entity.fieldAt(reg)?.name ?? reg] = readValue(write, reg, reader)
  }
  return { entity: type, entityId, kind, values }
}
