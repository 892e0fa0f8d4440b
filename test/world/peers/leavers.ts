/**
 * Devices that leave for good after peers took their work. What a peer showed as provisional then, and still
 * has, is brought home, where home knows the session of its author.
 */
import type { Commit, SpaceTables } from '@countersign/core/ports'
import type { Device, Seat } from '../restores/seat.ts'
import type { RestoreTruth } from '../restores/truth.ts'
import type { Tally } from '../tally.ts'

/** A commit is decided no longer than this before it is made. */
const ON_ITS_WAY_MS = 2_000

interface Left {
  readonly messageId: string
  readonly author: string
  /** Sessions of the author's device. */
  readonly sessions: ReadonlySet<string>
  /** Honest peers that showed it as provisional. */
  readonly holders: readonly Seat[]
}

export class Leavers {
  readonly #left: Left[] = []
  /** Messages that home has refused: it sends the rejection to their author alone. */
  readonly #refused = new Set<string>()
  readonly #sessions = new Map<string, Set<string>>()
  /** Sessions that the present process of home has bound, since when. */
  readonly #bound = new Map<string, number>()
  /** Those that it has stored with a commit, or should have. */
  readonly #known = new Set<string>()

  opened({ name }: Device, sessionId: string): void {
    const known = this.#sessions.get(name) ?? new Set()
    this.#sessions.set(name, known.add(sessionId))
  }

  /** Home has bound the session of a store. */
  bound(sessionId: string, nowMs: number): void {
    if (!this.#bound.has(sessionId)) this.#bound.set(sessionId, nowMs)
  }

  /** The process of home is gone. */
  killed(): void {
    this.#bound.clear()
  }

  committed({ rejections = [], accepted = [] }: Commit, nowMs: number): void {
    for (const { msgId } of rejections) this.#refused.add(msgId)
    if (rejections.length + accepted.length === 0) return
    for (const [sessionId, sinceMs] of this.#bound)
      if (nowMs - sinceMs > ON_ITS_WAY_MS) this.#known.add(sessionId)
  }

  /** Messages of a device that honest peers show as provisional. */
  takenOf(seat: Seat, honest: readonly Seat[]): readonly Left[] {
    const { device, receipts } = seat
    const own = new Set(receipts.map(({ messageId }) => messageId))
    const holders = new Map<string, Seat[]>()
    for (const other of honest) {
      if (other === seat) continue
      for (const { $state, $heads } of other.rows)
        for (const messageId of $state === 'provisional' ? $heads : [])
          if (own.has(messageId)) holders.set(messageId, [...(holders.get(messageId) ?? []), other])
    }
    const sessions = this.#sessions.get(device.name) ?? new Set<string>()
    return [...holders].map(([messageId, by]) => ({
      ...{ messageId, author: device.name, sessions, holders: by },
    }))
  }

  left(taken: readonly Left[]): void {
    this.#left.push(...taken)
  }

  /** What should be at home, and is not; undefined: nothing. */
  missing(
    { log }: Pick<RestoreTruth, 'log'>,
    tables: Pick<SpaceTables, 'sessions'>,
    tally: Tally,
  ): string | undefined {
    const isKnown = (sessionId: string): boolean =>
      this.#known.has(sessionId) || tables.sessions([sessionId])[0] !== undefined
    // What stands on a message of a session that home has never met waits for it.
    const areKnown = this.#left.every(({ sessions }) => [...sessions].every(isKnown))
    for (const { messageId, author, holders } of this.#left) {
      if (log.has(messageId)) tally.hit('peers: brought home for an author that is gone')
      if (log.has(messageId) || this.#refused.has(messageId)) continue
      // A peer that was opened again has forgotten what it had of others.
      const isHeld = holders.some((seat) => seat.device.seat === seat)
      if (isHeld && areKnown) return `${messageId} of ${author}, which is gone, is not at home`
    }
    return undefined
  }
}
