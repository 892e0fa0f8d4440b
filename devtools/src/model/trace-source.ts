/** A trace as a read-only source: it answers requests from its file, and rejects commands. */
import {
  ANSWER_ROWS_MAX,
  type Answers,
  type CommandKind,
  type CommandOutcome,
  type InspectEvent,
  type InspectSource,
  type RequestKind,
  type RequestOf,
  type RowSummary,
  rowAt,
} from '@countersign/core/inspect'
import { type Trace, dagFrom } from './trace.ts'

/** Answers the panel's requests from a file. */
export class TraceSource implements InspectSource {
  readonly v = 1
  readonly origin: InspectSource['origin'] = 'trace'
  readonly commands: readonly CommandKind[] = []
  readonly dropped = 0
  readonly trace: Trace

  constructor(trace: Trace) {
    this.trace = trace
  }

  /** A file has no new events. */
  subscribe(): () => void {
    return () => {}
  }

  events(after = 0): readonly InspectEvent[] {
    return this.trace.events.filter(({ seq }) => seq > after)
  }

  async ask<K extends RequestKind>(request: RequestOf<K>): Promise<Answers[K]> {
    return this.#answer(request) as Answers[K]
  }

  async run(): Promise<CommandOutcome> {
    return { ok: false, message: 'this is a trace: commands need a live store' }
  }

  #answer(request: RequestOf<RequestKind>): Answers[RequestKind] {
    const { sync, types, messages } = this.trace
    switch (request.kind) {
      case 'sync':
        return sync
      case 'types':
        return types
      case 'messages':
        return messages.filter(({ name, own }) =>
          typeof request.which === 'object'
            ? name === request.which.name
            : request.which === 'all' || own,
        )
      case 'rows':
        return this.#rows(request.type, request.find ?? '')
      case 'dagOf':
        return dagFrom(this.trace, request.type, request.id)
      case 'rowAt': {
        const dag = dagFrom(this.trace, request.type, request.id)
        return dag && rowAt(dag, request.upTo)
      }
      // A file has no lenses, only the values as written.
      case 'rowInVersion':
        return undefined
      // A file has digests of the states only.
      case 'states':
      case 'queries':
      case 'lineage':
        return []
      case 'coverage':
        return { scopes: undefined, pagesAsked: 0 }
      case 'storage':
        return {
          health: sync.storage,
          trouble: sync.storageTrouble,
          parts: undefined,
          outboxFlushes: 0,
          rank: undefined,
          checkpointRank: undefined,
        }
      default:
        throw new Error('a request of a later version')
    }
  }

  #rows(type: string, find: string): RowSummary[] {
    const ids = new Set<string>()
    for (const { changes } of this.trace.messages)
      for (const change of changes) if (change.type === type) ids.add(change.id)
    const declared = this.trace.types.find(({ name }) => name === type)?.registers ?? []
    const wanted = find.trim().toLowerCase()
    const found: RowSummary[] = []
    for (const id of ids) {
      const dag = dagFrom(this.trace, type, id)
      const row = dag && rowAt(dag)
      const newest = dag?.nodes.at(-1)
      if (!row || !newest) continue
      const texts = new Map(row.fields.map(({ reg, value }) => [reg, value]))
      const text = declared.map((reg) => texts.get(reg)).find((each) => typeof each === 'string')
      const title = text?.slice(0, 80) ?? ''
      if (!`${id} ${title}`.toLowerCase().includes(wanted)) continue
      found.push({
        id,
        title,
        state: newest.review ? 'canonical' : 'pending',
        archived: row.archived,
        conflicts: row.fields.filter(({ conflict }) => conflict).length,
        orderKey: newest.orderKey,
      })
      if (found.length >= ANSWER_ROWS_MAX) break
    }
    return found
  }
}
