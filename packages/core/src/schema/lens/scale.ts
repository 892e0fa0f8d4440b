/**
 * A number times a factor. Binary floating point makes 0.07 * 100 = 7.000000000000001, so
 * products and quotients are taken to 15 significant digits: that is right for every decimal
 * number that has no more of them, before and after.
 *
 * Without rounding, a value that would not come back as itself is refused: so both ways are
 * exact by construction. A side that rounds takes every number, and its way is lossy:
 * `scale('price', 100, { round: { up: 0 } })` makes whole cents of whatever there was.
 */
import type { Json } from '../../base/json.ts'
import { type ScaleStep, lossOf } from './steps.ts'

/** The number on the other side; undefined when there is none. */
export function scaled(step: ScaleStep, way: 'up' | 'down', value: Json): number | undefined {
  if (typeof value !== 'number') return undefined
  const there = moved(step, way, value)
  if (!Number.isFinite(there)) return undefined
  if (lossOf(step)[way]) return there
  return moved(step, way === 'up' ? 'down' : 'up', there) === value ? there : undefined
}

function moved(step: ScaleStep, way: 'up' | 'down', value: number): number {
  const exact = decimal(way === 'up' ? value * step.factor : value / step.factor)
  const decimals = step.round?.[way]
  return (decimals === undefined ? exact : rounded(exact, decimals)) + 0 // -0 is 0
}

function decimal(value: number): number {
  return Number(value.toPrecision(15))
}

/** Half away from zero, by the decimal digits: `toFixed` would take 21.555 for less than that. */
function rounded(value: number, decimals: number): number {
  const unit = Number(`1e${decimals}`)
  const size = decimal(Math.abs(value) * unit)
  // Beyond 15 digits there are no decimals left to cut.
  return size < 1e15 ? (Math.sign(value) * Math.round(size)) / unit : value
}
