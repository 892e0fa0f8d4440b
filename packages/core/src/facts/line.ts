/**
 * One line of text: canonical JSON (RFC 8785) of a list. U+000A alone ends a line: U+2028 may occur
 * in it, and canonical JSON escapes U+000A inside strings.
 */
import { canonical } from '../base/canonical.ts'
import { JSON_BOUNDS, type Json } from '../base/json.ts'
import { type Bytes, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import { refuse } from './malformed.ts'

/** Nested lists around a value of a register: line, changes, change, values. */
const LAYOUT_DEPTH = 4
const DEPTH_MAX = LAYOUT_DEPTH + JSON_BOUNDS.depthMax

/** Splits at LF only: U+2028 may occur in a line. */
export function linesOf(text: string): string[] {
  return text.split('\n')
}

/** The inverse of `linesOf`. */
export function textOfLines(lines: readonly string[]): string {
  return lines.join('\n')
}

/** The number of lines of a text, at least 1. */
export function lineCount(text: string): number {
  let lines = 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

/** Bytes of a line with its U+000A. */
export function lineBytes(line: string): Bytes {
  return addBytes(utf8Bytes(line), bytesOf(1))
}

/**
 * Parses a line as a list. Rejects text that is not well-formed Unicode or not in canonical form.
 * `form: 'verified'` skips the second check: for lines that the reviewer has checked.
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

/** `JSON.stringify` is canonical for a value without objects, whose keys could be unsorted. */
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
