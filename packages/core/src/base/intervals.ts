/**
 * A set of integers as sorted, disjoint intervals, so dense numbers of a session take little
 * memory.
 */
export class IntervalSet {
  /** Pairs [from, to], both included. */
  readonly #pairs: [number, number][] = []

  has(value: number): boolean {
    const at = this.#lastFrom(value)
    return at >= 0 && value <= this.#pairs[at]![1]
  }

  add(value: number): void {
    const at = this.#lastFrom(value)
    const before = this.#pairs[at]
    if (before && value <= before[1]) return
    const after = this.#pairs[at + 1]
    const joinsBefore = before !== undefined && before[1] + 1 === value
    const joinsAfter = after !== undefined && value + 1 === after[0]
    if (joinsBefore && joinsAfter) {
      before[1] = after[1]
      this.#pairs.splice(at + 1, 1)
    } else if (joinsBefore) before[1] = value
    else if (joinsAfter) after[0] = value
    else this.#pairs.splice(at + 1, 0, [value, value])
  }

  get intervals(): readonly (readonly [number, number])[] {
    return this.#pairs
  }

  get isEmpty(): boolean {
    return this.#pairs.length === 0
  }

  /** Adds all integers from `from` to `to`, both included. */
  addStretch([from, to]: readonly [number, number]): void {
    const isBeside = ([start, end]: readonly [number, number]): boolean =>
      start <= to + 1 && end >= from - 1
    const joined = [...this.#pairs.filter(isBeside), [from, to] as const]
    const rest = this.#pairs.filter((pair) => !isBeside(pair))
    const pair: [number, number] = [
      Math.min(...joined.map(([start]) => start)),
      Math.max(...joined.map(([, end]) => end)),
    ]
    this.#pairs.splice(0, this.#pairs.length, ...[...rest, pair].sort(([a], [b]) => a - b))
  }

  /** Merges the lowest intervals, gaps included, until there are at most `max`. */
  fuse(max: number): void {
    while (this.#pairs.length > max) {
      const [first, second] = this.#pairs
      if (!first || !second) return // `max` is below 1
      this.#pairs.splice(0, 2, [first[0], second[1]])
    }
  }

  /** Index of the last interval that begins at or before `value`, or -1. */
  #lastFrom(value: number): number {
    let low = 0
    let high = this.#pairs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#pairs[middle]![0] <= value) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
