/**
 * Turns drafts into sendable flushes: a draft record in the turn of the write, then hashes, one
 * signature a flush, one strict write a flush. A long backlog is processed in slices that keep the
 * page responsive. Flushes are stored in order.
 */
import { CountersignError } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import { sealBytes } from '../../facts/hashes.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { Flush } from '../../sync/own-flush.ts'
import type { Entry } from '../../history/entry.ts'
import type { MessageIndex } from '../../history/messages.ts'
import { textOfFlush } from '../../facts/flush.ts'
import type { Segment } from '../../ports/storage.ts'
import { type Disk, segment } from '../disk/disk.ts'
import { FlushLog, type WrittenFlush } from '../disk/flush-log.ts'
import type { Identity } from '../identity/identity.ts'
import type { Platform } from '../platform/platform.ts'
import { ownText } from '../disk/own-text.ts'
import { lineCountOf } from '../../history/to-message.ts'
import { openingMeta } from '../disk/sound-state.ts'

export interface FlusherParts {
  readonly limits: Limits
  readonly space: string
  readonly identity: Identity
  readonly platform: Platform
  readonly outbox: Outbox
  readonly index: MessageIndex
  readonly disk: Disk
  /** The earlier session of this author that minted an entity; undefined: this session. */
  readonly mintedIn: (entityId: Uuid) => Uuid | undefined
  /** Called when a flush can be sent; with its record, if that is stored and waits for verdicts. */
  readonly onReady: (stored: Segment | undefined) => void
  /** Called when a flush is closed: the next message computes `seen` again. */
  readonly onTaken: () => void
  /** Called on a bug, or when signing fails: nothing more can be sent. */
  readonly onHalt: (error: unknown) => void
}

export class Flusher {
  readonly #parts: FlusherParts
  readonly #log: FlushLog
  #recording = false
  #scheduled = false
  #cancel: (() => void) | undefined
  /** Resolves when the next slice of a long backlog has run; undefined without a backlog. */
  #nextSlice: Promise<void> | undefined
  /** The chain of flushes that are being signed and stored, in order. */
  #under: Promise<void> = Promise.resolve()
  #underWay = 0
  /** Writes that the disk has not answered yet. */
  readonly #written = new Set<Promise<boolean>>()

  #onBound: () => void = () => {}
  readonly #bound = new Promise<void>((resolve) => (this.#onBound = resolve))

  constructor(parts: FlusherParts) {
    this.#parts = parts
    this.#log = new FlushLog({ ...parts, random: parts.platform.random })
  }

  /** Computes the ids of an entry and of all others in its flush, before it is sealed. */
  identify(entry: Entry): void {
    const { identity, onTaken } = this.#parts
    if (entry.writes.length === 0) {
      throw new CountersignError(
        'transaction_state',
        'the id of a message is available after its transaction',
      )
    }
    if (!identity.binding) {
      throw new CountersignError(
        'not_ready',
        'the id of a message is available once the personal id is known; see status.identityTrouble',
      )
    }
    this.#index(this.#log.identify(entry))
    onTaken()
  }

  /** Adds entries to the message index, except those that were blocked before they had an id. */
  #index(entries: readonly Entry[]): void {
    const { index, outbox } = this.#parts
    for (const entry of entries) if (outbox.holds(entry)) index.add(entry)
  }

  /** Schedules the draft record in a microtask, and sealing later. */
  add(entry: Entry): void {
    const { clock } = this.#parts.platform
    this.#log.add(entry)
    if (!this.#recording) {
      this.#recording = true
      clock.soon(() => this.#record())
    }
    if (clock.afterPaint) return // `#record` schedules it
    if (this.#scheduled) return
    this.#scheduled = true
    // A lone write is flushed at once. While a flush is under way, later writes are batched.
    if (this.#underWay + this.#written.size === 0) clock.soon(() => this.#run())
    else this.#cancel = clock.after(this.#parts.limits.flushDelayMs, () => this.#run())
  }

  /** Called when the session is bound to a personal id: drafts can be sealed. */
  bound(): void {
    this.#onBound()
    this.hurry()
  }

  /** Seals at once, without waiting for a paint: the page may be discarded. */
  hurry(): void {
    if (this.#nextSlice) return
    this.#cancel?.()
    this.#run()
  }

  /** Schedules sealing after the paint that shows the write, because hashing and signing are slow. */
  #afterPaint(): void {
    if (this.#scheduled || this.#log.isEmpty) return
    const { clock } = this.#parts.platform
    if (!clock.afterPaint) return
    const count = this.#log.close()
    this.#cancel = clock.afterPaint(() => this.#run(count))
    this.#scheduled = this.#cancel !== undefined
  }

  /** Resolves when all drafts so far are passed to the disk. */
  async flushed(): Promise<void> {
    await this.#bound
    while (!this.#log.isEmpty || this.#underWay > 0) {
      // A long backlog stays in slices, even when a caller waits for it.
      if (this.#nextSlice) await this.#nextSlice
      else {
        this.#cancel?.()
        this.#run()
        await this.#under
      }
    }
  }

  #record(): void {
    this.#recording = false
    try {
      this.#log.record()
    } catch (error) {
      this.#parts.onHalt(error)
    }
    this.#afterPaint()
  }

  /** Seals the `count` oldest flushes. */
  #run(count: number = Number.POSITIVE_INFINITY): void {
    const { platform } = this.#parts
    this.#scheduled = true // by this run
    this.#record()
    this.#scheduled = false
    this.#cancel = undefined
    this.#nextSlice = undefined
    if (!this.#parts.identity.binding) return // `bound` runs it again
    const until = platform.clock.monotonic() + this.#parts.limits.sliceMs
    try {
      for (let left = count; left > 0; left--) {
        const taken = this.#log.take()
        if (!taken) break
        this.#flush(taken)
        if (platform.clock.monotonic() < until) continue
        this.#sliceLater(left - 1)
        return
      }
    } catch (error) {
      this.#parts.onHalt(error)
    }
    this.#afterPaint()
  }

  #sliceLater(left: number): void {
    if (this.#log.isEmpty) return
    this.#scheduled = true
    this.#nextSlice = new Promise((ran) => {
      this.#parts.platform.clock.after(0, () => {
        this.#run(left)
        ran()
      })
    })
  }

  #flush(written: WrittenFlush): void {
    const { identity, platform, onTaken } = this.#parts
    const { entries, hashes, session } = written
    onTaken()
    this.#index(entries.filter((entry) => !this.#parts.index.get(entry.id)))
    const signed = platform.signer.sign(identity.keys, sealBytes(hashes))
    const { sessionId } = session.facts
    this.#underWay++
    this.#under = this.#under
      .then(async () => {
        const sig = await signed
        // Every flush has a message.
        const key = `${sessionId}:${entries[0]!.clientSeq}`
        const text = `${session.line}\n${textOfFlush(written.text)}`
        await this.#store({ key, entries, text, sig, sessionId }, written)
      })
      .catch((error: unknown) => this.#parts.onHalt(error))
      .finally(() => this.#underWay--)
    signed.catch(() => {}) // handled in the chain above
  }

  async #store(flush: Flush, { records, bases }: WrittenFlush): Promise<void> {
    const { disk, outbox, onReady, identity } = this.#parts
    // Messages blocked meanwhile are stored with the flush, but not in the outbox.
    const open = flush.entries.filter((entry) => outbox.holds(entry))
    if (open.length > 0) outbox.addFlush(flush, open)
    const ids = flush.entries.map((entry) => entry.id)
    const text = ownText(
      flush,
      flush.entries.map((entry, i) => ({
        bases: bases[i]!, // one for each message
        lines: lineCountOf(entry),
        entities: entry.writes.map(({ entityId }) => entityId),
        expects: (entry.expect ?? []).map(({ entityId }) => entityId),
      })),
    )
    const record = segment(flush.key, 'own', { ids, text })
    const write = disk.write({
      durability: 'strict',
      segments: [record],
      outboxAdd: open.length > 0 ? [flush.key] : [],
      drop: records,
      // Written with the first flush again, in case the storage was cleared since the draft record.
      ...(flush.entries[0]!.clientSeq === 1 && {
        // A flush is sealed only once the session is bound.
        meta: openingMeta(identity.binding!.opening),
      }),
    })
    // Not awaited: later flushes may be joined into the same transaction.
    void write.then((stored) => {
      outbox.release(flush, stored ? 'queued' : 'volatile')
      onReady(stored && open.length > 0 ? record : undefined)
    })
    this.#written.add(write)
    void write.finally(() => this.#written.delete(write))
    return Promise.resolve()
  }

  /** Resolves when all writes to the disk have succeeded or failed. */
  async written(): Promise<void> {
    await Promise.all(this.#written)
  }
}
