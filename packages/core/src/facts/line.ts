/**
 * One line of text: canonical JSON (RFC 8785) of a list, cut at U+000A alone. U+2028 may stand in
 * a line, and canonical JSON escapes U+000A inside strings.
 */
import { canonical } from '../base/canonical.ts'
import { JSON_BOUNDS, type Json } from '../base/json.ts'
import { type Bytes, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import { refuse } from './malformed.ts'

/** Lists of the layout around a value of a register: line, changes, change, values. */
const LAYOUT_DEPTH = 4
const DEPTH_MAX = LAYOUT_DEPTH + JSON_BOUNDS.depthMax

/** Cuts at LF alone: U+2028 may stand in a line. */
export function linesOf(text: string): string[] {
  return text.split('\n')
}

/** The opposite of `linesOf`. */
export function textOfLines(lines: readonly string[]): string {
  return lines.join('\n')
}

/** How many lines a text has: 1 and more. */
export function lineCount(text: string): number {
  let lines = 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** A line with the U+000A that ends it. */
export function lineBytes(line: string): Bytes {
  return addBytes(utf8Bytes(line), bytesOf(1))
}

/**
 * The list that a line holds. Refuses what is not well-formed Unicode or not in canonical form.
 * `form: 'verified'` leaves out the second check: for lines whose reviewer has made it.
 */
export function parseLine(
  line: string,
  what: string,
  form: 'canonical' | 'verified' = 'canonical',
): readonly unknown[] {
  if (!line.isWellFormed()) return refuse(`${what}: the text holds half of a surrogate pair`)
  const value = parsed(line, what)
  if (!Array.isArray(value)) return refuse(`${what}: a list is expected`)
  if (isDeeper(value, DEPTH_MAX)) return refuse(`${what}: nested deeper than ${DEPTH_MAX}`)
  if (form === 'canonical' && canonicalOf(value, line) !== line)
    return refuse(`${what}: not in canonical form`)
  return value
}

function parsed(line: string, what: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return refuse(`${what}: not JSON`)
  }
}

/** The platform's own text is canonical where there is no object, whose keys could be out of order. */
function canonicalOf(value: unknown, line: string): string {
  return line.includes('{') ? canonical(value as Json) : JSON.stringify(value)
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const item of items)
    if (typeof item === 'object' && item !== null && isDeeper(item, depth - 1)) return true
  return false
}
