/**
 * The canonical state on disk: the tail as it arrives, and from time to time a checkpoint that
 * takes its place, so that opening a store does not cost its whole history. All of it is a
 * cache of what the reviewer has.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import { NO_BYTES, addBytes, utf8Bytes } from '../../base/size.ts'
import { PageWriter } from '../../fold/snapshot.ts'
import { stateBytesAtMost } from '../../fold/state-size.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import type { Reviewing, TailReader } from '../../sync/tail.ts'
import type { Clock } from '../../ports/clock.ts'
import type { StoredState, WriteBatch } from '../../ports/storage.ts'
import { type PageEntity, pageText } from '../../wire/pages.ts'
import type { EntityState } from '../../fold/state.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Table } from '../../rows/table.ts'
import { type Disk, advanceOf, segment } from './disk.ts'
import { rankOf } from './rank.ts'
import { checkpointPages, stepText } from './restore.ts'

export class CanonicalDisk {
  readonly #disk: Disk
  readonly #repo: Repo
  readonly #tail: TailReader
  readonly #clock: Clock
  readonly #limits: Limits
  /** Where the tail stood before the step that is written next; other tabs may be elsewhere. */
  #before: Position | null = null
  #steps = 0
  #stepBytes = NO_BYTES
  #checkpointing = false
  #cancel: (() => void) | undefined

  constructor(parts: { disk: Disk; repo: Repo; tail: TailReader; clock: Clock; limits: Limits }) {
    this.#disk = parts.disk
    this.#repo = parts.repo
    this.#tail = parts.tail
    this.#clock = parts.clock
    this.#limits = parts.limits
  }

  /** Goes on where a restored state stands. */
  resume(state: StoredState): void {
    this.#before = this.#tail.position
    const tail = state.segments.filter((stored) => stored.kind === 'tail')
    this.#steps = tail.length
    const sizes = tail.map((stored) => utf8Bytes(stored.text))
    this.#stepBytes = sizes.reduce(addBytes, NO_BYTES)
  }

  /** What is stored does not check: forget it, here and on disk, and have it from the reviewer. */
  async startAnew(): Promise<void> {
    for (const table of this.#repo.tables()) {
      for (const row of [...table.rows()]) table.replaceCanonical(row.id, undefined)
    }
    this.#repo.messages.forgetAccepted()
    this.#tail.reset()
    this.#before = null
    await this.#disk.write({ durability: 'relaxed', reset: true })
  }

  /** One step of the tail was applied. */
  step(
    by: Reviewing,
    { texts, outboxRemove }: { texts: readonly string[]; outboxRemove: readonly string[] },
  ): void {
    const position = this.#tail.position!
    const text = stepText(by, texts)
    const key = `tail:${position.eid}:${position.seq}`
    void this.#disk.write({
      durability: 'relaxed',
      segments: [segment(key, 'tail', { ids: [], text, rank: rankOf(position) })],
      outboxRemove,
      advance: advanceOf(position, this.#before ? rankOf(this.#before) : 0),
    })
    this.#before = position
    this.#steps++
    this.#stepBytes = addBytes(this.#stepBytes, utf8Bytes(text))
    const { checkpointStepsMax, checkpointStepBytesMax } = this.#limits
    if (this.#steps > checkpointStepsMax || this.#stepBytes > checkpointStepBytesMax)
      this.#checkpointSoon(by.reviewerId)
  }

  /** Steps may have been refused: a checkpoint brings the storage to where this replica is. */
  renew(reviewerId: Uuid | null): void {
    if (this.#tail.position && reviewerId !== null) this.#checkpointSoon(reviewerId)
  }

  /** A snapshot of the reviewer took the place of everything canonical. */
  replace(
    by: Reviewing,
    { pages, outboxRemove }: { pages: readonly string[]; outboxRemove: readonly string[] },
  ): void {
    const position = this.#tail.position!
    this.stop()
    void this.#disk.write({
      durability: 'relaxed',
      // Within one lineage another tab may be ahead, and what it stored must stay.
      reset: this.#before !== null && this.#before.eid !== position.eid,
      ...snapshotOf(position, by.reviewerId, pages),
      outboxRemove,
    })
    this.#before = position
    this.#steps = 0
    this.#stepBytes = NO_BYTES
  }

  /** Gives up a checkpoint that is being made. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#checkpointing = false
  }

  #checkpointSoon(reviewerId: Uuid): void {
    if (this.#checkpointing || this.#disk.trouble) return
    this.#checkpointing = true
    this.#cancel = this.#clock.after(0, () => this.#capture(reviewerId))
  }

  #capture(reviewerId: Uuid): void {
    const position = this.#tail.position!
    // States are immutable, so these are those of one moment, however long writing them takes.
    const held = [...this.#repo.tables()].flatMap(heldStates)
    this.#slice({
      held,
      writer: new PageWriter(),
      pages: [],
      done: (pages) => {
        this.#checkpointing = false
        this.#steps = 0
        this.#stepBytes = NO_BYTES
        void this.#disk.write({ durability: 'relaxed', ...snapshotOf(position, reviewerId, pages) })
      },
    })
  }

  #slice(work: {
    held: Held[]
    writer: PageWriter
    pages: string[]
    done: (pages: readonly string[]) => void
  }): void {
    const until = this.#clock.monotonic() + this.#limits.sliceMs
    while (work.held.length > 0) {
      work.pages.push(this.#page(work))
      if (work.held.length > 0 && this.#clock.monotonic() >= until) {
        this.#cancel = this.#clock.after(0, () => this.#slice(work))
        return
      }
    }
    work.done(work.pages)
  }

  /** As many entities as one page may have. */
  #page({ held, writer }: { held: Held[]; writer: PageWriter }): string {
    const { sliceEntitiesMax, checkpointStepBytesMax } = this.#limits
    const entities: PageEntity[] = []
    let bytes = NO_BYTES
    while (entities.length < sliceEntitiesMax && bytes < checkpointStepBytesMax) {
      const next = held.pop()
      if (!next) break
      const { table, id, state } = next
      bytes = addBytes(bytes, stateBytesAtMost(state, table.registers))
      entities.push(writer.entity(table.entity.name, id, { state, table: table.registers }))
    }
    return pageText(entities)
  }
}

interface Held {
  readonly table: Table
  readonly id: string
  readonly state: EntityState
}

function heldStates(table: Table): Held[] {
  return [...table.rows()].flatMap(({ id }) => {
    const state = table.canonical(id)
    return state ? [{ table, id, state }] : []
  })
}

/**
 * A checkpoint brings its position along. Mostly the storage is there already; where steps were
 * refused (a full disk) or left a gap (another tab began anew), it goes on from here.
 */
function snapshotOf(
  position: Position,
  reviewerId: Uuid,
  pages: readonly string[],
): Pick<WriteBatch, 'advance' | 'checkpoint'> {
  const all = checkpointPages(position, reviewerId, pages)
  return {
    advance: advanceOf(position, 0),
    checkpoint: { pages: all, check: checksum(all.join('\n')), rank: rankOf(position) },
  }
}
