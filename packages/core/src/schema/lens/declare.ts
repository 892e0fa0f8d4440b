/**
 * Declares a chain: version 1 from the names of its fields, each next version from its steps.
 * A step that does not fit is rejected with its version, its index and a reason, and changes
 * nothing. Declarations of the app throw, received data returns an outcome; the rules are the
 * same.
 */
import { CountersignError, type Outcome, fail, ok } from '../../base/outcome.ts'
import { type Json, frozenJson } from '../../base/json.ts'
import { Chain, type Version } from './chain.ts'
import { VersionDraft, FIELDS_MAX } from './draft.ts'
import { type Kinds, UNKNOWN_KIND, kindFault, mergingKind } from './kind.ts'
import { type Reg, nameFault } from './names.ts'
import { shown } from './shown.ts'
import { stepFault } from './step-fault.ts'
import type { RemoveStep, Step } from './step.ts'

export const VERSIONS_MAX = 64
export const STEPS_MAX = 256

export interface NextVersion {
  readonly steps: readonly Step[]
  /** The fields of the new shape, if any: they must equal those that the steps result in. */
  readonly fields?: Iterable<string>
  readonly revision?: number
  /** Kinds by field; a missing one is that of the register in the previous version. */
  readonly kinds?: Kinds
}

/**
 * Version 1 of a type; the key of each register is the name of its field.
 * @throws CountersignError `schema_refused`
 */
export function firstVersion(entity: string, fields: Iterable<string>, kinds?: Kinds): Chain {
  return orThrow(entity, begun(entity, [...fields], kinds))
}

/**
 * The chain with one more version.
 * @throws CountersignError `schema_refused`, with the step and the reason
 */
export function nextVersion(chain: Chain, next: NextVersion): Chain {
  return orThrow(chain.entity, extended(chain, next))
}

/** `firstVersion`, with an outcome. */
export function begun(
  entity: string,
  fields: readonly unknown[],
  kinds: Kinds = new Map(),
): Outcome<Chain> {
  if (fields.length > FIELDS_MAX) return refused(`a type has at most ${FIELDS_MAX} fields`)
  const names = new Set<string>()
  for (const field of fields) {
    const fault = nameFault(field)
    if (fault !== undefined) return refused(`field ${shown(field)}: ${fault}`)
    if (names.has(field as string)) return refused(`field ${shown(field)} is there twice`)
    names.add(field as string)
  }
  const own = new Map([...names].map((name) => [name, name]))
  const misfit = kindsFault(kinds, own)
  if (misfit !== undefined) return refused(misfit)
  const registers = new Map(
    [...names].map((reg) => [
      reg,
      { reg, from: 1, until: undefined, steps: [], defaults: new Map<number, Json>() },
    ]),
  )
  const held = new Map([...names].map((name) => [name, kinds.get(name) ?? UNKNOWN_KIND]))
  const first = { revision: 0, steps: [], fields: own, names: own, kinds: held }
  return ok(new Chain(entity, [first], registers))
}

/** `nextVersion`, with an outcome. */
export function extended(chain: Chain, next: NextVersion): Outcome<Chain> {
  const version = chain.version + 1
  const { steps, revision = 0 } = next
  const fault = boundsFault(version, next)
  if (fault !== undefined) return refused(fault)
  const draft = new VersionDraft(chain, version)
  for (const [index, step] of steps.entries()) {
    const why = stepFault(step) ?? draft.place(step)
    if (why !== undefined) return refused(`version ${version}, step ${index + 1}: ${why}`)
  }
  const { kinds = new Map<string, string>() } = next
  const misfit =
    (next.fields && shapeFault(draft.fields, new Set(next.fields))) ??
    kindsFault(kinds, draft.fields)
  if (misfit !== undefined) return refused(`version ${version}: ${misfit}`)
  const { fields } = draft
  // A chain has version 1.
  const before = chain.versions.at(-1)!
  const held = new Map(
    [...fields].map(([name, reg]) => [name, kinds.get(name) ?? carriedKind(before, reg)]),
  )
  const merged = mergingFault(chain, { draft, held, steps })
  if (merged !== undefined) return refused(`version ${version}: ${merged}`)
  const made = { ...versionOf(steps, revision, fields), kinds: held }
  return ok(new Chain(chain.entity, [...chain.versions, made], draft.registers))
}

function boundsFault(version: number, { steps, revision = 0 }: NextVersion): string | undefined {
  if (version > VERSIONS_MAX) return `a type has at most ${VERSIONS_MAX} versions`
  if (!Array.isArray(steps)) return `version ${version}: its steps are not an array`
  if (steps.length > STEPS_MAX) {
    return `version ${version} has more than ${STEPS_MAX} steps; split it into two versions`
  }
  if (!Number.isSafeInteger(revision) || revision < 0) {
    return `version ${version}: a revision is a whole number, 0 or more`
  }
  return undefined
}

/** The difference between the fields that steps result in and those of a shape. */
function shapeFault(
  made: ReadonlyMap<string, Reg>,
  shape: ReadonlySet<string>,
): string | undefined {
  for (const name of shape) if (!made.has(name)) return `no step makes its field ${shown(name)}`
  for (const name of made.keys()) {
    if (!shape.has(name)) return `its shape lacks ${shown(name)}, and no step removes that`
  }
  return undefined
}

function kindsFault(kinds: Kinds, fields: ReadonlyMap<string, Reg>): string | undefined {
  for (const [name, kind] of kinds) {
    if (!fields.has(name)) return `a kind is given for ${shown(name)}, which is not a field`
    const fault = kindFault(kind)
    if (fault !== undefined) return `field ${shown(name)}: ${fault}`
  }
  return undefined
}

/**
 * A field whose writes are operations keeps its kind. It allows the steps `add`, `rename` and
 * `remove` only, because a step cannot translate the result of operations.
 */
function mergingFault(
  chain: Chain,
  { draft, held, steps }: { draft: VersionDraft; held: Kinds; steps: readonly Step[] },
): string | undefined {
  // A chain has version 1.
  const before = chain.versions.at(-1)!
  for (const [name, reg] of draft.fields) {
    const [was, is] = [mergingKind(carriedKind(before, reg)), mergingKind(held.get(name))]
    if (before.names.has(reg) && was !== is)
      return `${shown(name)} was ${carriedKind(before, reg)} and is ${held.get(name)}: a field that merges cannot become another, or one of values; declare a field of another name`
    const touching = draft.registers
      // The draft has a register for each field.
      .get(reg)!
      .steps.filter((placed) => placed.version > chain.version)
    const wrong = touching.find(({ step }) => step.op !== 'rename')
    if (is !== undefined && wrong)
      return `${wrong.step.op}: ${shown(name)} merges: steps can only add, rename or remove it`
  }
  const ended = steps.find(
    (step) =>
      step.op === 'remove' &&
      step.default !== undefined &&
      mergingKind(before.kinds.get(step.field)) !== undefined,
  )
  return ended && `remove: ${shown((ended as RemoveStep).field)} merges, and has no default`
}

/** The kind of a register in a version; unknown if the version lacks it. */
export function carriedKind(before: Version | undefined, reg: Reg): string {
  return before?.kinds.get(before.names.get(reg) ?? '') ?? UNKNOWN_KIND
}

function versionOf(
  steps: readonly Step[],
  revision: number,
  fields: ReadonlyMap<string, Reg>,
): Omit<Version, 'kinds'> {
  const names = new Map([...fields].map(([name, reg]) => [reg, name]))
  return { revision, steps: Object.freeze(steps.map(frozenStep)), fields, names }
}

/** A frozen copy of a step; functions are copied by reference. */
function frozenStep(step: Step): Step {
  if (step.op === 'code') return Object.freeze({ ...step })
  return frozenJson(step as unknown as Json) as unknown as Step
}

function orThrow(entity: string, made: Outcome<Chain>): Chain {
  if (made.ok) return made.value
  const { message } = made.error
  throw new CountersignError('schema_refused', `${entity}: ${message}`, { entity, reason: message })
}

function refused(why: string): Outcome<never> {
  return fail('schema_refused', why)
}
