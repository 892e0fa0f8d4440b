/**
 * Checks the snapshots that the reviewer sends over each link, when they are sent: each lists all
 * that was accepted of the sessions that were bound when it began, as the author of a message that
 * others have overwritten is reported in no other way (S16).
 */
import type { ReviewerFrame } from '@countersign/core/protocol'
import type { Truth } from './truth.ts'
import { must } from './violation.ts'

interface Snapshot {
  readonly bound: ReadonlySet<string>
  /** By session, the numbers that it names. */
  readonly settled: Map<string, Set<number>>
}

interface Link {
  readonly bound: Set<string>
  readonly snapshots: Map<number, Snapshot>
}

export class ToldSnapshots {
  readonly #truth: Truth
  readonly #links = new WeakMap<object, Link>()

  constructor(truth: Truth) {
    this.#truth = truth
  }

  /** `by`: the link that the frame is sent over; `name`: its receiver. */
  heard(by: object, name: string, frame: ReviewerFrame): void {
    let link = this.#links.get(by)
    if (!link) this.#links.set(by, (link = { bound: new Set(), snapshots: new Map() }))
    if (frame.kind === 'bound') for (const id of frame.sessionIds) link.bound.add(id)
    if (frame.kind === 'page') this.#of(link, frame.snapshot)
    if (frame.kind === 'settled') {
      const { settled } = this.#of(link, frame.snapshot)
      const numbers = settled.get(frame.sessionId) ?? new Set()
      settled.set(frame.sessionId, numbers)
      for (const { clientSeq, count } of frame.runs)
        for (let i = 0; i < count; i++) numbers.add(clientSeq + i)
    }
    if (frame.kind !== 'through' || frame.snapshot === 0) return
    const { bound, settled } = this.#of(link, frame.snapshot)
    link.snapshots.delete(frame.snapshot)
    for (const { name: what, message } of this.#truth.accepted.slice(0, frame.position.seq)) {
      const { sessionId } = message.session.facts
      const isNamed = settled.get(sessionId)?.has(message.clientSeq)
      must(
        isNamed || !bound.has(sessionId),
        'S16',
        () => `${name} gets a snapshot of ${frame.position.seq} that does not name its ${what}`,
      )
    }
  }

  #of({ snapshots, bound }: Link, no: number): Snapshot {
    let snapshot = snapshots.get(no)
    if (!snapshot) {
      snapshot = { bound: new Set(bound), settled: new Map() }
      snapshots.set(no, snapshot)
    }
    return snapshot
  }
}
