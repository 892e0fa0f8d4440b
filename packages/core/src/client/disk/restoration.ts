/**
 * Restores the stored records of this device, when the store opens, or when a hung storage answers
 * late: the canonical state, refused messages, and messages of ended sessions.
 *
 *   records but pages ─▶ drafts sealed, locks held ─▶ first pages, steps, own messages: at once
 *                                                        └─▶ pages that open queries lack, then all
 */
import type { Uuid } from '../../base/uuid.ts'
import type { TailReader } from '../../sync/tail.ts'
import type { Clock } from '../../ports/clock.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import { noteParents } from './accepted-parents.ts'
import { type EndedFlush, type StoredOwn, endedSessions, isOfSession } from './adopt.ts'
import { Adopter, type AdopterParts } from './adopter.ts'
import type { CanonicalDisk } from './canonical-disk.ts'
import type { Damage } from './damage.ts'
import type { Disk } from './disk.ts'
import type { ReplicaOptions } from '../options.ts'
import { Neighbours, type NeighboursParts } from '../outbox/neighbours.ts'
import type { PendingIntake } from '../outbox/pending-intake.ts'
import { IncomingPages } from './incoming-pages.ts'
import type { Journal } from './journal.ts'
import type { PartlyAccepted } from './partly-accepted.ts'
import type { Recovered } from './recover.ts'
import type { Opening } from '../reads/opening.ts'
import type { Refusals } from '../outbox/refusals.ts'
import { type StoredFlush, isPartial, readRejections } from './restore.ts'
import type { Schemas } from '../schemas.ts'
import { ofState } from './sound-state.ts'
import { StoredCanonical } from './stored-canonical.ts'
import type { MyIds } from '../identity/me.ts'
import type { Lineages } from '../identity/lineages.ts'
import type { Trust } from '../identity/trust.ts'
import { Sweeper, type SweeperParts } from './sweep.ts'

/** Another tab may replace the checkpoint between the reading of the records and that of the pages. */
const READS_MAX = 8

export interface RestorationParts {
  readonly options: Pick<ReplicaOptions, 'limits' | 'platform'>
  readonly opening: Opening
  readonly repo: Repo
  readonly disk: Disk
  readonly canonicalDisk: CanonicalDisk
  readonly tail: TailReader
  readonly trust: Trust
  readonly me: MyIds
  readonly lineages: Lineages
  /** Gets the stored steps of the tail: a reviewer may have lost them. */
  readonly journal: Journal
  /** Whether the store follows scopes. */
  readonly isPartial: boolean
  readonly refusals: Refusals
  readonly schemas: Schemas
  readonly damage: Damage
  readonly storedOwn: StoredOwn
  readonly intake: PendingIntake
  readonly partlyAccepted: PartlyAccepted
  readonly adopter: Adopter
  readonly neighbours: Neighbours
  /** This session, whose messages are in memory. */
  readonly sessionId: () => string
  readonly ready: () => Promise<void>
  readonly isClosing: () => boolean
  /** Called where the reviewer greeted while the storage hung is not the pinned one. */
  readonly onOtherReviewer: () => void
}

/** The parts of a store that restore stored records. */
export interface Restorers {
  readonly adopter: Adopter
  readonly neighbours: Neighbours
  readonly restoration: Restoration
  readonly sweeper: Sweeper
}

/** Creates them, from all that each of them needs. */
export function restorersOf(
  parts: AdopterParts &
    NeighboursParts &
    SweeperParts &
    Omit<RestorationParts, 'adopter' | 'neighbours'>,
): Restorers {
  const adopter = new Adopter(parts)
  const neighbours = new Neighbours(parts)
  const restoration = new Restoration({ ...parts, adopter, neighbours })
  return { adopter, neighbours, restoration, sweeper: new Sweeper(parts) }
}

/** The records that were read before anything is restored. */
interface Records {
  readonly found: Recovered
  readonly ended: readonly EndedFlush[]
  readonly shapes: ReturnType<Schemas['recall']>
  /** undefined: no checkpoint is stored. */
  readonly incoming: IncomingPages | undefined
  /** undefined where it is damaged, or the reviewer has sent it already. */
  readonly canonical:
    | { readonly stored: StoredCanonical; readonly first: readonly number[] }
    | undefined
}

export class Restoration {
  readonly #parts: RestorationParts
  #isDone = false

  constructor(parts: RestorationParts) {
    this.#parts = parts
  }

  /**
   * Resolves to the records that were restored; undefined where the storage cannot be read.
   * @throws CountersignError `schema_refused` where a shape was changed without a version.
   */
  async run(): Promise<StoredState | undefined> {
    try {
      return await this.#run()
    } finally {
      this.#parts.opening.end()
    }
  }

  async #run(): Promise<StoredState | undefined> {
    const records = this.#isDone ? undefined : await this.#records()
    if (!records) return undefined
    const { found, incoming, canonical } = records
    this.#restoreTrust(found)
    this.#parts.me.restore(found.state.meta)
    this.#parts.lineages.restore(found.state)
    await canonical?.stored.wait(canonical.first)
    if (incoming?.isBroken) return undefined
    this.#isDone = true
    const isSoundSoFar = this.#restoreCanonical(records)
    this.#parts.lineages.restored(this.#parts.tail.position)
    this.#restoreOwn(records)
    if (isSoundSoFar && canonical) await this.#takeRest(records, canonical.stored)
    return found.state
  }

  /** Whether the reviewer sends the canonical state, because the storage has hung. */
  get #isSent(): boolean {
    const { tail } = this.#parts
    return tail.position !== null || tail.isAhead
  }

  /** Reads records until the pages that are read after them belong to them. */
  async #records(): Promise<Records | undefined> {
    const { disk, schemas, adopter, sessionId } = this.#parts
    for (let reads = 1; ; reads++) {
      const sound = await disk.read()
      if (!sound) return undefined
      const shapes = schemas.recall(sound.state.meta)
      const found = await adopter.recovered(sound)
      // In a late restore, this session may have stored flushes already.
      const flushes = found.flushes.filter((flush) => !isOfSession(flush, sessionId()))
      const ended = await endedSessions(found.state, flushes, adopter.sessionParts)
      this.#note(found, flushes) // the tail names own messages by their hash alone
      const { checkpoint } = found.state
      let canonical: Records['canonical']
      const plan = (incoming?: IncomingPages): readonly number[] => {
        const stored = this.#canonical(found, incoming)
        const first = stored && this.#firstPages(stored, found, flushes)
        canonical = stored && first && { stored, first }
        if (!canonical) incoming?.stop()
        return first ?? []
      }
      if (!checkpoint) {
        plan()
        return { found, ended, shapes, incoming: undefined, canonical }
      }
      const incoming = new IncomingPages(plan)
      const hasBegun = await incoming.begun(disk.pages(checkpoint.name, incoming))
      if (incoming.isBroken) return undefined
      if (hasBegun || reads === READS_MAX) return { found, ended, shapes, incoming, canonical }
    }
  }

  #note(found: Recovered, flushes: readonly StoredFlush[]): void {
    const { storedOwn, repo } = this.#parts
    for (const flush of flushes) storedOwn.add(flush)
    repo.messages.watchFor([
      ...flushes.flatMap(({ messages }) => messages.map(({ id }) => id)),
      ...found.damaged.flatMap(({ messageIds }) => messageIds),
      ...found.gone.flatMap(({ id }) => id ?? []),
    ])
  }

  #restoreTrust({ state }: Recovered): void {
    const { trust, damage, onOtherReviewer } = this.#parts
    const { damaged, isOther } = trust.restore(state)
    if (damaged) damage.add([damaged])
    if (isOther) onOtherReviewer()
  }

  /** The stored canonical state; undefined where it is damaged, or the reviewer has sent it already. */
  #canonical(found: Recovered, incoming: IncomingPages | undefined): StoredCanonical | undefined {
    if (this.#isSent || !isSound(found) || this.#isOther(found)) return undefined
    return StoredCanonical.read(found.state, this.#parts.tail, incoming)
  }

  /** Whether a store of scopes has written it, and this one needs all rows: they are fetched again. */
  #isOther({ state }: Recovered): boolean {
    return !this.#parts.isPartial && isPartial(state)
  }

  /** All pages where a part of the rows could be wrong: late, and where own records are damaged. */
  #firstPages(
    stored: StoredCanonical,
    found: Recovered,
    flushes: readonly StoredFlush[],
  ): readonly number[] {
    const isPlain = found.damaged.length === 0 && found.gone.length === 0
    if (this.#parts.opening.isOver || !isPlain) return stored.allPages()
    return stored.firstPages(writtenBy(flushes, found))
  }

  /**
   * Applies the first pages and the steps, or discards a damaged state. Returns which. Emits
   * nothing.
   */
  #restoreCanonical(records: Records): boolean {
    if (this.#isSent) return false
    const { stored, first } = records.canonical ?? {}
    if (stored && first && stored.begin(first)) {
      this.#keepSteps(records.found, stored)
      return true
    }
    this.#discard(records)
    return false
  }

  /** Keeps the stored steps of the tail for a reviewer that loses them (LOSS7). */
  #keepSteps({ flushes }: Recovered, { steps, erased }: StoredCanonical): void {
    const byHead = new Map<string, string[]>()
    for (const { text } of flushes) {
      const head = text.split('\n', 2)[1] ?? ''
      byHead.set(head, [...(byHead.get(head) ?? []), text])
    }
    for (const { plan, frame } of steps) {
      // A batch has the head line of an own flush, and hashes of its lines.
      const own = [...new Set(frame.split('\n'))].flatMap((line) => byHead.get(line) ?? [])
      this.#parts.journal.add({ from: plan.from, frames: [frame], own })
    }
    for (const id of erased.keys()) this.#parts.journal.forget(id)
  }

  #discard({ found, incoming }: Records): void {
    const { damage, canonicalDisk } = this.#parts
    // A storage that fails now may still have an intact state.
    if (incoming?.isBroken) return canonicalDisk.forget()
    if (isSound(found) && !this.#isOther(found)) damage.add([ofState('tail', undefined)])
    void canonicalDisk.clear()
  }

  /** Restores own messages on top of the canonical rows, and shows all of them at once. */
  #restoreOwn({ found, ended, shapes }: Records): void {
    const { disk, schemas, storedOwn, repo, refusals, adopter, neighbours } = this.#parts
    const { state } = found
    this.#parts.partlyAccepted.restore(state)
    noteParents(found.flushes, repo.messages)
    schemas.assertPublished()
    if (shapes.length > 0) void disk.write({ durability: 'relaxed', meta: shapes })
    refusals.addGone(found.gone)
    neighbours.update(state) // adopted messages may depend on messages of open tabs
    adopter.adopt(state, ended)
    neighbours.update(state)
    void this.#parts.ready().then(() => adopter.watch(ended.length > 0))
    // Stored bodies are needed only of own messages that are not pending here.
    storedOwn.keep((message) => !repo.messages.get(message.id))
    repo.emit()
  }

  /** Applies the other pages: those that open queries lack first. */
  async #takeRest(records: Records, stored: StoredCanonical): Promise<void> {
    const { repo, opening, intake, canonicalDisk, isClosing } = this.#parts
    if (!stored.isWhole) opening.begin((type) => stored.absentOf(repo.tableNamed(type)))
    const pace = this.#pace()
    while (!stored.isWhole) {
      const wanted = opening.wanted()
      if (wanted) await stored.wait(wanted)
      const next = wanted ?? [await stored.nextPage()]
      for (const no of next) {
        if (isClosing()) return records.incoming?.stop()
        if (no === undefined || !stored.take(no)) {
          this.#discard(records)
          intake.hideUnreached()
          repo.emit()
          return
        }
        opening.taken(no)
        await pace()
      }
    }
    const restored = stored.restored((type) => repo.tableNamed(type))
    canonicalDisk.resume(records.found.state, restored)
    // Messages that waited for others may be shown now.
    intake.showReached()
    repo.emit()
  }

  /** Returns a function that waits for the next turn when a slice of time is used up. */
  #pace(): () => Promise<void> {
    const { limits, platform } = this.#parts.options
    const clock: Clock = platform.clock
    let until = clock.monotonic() + limits.sliceMs
    return async () => {
      if (clock.monotonic() < until) return
      await new Promise<void>((resolve) => void clock.after(0, resolve))
      until = clock.monotonic() + limits.sliceMs
    }
  }
}

/** Whether no record of the canonical state is damaged. */
function isSound({ damaged }: Recovered): boolean {
  return damaged.every(({ kind }) => kind !== 'state')
}

/** The entities that stored messages write which may be shown as pending, and those these depend on. */
function writtenBy(flushes: readonly StoredFlush[], { state }: Recovered): ReadonlySet<Uuid> {
  const rejected = readRejections(state)
  /** By session, the number of the first message that matters. */
  const firsts = new Map<Uuid, number>()
  const from = (sessionId: Uuid, clientSeq: number): void => {
    firsts.set(sessionId, Math.min(firsts.get(sessionId) ?? clientSeq, clientSeq))
  }
  for (const { open, messages } of flushes) {
    if (!open && !messages.some(({ id }) => rejected.has(id))) continue
    for (const { session, clientSeq, seen, changes } of messages) {
      const { sessionId } = session.facts
      from(sessionId, Math.min(clientSeq, seen.from))
      for (const { parents, own = [] } of changes) {
        for (const number of parents.own) from(sessionId, number)
        for (const span of [...parents.others, ...own]) from(span.sessionId, span.from)
      }
    }
  }
  const ids = flushes
    .flatMap(({ messages }) => messages)
    .filter(
      ({ session, clientSeq }) => clientSeq >= (firsts.get(session.facts.sessionId) ?? Infinity),
    )
    .flatMap(({ changes }) => changes.map(({ entityId }) => entityId))
  return new Set(ids)
}
