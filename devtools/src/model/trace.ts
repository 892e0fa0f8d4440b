/**
 * A trace: the records of a source, in a file that another panel can open. It has events, messages
 * and reviews, with values or only with their shapes. It has no secrets, because the records have no
 * field for one.
 */
import {
  type Dag,
  type DagNode,
  type EntityName,
  INSPECT_VERSION,
  type InspectEvent,
  type InspectSource,
  type Json,
  type MessageRecord,
  type StateRecord,
  type SyncRecord,
  type TypeRecord,
  stateDigest,
} from '@countersign/core/inspect'

export const TRACE_FORMAT = 'countersign-trace'
/** Maximum size of a trace file. */
export const TRACE_BYTES_MAX: number = 64 * 1_048_576

/** A digest of a folded row: equal when heads and live writes are equal. */
export interface RowDigest extends EntityName {
  readonly digest: string
}

/** The content of a trace file: messages, events, and digests of the rows. */
export interface Trace {
  readonly format: typeof TRACE_FORMAT
  readonly v: typeof INSPECT_VERSION
  /** ms since 1970. */
  readonly madeAt: number
  /** Whether it has values; otherwise it has their shapes. */
  readonly values: boolean
  readonly note: string
  readonly sync: SyncRecord
  readonly types: readonly TypeRecord[]
  readonly events: readonly InspectEvent[]
  readonly messages: readonly MessageRecord[]
  /** The rows that a replay of the messages must result in; of shapes, where values are left out. */
  readonly rows: readonly RowDigest[]
}

/** The options of `makeTrace`. `now`: the time in the file, ms since 1970. */
export interface TraceOptions {
  /** Replaces each value by its shape. */
  readonly redact: boolean
  readonly now: number
}

/** Requests all records of a store, and packs them. Rejects when one of the requests rejects. */
export async function makeTrace(
  source: InspectSource,
  { redact, now }: TraceOptions,
): Promise<Trace> {
  const [sync, types, messages, states] = await Promise.all([
    source.ask({ kind: 'sync' }),
    source.ask({ kind: 'types' }),
    source.ask({ kind: 'messages', which: 'all', values: true }),
    source.ask({ kind: 'states' }),
  ])
  return {
    format: TRACE_FORMAT,
    v: INSPECT_VERSION,
    madeAt: now,
    values: !redact,
    note: redact
      ? 'Holds ids, types, field names and sizes. No values, no keys, no personal ids.'
      : 'Holds the values of rows. No keys, no personal ids.',
    sync: redact ? { ...sync, connectionNote: undefined } : sync,
    types,
    events: redact ? source.events().map(withoutTexts) : source.events(),
    messages: redact ? messages.map(withoutValues) : messages,
    rows: (redact ? states.map(withoutLiveValues) : states).map(rowDigest),
  }
}

export function rowDigest(state: StateRecord): RowDigest {
  return { type: state.type, id: state.id, digest: stateDigest(state) }
}

/** The type and size of a value, without its content. */
export function shapeOf(value: Json): Json {
  if (value === null) return null
  if (Array.isArray(value)) return { redacted: `list of ${value.length}` }
  if (typeof value === 'string') return { redacted: `text of ${value.length}` }
  if (typeof value !== 'object') return { redacted: typeof value }
  if ('$unset' in value) return value
  return { redacted: `object of ${Object.keys(value).length}` }
}

/** Keeps `$archived`, which is not a value of the app. */
function shownOf(reg: string, value: Json): Json {
  return reg.startsWith('$') ? value : shapeOf(value)
}

function withoutValues(message: MessageRecord): MessageRecord {
  const { refusal, standing } = message
  return {
    ...message,
    // The detail may quote a rejected value.
    refusal: refusal && { reason: refusal.reason, detail: undefined },
    changes: message.changes.map((change) => ({
      ...change,
      ...(change.values && {
        values: change.values.map((value, at) => shownOf(change.regs[at]!, value)),
      }),
    })),
    ...(standing && {
      standing: standing.map(({ value, ...each }) =>
        value === undefined ? each : { ...each, value: shownOf(each.reg, value) },
      ),
    }),
  }
}

function withoutLiveValues(state: StateRecord): StateRecord {
  const live = Object.entries(state.live).map(([reg, writes]) => [
    reg,
    writes.map(({ node, value }) => ({ node, value: shownOf(reg, value) })),
  ])
  return { ...state, live: Object.fromEntries(live) as StateRecord['live'] }
}

function withoutTexts(event: InspectEvent): InspectEvent {
  if (event.kind === 'rejected')
    return { ...event, refusal: { reason: event.refusal.reason, detail: undefined } }
  return 'text' in event ? { ...event, text: undefined } : event
}

/** The history of an entity, from the messages of a trace. */
export function dagFrom(trace: Trace, type: string, id: string): Dag | undefined {
  const nodes: DagNode[] = []
  for (const message of trace.messages) {
    if (message.state === 'rejected' || message.state === 'blocked') continue
    if (message.state === 'dismissed') continue
    for (const [index, change] of message.changes.entries()) {
      if (change.id !== id || change.type !== type) continue
      const values: Record<string, Json> = {}
      for (const [at, reg] of change.regs.entries()) values[reg] = change.values?.[at] ?? null
      nodes.push({
        name: message.name,
        id: message.id,
        authorId: message.authorId,
        state: message.state,
        timestamp: message.timestamp,
        arrival: message.arrival,
        review: message.review,
        orderKey: orderKey(message, index),
        kind: change.kind,
        version: change.version,
        values,
        parents: change.parents,
        keep: change.keep,
      })
    }
  }
  if (nodes.length === 0) return undefined
  nodes.sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1))
  const names = new Set(nodes.map(({ name }) => name))
  const cut = nodes.some(({ parents }) => parents.some((name) => !names.has(name)))
  return { type, id, nodes, cut, viewerId: trace.sync.authorId }
}

function orderKey({ review, arrival }: MessageRecord, index: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
  return review
    ? `${hex(review.epoch, 6)}.${hex(review.seq, 11)}.${hex(index, 3)}`
    : `~${hex(arrival, 11)}.${hex(index, 3)}`
}
