/**
 * Differences between the steps of one version in two chains, as sentences. Published steps do not
 * change, unless they were wrong: then a correction has a higher revision (2.1 after 2.0). It may
 * change how values are translated, but not the fields, registers and kinds. It rewrites nothing:
 * values are translated as they are read.
 */
import { type Json, jsonEqual } from '../../base/json.ts'
import type { Chain, Version } from './chain.ts'
import { isSameKind } from './kind.ts'
import { shown } from './shown.ts'
import { type Step, describeStep } from './step.ts'

export interface VersionCorrection {
  readonly version: number
  readonly revision: number
  /** The differences, a sentence each. */
  readonly changes: readonly string[]
}

export type Correction =
  | { readonly kind: 'same' }
  | { readonly kind: 'correction'; readonly versions: readonly VersionCorrection[] }
  /** Neither corrects the other: an older revision, or a change without a new revision. */
  | { readonly kind: 'different'; readonly reason: string }

/** A step as data, without its functions. */
export function stepData(step: Step): Json {
  if (step.op !== 'code') return step as unknown as Json
  const { up: _up, down: _down, ...data } = step
  return data as unknown as Json
}

/** The first difference between the steps of a version in two chains, or undefined. */
export function sameSteps(a: Chain, b: Chain, version: number): string | undefined {
  const [inA, inB] = [a.versions[version - 1], b.versions[version - 1]]
  if (a.entity !== b.entity) return `${a.entity} and ${b.entity} are two types`
  if (!inA || !inB) return inA === inB ? undefined : `only one of them has version ${version}`
  const [first] = differences(inA, inB)
  return first === undefined ? undefined : `${a.entity}, version ${version}: ${first}`
}

/** The corrections that `after` makes to `before`, in the versions that both have. */
export function describeCorrection(before: Chain, after: Chain): Correction {
  if (before.entity !== after.entity) return different('these are two types')
  const versions: VersionCorrection[] = []
  for (const [index, old] of before.versions.entries()) {
    const next = after.versions[index]
    if (!next) break
    const version = index + 1
    const changes = differences(old, next)
    if (next.revision === old.revision && changes.length === 0) continue
    const fault = correctionFault(old, next, changes[0])
    if (fault !== undefined) return different(`version ${version} ${fault}`)
    versions.push({ version, revision: next.revision, changes })
  }
  return versions.length === 0 ? { kind: 'same' } : { kind: 'correction', versions }
}

/** All differences between two forms of a version, as sentences. */
export function differences(before: Version, after: Version): readonly string[] {
  if (before.steps.length === 0 && after.steps.length === 0) {
    const field = fieldDifference(before, after)
    return field === undefined ? [] : [field]
  }
  const found: string[] = []
  for (let at = 0; at < Math.max(before.steps.length, after.steps.length); at++) {
    const difference = stepDifference(before.steps[at], after.steps[at])
    if (difference !== undefined) found.push(`step ${at + 1}, ${difference}`)
  }
  const kind = kindDifference(before, after)
  return kind === undefined ? found : [...found, kind]
}

function different(reason: string): Correction {
  return { kind: 'different', reason }
}

function correctionFault(old: Version, next: Version, change?: string): string | undefined {
  if (next.revision < old.revision) {
    return `goes back from revision ${old.revision} to ${next.revision}`
  }
  if (next.revision === old.revision) return `changes without a new revision: ${change}`
  const field = fieldDifference(old, next)
  return field === undefined ? undefined : `is not the same version any more: ${field}`
}

/** A field that is missing on one side, or has another register or another kind. */
function fieldDifference(before: Version, after: Version): string | undefined {
  for (const [name, reg] of before.fields) {
    if (after.fields.get(name) !== reg)
      return `the field ${shown(name)} was removed or has another register`
  }
  for (const name of after.fields.keys()) {
    if (!before.fields.has(name)) return `the field ${shown(name)} was added`
  }
  return kindDifference(before, after)
}

/** A field of both versions with different kinds. */
function kindDifference(before: Version, after: Version): string | undefined {
  for (const [name, was] of before.kinds) {
    const is = after.kinds.get(name)
    if (!isSameKind(was, is)) return `the field ${shown(name)} was ${was} and is ${is}`
  }
  return undefined
}

function stepDifference(before: Step | undefined, after: Step | undefined): string | undefined {
  if (!before || !after) {
    return before
      ? `${describeStep(before)}, was removed`
      : after && `${describeStep(after)}, was added`
  }
  const [old, next] = [describeStep(before), describeStep(after)]
  if (old !== next) return `${old}, is now ${next}`
  const was = stepData(before) as Readonly<Record<string, Json>>
  const is = stepData(after) as Readonly<Record<string, Json>>
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
  const changed = keys.filter((key) => !jsonEqual(was[key], is[key]))
  if (changed.length === 0) return undefined
  const parts = changed.map((key) => `${key} was ${part(was[key])} and is ${part(is[key])}`)
  return `${old}: ${parts.join('; ')}`
}

function part(value: Json | undefined): string {
  return value === undefined ? 'absent' : shown(value)
}
