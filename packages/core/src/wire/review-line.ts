/**
 * The review line of a message, and the values of its bases, each in a line of its own so that it
 * can be erased separately:
 *
 *   review    [bases, assigned, places, salt, reads?]
 *   base      [change, register no, seq?, hash of the value's line?]     no seq: unknown; 0: unset
 *   assigned  [change, { register: value }]
 *   place     [eid, seq]           reads are places, too
 *   value     [version, value, salt]
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import { compareText } from '../base/uuid.ts'
import { longId, saltOf, shortId } from '../facts/ids.ts'
import { lineBytes, parseLine } from '../facts/line.ts'
import { ANY, countOf, hashOf, listOf, refuse, refuseFault } from '../facts/malformed.ts'
import { assignedFault, valueFault } from '../facts/parse.ts'
import type { OtherPlace } from '../facts/message.ts'
import type { BatchBounds } from './bounds.ts'
import { baseHash } from './hashes.ts'
import type { Assigned, Base, BaseValue, Place, Review } from './types.ts'

/** A review line, and a place for each base with a value, in their order. */
export interface ReviewText {
  readonly line: string
  readonly values: readonly Place[]
}

/** The line of a review, and a line for each value that it contains as a hash. */
export function composeReview({ bases, assigned, places, reads, salt }: Review): ReviewText {
  const values = bases.map(valuePlace)
  const baseList = bases.map(({ change, reg, seq }, i) => {
    const base: Json[] = [change, reg]
    if (seq !== null) base.push(seq)
    if (values[i]) base.push(values[i].hash)
    return base
  })
  const assignedList = assigned.map(({ change, values: given }) => [change, given] as const)
  const list: Json[] = [baseList, assignedList, places.map(placeJson), salt]
  if (reads.length > 0) list.push(reads.map(placeJson))
  return {
    line: canonical(list),
    values: values.filter((place) => place !== undefined),
  }
}

function placeJson({ eid, seq }: OtherPlace): Json {
  return [shortId(eid), seq]
}

function valuePlace({ seq, value, valueHash }: Base): Place | undefined {
  if (!seq) return undefined
  if (!value) return valueHash === undefined ? undefined : { hash: valueHash }
  const line = canonical([value.version, value.value, value.salt])
  return { hash: baseHash(line), line }
}

/** Whether a value is small enough to be sent with a review. */
export function travels(value: Json, { baseValueBytesMax }: BatchBounds): boolean {
  return utf8Bytes(canonical(value)) <= baseValueBytesMax
}

/**
 * Parses a review line that the chain covers; its values are parsed separately. `mayBeRedacted`:
 * assigned values may be erased. @throws Malformed
 */
export function reviewOf(line: string, bounds: BatchBounds, mayBeRedacted = false): Review {
  const list = listOf(parseLine(line, 'review'), 'review', { min: 4, max: 5 })
  const placesMax = { min: 0, max: bounds.otherPlacesMax }
  const review = {
    bases: listOf(list[0], 'bases', ANY).map(baseOf),
    assigned: listOf(list[1], 'assigned', ANY).map((one) => assignedOf(one, mayBeRedacted)),
    places: listOf(list[2], 'places', placesMax).map(placeOf),
    salt: saltOf(list[3]),
    reads: list.length === 4 ? [] : listOf(list[4], 'reads', { ...placesMax, min: 1 }).map(placeOf),
  }
  checkOrder(review)
  return review
}

function checkOrder({ bases, assigned, places, reads }: Review): void {
  const sorted =
    isAscending(bases, (a, b) => a.change - b.change || a.reg - b.reg) &&
    isAscending(assigned, (a, b) => a.change - b.change) &&
    isAscending(places, (a, b) => compareText(a.eid, b.eid)) &&
    isAscending(reads, (a, b) => compareText(a.eid, b.eid))
  if (!sorted) refuse('review: bases, assigned values, places or reads are not sorted and unique')
  if (bases.length + assigned.length + places.length + reads.length === 0)
    refuse('review: must be omitted if empty')
}

function isAscending<T>(list: readonly T[], compare: (a: T, b: T) => number): boolean {
  return list.every((item, i) => i === 0 || compare(list[i - 1]!, item) < 0)
}

function baseOf(value: unknown): Base {
  const list = listOf(value, 'base', { min: 2, max: 4 })
  const change = countOf(list[0], 'base')
  const reg = countOf(list[1], 'base')
  if (list.length === 2) return { change, reg, seq: null }
  const seq = countOf(list[2], 'base', list.length === 4 ? 1 : 0)
  return { change, reg, seq, ...(list.length === 4 && { valueHash: hashOf(list[3], 'base') }) }
}

function assignedOf(value: unknown, mayBeRedacted: boolean): Assigned {
  const [change, values] = listOf(value, 'assigned', { min: 2, max: 2 })
  refuseFault(assignedFault(values, undefined, mayBeRedacted))
  if (Object.keys(values as object).length === 0) refuse('assigned: must be omitted if empty')
  return { change: countOf(change, 'assigned'), values: values as Assigned['values'] }
}

function placeOf(value: unknown): OtherPlace {
  const [eid, seq] = listOf(value, 'place', { min: 2, max: 2 })
  return { eid: longId(eid, 'place'), seq: countOf(seq, 'place', 1) }
}

/** Parses the value of a base. @throws Malformed */
export function baseValueOf(line: string, bounds: BatchBounds): BaseValue {
  const list = listOf(parseLine(line, 'value of a base'), 'value of a base', { min: 3, max: 3 })
  const value = list[1] as Json
  refuseFault(valueFault('value of a base', value))
  if (!travels(value, bounds))
    refuse(`value of a base: above ${bounds.baseValueBytesMax} bytes`, 'too_large')
  return { version: countOf(list[0], 'version', 1), value, salt: saltOf(list[2]) }
}

/** Why a review exceeds its bounds, or undefined. */
export function reviewSizeFault(
  { line, values }: ReviewText,
  { basesBytesMax, reviewBytesMax }: BatchBounds,
): string | undefined {
  const valuesBytes = values.reduce<Bytes>(
    (sum, { line: value }) => (value === undefined ? sum : addBytes(sum, lineBytes(value))),
    NO_BYTES,
  )
  if (valuesBytes > basesBytesMax)
    return `the values of bases of a review have at most ${basesBytesMax} bytes`
  return addBytes(valuesBytes, lineBytes(line)) > reviewBytesMax
    ? `a review has at most ${reviewBytesMax} bytes`
    : undefined
}
