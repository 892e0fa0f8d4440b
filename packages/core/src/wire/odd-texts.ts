/** Malicious texts made from valid ones, for tests. */

/** Values that a malicious peer may send: odd shapes, and names that every object and array has. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  'toString',
  'length',
  '\ud83d',
  [],
  [[]],
  {},
  { toString: null, valueOf: null },
  { length: 3 },
  JSON.parse('{"__proto__":null}'),
]

/** The value, with one node after another replaced. */
export function* replaced(value: unknown): IterableIterator<unknown> {
  for (const odd of ODD) yield odd
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const other of replaced(inner)) {
      yield Array.isArray(value)
        ? value.map((each: unknown, i) => (String(i) === key ? other : each))
        : { ...value, [key]: other }
    }
  }
}

/** The text, with one line after another replaced, removed or repeated. */
export function* damaged(text: string): IterableIterator<string> {
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    for (const odd of replaced(JSON.parse(line)))
      yield lines.with(at, JSON.stringify(odd)).join('\n')
    yield lines.toSpliced(at, 1).join('\n')
    yield lines.toSpliced(at, 0, line).join('\n')
    yield lines.slice(0, at).join('\n')
    for (const raw of ['', ' ', '\ud800', '"', '[', '[[', `[${'['.repeat(5_000)}`, 'null', '\r'])
      yield lines.with(at, raw + line.slice(raw.length)).join('\n')
  }
  yield `${text}\n`
  yield `\n${text}`
}

/** Every `step`th item. */
export function* some<T>(of: Iterable<T>, step: number, from = 0): IterableIterator<T> {
  let at = from
  for (const each of of) if (at++ % step === 0) yield each
}
