/**
 * The lineage that this store follows, and what it knows of others: so that it can tell, with and
 * without a link, how far the author of a pending message had read what is canonical now.
 */
import type { Position } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import { Lineage } from '../../history/lineage.ts'
import type { StoredState } from '../../ports/storage.ts'
import { type Epoch, readEpoch } from '../../wire/records.ts'
import type { Disk } from '../disk/disk.ts'

const KEY = 'lineage'

export interface LineagesParts {
  readonly disk: Disk
  /** All messages without a verdict, shown or not. */
  readonly pending: () => Iterable<Entry>
}

export class Lineages {
  readonly #parts: LineagesParts
  #followed: Lineage | undefined

  constructor(parts: LineagesParts) {
    this.#parts = parts
  }

  /** The one that is followed, once it is known. */
  get followed(): Lineage | undefined {
    return this.#followed
  }

  /** Restores the lineage that an earlier session followed. The next greeting replaces what cannot be read. */
  restore({ meta }: StoredState): void {
    const stored: unknown = meta.get(KEY)
    const [lines, parted] = Array.isArray(stored) ? (stored as readonly unknown[]) : []
    const epochs = epochsOf(lines)
    if (!this.#followed && epochs.length > 0) this.#followed = new Lineage(epochs, epochsOf(parted))
  }

  /**
   * Called with the position of the rows that were restored. Their lineage is followed until the next
   * greeting: a crash may have left the record of a newer one, and taken its rows.
   */
  restored(position: Position | null): void {
    if (position) this.#followed = this.#followed?.of(position)
  }

  /** The lineage of a greeting, with all that is known of others. */
  greeted(epochs: readonly Epoch[]): Lineage {
    const known = this.#followed
    return new Lineage(epochs).knowing(known ? [...known.parted, ...known.epochs] : [])
  }

  /** What is shown is of this lineage from now on. */
  follow(lineage: Lineage): void {
    const before = this.#followed
    this.#followed = lineage
    if (before?.present.eid === lineage.present.eid) return
    for (const entry of this.#parts.pending()) this.note(entry)
    const value = [lineage.epochs, lineage.parted].map((list) => list.map(({ line }) => line))
    void this.#parts.disk.write({ durability: 'relaxed', meta: [[KEY, value]] })
  }

  /** Notes in a pending message how far its author had read what is followed. */
  readonly note = (entry: Entry): void => {
    const { review, seen } = entry
    if (review) return
    // Without its record, all that is shown counts as one lineage, until the next greeting.
    if (!this.#followed) entry.readings = seen && { here: seen.seq, others: [] }
    else entry.readings = seen && this.#followed.readings(seen)
  }
}

function epochsOf(lines: unknown): readonly Epoch[] {
  if (!Array.isArray(lines)) return []
  return lines.flatMap((line: unknown) => {
    const read = typeof line === 'string' ? readEpoch(line) : undefined
    return read?.ok ? [read.value] : []
  })
}
