/**
 * From drafts to what may be offered: a provisional record in the turn of the write, then ids,
 * one signature a flush, one strict record a flush. A long backlog is worked off in slices that
 * leave the page responsive. Flushes leave in the order in which they were taken.
 */
import type { Hash } from '../base/hash.ts'
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../message/limits.ts'
import { sealBytes } from '../message/ids.ts'
import { materialize } from '../messaging/materialize.ts'
import type { Flush, Outbox } from '../messaging/outbox.ts'
import type { Entry } from '../history/entry.ts'
import type { MessageIndex } from '../history/messages.ts'
import type { Message } from '../message/message.ts'
import { packMessages } from '../protocol/pack.ts'
import { type Disk, segment } from './disk.ts'
import { DraftLog } from './draft-log.ts'
import type { Identity } from './identity.ts'
import type { Platform } from './platform.ts'
import { basesJson } from './drafts.ts'
import { flushText } from './restore.ts'
import { openingMeta } from './sound-state.ts'

export interface FlusherParts {
  readonly limits: Limits
  readonly space: string
  readonly identity: Identity
  readonly platform: Platform
  readonly outbox: Outbox
  readonly index: MessageIndex
  readonly disk: Disk
  /** The earlier session of this author that minted an entity, where it was not this one. */
  readonly mintedIn: (entityId: Uuid) => Uuid | undefined
  /** A flush may be offered now. */
  readonly onReady: () => void
  /** A flush is taken: what is written next is seen anew. */
  readonly onTaken: () => void
  /** A bug, or a key that no longer signs: nothing more can be sent. */
  readonly onHalt: (error: unknown) => void
}

export class Flusher {
  readonly #parts: FlusherParts
  /** Messages whose id somebody asked for before their flush. */
  readonly #made = new Map<Entry, Message>()
  readonly #drafts: DraftLog
  #recording = false
  #scheduled = false
  #cancel: (() => void) | undefined
  /** Resolves when the next slice of a long backlog has run; undefined while nothing is left of one. */
  #nextSlice: Promise<void> | undefined
  /** Flushes on their way to the disk, in order. */
  #under: Promise<void> = Promise.resolve()
  #underWay = 0
  /** Writes that the disk has not answered yet. */
  readonly #written = new Set<Promise<boolean>>()

  #onBound: () => void = () => {}
  readonly #bound = new Promise<void>((resolve) => (this.#onBound = resolve))

  constructor(parts: FlusherParts) {
    this.#parts = parts
    this.#drafts = new DraftLog({ ...parts, random: parts.platform.random })
  }

  /** Gives an entry of this session its id ahead of its flush, its parents first. */
  identify(entry: Entry): void {
    const { identity, space, index, mintedIn, outbox } = this.#parts
    if (entry.writes.length === 0) {
      throw new CountersignError(
        'transaction_state',
        'a message has its id when its transaction has ended',
      )
    }
    if (!identity.binding) {
      throw new CountersignError(
        'not_ready',
        'a message has its id when the personal id of its author is known; see status.identityTrouble',
      )
    }
    const facts = {
      space,
      session: identity.session,
      personalCommit: identity.binding.personalCommit,
      mintedIn,
    }
    this.#made.set(entry, materialize(entry, facts, this.#drafts.takeSalts(entry)))
    // One that was blocked before it had an id is not shown any more.
    if (outbox.holds(entry)) index.add(entry)
  }

  /** Stores the draft when the app's own code of this turn has ended, and seals it later. */
  add(entry: Entry): void {
    const { clock } = this.#parts.platform
    this.#drafts.add(entry)
    if (!this.#recording) {
      this.#recording = true
      clock.soon(() => this.#record())
    }
    if (clock.afterPaint) return // scheduled when this turn ends
    if (this.#scheduled) return
    this.#scheduled = true
    // A lone write goes at once. While a flush is under way, what follows gathers for a moment.
    if (this.#underWay + this.#written.size === 0) clock.soon(() => this.#run())
    else this.#cancel = clock.after(this.#parts.limits.flushDelayMs, () => this.#run())
  }

  /** The session is tied to a person: what was written until now can be sealed. */
  bound(): void {
    this.#onBound()
    this.hurry()
  }

  /** The page may be gone next: nothing waits for a paint any more. */
  hurry(): void {
    if (this.#nextSlice) return
    this.#cancel?.()
    this.#run()
  }

  /** Hashing and sealing cost time, so they never run before the paint of the write that caused them. */
  #afterPaint(): void {
    const { outbox, platform } = this.#parts
    if (this.#scheduled || !outbox.hasDrafts) return
    const upTo = outbox.lastDraftSeq
    this.#cancel = platform.clock.afterPaint?.(() => this.#run(upTo))
    this.#scheduled = this.#cancel !== undefined
  }

  /** Resolves when all drafts so far are durable, or known not to become so. */
  async flushed(): Promise<void> {
    await this.#bound
    while (this.#parts.outbox.hasDrafts || this.#underWay > 0) {
      // Whoever waits for a long backlog must not make one long task of it.
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
      this.#drafts.write((entry) => this.#made.get(entry)?.changes.map((change) => change!.salt!))
    } catch (error) {
      this.#parts.onHalt(error)
    }
    this.#afterPaint()
  }

  /** Seals what was written up to that number. */
  #run(upTo: number = Number.POSITIVE_INFINITY): void {
    const { outbox, platform } = this.#parts
    this.#scheduled = true // by this run
    this.#record()
    this.#scheduled = false
    this.#cancel = undefined
    this.#nextSlice = undefined
    if (!this.#parts.identity.binding) return // `bound` runs it again
    const until = platform.clock.monotonic() + this.#parts.limits.sliceMs
    try {
      for (let taken = outbox.takeDrafts(upTo); taken.length > 0; taken = outbox.takeDrafts(upTo)) {
        this.#flush(taken)
        if (platform.clock.monotonic() < until) continue
        this.#sliceLater(upTo)
        return
      }
    } catch (error) {
      this.#parts.onHalt(error)
    }
    this.#afterPaint()
  }

  #sliceLater(upTo: number): void {
    if (!this.#parts.outbox.hasDrafts) return
    this.#scheduled = true
    this.#nextSlice = new Promise((ran) => {
      this.#parts.platform.clock.after(0, () => {
        this.#run(upTo)
        ran()
      })
    })
  }

  #flush(entries: readonly Entry[]): void {
    const { identity, space, platform, onTaken } = this.#parts
    onTaken()
    const messages = entries.map((entry) => this.#message(entry))
    const packed = packMessages(messages)
    const hashes: Hash[] = messages.map((message) => message.hash)
    const { authorId, sessionId } = identity.session
    const signed = platform.signer.sign(identity.keys, sealBytes(space, authorId, hashes))
    const { publicKey } = identity.keys
    this.#underWay++
    this.#under = this.#under
      .then(async () => {
        const sig = await signed
        const key = `${sessionId}:${entries[0]!.clientSeq}`
        await this.#store({ key, entries, packed, sig, publicKey, sessionId })
      })
      .catch((error: unknown) => this.#parts.onHalt(error))
      .finally(() => this.#underWay--)
    signed.catch(() => {}) // heard above, in order
  }

  #message(entry: Entry): Message {
    if (!entry.identified) this.identify(entry)
    const message = this.#made.get(entry)!
    this.#made.delete(entry)
    return message
  }

  async #store(flush: Flush): Promise<void> {
    const { disk, outbox, onReady, identity } = this.#parts
    // What stands on a message that was refused meanwhile is blocked: kept, and never offered alone.
    const open = flush.entries.filter((entry) => outbox.holds(entry))
    if (open.length > 0) outbox.addFlush(flush, open)
    const ids = flush.entries.map((entry) => entry.id)
    const text = flushText(flush.packed, flush, flush.entries.map(basesJson))
    const write = disk.write({
      durability: 'strict',
      segments: [segment(flush.key, 'own', { ids, text })],
      outboxAdd: open.length > 0 ? [flush.key] : [],
      drop: this.#drafts.replacedUpTo(flush.entries.at(-1)!.clientSeq),
      // Once is enough, but a storage that was emptied under us must not lose it.
      ...(flush.entries[0]!.clientSeq === 1 && {
        meta: openingMeta(identity.binding!.opening),
      }),
    })
    // Later flushes may be written in the same transaction, so this one must not hold them up.
    void write.then((stored) => {
      outbox.release(flush, stored ? 'queued' : 'volatile')
      onReady()
    })
    this.#written.add(write)
    void write.finally(() => this.#written.delete(write))
    return Promise.resolve()
  }

  /** Resolves when what was handed to the disk is there, or was refused. */
  async written(): Promise<void> {
    await Promise.all(this.#written)
  }
}
