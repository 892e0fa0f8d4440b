/**
 * Records which messages of a stored flush were accepted while others of it have no verdict. The
 * canonical state does not show this once their writes are overwritten; without the record, such a
 * message would be pending again after a restart, concurrent with its own successors.
 *
 * The record applies only to a canonical state at or after the position of the acceptance. The
 * stored state may be older or have been cleared, and another tab may be behind: there the tail has
 * yet to bring the message.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { MessageIndex } from '../../history/messages.ts'
import type { Position } from '../../facts/message.ts'
import type { AcceptedNumber, Outbox } from '../../sync/outbox.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Disk } from './disk.ts'

/** Prefix of the keys of these records; the session follows. */
export const ACCEPTED = 'accepted:'

export interface PartlyAcceptedParts {
  readonly disk: Disk
  readonly outbox: Outbox
  readonly messages: MessageIndex
  readonly position: () => Position | null
}

export class PartlyAccepted {
  readonly #parts: PartlyAcceptedParts
  /** The last stored record, by session. */
  readonly #stored = new Map<Uuid, string>()

  constructor(parts: PartlyAcceptedParts) {
    this.#parts = parts
  }

  /** Writes the changed records, one a session. */
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
      meta.push([ACCEPTED + sessionId, accepted])
    }
    if (meta.length > 0) void this.#parts.disk.write({ durability: 'relaxed', meta })
  }

  /** Marks messages as accepted that earlier sessions recorded, where the canonical state includes them. */
  restore({ meta }: StoredState): void {
    const { messages, position } = this.#parts
    const here = position()
    if (!here) return
    for (const [key, records] of meta) {
      if (!key.startsWith(ACCEPTED) || !Array.isArray(records)) continue
      for (const record of records as unknown[]) {
        const [clientSeq, eid, seq] = Array.isArray(record) ? (record as unknown[]) : []
        if (typeof clientSeq !== 'number' || typeof seq !== 'number') continue
        if (eid === here.eid && seq <= here.seq)
          messages.noteAccepted(key.slice(ACCEPTED.length), clientSeq)
      }
    }
  }

  /** The record of a message that was accepted before this session: the current position includes it. */
  readonly acceptedBefore = (clientSeq: number): AcceptedNumber => {
    // An accepted message is part of a canonical state, which has a position.
    const { eid, seq } = this.#parts.position()!
    return [clientSeq, eid, seq]
  }
}
