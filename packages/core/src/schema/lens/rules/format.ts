/** Converts the form of values (`formats.ts`). */
import { formatPair } from '../formats.ts'
import { INVALID, type Moves, orNull } from '../moves.ts'
import { nameFault } from '../names.ts'
import { type FormatStep, lossOf } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { backport, lossy } from './values.ts'

export const FORMAT: StepRule<FormatStep> = {
  op: 'format',
  needs: { field: nameFault, from: formFault, to: formFault },
  may: { lossy, backport },
  meaning: formatFault,
  moves: formatMoves,
}

function formFault(form: unknown): string | undefined {
  return typeof form === 'string' ? undefined : 'a form must be a string'
}

function formatFault(step: FormatStep): string | undefined {
  const found = formatPair(step.from, step.to)
  if (!found) return `there is no conversion between ${step.from} and ${step.to}`
  const printing = found.up === 'print' ? 'up' : 'down'
  if (!lossOf(step)[printing]) return undefined
  return `${printing} prints, which is never lossy`
}

function formatMoves(step: FormatStep): Moves {
  const found = formatPair(step.from, step.to)
  // A valid chain has no such step; rejecting every value is harmless.
  if (!found) return { up: () => INVALID, down: () => INVALID }
  const { pair, up } = found
  const loss = lossOf(step)
  const read = (up === 'parse' ? loss.up : loss.down) ? pair.parseLoosely : pair.parse
  const print = orNull((value) => pair.print(value) ?? INVALID)
  const parse = orNull((text) => read(text) ?? INVALID)
  return up === 'print' ? { up: print, down: parse } : { up: parse, down: print }
}
