/**
 * The lines of one message.
 *
 *   one change      [clientSeq, time - baseTime, [change], salt, expect?]
 *   several         [change, salt] for each, and last the outer line
 *                   [clientSeq, time - baseTime, [number of changes], salt, expect?]
 *   expect          [[entity, cut?, own?]…]        by entity id, ascending; a number may be this line's
 *
 * The hash of the last line is the message's.
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { compareText } from '../base/uuid.ts'
import { type FlushContext, changeJson, changeOf, cutOf, spansIf, trimmed } from './change.ts'
import type { EntityNames } from './entity-names.ts'
import { type Salt, saltOf } from './ids.ts'
import { countOf, listOf, refuse, tupleOf, wholeOf } from './malformed.ts'
import { spansJson } from './names.ts'
import type { Change, Expectation, Head, Message, SessionFacts, Shape } from './types.ts'

/** The context of a composer of a flush. */
export interface ComposeContext {
  readonly session: SessionFacts
  readonly head: Omit<Head, 'shapes'>
  /** The number of a shape in the head. */
  readonly shapeNo: (shape: Shape) => number
  readonly entities: EntityNames
}

/** The lines of a message; `firstLine` is the number of the first one in its flush. */
export function composeMessage(
  message: Message,
  firstLine: number,
  context: ComposeContext,
): readonly string[] {
  const { changes, salts } = message
  const list = changes.map((change, i) => {
    const json = composeChange(change, message, context)
    context.entities.spell(firstLine + i, change.entityId)
    return json
  })
  const [first] = list
  if (list.length === 1 && first !== undefined) return [outerLine(message, first, context)]
  const inner = list.map((json, i) => canonical([json, salts[i]!]))
  return [...inner, outerLine(message, list.length, context)]
}

function composeChange(change: Change, message: Message, context: ComposeContext): Json {
  const origin = {
    seen: context.head.seen,
    sessionId: context.session.sessionId,
    clientSeq: message.clientSeq,
    cut: change.cut,
  }
  const entity = context.entities.textOf(change.entityId)
  return changeJson(change, context.shapeNo(change.shape), { origin, entity })
}

function outerLine(message: Message, changes: Json, { head, entities }: ComposeContext): string {
  const { clientSeq, time, salts, expect } = message
  // There is a salt for each line, so at least one.
  const line: Json[] = [clientSeq, time - head.baseTime, [changes], salts.at(-1)!]
  if (expect) line.push(expectJson(expect, entities))
  return canonical(line)
}

function expectJson(expect: readonly Expectation[], entities: EntityNames): Json {
  return expect
    .toSorted((a, b) => compareText(a.entityId, b.entityId))
    .map(({ entityId, cut, own }) =>
      trimmed([entities.textOf(entityId), cut, own && spansJson(own)]),
    )
}

/** A line of a change, with the change unparsed: its message's number is in the last line. */
export interface InnerLine {
  readonly change: unknown
  readonly salt: Salt
}

/** The last line of a message, with its change unparsed. */
export interface OuterLine {
  readonly clientSeq: number
  readonly time: number
  /** Number of earlier lines that belong to the message: 0, or 2 and more. */
  readonly inner: number
  /** The change, if the message has one only. */
  readonly change: unknown
  readonly salt: Salt
  readonly expect: unknown
}

/** Whether a parsed line is one of several changes of a message. */
export function isInner(line: readonly unknown[]): boolean {
  return Array.isArray(line[0])
}

/** Parses the line of one of several changes. @throws Malformed */
export function innerLineOf(line: readonly unknown[]): InnerLine {
  const [change, salt] = listOf(line, 'line of a change', { min: 2, max: 2 })
  return { change, salt: saltOf(salt) }
}

/** The number of lines before a parsed last line that belong to its message. @throws Malformed */
export function innerCountOf(line: readonly unknown[]): number {
  const [change] = listOf(line[2], 'changes', { min: 1, max: 1 })
  return typeof change === 'number' ? countOf(change, 'number of changes', 2) : 0
}

/** Parses the last line of a message, with its number and time. @throws Malformed */
export function outerLineOf(line: readonly unknown[], context: FlushContext): OuterLine {
  const list = tupleOf(line, 'line of a message', { min: 4, max: 5 })
  const time = wholeOf(context.head.baseTime + wholeOf(list[1], 'time'), 'time')
  const [change] = listOf(list[2], 'changes', { min: 1, max: 1 })
  const inner = innerCountOf(list)
  if (inner > context.bounds.messageChangesMax)
    refuse(`more than ${context.bounds.messageChangesMax} changes`, 'too_large')
  return {
    clientSeq: countOf(list[0], 'clientSeq', 1),
    time,
    inner,
    change,
    salt: saltOf(list[3]),
    expect: list[4],
  }
}

/** Parses the change of line `line`, and records its entity. @throws Malformed */
export function changeAt(
  line: number,
  { change, clientSeq }: { readonly change: unknown; readonly clientSeq: number },
  context: FlushContext,
): Change {
  const read = changeOf(change, clientSeq, context)
  context.entities.spell(line, read.entityId)
  return read
}

/** Parses `expect`: absent, or not empty. @throws Malformed */
export function expectOf(value: unknown, context: FlushContext): Message['expect'] {
  if (value === undefined) return undefined
  const max = context.bounds.expectMax
  let last = ''
  return listOf(value, 'expect', { min: 1, max }).map((item) => {
    const list = tupleOf(item, 'expect', { min: 1, max: 3 })
    const entityId = context.entities.entityOf(list[0])
    if (entityId <= last) refuse('expect: entities are not sorted and unique')
    last = entityId
    const cut = cutOf(list[1], context.head)
    const own = spansIf(list[2], context.session, context.bounds)
    return { entityId, ...(cut !== undefined && { cut }), ...(own && { own }) }
  })
}

/**
 * The message whose last line has number `line`, with the changes of the lines before. @throws
 * Malformed
 */
export function messageOf(
  outer: OuterLine,
  inner: readonly InnerLine[],
  { line, context }: { readonly line: number; readonly context: FlushContext },
): Message {
  const { clientSeq, time } = outer
  const changes: readonly Change[] =
    inner.length === 0
      ? [changeAt(line, outer, context)]
      : inner.map(({ change }, i) =>
          changeAt(line - inner.length + i, { change, clientSeq }, context),
        )
  if (changes.length > 1 && new Set(changes.map((one) => one.entityId)).size !== changes.length)
    refuse(`message ${clientSeq}: two changes concern the same entity`)
  const expect = expectOf(outer.expect, context)
  const salts = [...inner.map(({ salt }) => salt), outer.salt]
  return { clientSeq, time, changes, salts, ...(expect && { expect }) }
}
