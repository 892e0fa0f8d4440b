/** Multiplies numbers by a factor (`scale.ts`). */
import { INVALID, orNull } from '../moves.ts'
import { nameFault } from '../names.ts'
import { scaled } from '../scale.ts'
import { shown } from '../shown.ts'
import type { ScaleStep } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { backport } from './values.ts'

const DECIMALS_MAX = 15

export const SCALE: StepRule<ScaleStep> = {
  op: 'scale',
  needs: { field: nameFault, factor: factorFault },
  may: { round: roundFault, backport },
  moves: (step) => ({
    up: orNull((value) => scaled(step, 'up', value) ?? INVALID),
    down: orNull((value) => scaled(step, 'down', value) ?? INVALID),
  }),
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
