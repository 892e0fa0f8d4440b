/** A small history as a trace, and a live source of it: for the tests of model and panel. */
import {
  type Answers,
  type CommandKind,
  type CommandOutcome,
  Feed,
  type InspectCommand,
  type InspectEvent,
  type InspectRequest,
  type Json,
  type MessageRecord,
  type MessageState,
  type RequestKind,
  type RequestOf,
} from '@countersign/core/inspect'
import { TraceSource } from '../src/model/trace-source.ts'
import { TRACE_FORMAT, type Trace } from '../src/model/trace.ts'

export const NOW = 1_700_000_000_000
const REVIEWER = '00000000-0000-8000-8000-0000000000aa'
const EID = '00000000-0000-8000-8000-0000000000ee'
export const ANN = '00000000-0000-8000-8000-00000000a001'
export const BOB = '00000000-0000-8000-8000-00000000b002'
export const ROW = '00000000-0000-8000-8000-00000000e001'

export interface Told {
  readonly by?: string
  readonly seq?: number
  readonly state?: MessageState
  readonly parents?: readonly string[]
  readonly values: Readonly<Record<string, Json>>
  readonly row?: string
}

export function message(n: number, told: Told): MessageRecord {
  const { by = ANN, seq, parents = [], values, row = ROW } = told
  const state = told.state ?? (seq === undefined ? 'queued' : 'accepted')
  const regs = Object.keys(values).sort()
  return {
    name: `session-${by.slice(-4)}:${n}`,
    id: `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`,
    authorId: by,
    sessionId: `session-${by.slice(-4)}`,
    clientSeq: n,
    own: by === ANN,
    state,
    timestamp: NOW - 60_000 + n,
    bytes: 300 + n,
    arrival: n,
    changes: [
      {
        type: 'issue',
        id: row,
        kind: parents.length === 0 ? 'create' : 'update',
        version: 1,
        regs,
        values: regs.map((reg) => values[reg]!),
        parents,
      },
    ],
    review:
      seq === undefined
        ? null
        : { reviewerId: REVIEWER, eid: EID, epoch: 1, seq, forked: false, at: NOW },
    refusal: state === 'rejected' ? { reason: 'unauthorised', detail: 'not yours' } : undefined,
  }
}

const m1 = message(1, { seq: 1, values: { title: 'A secret title', done: false } })
const m2 = message(2, { seq: 2, parents: [m1.name], values: { title: 'B' } })
const m3 = message(3, { by: BOB, seq: 3, parents: [m1.name], values: { title: 'C', done: true } })
const m4 = message(4, { parents: [m2.name, m3.name], values: { points: 5 } })
const m5 = message(5, { state: 'rejected', parents: [m1.name], values: { points: 99 } })
export const STORY: readonly MessageRecord[] = [m1, m2, m3, m4, m5]

export function trace(messages: readonly MessageRecord[] = STORY): Trace {
  return {
    format: TRACE_FORMAT,
    v: 1,
    madeAt: NOW,
    values: true,
    note: 'Holds the values of rows.',
    sync: {
      space: '00000000-0000-8000-8000-000000000000',
      authorId: ANN,
      sessionId: 'session-a001',
      reviewerId: REVIEWER,
      connection: 'online',
      connectionNote: undefined,
      caughtUp: true,
      position: { eid: EID, epoch: 1, seq: 3, chain: 'chain-of-three' },
      provisional: undefined,
      outboxMessages: messages.filter(({ state }) => state === 'queued').length,
      outboxBytes: 304,
      outboxOldestAt: NOW - 60_000,
      rejectedMessages: 1,
      storage: 'ok',
      storageTrouble: undefined,
      storageHealth: {
        lasts: 'evictable',
        usedBytes: 5_242_880,
        quotaBytes: 1_073_741_824,
        evictedAt: undefined,
        messagesAtRisk: 0,
      },
      halted: undefined,
    },
    types: [
      {
        name: 'issue',
        version: 1,
        versions: [{ version: 1, fields: [{ name: 'title', reg: 'title' }], steps: [] }],
        rows: 1,
        registers: ['done', 'points', 'title'],
        indexes: [],
      },
    ],
    events: eventsOf(messages),
    messages,
    rows: [],
  }
}

/** The events that a feed would have emitted for these messages. */
export function eventsOf(messages: readonly MessageRecord[]): readonly InspectEvent[] {
  const feed = new Feed(() => NOW)
  for (const each of messages) tell(feed, each)
  return feed.events()
}

function tell(
  feed: Feed,
  { sessionId, authorId, own, changes, state, ...rest }: MessageRecord,
): void {
  const subject = {
    session: { authorId, sessionId },
    clientSeq: rest.clientSeq,
    identified: true,
    id: rest.id!,
    timestamp: rest.timestamp,
    writes: changes.map(({ type, id }) => ({ type, entityId: id })),
    review: rest.review,
    rejection: rest.refusal,
  }
  if (!own) {
    feed.arrived(subject)
    return
  }
  feed.written(subject)
  feed.moved('queued', subject)
  if (state === 'queued') return
  feed.moved('sent', subject)
  feed.settled(subject)
}

/** A source without a store: it answers from a trace, and records commands. */
export class LiveSource extends TraceSource {
  override readonly origin = 'store'
  override readonly commands: readonly CommandKind[] = ['retry', 'discard', 'resolve']
  readonly done: InspectCommand[] = []
  outcome: CommandOutcome = { ok: true }
  /** Answers that a trace does not have. */
  answers: Partial<Answers> = {}
  readonly #listeners = new Set<() => void>()
  #events: readonly InspectEvent[] = []

  get listeners(): number {
    return this.#listeners.size
  }

  tell(events: readonly InspectEvent[]): void {
    this.#events = [...this.#events, ...events]
    for (const listener of this.#listeners) listener()
  }

  override async ask<K extends RequestKind>(request: RequestOf<K>): Promise<Answers[K]> {
    const { kind } = request as InspectRequest
    return (this.answers[kind] as Answers[K] | undefined) ?? super.ask(request)
  }

  override subscribe(listener: () => void = () => {}): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  override events(after = 0): readonly InspectEvent[] {
    return this.#events.filter(({ seq }) => seq > after)
  }

  override async run(command?: InspectCommand): Promise<CommandOutcome> {
    if (command) this.done.push(command)
    return this.outcome
  }
}
