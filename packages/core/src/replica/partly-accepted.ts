/**
 * Which messages of a stored flush were accepted, while others of it still wait. Canonical states do
 * not say so once their writes were overwritten; shown as pending again after a restart, they would
 * stand beside what followed them.
 */
import type { Uuid } from '../base/uuid.ts'
import type { MessageIndex } from '../history/messages.ts'
import type { Outbox } from '../messaging/outbox.ts'
import type { StoredState } from '../ports/storage.ts'
import type { Disk } from './disk.ts'

const PREFIX = 'accepted:'

export class PartlyAccepted {
  readonly #disk: Disk
  /** What was stored last, by session. */
  readonly #stored = new Map<Uuid, string>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Stores what has changed; one small record a session. */
  store(outbox: Outbox): void {
    const now = outbox.partlyAccepted()
    if (now.size === 0 && this.#stored.size === 0) return
    const meta: [string, unknown][] = []
    for (const sessionId of new Set([...now.keys(), ...this.#stored.keys()])) {
      const numbers = now.get(sessionId) ?? []
      const text = numbers.join()
      if ((this.#stored.get(sessionId) ?? '') === text) continue
      if (text === '') this.#stored.delete(sessionId)
      else this.#stored.set(sessionId, text)
      meta.push([PREFIX + sessionId, numbers])
    }
    if (meta.length > 0) void this.#disk.write({ durability: 'relaxed', meta })
  }

  /** What earlier sessions of the device have stored. */
  static restore({ meta }: StoredState, messages: MessageIndex): void {
    for (const [key, numbers] of meta) {
      if (!key.startsWith(PREFIX) || !Array.isArray(numbers)) continue
      for (const clientSeq of numbers as unknown[])
        if (typeof clientSeq === 'number')
          messages.noteAccepted(key.slice(PREFIX.length), clientSeq)
    }
  }
}
