/**
 * The rule of the steps of one name: the form of such a step, and its effect on values. Rules are
 * provided, not imported, by what reads steps: an app loads those that it uses.
 */
import type { Moves } from './moves.ts'
import type { Step } from './step.ts'

/** Why a value is wrong, or undefined. */
export type Check = (value: unknown) => string | undefined

export interface StepRule<S extends Step = Step> {
  readonly op: S['op']
  /** The options that a step has, and those that it may have. */
  readonly needs: Readonly<Record<string, Check>>
  readonly may: Readonly<Record<string, Check>>
  /** Why a step of the right form means nothing, or undefined. */
  meaning?(this: void, step: S): string | undefined
  /** `identity`: values do not change. `opaque`: this build lacks the functions of a `code` step. */
  moves(this: void, step: S): Moves | 'identity' | 'opaque'
}

const rules = new Map<string, StepRule>()

/** Makes steps of these rules known to this process. Idempotent. */
export function provide(...given: readonly StepRule[]): void {
  for (const rule of given) rules.set(rule.op, rule)
}

/** The rule of steps of that name; undefined where there is none, or none was provided. */
export function ruleOf(op: unknown): StepRule | undefined {
  return rules.get(op as string)
}

/** The effect of a step, which has a rule. */
export function movesOf(step: Step): Moves | 'identity' | 'opaque' {
  return ruleOf(step.op)!.moves(step) // its rule has checked the step
}
