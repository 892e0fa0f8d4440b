/**
 * Validates a step by itself, from the app or from received data. Knows nothing of the chain. An
 * option that this build does not know is rejected, not ignored: it might change the meaning of
 * the step.
 */
import { canonical } from '../../base/canonical.ts'
import { JSON_BOUNDS, type Json, isForbiddenKey, jsonFault } from '../../base/json.ts'
import { formatPair } from './formats.ts'
import { hasReservedKey, tableKey } from './moves.ts'
import { nameFault } from './names.ts'
import { type MapStep, type Step, lossOf } from './steps.ts'

export const TABLE_PAIRS_MAX = 1_024
const DECIMALS_MAX = 15
const CODE_NAME_LENGTH_MAX = 128

/** Values in steps are flatter than values of fields, so that a chain fits into a field. */
const STEP_JSON = { ...JSON_BOUNDS, depthMax: 8 }

type Check = (value: unknown) => string | undefined

interface Shape {
  readonly needs: Readonly<Record<string, Check>>
  readonly may: Readonly<Record<string, Check>>
}

const lossy = oneOf('up', 'down', 'both')
const backport = oneOf('allow')

const SHAPES: Readonly<Record<Step['op'], Shape>> = {
  add: { needs: { field: nameFault }, may: { default: valueFault } },
  remove: { needs: { field: nameFault }, may: { default: valueFault } },
  rename: { needs: { field: nameFault, to: nameFault }, may: {} },
  map: {
    needs: { field: nameFault, to: nameFault, table: tableFault },
    may: { up: valueFault, down: valueFault, lossy, backport },
  },
  scale: { needs: { field: nameFault, factor: factorFault }, may: { round: roundFault, backport } },
  format: { needs: { field: nameFault, from: formFault, to: formFault }, may: { lossy, backport } },
  wrap: { needs: { field: nameFault }, may: { empty: valueFault, backport } },
  head: { needs: { field: nameFault }, may: { empty: valueFault } },
  nest: { needs: { field: nameFault, key: keyFault }, may: { lossy: oneOf('down'), backport } },
  hoist: { needs: { field: nameFault, key: keyFault }, may: { lossy: oneOf('up') } },
  code: {
    needs: { field: nameFault, name: codeNameFault },
    may: { up: functionFault, down: functionFault, lossy, backport },
  },
}

/** Why a value is not a step, or undefined. Reads plain data only. */
export function stepFault(step: unknown): string | undefined {
  if (typeof step !== 'object' || step === null) return 'a step must be an object'
  const { op } = step as { readonly op?: unknown }
  if (typeof op !== 'string' || !Object.hasOwn(SHAPES, op)) {
    return `no step is called ${shown(op)}; a step changes one field, never the name of a type`
  }
  const fault = shapeFault(step as Readonly<Record<string, unknown>>, SHAPES[op as Step['op']])
  const why = fault ?? meaningFault(step as Step)
  return why === undefined ? undefined : `${op}: ${why}`
}

function shapeFault(step: Readonly<Record<string, unknown>>, shape: Shape): string | undefined {
  const { needs, may } = shape
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

function meaningFault(step: Step): string | undefined {
  if ('backport' in step && !lossOf(step).down) {
    return 'backport is only for a step that is lossy down'
  }
  switch (step.op) {
    case 'rename':
      return step.field === step.to ? `${step.field} has this name already` : undefined
    case 'map':
      return ambiguity(step)
    case 'format':
      return formatFault(step)
    case 'code':
      return !step.up === !step.down ? undefined : 'it needs both up and down'
    default:
      return undefined
  }
}

/** Two pairs with one value on a side cannot be distinguished there, and must be declared lossy. */
function ambiguity(step: MapStep): string | undefined {
  const loss = lossOf(step)
  const olds = new Set<Json>()
  const nexts = new Set<Json>()
  const pairs = new Set<string>()
  for (const [old, next] of step.table) {
    const [seenOld, seenNext] = [olds.has(tableKey(old)), nexts.has(tableKey(next))]
    if (pairs.has(canonical([old, next]))) {
      return `the table has ${shown(old)} to ${shown(next)} twice`
    }
    if (seenOld && !loss.down) {
      return `several new values become ${shown(old)}: declare it lossy down`
    }
    if (seenNext && !loss.up) {
      return `several old values become ${shown(next)}: declare it lossy up`
    }
    olds.add(tableKey(old))
    nexts.add(tableKey(next))
    pairs.add(canonical([old, next]))
  }
  return undefined
}

function formatFault(step: Step & { readonly op: 'format' }): string | undefined {
  const found = formatPair(step.from, step.to)
  if (!found) return `there is no conversion between ${step.from} and ${step.to}`
  const printing = found.up === 'print' ? 'up' : 'down'
  if (!lossOf(step)[printing]) return undefined
  return `${printing} prints, which is never lossy`
}

/** Why a value may not be used in a step, or undefined. */
export function valueFault(value: unknown): string | undefined {
  const fault = jsonFault(value, STEP_JSON)
  if (fault !== undefined) return fault
  return hasReservedKey(value as Json) ? 'a key of a value cannot start with $' : undefined
}

function tableFault(table: unknown): string | undefined {
  if (!Array.isArray(table)) return 'a table is a list of pairs'
  if (table.length > TABLE_PAIRS_MAX) return `a table has at most ${TABLE_PAIRS_MAX} pairs`
  for (const pair of table as readonly unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) return 'a table is a list of pairs'
    const fault = valueFault(pair[0]) ?? valueFault(pair[1])
    if (fault !== undefined) return fault
  }
  return undefined
}

function factorFault(factor: unknown): string | undefined {
  if (typeof factor !== 'number' || !Number.isFinite(factor) || factor === 0) {
    return 'a factor is a finite number other than 0'
  }
  return undefined
}

function roundFault(round: unknown): string | undefined {
  if (typeof round !== 'object' || round === null) return 'it has decimals up, down or both'
  for (const [way, decimals] of Object.entries(round)) {
    if (way !== 'up' && way !== 'down') return `${shown(way)} is not a direction`
    const whole = typeof decimals === 'number' && Number.isInteger(decimals)
    if (!whole || decimals < 0 || decimals > DECIMALS_MAX) {
      return `decimals are a whole number from 0 to ${DECIMALS_MAX}`
    }
  }
  return Object.keys(round).length === 0 ? 'it has decimals up, down or both' : undefined
}

function formFault(form: unknown): string | undefined {
  return typeof form === 'string' ? undefined : 'a form must be a string'
}

function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string' || !key.isWellFormed()) return 'a key must be a string'
  return isForbiddenKey(key) || key.startsWith('$') ? 'this key is forbidden' : undefined
}

function codeNameFault(name: unknown): string | undefined {
  const good = typeof name === 'string' && name.length > 0 && name.length <= CODE_NAME_LENGTH_MAX
  return good && name.isWellFormed()
    ? undefined
    : `code has a name of 1 to ${CODE_NAME_LENGTH_MAX} characters`
}

function functionFault(run: unknown): string | undefined {
  return typeof run === 'function' ? undefined : 'it is not a function'
}

function oneOf(...words: readonly string[]): Check {
  return (value) =>
    words.some((word) => word === value) ? undefined : `it is one of: ${words.join(', ')}`
}

/** A value in a sentence, truncated when it is long. */
export function shown(value: unknown): string {
  const text = jsonFault(value) === undefined ? JSON.stringify(value) : `a ${typeof value}`
  return text.length > 64 ? `${text.slice(0, 60)}…` : text
}
