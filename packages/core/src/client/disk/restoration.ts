/**
 * Restores the stored records of this device, when the store opens or when a hung storage answers
 * late: the canonical state, refused messages, and messages of ended sessions.
 */
import type { TailReader } from '../../sync/tail.ts'
import type { Repo } from '../../rows/repo.ts'
import { type StoredOwn, endedSessions, isOfSession } from './adopt.ts'
import type { Adopter } from './adopter.ts'
import type { CanonicalDisk } from './canonical-disk.ts'
import type { Damage } from './damage.ts'
import type { Disk } from './disk.ts'
import type { Neighbours } from '../outbox/neighbours.ts'
import type { PartlyAccepted } from './partly-accepted.ts'
import type { Recovered } from './recover.ts'
import type { Refusals } from '../outbox/refusals.ts'
import { restoreCanonical } from './restore.ts'
import type { Schemas } from '../schemas.ts'
import { ofState } from './sound-state.ts'
import type { MyIds } from '../identity/me.ts'
import type { Trust } from '../identity/trust.ts'

export interface RestorationParts {
  readonly repo: Repo
  readonly disk: Disk
  readonly canonicalDisk: CanonicalDisk
  readonly tail: TailReader
  readonly trust: Trust
  readonly me: MyIds
  readonly refusals: Refusals
  readonly schemas: Schemas
  readonly damage: Damage
  readonly storedOwn: StoredOwn
  readonly partlyAccepted: PartlyAccepted
  readonly adopter: Adopter
  readonly neighbours: Neighbours
  /** This session, whose messages are in memory. */
  readonly sessionId: string
  readonly ready: () => Promise<void>
  /** Called where the reviewer greeted while the storage hung is not the pinned one. */
  readonly onOtherReviewer: () => void
}

export class Restoration {
  readonly #parts: RestorationParts
  #isDone = false

  constructor(parts: RestorationParts) {
    this.#parts = parts
  }

  /**
   * Resolves to whether the records were restored: false where the storage cannot be read.
   * @throws CountersignError `schema_refused` where a shape was changed without a version.
   */
  async run(): Promise<boolean> {
    const { disk, schemas, storedOwn, repo, tail, refusals, adopter } = this.#parts
    const sound = this.#isDone ? undefined : await disk.read()
    if (!sound) return false
    this.#isDone = true
    const shapes = schemas.recall(sound.state.meta)
    const found = await adopter.recovered(sound)
    const { state } = found
    this.#restoreTrust(found)
    this.#parts.me.restore(state.meta)
    // In a late restore, this session may have stored flushes already.
    const flushes = found.flushes.filter((flush) => !isOfSession(flush, this.#parts.sessionId))
    for (const flush of flushes) storedOwn.add(flush)
    repo.messages.watchFor([
      ...flushes.flatMap(({ messages }) => messages.map(({ id }) => id)),
      ...found.damaged.flatMap(({ messageIds }) => messageIds),
      ...found.gone.flatMap(({ id }) => id ?? []),
    ])
    // In a late restore, the reviewer may have sent the canonical state already.
    if (!tail.position) await this.#restoreCanonical(found)
    this.#parts.partlyAccepted.restore(state)
    schemas.assertPublished()
    if (shapes.length > 0) void disk.write({ durability: 'relaxed', meta: shapes })
    refusals.addGone(found.gone)
    const ended = await endedSessions(state, flushes, adopter.sessionParts)
    this.#parts.neighbours.update(state) // adopted messages may depend on messages of open tabs
    adopter.adopt(state, ended)
    this.#parts.neighbours.update(state)
    void this.#parts.ready().then(() => adopter.watch(ended.length > 0))
    // Stored bodies are needed only of own messages that are not pending here.
    storedOwn.keep((message) => !repo.messages.get(message.id))
    repo.emit()
    return true
  }

  #restoreTrust({ state }: Recovered): void {
    const { trust, damage, onOtherReviewer } = this.#parts
    const { damaged, isOther } = trust.restore(state)
    if (damaged) damage.add([damaged])
    if (isOther) onOtherReviewer()
  }

  async #restoreCanonical({ state, damaged }: Recovered): Promise<void> {
    const { tail, canonicalDisk, damage } = this.#parts
    const isSound = damaged.every(({ kind }) => kind !== 'state')
    const restored = isSound && restoreCanonical(state, tail)
    if (restored) {
      canonicalDisk.resume(state, restored)
      return
    }
    if (isSound) damage.add([ofState('tail', undefined)])
    await canonicalDisk.clear()
  }
}
