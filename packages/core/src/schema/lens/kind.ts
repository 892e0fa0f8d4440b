/**
 * The kind of a field, as a short text: what its stored values are made of. Two builds that give
 * one field of one version two kinds would read each other's values as what they are not.
 *
 *     string   number   boolean   any   date   bigint   bytes   id of person
 *     "doing" | "done" | "open"    number | null | undefined    list<string>    map<number>
 *     counter   set<string>   operations
 *     { at: string, by: id of person | undefined }
 *
 * `undefined` says that the field may be missing. Bounds of a value (a length, a pattern, whole
 * numbers) are no part of it. A schema that says nothing of itself has the kind `unknown`, which
 * is compared with none.
 */

export const UNKNOWN_KIND = 'unknown'
/** In UTF-16 units. Longer kinds are cut, and end with a checksum of the whole. */
export const KIND_LENGTH_MAX = 160

/** Field name to kind. */
export type Kinds = ReadonlyMap<string, string>

/** Whether two kinds may be the same: one that is unknown may be any. */
export function isSameKind(a: string = UNKNOWN_KIND, b: string = UNKNOWN_KIND): boolean {
  return a === b || a === UNKNOWN_KIND || b === UNKNOWN_KIND
}

/** The kind without what it is made of, for a field whose writes are operations; undefined for values. */
export function mergingKind(kind: string = UNKNOWN_KIND): string | undefined {
  if (kind.startsWith('set<')) return 'set'
  return kind === 'counter' || kind === 'operations' ? kind : undefined
}

/** Why this is no kind, or undefined. */
export function kindFault(kind: unknown): string | undefined {
  const good = typeof kind === 'string' && kind.length > 0 && kind.length <= KIND_LENGTH_MAX
  return good && kind.isWellFormed()
    ? undefined
    : `a kind is a text of 1 to ${KIND_LENGTH_MAX} characters`
}

/** One kind out of several: sorted, each once, those for a missing value last. */
export function unitedKind(alternatives: readonly string[]): string {
  for (const wide of [UNKNOWN_KIND, 'any']) if (alternatives.includes(wide)) return wide
  const absent = ['null', 'undefined'].filter((kind) => alternatives.includes(kind))
  const present = alternatives.filter((kind) => !absent.includes(kind)).sort()
  return [...new Set([...present, ...absent])].join(' | ')
}

/** The alternatives that a kind was united from. */
export function alternativesOf(kind: string): readonly string[] {
  const found: string[] = []
  let [depth, from] = [0, 0]
  // A text is one token, so that its brackets and bars do not count.
  for (const { 0: token, index } of kind.matchAll(/"(?:[^"\\]|\\.)*"|[<{(]|[>})]| \| /g)) {
    if ('<{('.includes(token)) depth++
    else if ('>})'.includes(token)) depth--
    else if (token === ' | ' && depth === 0) {
      found.push(kind.slice(from, index))
      from = index + token.length
    }
  }
  return [...found, kind.slice(from)]
}
