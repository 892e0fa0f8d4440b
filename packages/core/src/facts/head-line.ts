/**
 * The head line of a flush: `[baseTime, shapes, seen]`.
 *
 *   shape  [type, kind (0 create, 1 update, 2 resolve, 3 migrate), schemaVersion, regs]
 *   seen   [seq, chain, from, [except…], eid?]      eid if it differs from the session line's
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { isSortedUnique, regFault } from './parse.ts'
import { isTypeName } from '../schema/entity.ts'
import type { FactBounds } from './bounds.ts'
import { isChainPrefix, longId, shortId } from './ids.ts'
import { parseLine } from './line.ts'
import {
  ANY,
  ascendingOf,
  countOf,
  listOf,
  refuse,
  refuseFault,
  textOf,
  tupleOf,
  wholeOf,
} from './malformed.ts'
import type { ChangeKind, Head, Seen, SessionFacts, Shape } from './types.ts'

const KINDS: readonly ChangeKind[] = ['create', 'update', 'resolve', 'migrate']
const SCHEMA_VERSION_MAX = 1_000_000

/** The head line of a flush. Omits what the session line contains. */
export function composeHead(head: Head, session: SessionFacts): string {
  return canonical([head.baseTime, head.shapes.map(shapeJson), seenJson(head.seen, session)])
}

/** Cached texts: shapes are few and shared by many changes. */
const shapeTexts = new WeakMap<Shape, string>()

/** The text of a shape, as in the head. */
export function shapeText(shape: Shape): string {
  let text = shapeTexts.get(shape)
  if (text === undefined) shapeTexts.set(shape, (text = canonical(shapeJson(shape))))
  return text
}

function shapeJson({ type, kind, schemaVersion, regs }: Shape): Json {
  return [type, KINDS.indexOf(kind), schemaVersion, regs]
}

function seenJson({ seq, chain, from, except, eid }: Seen, session: SessionFacts): Json {
  const seen: Json[] = [seq, chain, from, except]
  if (eid !== null && eid !== session.eid) seen.push(shortId(eid))
  return seen
}

/** Parses an untrusted head line. @throws Malformed */
export function headOf(line: string, session: SessionFacts, bounds: FactBounds): Head {
  const list = parseLine(line, 'head line')
  if (list.length !== 3) refuse('head line: 3 elements are expected')
  const [baseTime, shapes, seen] = list
  return {
    baseTime: wholeOf(baseTime, 'baseTime'),
    shapes: shapesOf(shapes, bounds),
    seen: seenOf(seen, session),
  }
}

function shapesOf(value: unknown, bounds: FactBounds): readonly Shape[] {
  const shapes = listOf(value, 'shapes', { ...ANY, min: 1 }).map((item) => shapeOf(item, bounds))
  if (new Set(shapes.map(shapeText)).size !== shapes.length) refuse('shapes: duplicates')
  return shapes
}

function shapeOf(value: unknown, bounds: FactBounds): Shape {
  const list = listOf(value, 'shape', { min: 4, max: 4 })
  const type = textOf(list[0], 'type')
  if (!isTypeName(type)) refuse('the type name is invalid')
  const kind = KINDS[countOf(list[1], 'kind')] ?? refuse('the kind of a change is unknown')
  const schemaVersion = countOf(list[2], 'schemaVersion', 1)
  if (schemaVersion > SCHEMA_VERSION_MAX)
    refuse(`schemaVersion: at most ${SCHEMA_VERSION_MAX} is allowed`)
  const regs = listOf(list[3], 'registers', { min: 1, max: bounds.registersMax }).map((reg) =>
    textOf(reg, 'register'),
  )
  for (const reg of regs) refuseFault(regFault(reg))
  if (!isSortedUnique(regs)) refuse('registers are not sorted and unique')
  return { type, kind, schemaVersion, regs }
}

function seenOf(value: unknown, session: SessionFacts): Seen {
  const list = tupleOf(value, 'seen', { min: 4, max: 5 })
  const seq = countOf(list[0], 'seen.seq')
  const chain = textOf(list[1], 'seen.chain')
  if (seq === 0 ? chain !== '' : !isChainPrefix(chain))
    refuse('seen.chain: 128 bits in base64url are expected, and none where seq is 0')
  const from = countOf(list[2], 'seen.from', 1)
  const except = ascendingOf(list[3], 'seen.except', {
    above: from,
    below: Number.MAX_SAFE_INTEGER,
  })
  return { seq, chain, from, except, eid: lineageOf(list[4], seq, session) }
}

function lineageOf(value: unknown, seq: number, session: SessionFacts): Seen['eid'] {
  if (value === undefined) {
    if (seq === 0) return null
    return session.eid ?? refuse('seen.eid: expected, as the session line names no lineage')
  }
  const eid = longId(value, 'seen.eid')
  if (seq === 0 || eid === session.eid)
    refuse('seen.eid: must be omitted if seq is 0, or if it equals the session line’s')
  return eid
}
