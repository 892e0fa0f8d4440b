/**
 * One change: `[shape no, entity, parents, values, keep?, cut?, own?, sid?]`. An absent part before
 * a present one is `null`.
 *
 *   keep   [[register no, names]…]      by register, ascending
 */
import type { Json } from '../base/json.ts'
import { valueFault } from './parse.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { FactBounds } from './bounds.ts'
import type { EntityNames } from './entity-names.ts'
import { longId, shortId } from './ids.ts'
import { countOf, listOf, refuse, refuseFault, tupleOf } from './malformed.ts'
import { type NamesOrigin, isNoNames, namesJson, namesOf, spansJson, spansOf } from './names.ts'
import type { Change, Cut, Head, Kept, SessionFacts, Shape } from './types.ts'

/** The context of a reader of one flush. */
export interface FlushContext {
  readonly session: SessionFacts
  readonly head: Head
  readonly entities: EntityNames
  readonly bounds: FactBounds
  /** Values of these lines may be erased. */
  readonly mayBeRedacted?: boolean
}

/** Omits absent parts at the end. */
export function trimmed(list: readonly (Json | undefined)[]): Json[] {
  let end = list.length
  while (end > 0 && list[end - 1] === undefined) end--
  return list.slice(0, end).map((item) => item ?? null)
}

/** The JSON of a change in a line, without trailing absent parts. */
export function changeJson(
  change: Change,
  shapeNo: number,
  { origin, entity }: { readonly origin: NamesOrigin; readonly entity: Json },
): Json {
  const { parents, values, keep, cut, own, sid } = change
  return trimmed([
    shapeNo,
    entity,
    namesJson(parents, origin),
    values,
    keep && keepJson(keep, change.shape, origin),
    cut,
    own && spansJson(own),
    sid && shortId(sid),
  ])
}

function keepJson(keep: readonly Kept[], { regs }: Shape, origin: NamesOrigin): Json {
  return keep
    .map(({ reg, names }) => [regs.indexOf(reg), namesJson(names, origin)] as const)
    .toSorted((a, b) => a[0] - b[0])
}

/** Parses a change of message `clientSeq`. @throws Malformed */
export function changeOf(value: unknown, clientSeq: number, context: FlushContext): Change {
  const list = tupleOf(value, 'change', { min: 4, max: 8 })
  const { head, entities, session } = context
  const shape = head.shapes[countOf(list[0], 'shape')] ?? refuse('change: no such shape')
  const entityId = entities.entityOf(list[1])
  const cut = cutOf(list[5], head)
  const origin = { seen: head.seen, sessionId: session.sessionId, clientSeq, cut }
  const parents = namesOf(list[2], 'parents', { origin, bounds: context.bounds })
  if ((shape.kind === 'create') !== isNoNames(parents))
    refuse('a create must have no parents, every other kind at least one')
  if (shape.kind === 'create' ? list.slice(4, 7).some(isPresent) : isPresent(list[7]))
    refuse('a create must not have keep, cut or own; only a create may have sid')
  const own = spansIf(list[6], origin, context.bounds)
  if (own?.some(({ sessionId }) => parents.others.some((p) => p.sessionId === sessionId)))
    refuse('own: names a session that a parent names')
  return {
    shape,
    entityId,
    parents,
    values: valuesOf(list[3], shape, context),
    ...(isPresent(list[4]) && { keep: keepOf(list[4], shape, { origin, bounds: context.bounds }) }),
    ...(cut !== undefined && { cut }),
    ...(own && { own }),
    ...(isPresent(list[7]) && { sid: sidOf(list[7], session) }),
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** Parses a `cut`: absent, or below `seen.seq`. @throws Malformed */
export function cutOf(value: unknown, { seen }: Head): Cut | undefined {
  if (!isPresent(value)) return undefined
  const cut = countOf(value, 'cut')
  return cut < seen.seq ? cut : refuse('cut: not below what was seen')
}

/** Parses `own`: absent, or not empty. @throws Malformed */
export function spansIf(
  value: unknown,
  origin: Pick<NamesOrigin, 'sessionId'>,
  bounds: FactBounds,
): Change['own'] {
  if (!isPresent(value)) return undefined
  const spans = spansOf(value, 'own', { origin, max: bounds.pendingNamesMax })
  return spans.length > 0 ? spans : refuse('own: an empty list must be omitted')
}

function sidOf(value: unknown, session: SessionFacts): Change['sid'] & string {
  const sid = longId(value, 'sid')
  return sid === session.sessionId ? refuse('sid: must be omitted for this session') : sid
}

function valuesOf(
  value: unknown,
  { regs }: Shape,
  { mayBeRedacted }: FlushContext,
): readonly Json[] {
  const values = listOf(value, 'values', { min: 0, max: Number.MAX_SAFE_INTEGER })
  if (values.length !== regs.length) refuse('values and registers differ in number')
  for (const [i, item] of values.entries())
    refuseFault(valueFault(regs[i]!, item as Json, mayBeRedacted))
  return values as readonly Json[]
}

function keepOf(
  value: unknown,
  { kind, regs }: Shape,
  read: { readonly origin: NamesOrigin; readonly bounds: FactBounds },
): readonly Kept[] {
  let last = -1
  return listOf(value, 'keep', { min: 1, max: regs.length }).map((item) => {
    const pair = listOf(item, 'keep', { min: 2, max: 2 })
    const no = countOf(pair[0], 'keep', last + 1)
    const reg = regs[no] ?? refuse('keep names a register that is not written')
    // A resolve or migrate decides its fields; it may keep archiving undecided only.
    if ((kind === 'resolve' || kind === 'migrate') && reg !== ARCHIVED)
      refuse('resolve and migrate keep no field')
    last = no
    const names = namesOf(pair[1], 'keep', read)
    if (isNoNames(names)) refuse('keep: an empty list must be omitted')
    if (names.others.some(({ clientSeq, from }) => from !== clientSeq))
      refuse('keep names one message of another session')
    return { reg, names }
  })
}
