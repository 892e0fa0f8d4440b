/**
 * The form of a stored batch after an erasure: each line that has an erased value, and a review that
 * assigns one, is replaced by its hash and by what is left of it, without the salt; the values of bases
 * by their hashes. The chain stays: it covers hashes.
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { headOf } from '../facts/head-line.ts'
import { type Salt, longId } from '../facts/ids.ts'
import { parseLine } from '../facts/line.ts'
import { listOf, outcomeOf, refuse } from '../facts/malformed.ts'
import { isInner } from '../facts/message-lines.ts'
import { REDACTED, isRedacted } from '../schema/redacted.ts'
import type { Reg } from '../schema/registers.ts'
import type { BatchBounds } from './bounds.ts'
import { type BatchLayout, type ReviewLayout, startOf } from './layout.ts'
import { composeReview } from './review-line.ts'
import type { FlushLayout, Place } from './types.ts'

/** Whose values are erased. */
export interface ErasedValues {
  readonly entityId: Uuid
  readonly regs: readonly Reg[]
}

/** In the place of an erased salt: with it, a value could be guessed from its hash. */
const NO_SALT: Salt = 'A'.repeat(16)

/** What a line changes. */
interface LineChange {
  readonly entityId: Uuid
  readonly regs: readonly Reg[]
}

/**
 * A batch of the log without these values; undefined where it has none of them. Never throws. Error:
 * `invalid`.
 */
export function erasedLayout(
  layout: BatchLayout,
  erased: ErasedValues,
  bounds: BatchBounds,
): Outcome<BatchLayout | undefined> {
  return outcomeOf(() => {
    const changes: (readonly LineChange[])[] = []
    const flushes = layout.flushes.map((flush) => {
      const after = new FlushEraser(flush, erased, bounds)
      changes.push(...after.changes)
      return { ...flush, places: after.places }
    })
    const reviews = layout.reviews.map((review) =>
      erasedReview(review, changes[review.offset] ?? [], erased),
    )
    const isChanged =
      flushes.some(({ places }, i) =>
        places.some((at, n) => at !== layout.flushes[i]?.places[n]),
      ) || reviews.some((review, i) => review !== layout.reviews[i])
    return isChanged ? { ...layout, flushes, reviews } : undefined
  })
}

/** The places of one flush without the values. */
class FlushEraser {
  readonly places: Place[]
  /** Of each accepted message. */
  readonly changes: (readonly LineChange[])[] = []
  readonly #flush: FlushLayout
  readonly #erased: ErasedValues
  readonly #shapes: readonly { readonly regs: readonly Reg[] }[]
  /** Entities by the number of the line that names them. */
  readonly #entities = new Map<number, Uuid>()

  constructor(flush: FlushLayout, erased: ErasedValues, bounds: BatchBounds) {
    this.#flush = flush
    this.#erased = erased
    this.#shapes = headOf(flush.head, flush.session.facts, bounds).shapes
    this.places = [...flush.places]
    for (const { line, entityId } of flush.entry.names) this.#entities.set(line, entityId)
    for (const end of flush.entry.taken) {
      const found: LineChange[] = []
      for (let at = startOf(flush.places, end); at <= end; at++) found.push(...this.#at(at))
      this.changes.push(found)
    }
  }

  /** Erases the values of a line, and returns what it changes: nothing, the last one of several. */
  #at(at: number): readonly LineChange[] {
    const place = this.places[at]
    if (place?.line === undefined) return refuse('erasure: a line of the log is missing')
    const list = parseLine(place.line, 'line of a batch', 'verified')
    const change = isInner(list) ? list[0] : listOf(list[2], 'changes', { min: 1, max: 1 })[0]
    if (typeof change === 'number') return []
    const parts = listOf(change, 'change', { min: 4, max: 8 })
    const entityId = this.#entityOf(parts[1])
    const { lineBefore } = this.#flush.entry
    if (!this.#entities.has(lineBefore + at)) this.#entities.set(lineBefore + at, entityId)
    const { regs } = this.#shapes[Number(parts[0])] ?? refuse('change: no such shape')
    if (entityId === this.#erased.entityId) this.#erase(at, { place, list, parts, regs })
    return [{ entityId, regs }]
  }

  #entityOf(name: unknown): Uuid {
    if (typeof name !== 'number') return longId(name, 'entity')
    return this.#entities.get(name) ?? refuse(`entity: no earlier line ${name} names one`)
  }

  #erase(
    at: number,
    {
      place,
      list,
      parts,
      regs,
    }: {
      readonly place: Place
      readonly list: readonly unknown[]
      readonly parts: readonly unknown[]
      readonly regs: readonly Reg[]
    },
  ): void {
    const values = parts[3] as readonly Json[]
    const isHit = (i: number): boolean =>
      this.#erased.regs.includes(regs[i]!) && !isRedacted(values[i]) // as many as values
    if (!values.some((_, i) => isHit(i))) return
    const left = values.map((value, i) => (isHit(i) ? REDACTED : value))
    const change = parts.map((part, i) => (i === 3 ? left : part))
    const after = isInner(list)
      ? [change, NO_SALT]
      : list.map((part, i) => (i === 2 ? [change] : i === 3 ? NO_SALT : part))
    this.places[at] = { hash: place.hash, line: canonical(after as Json), isErased: true }
  }
}

/** A review without the values; itself where it has none of them. */
function erasedReview(
  layout: ReviewLayout,
  changes: readonly LineChange[],
  { entityId, regs }: ErasedValues,
): ReviewLayout {
  const { review, place } = layout
  if (!review) return layout
  const isOf = (change: number): boolean => changes[change]?.entityId === entityId
  const valued = review.bases.filter(({ value, valueHash }) => value ?? valueHash)
  const values = layout.values.map((value, i) => {
    const { change, reg } = valued[i]! // one for each value
    const name = changes[change]?.regs[reg]
    const isHit = isOf(change) && name !== undefined && regs.includes(name)
    return isHit && value.line !== undefined ? { hash: value.hash } : value
  })
  const isAssigned = review.assigned.some(
    ({ change, values: given }) =>
      isOf(change) &&
      Object.entries(given).some(([reg, value]) => regs.includes(reg) && !isRedacted(value)),
  )
  if (!isAssigned)
    return values.every((value, i) => value === layout.values[i]) ? layout : { ...layout, values }
  const assigned = review.assigned.map((one) =>
    isOf(one.change) ? { ...one, values: withoutValues(one.values, regs) } : one,
  )
  const after = { ...review, assigned, salt: NO_SALT }
  const { line } = composeReview(after)
  return { ...layout, review: after, values, place: { hash: place.hash, line, isErased: true } }
}

function withoutValues(
  values: Readonly<Record<Reg, Json>>,
  regs: readonly Reg[],
): Readonly<Record<Reg, Json>> {
  const entries = Object.entries(values)
  return Object.fromEntries(
    entries.map(([reg, value]) => [reg, regs.includes(reg) ? REDACTED : value]),
  )
}
