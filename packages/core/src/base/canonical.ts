/**
 * Canonical JSON (RFC 8785): one text for one meaning. Object keys are sorted by
 * UTF-16 code units, numbers and strings are written as `JSON.stringify` writes
 * them, which is what the RFC asks for. The caller has checked the value.
 */
import type { Json } from './json.ts'

/**
 * The canonical text of a JSON value. Does not validate it: the result is wrong for other values.
 */
export function canonical(value: Json): string {
  if (hasNoKeys(value)) return JSON.stringify(value)
  if (Array.isArray(value)) {
    let text = '['
    for (let i = 0; i < value.length; i++)
      text += (i === 0 ? '' : ',') + canonical(value[i] as Json)
    return text + ']'
  }
  const object = value as { readonly [key: string]: Json }
  let text = '{'
  for (const key of Object.keys(object).sort()) {
    text += (text === '{' ? '' : ',') + JSON.stringify(key) + ':' + canonical(object[key] as Json)
  }
  return text + '}'
}

/**
 * Whether a value has no object, whose keys would be sorted. Most lines are lists of texts and
 * numbers.
 */
function hasNoKeys(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (!Array.isArray(value)) return false
  for (let i = 0; i < value.length; i++) if (!hasNoKeys(value[i] as Json)) return false
  return true
}
