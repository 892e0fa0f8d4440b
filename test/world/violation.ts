/** A promise of the library that did not hold: which one, and what was seen instead. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Its id in RELIABILITY.md, section 5.2. */
  readonly invariant: string
  constructor(invariant: string, what: string) {
    super(what)
    this.invariant = invariant
  }
}

/** `what` is only made when it is needed. */
export function must(condition: unknown, invariant: string, what: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, what())
}
