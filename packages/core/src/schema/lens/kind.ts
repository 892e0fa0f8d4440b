/**
 * The kind of a field: the type of its stored values, as a short text. Two builds that give one
 * field of one version different kinds would misread each other's values.
 *
 *     string   number   boolean   any   date   bigint   bytes   id of person
 *     "doing" | "done" | "open"    number | null | undefined    list<string>    map<number>
 *     counter   set<string>   operations
 *     { at: string, by: id of person | undefined }
 *
 * `undefined` means that the field may be missing. Bounds of a value (a length, a pattern, whole
 * numbers) are not part of it. A schema without a description has the kind `unknown`, which equals
 * every kind.
 */

export const UNKNOWN_KIND = 'unknown'
/** In UTF-16 units. A longer kind is cut, and ends with a checksum of the whole. */
export const KIND_LENGTH_MAX = 160

/** Field name to kind. */
export type Kinds = ReadonlyMap<string, string>

/** Whether two kinds may be the same; `unknown` matches every kind. */
export function isSameKind(a: string = UNKNOWN_KIND, b: string = UNKNOWN_KIND): boolean {
  return a === b || a === UNKNOWN_KIND || b === UNKNOWN_KIND
}

/** The merging kind without its element type; undefined for a field of values. */
export function mergingKind(kind: string = UNKNOWN_KIND): string | undefined {
  if (kind.startsWith('set<')) return 'set'
  return kind === 'counter' || kind === 'operations' ? kind : undefined
}

/** Why a value is not a kind, or undefined. */
export function kindFault(kind: unknown): string | undefined {
  const good = typeof kind === 'string' && kind.length > 0 && kind.length <= KIND_LENGTH_MAX
  return good && kind.isWellFormed()
    ? undefined
    : `a kind is a string of 1 to ${KIND_LENGTH_MAX} characters`
}

/** The union of several kinds: sorted, without duplicates, null and undefined last. */
export function unitedKind(alternatives: readonly string[]): string {
  for (const wide of [UNKNOWN_KIND, 'any']) if (alternatives.includes(wide)) return wide
  const absent = ['null', 'undefined'].filter((kind) => alternatives.includes(kind))
  const present = alternatives.filter((kind) => !absent.includes(kind)).sort()
  return [...new Set([...present, ...absent])].join(' | ')
}

/** The alternatives of a union. */
export function alternativesOf(kind: string): readonly string[] {
  const found: string[] = []
  let [depth, from] = [0, 0]
  // A string literal is one token, so its brackets and bars do not count.
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
