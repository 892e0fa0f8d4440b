/**
 * Validates a step by itself, from the app or from received data. Knows nothing of the chain. An
 * option that this build does not know is rejected, not ignored: it might change the meaning of
 * the step.
 */
import { shown } from './shown.ts'
import { type Step, lossOf } from './step.ts'
import { type StepRule, ruleOf } from './step-rule.ts'

/** Why a value is not a step, or undefined. Reads plain data only. */
export function stepFault(step: unknown): string | undefined {
  if (typeof step !== 'object' || step === null) return 'a step must be an object'
  const { op } = step as { readonly op?: unknown }
  const rule = ruleOf(op)
  if (!rule) {
    return `no step is called ${shown(op)}; a step changes one field, never the name of a type, and is built by a function of @countersign/core`
  }
  const fault = shapeFault(step as Readonly<Record<string, unknown>>, rule)
  const why = fault ?? meaningFault(step as Step, rule)
  return why === undefined ? undefined : `${rule.op}: ${why}`
}

function shapeFault(
  step: Readonly<Record<string, unknown>>,
  { needs, may }: StepRule,
): string | undefined {
  for (const key of Object.keys(needs)) if (!Object.hasOwn(step, key)) return `${key} is missing`
  for (const key of Object.keys(step)) {
    if (key === 'op') continue
    const check = Object.hasOwn(needs, key) ? needs[key] : Object.hasOwn(may, key) && may[key]
    if (!check) return `${shown(key)} is not an option`
    const fault = check(step[key])
    if (fault !== undefined) return `${key}: ${fault}`
  }
  return undefined
}

function meaningFault(step: Step, rule: StepRule): string | undefined {
  if ('backport' in step && !lossOf(step).down) {
    return 'backport is only for a step that is lossy down'
  }
  return rule.meaning?.(step)
}
