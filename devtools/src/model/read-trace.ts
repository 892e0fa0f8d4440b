/**
 * Parses the file of a trace: untrusted text, validated as far as the panel relies on it. An invalid
 * file is rejected with a sentence that names the place.
 */
import {
  EVENT_KINDS,
  INSPECT_VERSION,
  MESSAGE_STATES,
  isLongerThan,
} from '@countersign/core/inspect'
import { TRACE_BYTES_MAX, TRACE_FORMAT, type Trace } from './trace.ts'

/** A trace, or why the file is invalid, as text for humans. */
export type TraceOutcome =
  | { readonly ok: true; readonly trace: Trace }
  | { readonly ok: false; readonly message: string }

type Check = (value: unknown) => boolean

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS)
const STATES: ReadonlySet<unknown> = new Set(MESSAGE_STATES)
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isList =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const isMaybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const isOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]))

const isName = isOf({ type: isText, id: isText })
const isReview = isOf({ reviewerId: isText, eid: isText, epoch: isNumber, seq: isNumber })
const isRef = isOf({
  name: isText,
  authorId: isText,
  entities: isList(isName),
  changes: isNumber,
})
const isRefusal = isOf({ reason: isText })
const isChange = isOf({
  type: isText,
  id: isText,
  kind: isText,
  version: isNumber,
  regs: isList(isText),
  values: isMaybe(Array.isArray),
  parents: isList(isText),
})
const isMessage = isOf({
  name: isText,
  authorId: isText,
  sessionId: isText,
  clientSeq: isNumber,
  state: (value) => STATES.has(value),
  timestamp: isNumber,
  bytes: isNumber,
  arrival: isNumber,
  changes: isList(isChange),
  review: (value) => value === null || isReview(value),
  refusal: isMaybe(isRefusal),
  blockedBy: isMaybe(isList(isText)),
  standing: isMaybe(isList(isOf({ type: isText, id: isText, reg: isText, authorId: isText }))),
})
const isVersion = isOf({
  version: isNumber,
  fields: isList(isOf({ name: isText, reg: isText })),
  steps: isList(isText),
})
const isType = isOf({
  name: isText,
  version: isNumber,
  versions: isList(isVersion),
  rows: isNumber,
  registers: isList(isText),
  indexes: isList(isText),
})
const isRow = isOf({ type: isText, id: isText, digest: isText })
const isPosition = isOf({ eid: isText, epoch: isNumber, seq: isNumber })
const isSync = isOf({
  space: isText,
  connection: isText,
  position: (value) => value === null || isPosition(value),
  outboxMessages: isNumber,
  outboxBytes: isNumber,
  rejectedMessages: isNumber,
  storage: isText,
})

const isEvent: Check = (value) => {
  if (!isOf({ v: (v) => v === 1, seq: isNumber, at: isNumber, kind: (k) => KINDS.has(k) })(value))
    return false
  const event = value as { kind: string; message?: unknown; review?: unknown; refusal?: unknown }
  if (['connection', 'storage', 'halted', 'alarm'].includes(event.kind))
    return isOf({ state: isText })(value)
  if (event.kind === 'snapshot') return isOf({ position: isPosition, rows: isNumber })(value)
  if (!isRef(event.message)) return false
  if (event.kind === 'accepted' || event.kind === 'arrived') return isReview(event.review)
  return event.kind !== 'rejected' || isRefusal(event.refusal)
}

/** Parses an untrusted file of up to 64 MiB, and validates every record. Never throws. */
export function readTrace(text: string): TraceOutcome {
  if (isLongerThan(text, TRACE_BYTES_MAX)) return refused('the file is larger than 64 MiB')
  let json: unknown
  try {
    json = JSON.parse(text, (key, value: unknown) => {
      if (FORBIDDEN.has(key)) throw new SyntaxError(`the key ${key}`)
      return value
    })
  } catch (error) {
    return refused(`it is not the JSON of a trace: ${error instanceof Error ? error.message : ''}`)
  }
  if (!isOf({ format: (format) => format === TRACE_FORMAT })(json))
    return refused('it is not a trace of Countersign')
  const trace = json as Trace
  const version: number = trace.v
  if (version !== INSPECT_VERSION)
    return refused(`it has version ${version}, and this panel reads version ${INSPECT_VERSION}`)
  if (!isNumber(trace.madeAt) || !isText(trace.note)) return refused('its head is incomplete')
  if (!isSync(trace.sync)) return refused('its state of the store is invalid')
  if (!isList(isType)(trace.types)) return refused('its types are invalid')
  const at = Array.isArray(trace.events) ? trace.events.findIndex((each) => !isEvent(each)) : 0
  if (at >= 0) return refused(`its event at index ${at} is invalid`)
  const bad = Array.isArray(trace.messages)
    ? trace.messages.findIndex((each) => !isMessage(each))
    : 0
  if (bad >= 0) return refused(`its message at index ${bad} is invalid`)
  if (!isList(isRow)(trace.rows)) return refused('its rows are invalid')
  return { ok: true, trace }
}

function refused(message: string): TraceOutcome {
  return { ok: false, message: `This file cannot be opened: ${message}.` }
}
