// Owns: reading a source file with the parser that Vite brings: what is code, what is text, what is
// comment, and what is imported. It knows syntax; it does not know types or scopes.

import { parseSync, Visitor, type ESTree } from 'vite'

export interface Comment {
  /** With its slashes and stars. */
  readonly text: string
  readonly start: number
  readonly end: number
}

export interface Import {
  readonly name: string
  readonly line: number
}

export interface Source {
  readonly text: string
  readonly program: ESTree.Program
  /** The text with comments and the insides of strings blanked; positions stay the same. */
  readonly code: string
  readonly comments: readonly Comment[]
  readonly imports: readonly Import[]
  /** The line of a position, counted from 1. */
  readonly lineAt: (position: number) => number
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Throws where the text does not parse; the file's name says whether it may hold JSX. */
export function parse(file: string, text: string): Source {
  const { program, comments, errors } = parseSync(file, text)
  const [error] = errors
  if (error !== undefined) throw new Error(`${file} does not parse: ${error.message}`)
  const blanks: Span[] = [...comments]
  const imports: Import[] = []
  const lineStarts = startsOf(text)
  const lineAt = (position: number): number => lastAtMost(lineStarts, position) + 1
  const taken = (source: ESTree.Node | null | undefined): void => {
    const name = textOf(source)
    if (source && name !== undefined) imports.push({ name, line: lineAt(source.start) })
  }
  new Visitor({
    Literal: (node) => {
      if (typeof node.value === 'string' || 'regex' in node) blanks.push(inside(node))
    },
    TemplateElement: (node) => void blanks.push(node),
    JSXText: (node) => void blanks.push(node),
    ImportDeclaration: (node) => taken(node.source),
    ExportNamedDeclaration: (node) => taken(node.source),
    ExportAllDeclaration: (node) => taken(node.source),
    ImportExpression: (node) => taken(node.source),
    TSImportType: (node) => taken(node.source),
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require')
        taken(node.arguments[0])
    },
  }).visit(program)
  return {
    text,
    program,
    code: blanked(text, blanks),
    comments: comments.map(({ start, end }) => ({ text: text.slice(start, end), start, end })),
    imports,
    lineAt,
  }
}

/** The text of a string, or of a template without expressions. */
function textOf(node: ESTree.Node | null | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type !== 'TemplateLiteral' || node.quasis.length > 1) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

function inside({ start, end }: Span): Span {
  return { start: start + 1, end: end - 1 }
}

/** Line breaks stay, so that line numbers do. */
function blanked(text: string, spans: readonly Span[]): string {
  let code = ''
  let at = 0
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (end <= at) continue
    code += text.slice(at, Math.max(at, start))
    code += text.slice(Math.max(at, start), end).replace(/[^\n]/g, ' ')
    at = end
  }
  return code + text.slice(at)
}

function startsOf(text: string): readonly number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}

/** The index of the last of some ascending numbers that is at most `value`. */
function lastAtMost(numbers: readonly number[], value: number): number {
  let low = 0
  let high = numbers.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) <= value) low = middle
    else high = middle
  }
  return low
}
