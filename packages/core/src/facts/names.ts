/**
 * Names of messages as numbers, relative to the message that names them:
 *
 *   n >= 0                         canonical: seq = seen.seq - n
 *   -k                             own: clientSeq - k of this session
 *   [session, k, from?, [except…]]   pending message k of another session, and from `from` on the
 *                                  earlier ones of the entity, except some
 *
 * In a list: canonical ones by seq, own ones by clientSeq, others by session id, all ascending. A
 * name must be in the author's view; one outside it is rejected here, as far as the text alone
 * shows.
 */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, compareText } from '../base/uuid.ts'
import type { FactBounds } from './bounds.ts'
import { longId, shortId } from './ids.ts'
import { ANY, ascendingOf, countOf, listOf, refuse, tupleOf, wholeOf } from './malformed.ts'
import type { Cut, Names, OwnSpan, Seen } from './types.ts'

/** The message and view that the names of one change are relative to. */
export interface NamesOrigin {
  readonly seen: Seen
  readonly sessionId: Uuid
  readonly clientSeq: number
  readonly cut: Cut | undefined
}

const NO_NUMBERS: readonly number[] = []
const byNumber = (a: number, b: number): number => a - b

/** Whether the names are empty. */
export function isNoNames({ canonical, own, others }: Names): boolean {
  return canonical.length === 0 && own.length === 0 && others.length === 0
}

/** Encodes names as numbers relative to `seen` and to the message, in a fixed order. */
export function namesJson(names: Names, { seen, clientSeq }: NamesOrigin): Json {
  const list: Json[] = []
  for (const seq of inOrder(names.canonical, byNumber)) {
    assert(seq <= seen.seq, `a canonical name, ${seq}, is at most what was seen, ${seen.seq}`)
    list.push(seen.seq - seq)
  }
  for (const own of inOrder(names.own, byNumber)) {
    assert(own < clientSeq, `an own name, ${own}, is before the message ${clientSeq}`)
    list.push(own - clientSeq)
  }
  return names.others.length === 0 ? list : [...list, ...(spansJson(names.others) as Json[])]
}

/** Sorted. Nearly all lists of names have one. */
function inOrder<T>(list: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  return list.length < 2 ? list : list.toSorted(compare)
}

/** Spans in the order of their sessions. */
export function spansJson(spans: readonly OwnSpan[]): Json {
  return spans.toSorted((a, b) => compareText(a.sessionId, b.sessionId)).map(spanJson)
}

function spanJson({ sessionId, clientSeq, from, except }: OwnSpan): Json {
  const span: Json[] = [shortId(sessionId), clientSeq]
  if (from < clientSeq) span.push(from)
  if (except.length > 0) span.push(except)
  return span
}

/** Parses the parents of a change, or the writes that it keeps. @throws Malformed */
export function namesOf(
  value: unknown,
  what: string,
  { origin, bounds }: { readonly origin: NamesOrigin; readonly bounds: FactBounds },
): Names {
  const canonical: number[] = []
  const own: number[] = []
  const others: unknown[] = []
  for (const item of listOf(value, what, ANY)) {
    if (Array.isArray(item)) others.push(item)
    else if (others.length > 0) refuse(`${what}: other sessions must come last`)
    else if (wholeOf(item, what) < 0) own.push(origin.clientSeq + wholeOf(item, what))
    else if (own.length > 0) refuse(`${what}: canonical messages must come first`)
    else canonical.push(origin.seen.seq - wholeOf(item, what))
  }
  checkCanonical(canonical, what, origin)
  checkOwn(own, what, origin.seen)
  if (canonical.length > bounds.canonicalNamesMax)
    refuse(`${what}: more than ${bounds.canonicalNamesMax} canonical messages`, 'too_large')
  if (own.length + others.length > bounds.pendingNamesMax)
    refuse(`${what}: more than ${bounds.pendingNamesMax} pending messages`, 'too_large')
  return {
    canonical: canonical.length > 0 ? canonical : NO_NUMBERS,
    own: own.length > 0 ? own : NO_NUMBERS,
    others: spansOf(others, what, { origin, max: bounds.pendingNamesMax }),
  }
}

function checkCanonical(seqs: readonly number[], what: string, { seen, cut }: NamesOrigin): void {
  ascendingOf(seqs, what, { above: 0, below: (cut ?? seen.seq) + 1 })
}

function checkOwn(own: readonly number[], what: string, seen: Seen): void {
  ascendingOf(own, what, { above: seen.from - 1, below: Number.MAX_SAFE_INTEGER })
  if (seen.except.length > 0 && own.some((clientSeq) => seen.except.includes(clientSeq)))
    refuse(`${what}: names an own message that seen.except excludes`)
}

/** Parses spans of other sessions, sorted by session id. @throws Malformed */
export function spansOf(
  value: unknown,
  what: string,
  { origin, max }: { readonly origin: Pick<NamesOrigin, 'sessionId'>; readonly max: number },
): readonly OwnSpan[] {
  const spans = listOf(value, what, { min: 0, max }).map((item) => spanOf(item, what))
  for (const [i, { sessionId }] of spans.entries()) {
    if (sessionId === origin.sessionId) refuse(`${what}: the own session is named by number`)
    if (i > 0 && spans[i - 1]!.sessionId >= sessionId)
      refuse(`${what}: sessions are not sorted and unique`)
  }
  return spans
}

function spanOf(value: unknown, what: string): OwnSpan {
  const list = tupleOf(value, what, { min: 2, max: 4 })
  const sessionId = longId(list[0], what)
  const clientSeq = countOf(list[1], what, 1)
  if (list.length === 2) return { sessionId, clientSeq, from: clientSeq, except: NO_NUMBERS }
  const from = countOf(list[2], what, 1)
  if (from >= clientSeq) refuse(`${what}: a span starts before the message that it names`)
  if (list.length === 3) return { sessionId, clientSeq, from, except: NO_NUMBERS }
  const except = ascendingOf(list[3], what, { above: from, below: clientSeq })
  if (except.length === 0) refuse(`${what}: an empty list of exceptions must be omitted`)
  return { sessionId, clientSeq, from, except }
}
