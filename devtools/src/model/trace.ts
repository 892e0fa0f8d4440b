/**
 * A trace: what a source knew, in a file that another panel can open. It holds events, messages
 * and reviews; with values or with their shapes only. It holds no secret, because the records it
 * is made of have no place for one.
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
/** What is read of a file at the most. */
export const TRACE_BYTES_MAX: number = 64 * 1_048_576

/** A row as the store folded it: equal where heads and live writes are. */
export interface RowDigest extends EntityName {
  readonly digest: string
}

/** What a file has in it: the messages, the events, and what a replay must come to. */
export interface Trace {
  readonly format: typeof TRACE_FORMAT
  readonly v: typeof INSPECT_VERSION
  /** ms since 1970. */
  readonly madeAt: number
  /** Whether values are in it; otherwise their shapes stand in their places. */
  readonly values: boolean
  readonly note: string
  readonly sync: SyncRecord
  readonly types: readonly TypeRecord[]
  readonly events: readonly InspectEvent[]
  readonly messages: readonly MessageRecord[]
  /** What a replay of the messages must come to; of values left out, by their shapes. */
  readonly rows: readonly RowDigest[]
}

/** Whether values are left out, and the time that is noted, in ms since 1970. */
export interface TraceOptions {
  /** Puts the shape of each value in its place. */
  readonly redact: boolean
  readonly now: number
}

/** Asks a store for all it knows, and packs it. Rejects where one of the questions does. */
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

/** What a value looks like, without what it is. */
export function shapeOf(value: Json): Json {
  if (value === null) return null
  if (Array.isArray(value)) return { redacted: `list of ${value.length}` }
  if (typeof value === 'string') return { redacted: `text of ${value.length}` }
  if (typeof value !== 'object') return { redacted: typeof value }
  if ('$unset' in value) return value
  return { redacted: `object of ${Object.keys(value).length}` }
}

/** Whether a row is archived is no value of an app's. */
function shownOf(reg: string, value: Json): Json {
  return reg.startsWith('$') ? value : shapeOf(value)
}

function withoutValues(message: MessageRecord): MessageRecord {
  const { refusal, standing } = message
  return {
    ...message,
    // The sentence of a rule may quote what it refused.
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

/** The history of an entity as the messages of a trace tell it. */
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
