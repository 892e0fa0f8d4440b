/**
 * The epochs of a space in their order, and those that parted from them. An epoch names the position
 * that it continues, so two lineages have in common what is before the point where they part:
 *
 *   genesis ──▶ … 900 ──▶ epoch 2 at 901 ──▶        the lineage
 *                  └────▶ … 1,900                    genesis went on, and this was lost
 *
 * So `(genesis, 1,900)` has 900 in common with the lineage.
 */
import { assert } from '../base/assert.ts'
import { type Uuid, compareText } from '../base/uuid.ts'
import type { OtherPlace, Position } from '../facts/message.ts'
import type { Seen } from '../facts/types.ts'
import type { Epoch } from '../wire/records.ts'
import type { Entry, Readings } from './entry.ts'

/**
 * Maximum epochs of a lineage that are sent and kept, the newest; also of epochs that parted from
 * it.
 */
export const EPOCHS_MAX = 64

type Place = Pick<Position, 'eid' | 'seq'>

/** The epochs of a lineage, in order, and the known epochs that parted from it. */
export class Lineage {
  /** In order; the last one is the present. */
  readonly epochs: readonly Epoch[]
  /** Known epochs of other lineages, oldest first. */
  readonly parted: readonly Epoch[]
  readonly #ends = new Map<Uuid, number>()
  readonly #prev = new Map<Uuid, Place | null>()

  constructor(epochs: readonly Epoch[], parted: readonly Epoch[] = []) {
    assert(epochs.length > 0, 'a lineage has an epoch')
    this.epochs = epochs
    this.parted = parted
    for (const [i, { eid }] of epochs.entries())
      this.#ends.set(eid, epochs[i + 1]?.prev?.seq ?? Infinity)
    for (const { eid, prev } of [...parted, ...epochs]) this.#prev.set(eid, prev)
  }

  get present(): Epoch {
    // Checked by the constructor.
    return this.epochs.at(-1)!
  }

  /** The epoch that a seq belongs to. */
  at(seq: number): Epoch {
    const [first = this.present] = this.epochs
    return this.epochs.findLast((epoch) => epoch.seq <= seq) ?? first
  }

  /** The first seq that a reviewer of this lineage has in its log: a peer has none from before its claim. */
  get firstLogged(): number {
    return this.epochs.find(({ why }) => why === 'claim')?.seq ?? 1
  }

  isOn(eid: Uuid): boolean {
    return this.#ends.has(eid)
  }

  /** Whether a position is on this lineage; if it is below its end, the chain decides. */
  has({ eid, seq }: Place): boolean {
    return seq <= (this.#ends.get(eid) ?? -1)
  }

  /** The last seq that a position has in common with this lineage; 0 for an unknown epoch. */
  common(place: Place): number {
    for (const { eid, seq } of this.#before(place)) {
      const end = this.#ends.get(eid)
      if (end !== undefined) return Math.min(seq, end)
    }
    return 0
  }

  /** The last seq that a position has in common with an epoch and what it continues. */
  commonWith(place: Place, eid: Uuid): number {
    const ways = new Map([...this.#before(place)].map((one) => [one.eid, one.seq]))
    for (const one of this.#before({ eid, seq: Infinity })) {
      const seq = ways.get(one.eid)
      if (seq !== undefined) return Math.min(seq, one.seq)
    }
    return 0
  }

  /**
   * The last seqs that the author of a message had read on this lineage and on those that parted
   * from it; undefined if `seen` suffices: it is of the only epoch, or nothing was read.
   */
  readings({ eid, seq }: Seen): Readings | undefined {
    if (eid === null || (eid === this.present.eid && this.epochs.length === 1)) return undefined
    if (eid === this.present.eid) return { here: seq, others: [] }
    const others = this.parted
      .map((other) => ({ eid: other.eid, seq: this.commonWith({ eid, seq }, other.eid) }))
      .filter((read) => read.eid !== eid && read.seq > this.common({ ...read, seq: Infinity }))
      .sort((a, b) => compareText(a.eid, b.eid))
    return { here: this.common({ eid, seq }), others }
  }

  /** The same in the form of a review on the present epoch. */
  reads({ seen, readings }: Pick<Entry, 'seen' | 'readings'>): readonly OtherPlace[] {
    const { eid } = this.present
    if (!readings || seen?.eid === eid) return []
    const here = readings.here > 0 ? [{ eid, seq: readings.here }] : []
    return [...here, ...readings.others].sort((a, b) => compareText(a.eid, b.eid))
  }

  /**
   * A position, then the position that its epoch continues, cut to what both include, and so on.
   */
  *#before(place: Place): IterableIterator<Place> {
    const passed = new Set<Uuid>()
    for (let { eid, seq } = place; !passed.has(eid);) {
      passed.add(eid)
      yield { eid, seq }
      const prev = this.#prev.get(eid)
      if (!prev) return
      eid = prev.eid
      seq = Math.min(seq, prev.seq)
    }
  }

  /** The lineage with one more epoch at its end. */
  with(epoch: Epoch): Lineage {
    return new Lineage([...this.epochs, epoch].slice(-EPOCHS_MAX), this.parted)
  }

  /**
   * The lineage of a position: this one if it has it, otherwise the known one that ends with its epoch.
   */
  of(place: Place): Lineage {
    if (this.has(place)) return this
    const all = [...this.parted, ...this.epochs]
    const known = new Map(all.map((epoch) => [epoch.eid, epoch]))
    const epochs = [...this.#before(place)].flatMap(({ eid }) => known.get(eid) ?? [])
    return epochs.length > 0 ? new Lineage(epochs.reverse()).knowing(all) : this
  }

  /** The lineage with these epochs as known ones, except those that are on it. */
  knowing(others: readonly Epoch[]): Lineage {
    const known = new Set([...this.epochs, ...this.parted].map(({ eid }) => eid))
    const fresh = others.filter(({ eid }) => !known.has(eid))
    if (fresh.length === 0) return this
    return new Lineage(this.epochs, [...this.parted, ...fresh].slice(-EPOCHS_MAX))
  }
}

/** Whether each epoch continues the one before it, and all are of one space. */
export function isLinked(epochs: readonly Epoch[]): boolean {
  return epochs.every(({ prev, space }, i) => {
    const before = epochs[i - 1]
    if (!before) return true
    return (
      prev?.eid === before.eid &&
      prev.epoch === before.epoch &&
      prev.seq >= before.seq &&
      space === before.space
    )
  })
}
