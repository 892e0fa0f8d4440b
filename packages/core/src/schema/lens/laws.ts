/**
 * The laws of steps and chains, checked on sample values: an app's tests call these with values of
 * its own fields. A broken law is returned with the value that breaks it.
 *
 *     down(up(x)) = x    for every value x of the old form, unless the step is lossy up
 *     up(down(y)) = y    for every value y of the new form, unless the step is lossy down
 *     every value of one form has a form on the other side, and no step throws
 */
import { type Json, jsonEqual, jsonFault } from '../../base/json.ts'
import { type Moved, INVALID, hasReservedKey } from './moves.ts'
import { movesOf } from './step-rule.ts'
import type { Reg } from './names.ts'
import type { Lenses } from './path.ts'
import { type Step, lossOf } from './step.ts'

export interface Broken {
  readonly law: 'down(up(x)) = x' | 'up(down(y)) = y' | 'total'
  readonly value: Json
  /** The result, as a sentence. */
  readonly why: string
}

export interface FormValues {
  readonly old: readonly Json[]
  readonly next: readonly Json[]
}

export interface LawOptions {
  /** `allow`: values may be untranslatable, such as text that is not a number. */
  readonly invalid?: 'allow'
}

type Way = 'up' | 'down'

/** A step or a path in both directions: undefined is unset. */
interface Round {
  readonly loss: { readonly up: boolean; readonly down: boolean }
  readonly options: LawOptions
  run(way: Way, value: Json): Moved
}

/** The first law that a step breaks on these values, or undefined. */
export function brokenByStep(
  step: Step,
  values: FormValues,
  options: LawOptions = {},
): Broken | undefined {
  const thrown = throwOf(step, values)
  const moves = movesOf(step)
  if (thrown || moves === 'identity' || moves === 'opaque') return thrown
  return broken({ loss: lossOf(step), options, run: (way, value) => moves[way](value) }, values)
}

export interface Stretch {
  readonly reg: Reg
  readonly from: number
  readonly to: number
}

/** The first law that the steps of a register break between two versions, `from` the older one. */
export function brokenByChain(
  lenses: Lenses,
  { reg, from, to, ...values }: Stretch & FormValues,
  options: LawOptions = {},
): Broken | undefined {
  const steps = lenses.chain.registers
    .get(reg)
    ?.steps.filter(({ version }) => version > from && version <= to)
  const losses = (steps ?? []).map(({ step }) => lossOf(step))
  const loss = { up: losses.some(({ up }) => up), down: losses.some(({ down }) => down) }
  const run = (way: Way, value: Json): Moved => {
    const path = way === 'up' ? lenses.path(reg, from, to) : lenses.path(reg, to, from)
    const seen = path.translate(value)
    return seen.kind === 'value' ? seen.value : seen.kind === 'unset' ? undefined : INVALID
  }
  return broken({ loss, options, run }, values)
}

function broken(round: Round, values: FormValues): Broken | undefined {
  for (const value of values.old) {
    const fault = brokenOne(round, 'up', value)
    if (fault) return fault
  }
  for (const value of values.next) {
    const fault = brokenOne(round, 'down', value)
    if (fault) return fault
  }
  return undefined
}

function brokenOne(round: Round, way: Way, value: Json): Broken | undefined {
  const there = round.run(way, value)
  if (there === INVALID) {
    return round.options.invalid === 'allow'
      ? undefined
      : notTotal(value, `it has no form going ${way}`)
  }
  if (there !== undefined) {
    const fault = jsonFault(there) ?? (hasReservedKey(there) ? 'a key starts with $' : undefined)
    if (fault !== undefined)
      return notTotal(value, `going ${way} it becomes an invalid value: ${fault}`)
  }
  if (round.loss[way]) return undefined
  const law = way === 'up' ? 'down(up(x)) = x' : 'up(down(y)) = y'
  const back = there === undefined ? undefined : round.run(way === 'up' ? 'down' : 'up', there)
  if (back !== INVALID && back !== undefined && jsonEqual(back, value)) return undefined
  return { law, value, why: `it becomes ${inWords(there)}, and that becomes ${inWords(back)}` }
}

/** Other readers treat a throw like an invalid value; here it is reported separately. */
function throwOf(step: Step, values: FormValues): Broken | undefined {
  if (step.op !== 'code' || !step.up || !step.down) return undefined
  const [up, down] = [step.up, step.down]
  for (const [run, sample] of [[up, values.old] as const, [down, values.next] as const]) {
    for (const value of sample) {
      try {
        run(value)
      } catch (error) {
        return notTotal(
          value,
          `it throws: ${error instanceof Error ? error.message : String(error)}`,
        )
      }
    }
  }
  return undefined
}

function notTotal(value: Json, why: string): Broken {
  return { law: 'total', value, why }
}

function inWords(moved: Moved): string {
  if (moved === INVALID) return 'invalid'
  return moved === undefined ? 'unset' : JSON.stringify(moved)
}
