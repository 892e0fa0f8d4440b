/** Whether two lists have identical items in the same order. */
export const sameItems = <T>(before: readonly T[], after: readonly T[]): boolean =>
  before.length === after.length && before.every((item, at) => item === after[at])
