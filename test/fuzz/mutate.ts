/**
 * Malformed texts from sound ones: bytes changed, cut, repeated and moved; JSON values replaced, left
 * out, doubled and exchanged; lines mixed with those of another text. Seeded.
 */
import type { SeededRandom } from '@countersign/core/testing'

type Value = unknown

/** Values that a reader must survive, in the place of any other. */
const ODD: readonly (() => Value)[] = [
  () => null,
  () => true,
  () => '',
  () => [],
  () => ({}),
  () => -1,
  () => -0,
  () => 0.5,
  () => 1e21,
  () => -1e308,
  () => Number.MAX_SAFE_INTEGER,
  () => Number.MAX_SAFE_INTEGER + 1,
  () => 2 ** 31,
  () => 2 ** 32,
  () => '\ud800',
  () => '\u0000',
  () => '\u2028\n',
  () => '__proto__',
  () => 'constructor',
  () => '$schema',
  () => 'x'.repeat(70_000),
  () => 'é'.repeat(400),
  () => 'A'.repeat(22),
  () => 'A'.repeat(43),
  () => Array.from({ length: 5_000 }, () => 0),
  () => nested(40),
  () => nested(4_000),
  () => ({ $unset: true }),
  () => ({ $op: ['counter', 1e300] }),
  () => JSON.parse('{"__proto__":{"polluted":true},"toString":1}') as Value,
  () => Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])),
]

function nested(depth: number): Value {
  let value: Value = 0
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

/** One of them is half of a surrogate pair. */
const CHARS = '0123456789AZaz-_[]{},:"\\ \n\t\u0000\u00e9\u2028\ud83d'

/** One malformed text made of `text`; `others` lend their parts. */
export function mutated(text: string, others: readonly string[], random: SeededRandom): string {
  let result = text
  const times = 1 + below(3, random)
  for (let time = 0; time < times; time++) {
    const by = pick(
      [byChar, byChar, byCut, byRepeat, byLine, bySplice, byValue, byValue, byValue, byValue],
      random,
    )
    result = by(result, others, random)
  }
  return result
}

function byChar(text: string, _: readonly string[], random: SeededRandom): string {
  const at = below(text.length, random)
  const how = below(3, random)
  const char = how === 0 ? '' : CHARS.charAt(below(CHARS.length, random))
  return text.slice(0, at) + char + text.slice(how === 2 ? at : at + 1)
}

function byCut(text: string, _: readonly string[], random: SeededRandom): string {
  const at = below(text.length + 1, random)
  return random.unit() < 0.5 ? text.slice(0, at) : text.slice(at)
}

function byRepeat(text: string, _: readonly string[], random: SeededRandom): string {
  const from = below(text.length, random)
  const part = text.slice(from, from + 1 + below(64, random))
  return text.slice(0, from) + part.repeat(1 + below(20, random)) + text.slice(from)
}

function byLine(text: string, _: readonly string[], random: SeededRandom): string {
  const lines = text.split('\n')
  const [from, to] = [below(lines.length, random), below(lines.length, random)]
  const [line] = lines.splice(from, random.unit() < 0.5 ? 1 : 0)
  if (random.unit() < 0.7) lines.splice(to, 0, line ?? '')
  return lines.join('\n')
}

function bySplice(text: string, others: readonly string[], random: SeededRandom): string {
  const lines = text.split('\n')
  const borrowed = pick(others, random).split('\n')
  lines[below(lines.length, random)] = pick(borrowed, random)
  return lines.join('\n')
}

/** Changes one value in one line that is JSON. */
function byValue(text: string, others: readonly string[], random: SeededRandom): string {
  const lines = text.split('\n')
  const at = below(lines.length, random)
  const root = parsed(lines[at] ?? '')
  if (root === undefined) return byChar(text, others, random)
  lines[at] = JSON.stringify(changed(root, random))
  return lines.join('\n')
}

function changed(value: Value, random: SeededRandom): Value {
  const isDeeper = typeof value === 'object' && value !== null && random.unit() < 0.85
  if (!isDeeper) return near(value, random)
  if (!Array.isArray(value)) {
    const entries = Object.entries(value as object)
    if (entries.length === 0) return near(value, random)
    const [key] = pick(entries, random)
    const how = below(6, random)
    const copy = { ...(value as Record<string, Value>) }
    if (how === 0) delete copy[key]
    else if (how === 1) copy[`${key}x`] = copy[key]
    else copy[key] = changed(copy[key], random)
    return copy
  }
  const list = [...(value as Value[])]
  if (list.length === 0) return [near(null, random)]
  const [a, b] = [below(list.length, random), below(list.length, random)]
  switch (below(7, random)) {
    case 0:
      list.splice(a, 1)
      break
    case 1:
      list.splice(a, 0, list[b])
      break
    case 2:
      ;[list[a], list[b]] = [list[b], list[a]]
      break
    default:
      list[a] = changed(list[a], random)
  }
  return list
}

/** Another value: often close to what stood there. */
function near(value: Value, random: SeededRandom): Value {
  if (typeof value === 'number' && random.unit() < 0.5)
    return value + pick([-1, 1, 0.5, -value, value, 2 ** 32], random)
  if (typeof value === 'string' && value.length > 0 && random.unit() < 0.5)
    return byChar(value, [], random)
  return pick(ODD, random)()
}

function parsed(text: string): Value {
  try {
    return JSON.parse(text) as Value
  } catch {
    return undefined
  }
}

export function below(count: number, random: SeededRandom): number {
  return Math.floor(random.unit() * count)
}

export function pick<T>(list: readonly T[], random: SeededRandom): T {
  const found = list[below(list.length, random)]
  if (found === undefined && list.length === 0) throw new Error('nothing to choose from')
  return found as T
}
