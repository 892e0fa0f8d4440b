/**
 * Deletes own records that nothing needs any more, and that no checkpoint deletes: refused messages that
 * were dismissed, with their rejections, and what is kept of ended sessions (DSK5). Runs when a store
 * has opened, and after a dismissal.
 *
 * Only the tab that holds the lock of a session deletes its records. What is blocked is known only from
 * what was refused, so refused messages are deleted together: when nothing waits, and each of them was
 * dismissed.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { SettledSegment, StoredSegment, StoredState } from '../../ports/storage.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import { DISMISSED } from './damage.ts'
import type { Disk } from './disk.ts'
import { ACCEPTED } from './partly-accepted.ts'
import { SETTLED, settledIn } from './settled-numbers.ts'
import { OPENING, OPENING_COPY, sessionOfKey, storedOpenings } from './sound-state.ts'

export interface SweeperParts {
  readonly disk: Disk
  readonly locks: Pick<SessionLocks, 'hold'>
  readonly outbox: Pick<Outbox, 'waits'>
  /** This session, which is not over. */
  readonly sessionId: () => Uuid
}

/** Records of one session that may be deleted. */
export interface Sweepable {
  readonly settled: readonly SettledSegment[]
  readonly metaRemove: readonly string[]
}

export class Sweeper {
  readonly #parts: SweeperParts
  #running: Promise<void> = Promise.resolve()

  constructor(parts: SweeperParts) {
    this.#parts = parts
  }

  /** `state`: as it was read just now; read here where it is omitted. Never rejects. */
  run(state?: StoredState): Promise<void> {
    this.#running = this.#running.then(() => this.#run(state)).catch(() => {})
    return this.#running
  }

  async #run(read: StoredState | undefined): Promise<void> {
    const { disk, locks, outbox, sessionId } = this.#parts
    const before = read ?? (await disk.read())?.state
    if (!before) return
    const found = ofRefused(before)
    const ended = [...ofEndedSessions(before, sessionId()).keys()]
    if (found.settled.length + ended.length === 0) return
    const held = new Set<Uuid>()
    for (const session of new Set([...sessionsOf(found), ...ended]))
      if (await locks.hold(session)) held.add(session)
    // A tab may have stored a last message before it left the lock of its session.
    const state = (await disk.read())?.state
    if (!state) return
    const isOver = (session: Uuid): boolean => held.has(session) && !outbox.waits(session)
    const refused = ofRefused(state)
    if (refused.settled.length > 0 && [...sessionsOf(refused)].every(isOver))
      await disk.write({ durability: 'relaxed', ...refused })
    const over = [...ofEndedSessions(state, sessionId())].flatMap(([session, keys]) =>
      isOver(session) ? keys : [],
    )
    if (over.length > 0) await disk.write({ durability: 'relaxed', metaRemove: over })
  }
}

function sessionsOf({ settled }: Sweepable): ReadonlySet<Uuid> {
  return new Set(settled.flatMap(({ key }) => sessionOfKey(key) ?? []))
}

/** Refused messages and their rejections, where all of them were dismissed and nothing waits. */
export function ofRefused(state: StoredState): Sweepable {
  const { segments, outbox, settled, meta, advance } = state
  const none = { settled: [], metaRemove: [] }
  if (outbox.length > 0 || segments.some(({ kind }) => kind === 'draft')) return none
  const isAccepted = acceptedIn(state)
  const own = segments.filter(({ key, kind }) => kind === 'own' && !settled.has(key))
  const isOver = (segment: StoredSegment): boolean =>
    segment.ids.every((id, i) => meta.has(DISMISSED + id) || isAccepted(segment, i))
  if (!own.every(isOver)) return none
  const rejections = segments.filter(
    ({ key, kind, ids }) =>
      kind === 'rejections' && !settled.has(key) && ids.every((id) => meta.has(DISMISSED + id)),
  )
  const ids = [...own, ...rejections].flatMap((segment) => segment.ids)
  return {
    // Steps of the tail after the checkpoint may name messages of a flush by their hashes.
    settled: [
      ...own.map(({ key }) => ({ key, rank: advance?.rank ?? 0 })),
      ...rejections.map(({ key }) => ({ key, rank: 0 })),
    ],
    metaRemove: [...new Set(ids)].map((id) => DISMISSED + id).filter((key) => meta.has(key)),
  }
}

/** Whether a message of a stored flush is known to be accepted, by its place in it. */
function acceptedIn(state: StoredState): (segment: StoredSegment, i: number) => boolean {
  const isSettled = settledIn(state)
  return ({ key }, i) => {
    const sessionId = sessionOfKey(key)
    const first = Number(key.slice(key.lastIndexOf(':') + 1))
    return sessionId !== undefined && isSettled(sessionId, first + i)
  }
}

/**
 * Keys of `meta` of sessions without messages here. Of each author one opening is kept: it tells that
 * the author is this person (PER3).
 */
export function ofEndedSessions(
  { segments, outbox, meta }: StoredState,
  present: Uuid,
): ReadonlyMap<Uuid, readonly string[]> {
  const used = new Set([
    present,
    ...[...segments.map(({ key }) => key), ...outbox].map(sessionOfKey),
  ])
  const openings = [
    ...new Map(storedOpenings({ meta }).map((one) => [one.sessionId, one])).values(),
  ]
  const kept = new Set(
    openings.flatMap(({ sessionId, authorId }) => (used.has(sessionId) ? [authorId] : [])),
  )
  for (const { authorId, sessionId } of openings.reverse()) {
    if (kept.has(authorId)) continue
    kept.add(authorId)
    used.add(sessionId)
  }
  const bySession = new Map<Uuid, string[]>()
  for (const key of meta.keys()) {
    const sessionId = OF_SESSION.some((prefix) => key.startsWith(prefix)) ? key.split(':')[1] : ''
    if (!sessionId || used.has(sessionId)) continue
    bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), key])
  }
  return bySession
}

const OF_SESSION = [OPENING, OPENING_COPY, ACCEPTED, SETTLED]
