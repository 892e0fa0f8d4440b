// Owns: reading a source file without a compiler: what is code, what is text, what is comment, and
// what is imported. It knows strings, templates, comments and regular expressions; JSX text only so
// far that a lone apostrophe does no harm. It does not know types or scopes.

export interface Source {
  /** The text with comments and the insides of strings blanked; positions stay the same. */
  readonly code: string
  readonly comments: readonly string[]
  readonly imports: readonly string[]
}

interface Scan {
  readonly text: string
  readonly code: string[]
  readonly comments: string[]
  /** The inside of each string, by the position of its opening quote. */
  readonly strings: Map<number, string>
}

const importForms = [
  /\b(?:import|export)\b[^'"`;()=]*?\bfrom\s*(?=['"])/g,
  /\bimport\s*(?=['"])/g,
  /\b(?:import|require)\s*\(\s*(?=['"`])/g,
]

const beforeRegex = /(?:^|[(,=:[!&|?{;+\-*%~^>]|\b(?:return|typeof|case|in|of|await|yield|void))$/

export function parse(text: string): Source {
  const scan: Scan = { text, code: text.split(''), comments: [], strings: new Map() }
  scanCode(scan, 0, false)
  const code = scan.code.join('')
  const imports = importForms.flatMap((form) =>
    [...code.matchAll(form)].map((match) => scan.strings.get(match.index + match[0].length) ?? ''),
  )
  return { code, comments: scan.comments, imports: imports.filter((name) => name !== '') }
}

/** Scans from `at`; inside a template, returns behind the brace that closes the expression. */
function scanCode(scan: Scan, at: number, inTemplate: boolean): number {
  const { text } = scan
  let depth = 0
  let position = at
  while (position < text.length) {
    const char = text[position]
    const next = text[position + 1]
    if (char === '/' && next === '/') position = scanComment(scan, position, '\n', 0)
    else if (char === '/' && next === '*') position = scanComment(scan, position, '*/', 2)
    else if (char === '/') position = scanRegex(scan, position)
    else if (char === "'" || char === '"') position = scanString(scan, position, char)
    else if (char === '`') position = scanTemplate(scan, position)
    else {
      if (inTemplate && char === '{') depth += 1
      if (inTemplate && char === '}' && depth-- === 0) return position + 1
      position += 1
    }
  }
  return position
}

function scanComment(scan: Scan, start: number, end: string, endLength: number): number {
  const found = scan.text.indexOf(end, start + 2)
  const stop = found === -1 ? scan.text.length : found + endLength
  scan.comments.push(scan.text.slice(start, stop))
  blank(scan, start, stop)
  return stop
}

function scanString(scan: Scan, start: number, quote: string): number {
  for (let end = start + 1; end < scan.text.length; end += 1) {
    const char = scan.text[end]
    if (char === '\n') break
    if (char === '\\') end += 1
    else if (char === quote) {
      scan.strings.set(start, scan.text.slice(start + 1, end))
      blank(scan, start + 1, end)
      return end + 1
    }
  }
  // An apostrophe in JSX text: not a string at all.
  return start + 1
}

function scanTemplate(scan: Scan, start: number): number {
  let from = start + 1
  let position = from
  while (position < scan.text.length) {
    const char = scan.text[position]
    if (char === '\\') position += 2
    else if (char === '`') {
      scan.strings.set(start, scan.text.slice(start + 1, position))
      blank(scan, from, position)
      return position + 1
    } else if (char === '$' && scan.text[position + 1] === '{') {
      blank(scan, from, position)
      position = scanCode(scan, position + 2, true)
      from = position
    } else position += 1
  }
  return position
}

function scanRegex(scan: Scan, start: number): number {
  const line = scan.code.slice(scan.text.lastIndexOf('\n', start - 1) + 1, start).join('')
  if (!beforeRegex.test(line.trimEnd())) return start + 1
  let inClass = false
  for (let end = start + 1; end < scan.text.length; end += 1) {
    const char = scan.text[end]
    if (char === '\n') break
    if (char === '\\') end += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) {
      blank(scan, start + 1, end)
      return end + 1
    }
  }
  return start + 1
}

/** Line breaks stay, so that line numbers do. */
function blank(scan: Scan, start: number, stop: number): void {
  for (let at = start; at < stop; at += 1) if (scan.code[at] !== '\n') scan.code[at] = ' '
}
