/** Counts by name: what happened, what was made to fail, and which rare branches were reached. */
export class Tally {
  readonly #counts = new Map<string, number>()

  hit(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [name, by] of other) this.hit(name, by)
  }

  /** By name. */
  entries(): [string, number][] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}
