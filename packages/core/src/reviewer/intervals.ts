/** A set of whole numbers as sorted, disjoint intervals: tens of bytes for a session's numbers, however many. */
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
