/**
 * The closed set of forms that a `format` step converts between, each pair with its printer and
 * its parser. Printing is exact. Strict parsing accepts only printed text, so both directions are
 * exact; loose parsing accepts any text that means a value, and a step must declare it as lossy.
 */
import type { Json } from '../../base/json.ts'
import { parseIsoDate, printIsoDate, readIsoDate } from './iso-date.ts'

export type Format = 'number' | 'string' | 'boolean' | 'isoDate' | 'epochMs'

/** Each function returns undefined for a value outside the form. */
export interface FormatPair {
  print(this: void, value: Json): Json | undefined
  parse(this: void, text: Json): Json | undefined
  parseLoosely(this: void, text: Json): Json | undefined
}

const NUMBER_LENGTH_MAX = 64
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

function fromString(parse: (text: string) => Json | undefined) {
  return (value: Json): Json | undefined => (typeof value === 'string' ? parse(value) : undefined)
}

function numberIn(text: string): number | undefined {
  if (text.length > NUMBER_LENGTH_MAX) return undefined
  const trimmed = text.trim()
  const read = NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN
  return Number.isFinite(read) ? read : undefined
}

const flag = (on: Json, off: Json, value: Json): boolean | undefined =>
  value === on ? true : value === off ? false : undefined

/** Keyed by the form of the value, then its printed form. */
const PAIRS: Readonly<Record<string, FormatPair>> = {
  'number string': {
    print: (value) => (typeof value === 'number' ? String(value) : undefined),
    parse: fromString((text) => {
      const read = numberIn(text)
      return read !== undefined && String(read) === text ? read : undefined
    }),
    parseLoosely: fromString(numberIn),
  },
  'boolean string': {
    print: (value) => (typeof value === 'boolean' ? String(value) : undefined),
    parse: (text) => flag('true', 'false', text),
    parseLoosely: fromString((text) => flag('true', 'false', text.trim().toLowerCase())),
  },
  'boolean number': {
    print: (value) => (typeof value === 'boolean' ? Number(value) : undefined),
    parse: (text) => flag(1, 0, text),
    parseLoosely: (text) => (typeof text === 'number' ? text !== 0 : undefined),
  },
  'epochMs isoDate': {
    print: (value) => (typeof value === 'number' ? printIsoDate(value) : undefined),
    parse: fromString(parseIsoDate),
    parseLoosely: fromString(readIsoDate),
  },
}

/** The pair of two forms, and whether `up` prints or parses; undefined for an unknown pair. */
export function formatPair(
  from: string,
  to: string,
): { readonly pair: FormatPair; readonly up: 'print' | 'parse' } | undefined {
  const printing = `${from} ${to}`
  const parsing = `${to} ${from}`
  if (Object.hasOwn(PAIRS, printing)) return { pair: PAIRS[printing]!, up: 'print' }
  if (Object.hasOwn(PAIRS, parsing)) return { pair: PAIRS[parsing]!, up: 'parse' }
  return undefined
}
