/** Wraps values into lists and objects, and takes them out. */
import type { Json } from '../../../base/json.ts'
import { INVALID, type Move, type Moved, plain } from '../moves.ts'
import { nameFault } from '../names.ts'
import type { HeadStep, HoistStep, NestStep, WrapStep } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { backport, keyFault, oneOf, valueFault } from './values.ts'

export const WRAP: StepRule<WrapStep> = {
  op: 'wrap',
  needs: { field: nameFault },
  may: { empty: valueFault, backport },
  moves: (step) => ({ up: listOf, down: (list) => firstOf(list, step) }),
}

export const HEAD: StepRule<HeadStep> = {
  op: 'head',
  needs: { field: nameFault },
  may: { empty: valueFault },
  moves: (step) => ({ up: (list) => firstOf(list, step), down: listOf }),
}

export const NEST: StepRule<NestStep> = {
  op: 'nest',
  needs: { field: nameFault, key: keyFault },
  may: { lossy: oneOf('down'), backport },
  moves: (step) => ({ up: nested(step), down: hoisted(step) }),
}

export const HOIST: StepRule<HoistStep> = {
  op: 'hoist',
  needs: { field: nameFault, key: keyFault },
  may: { lossy: oneOf('up') },
  moves: (step) => ({ up: hoisted(step), down: nested(step) }),
}

function listOf(value: Json): Moved {
  return Object.freeze([value])
}

function firstOf(list: Json, step: WrapStep | HeadStep): Moved {
  if (!Array.isArray(list)) return INVALID
  return list.length === 0 ? step.empty : plain(list[0] as Json)
}

function nested(step: NestStep | HoistStep): Move {
  return (value) => Object.freeze({ [step.key]: value })
}

function hoisted(step: NestStep | HoistStep): Move {
  const { key } = step
  const exact = step.lossy === undefined
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return INVALID
    const object = value as { readonly [key: string]: Json }
    const has = Object.hasOwn(object, key)
    if (exact && (!has || Object.keys(object).length !== 1)) return INVALID
    return has ? plain(object[key]!) : undefined
  }
}
