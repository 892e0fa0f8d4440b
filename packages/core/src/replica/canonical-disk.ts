/**
 * The canonical state on disk: the tail as it arrives, and from time to time a checkpoint that
 * takes its place, so that opening a store does not cost its whole history. All of it is a
 * cache of what the reviewer has.
 */
import { checksum } from '../base/checksum.ts'
import { NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import { PageWriter } from '../fold/snapshot.ts'
import { stateBytesAtMost } from '../fold/state-size.ts'
import type { Limits } from '../message/limits.ts'
import type { Position } from '../message/message.ts'
import type { Reviewing, TailReader } from '../messaging/tail.ts'
import type { Clock } from '../ports/clock.ts'
import type { StoredState, WriteBatch } from '../ports/storage.ts'
import { type PageEntity, pageText } from '../protocol/pages.ts'
import { Picture } from '../repo/picture.ts'
import type { Repo } from '../repo/repo.ts'
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
  #picture: Picture | undefined

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
    this.#repo.forget()
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
      this.#checkpointSoon(by)
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
      ...snapshotOf(position, by, pages),
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
    this.#picture?.end()
    this.#picture = undefined
    this.#checkpointing = false
  }

  #checkpointSoon(by: Reviewing): void {
    if (this.#checkpointing || this.#disk.trouble) return
    this.#checkpointing = true
    this.#cancel = this.#clock.after(0, () => this.#capture(by))
  }

  #capture(by: Reviewing): void {
    const position = this.#tail.position!
    this.#picture = new Picture(this.#repo.tables())
    this.#slice({
      picture: this.#picture,
      writer: new PageWriter(),
      pages: [],
      done: (pages) => {
        this.#picture = undefined
        this.#checkpointing = false
        this.#steps = 0
        this.#stepBytes = NO_BYTES
        void this.#disk.write({ durability: 'relaxed', ...snapshotOf(position, by, pages) })
      },
    })
  }

  #slice(work: {
    picture: Picture
    writer: PageWriter
    pages: string[]
    done: (pages: readonly string[]) => void
  }): void {
    const until = this.#clock.monotonic() + this.#limits.sliceMs
    while (work.picture.size > 0) {
      work.pages.push(this.#page(work))
      if (work.picture.size > 0 && this.#clock.monotonic() >= until) {
        this.#cancel = this.#clock.after(0, () => this.#slice(work))
        return
      }
    }
    work.done(work.pages)
  }

  /** As many entities as one page may have. */
  #page({ picture, writer }: { picture: Picture; writer: PageWriter }): string {
    const { sliceEntitiesMax, checkpointStepBytesMax } = this.#limits
    const entities: PageEntity[] = []
    let bytes = NO_BYTES
    while (entities.length < sliceEntitiesMax && bytes < checkpointStepBytesMax) {
      const [entity] = picture.take(1, ({ table, id, state }): PageEntity => {
        bytes = addBytes(bytes, stateBytesAtMost(state, table.registers))
        return writer.entity(table.entity.name, id, { state, table: table.registers })
      })
      if (!entity) break
      entities.push(entity)
    }
    return pageText(entities)
  }
}

/**
 * A checkpoint brings its position along. Mostly the storage is there already; where steps were
 * refused (a full disk) or left a gap (another tab began anew), it goes on from here.
 */
function snapshotOf(
  position: Position,
  { reviewerId }: Reviewing,
  pages: readonly string[],
): Pick<WriteBatch, 'advance' | 'checkpoint'> {
  const all = checkpointPages(position, reviewerId, pages)
  return {
    advance: advanceOf(position, 0),
    checkpoint: { pages: all, check: checksum(all.join('\n')), rank: rankOf(position) },
  }
}
