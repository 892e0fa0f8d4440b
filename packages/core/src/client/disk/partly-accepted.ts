/**
 * Which messages of a stored flush were accepted, while others of it still wait. Canonical states do
 * not say so once their writes were overwritten; shown as pending again after a restart, they would
 * stand beside what followed them.
 *
 * It is true of a canonical state that has come as far, and of no other: the stored one may be older
 * than this record, or begin anew, and another tab may be behind. There the message is yet to come.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { MessageIndex } from '../../history/messages.ts'
import type { Position } from '../../facts/message.ts'
import type { Accepted, Outbox } from '../../sync/outbox.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Disk } from './disk.ts'

const PREFIX = 'accepted:'

export interface PartlyAcceptedParts {
  readonly disk: Disk
  readonly outbox: Outbox
  readonly messages: MessageIndex
  readonly position: () => Position | null
}

export class PartlyAccepted {
  readonly #parts: PartlyAcceptedParts
  /** What was stored last, by session. */
  readonly #stored = new Map<Uuid, string>()

  constructor(parts: PartlyAcceptedParts) {
    this.#parts = parts
  }

  /** Stores what has changed; one small record a session. */
  store(): void {
    const now = this.#parts.outbox.partlyAccepted()
    if (now.size === 0 && this.#stored.size === 0) return
    const meta: [string, unknown][] = []
    for (const sessionId of new Set([...now.keys(), ...this.#stored.keys()])) {
      const accepted = now.get(sessionId) ?? []
      const text = accepted.join()
      if ((this.#stored.get(sessionId) ?? '') === text) continue
      if (text === '') this.#stored.delete(sessionId)
      else this.#stored.set(sessionId, text)
      meta.push([PREFIX + sessionId, accepted])
    }
    if (meta.length > 0) void this.#parts.disk.write({ durability: 'relaxed', meta })
  }

  /** What earlier sessions of the device have stored, as far as the canonical state here has it. */
  restore({ meta }: StoredState): void {
    const { messages, position } = this.#parts
    const here = position()
    if (!here) return
    for (const [key, records] of meta) {
      if (!key.startsWith(PREFIX) || !Array.isArray(records)) continue
      for (const record of records as unknown[]) {
        const [clientSeq, eid, seq] = Array.isArray(record) ? (record as unknown[]) : []
        if (typeof clientSeq !== 'number' || typeof seq !== 'number') continue
        if (eid === here.eid && seq <= here.seq)
          messages.noteAccepted(key.slice(PREFIX.length), clientSeq)
      }
    }
  }

  /** Of a message that was accepted before this session began: the canonical state here has it. */
  readonly acceptedBefore = (clientSeq: number): Accepted => {
    // What was accepted is in a state, and a state has a position.
    const { eid, seq } = this.#parts.position()!
    return [clientSeq, eid, seq]
  }
}
