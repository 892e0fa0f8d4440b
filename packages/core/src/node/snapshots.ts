/**
 * The snapshots of a space that links are reading. A link joins an existing one if few messages were
 * committed since, or if it has pages of it.
 */
import type { Position } from '../facts/message.ts'
import type { Limits } from '../facts/limits.ts'
import { SCANS_MAX, type SpaceStore, type StateScan } from '../ports/space-store.ts'
import { SharedSnapshot, type SharedSnapshotParts } from './shared-snapshot.ts'

/** A store has `SCANS_MAX` scans; rules need some, and links that follow scopes one. */
const OPEN_SCANS_MAX = SCANS_MAX - 3

/** The state of a follower that needs a snapshot. */
export interface Needed {
  /** The seq of its position, on the present lineage. */
  readonly fromSeq: number
  /** Names of the pages that it has. */
  readonly pages: ReadonlySet<string>
}

export interface SnapshotsParts extends Omit<SharedSnapshotParts, 'onOver'> {
  readonly store: SpaceStore
  readonly head: () => Position
  /** The seq of the newest erasure. */
  readonly erased: () => number
  /** Writes all states up to the head to the store. */
  readonly writeBehind: () => Promise<void>
}

/** Whether a follower that lacks so many changes is sent a snapshot rather than batches. */
export function isFar(behind: number, entities: number, { tailChangesMax }: Limits): boolean {
  return behind > tailChangesMax && behind > entities / 2
}

export class Snapshots {
  readonly #parts: SnapshotsParts
  /** The oldest first. */
  readonly #all = new Set<SharedSnapshot>()
  #opening: Promise<SharedSnapshot | undefined> | undefined
  #isClosed = false

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /**
   * Calls `work` with a snapshot at or after a seq: the one of which the follower has most pages, else
   * one near the head, else a new one. Resolves to undefined if there is none, because the states could
   * not be written to the store, or because too many scans are open.
   */
  async read<T>(
    { fromSeq, pages }: Needed,
    work: (snapshot: SharedSnapshot) => Promise<T>,
  ): Promise<T | undefined> {
    const snapshot =
      this.#begun(fromSeq, pages) ?? this.#near(fromSeq) ?? (await this.#next(fromSeq))
    if (!snapshot?.join()) return undefined
    try {
      return await work(snapshot)
    } finally {
      snapshot.leave()
    }
  }

  close(): void {
    this.#isClosed = true
    this.drop()
  }

  /** Ends those that there are: values in them were erased, or the reviewer ends. */
  drop(): void {
    for (const snapshot of this.#all) snapshot.end()
  }

  /** The snapshots that may be joined, the newest first. */
  #open(fromSeq: number): SharedSnapshot[] {
    const head = this.#parts.head()
    return [...this.#all]
      .filter(
        ({ at, isOpen }) =>
          isOpen && at.seq >= fromSeq && at.eid === head.eid && at.epoch === head.epoch,
      )
      .reverse()
  }

  /** The snapshot of which the follower has most pages. */
  #begun(fromSeq: number, pages: ReadonlySet<string>): SharedSnapshot | undefined {
    if (pages.size === 0) return undefined
    let most: SharedSnapshot | undefined
    let mostCount = 0
    for (const each of this.#open(fromSeq)) {
      const count = each.countOf(pages)
      if (count <= mostCount) continue
      most = each
      mostCount = count
    }
    return most
  }

  /** The newest snapshot, if so little was committed since that it can be sent as batches. */
  #near(fromSeq: number): SharedSnapshot | undefined {
    const [snapshot] = this.#open(fromSeq)
    const { head, limits } = this.#parts
    if (!snapshot) return undefined
    const behind = head().seq - snapshot.at.seq
    const isNear = behind <= Math.min(limits.tailChangesMax, snapshot.entities / 2)
    return isNear ? snapshot : undefined
  }

  async #next(fromSeq: number): Promise<SharedSnapshot | undefined> {
    const scans = [...this.#all].filter(({ hasScan }) => hasScan).length
    if (scans < OPEN_SCANS_MAX) {
      this.#opening ??= this.#make().finally(() => (this.#opening = undefined))
      const opened = await this.#opening
      if (opened?.isOpen && opened.at.seq >= fromSeq) return opened
    }
    return this.#open(fromSeq)[0]
  }

  async #make(): Promise<SharedSnapshot | undefined> {
    const { store, writeBehind } = this.#parts
    const head = this.#parts.head().seq
    await writeBehind()
    const scan = await store.scan()
    try {
      // A snapshot below the position of the `welcome` is of no use to the link.
      if (scan.through >= head && !this.#isClosed) {
        const at = await this.#positionAt(scan.through)
        // Values were erased since.
        if (at.seq >= this.#parts.erased()) return this.#begin(at, scan)
      }
    } catch (error) {
      await scan.close()
      throw error
    }
    await scan.close()
    return undefined
  }

  #begin(at: Position, scan: StateScan): SharedSnapshot {
    const snapshot: SharedSnapshot = new SharedSnapshot(at, scan, {
      ...this.#parts,
      onOver: () => void this.#all.delete(snapshot),
    })
    this.#all.add(snapshot)
    return snapshot
  }

  /** The signed position at the end of the batch with that seq. */
  async #positionAt(seq: number): Promise<Position> {
    const { source, head } = this.#parts
    const now = head()
    if (now.seq === seq) return now
    const { toSeq, position } = await source.batchWith(seq)
    if (toSeq !== seq)
      throw new Error(`the store has states of seq ${seq}, but no batch that ends there`)
    return position
  }
}
