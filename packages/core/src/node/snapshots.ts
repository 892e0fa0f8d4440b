/**
 * The snapshots of a space that links read: one for all who ask at about the same time. One that was
 * begun before is joined where what was committed since is little.
 */
import type { Position } from '../facts/message.ts'
import { bytesOf } from '../base/size.ts'
import type { Limits } from '../facts/limits.ts'
import { SCANS_MAX, type SpaceStore, type StateScan } from '../ports/space-store.ts'
import { readStoredBatch } from '../review/stored.ts'
import { SharedSnapshot, type SharedSnapshotParts } from './shared-snapshot.ts'

/** A store has so many scans, and rules need one. */
const OPEN_SCANS_MAX = SCANS_MAX - 2

/** What a follower needs. */
export interface Needed {
  /** Its position, on the present lineage. */
  readonly fromSeq: number
  /** Names of pages that it has. */
  readonly pages: ReadonlySet<string>
}

export interface SnapshotsParts extends Omit<SharedSnapshotParts, 'onOver'> {
  readonly store: SpaceStore
  readonly head: () => Position
  /** Brings the states of the store up to now. */
  readonly writeBehind: () => Promise<void>
}

/** Whether a follower that is so far behind is sent states rather than batches. */
export function isFar(behind: number, entities: number, { tailMessagesMax }: Limits): boolean {
  return behind > tailMessagesMax && behind > entities / 2
}

export class Snapshots {
  readonly #parts: SnapshotsParts
  /** In the order of their beginnings. */
  readonly #all = new Set<SharedSnapshot>()
  #opening: Promise<SharedSnapshot | undefined> | undefined
  #isClosed = false

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /**
   * A snapshot that is not below a seq, for as long as it is read: the one of which most pages are
   * there, or else one that is near the head. Undefined, and nothing read, where
   * there is none: states that the store could not take, or too many scans.
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
    for (const snapshot of this.#all) snapshot.end()
  }

  /** Those that may be read, the newest first. */
  #open(fromSeq: number): SharedSnapshot[] {
    const head = this.#parts.head()
    return [...this.#all]
      .filter(
        ({ at, isOpen }) =>
          isOpen && at.seq >= fromSeq && at.eid === head.eid && at.epoch === head.epoch,
      )
      .reverse()
  }

  /** The one of which most pages are there. */
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

  /** The same, where less was committed since than a follower is sent states for. */
  #near(fromSeq: number): SharedSnapshot | undefined {
    const [snapshot] = this.#open(fromSeq)
    const { head, limits } = this.#parts
    if (!snapshot) return undefined
    const behind = head().seq - snapshot.at.seq
    const isNear = behind <= Math.min(limits.tailMessagesMax, snapshot.entities / 2)
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
      // States that lag behind what a link was greeted with are of no use to it.
      if (scan.through >= head && !this.#isClosed) {
        const at = await this.#positionAt(scan.through)
        return this.#begin(at, scan)
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
    const { store, head } = this.#parts
    const now = head()
    if (now.seq === seq) return now
    const [stored] = await store.batches(seq - 1, bytesOf(1))
    const batch = stored && readStoredBatch(stored)
    if (batch?.toSeq !== seq)
      throw new Error(`the store has states of seq ${seq}, and no such batch`)
    return batch.position
  }
}
