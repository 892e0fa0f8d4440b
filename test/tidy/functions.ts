// Owns: the rules about what stands in a function: its length, its asserts, and the places where it
// claims to know better than the types. Each rule returns its findings; none means it holds.

import { Visitor, type ESTree } from 'vite'
import type { Repository } from './repository.ts'
import type { Source } from './source.ts'

export const functionLinesMax = 70
export const assertsPerThousandLinesMin = 6

/** Core's folders whose steps state their invariants. */
export const assertedFolders = ['sync', 'review', 'rows', 'history'] as const

type Callable = ESTree.Function | ESTree.ArrowFunctionExpression

const coreRoot = 'packages/core/src/'
const isTest = /\.(?:test|test-d|e2e|bench)\.[jt]sx?$/
const inPackages = /^packages\/[^/]+\/src\//
const ours = /^(?:packages|apps|devtools|test)\//
const runsTests = /^(?:describe|suite|test|it|bench)$/

/** A function fits on a screen. Tests are no functions, wherever they stand; their helpers are. */
export function functionsStayShort(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    if (!ours.test(file) || isTest.test(file)) return []
    const source = repository.source(file)
    return functionsIn(source.program).flatMap(({ node, name, holdsTests }) => {
      const first = source.lineAt(node.start)
      const lines = source.lineAt(node.end) - first + 1
      if (holdsTests || lines <= functionLinesMax) return []
      return [`${file}:${first}: ${name} has ${lines} lines, at most ${functionLinesMax}`]
    })
  })
}

/** The steps of the folders where a wrong state would spread assert what they rely on. */
export function stepsAssert(
  repository: Repository,
  folders: readonly string[] = assertedFolders,
): string[] {
  return folders.flatMap((name) => {
    const folder = `${coreRoot}${name}/`
    const files = repository.sources.filter((file) => file.startsWith(folder) && !isTest.test(file))
    if (files.length === 0) return [`${folder}:1: is gone; name the folder that took its place`]
    const lines = sum(files.map((file) => repository.text(file).trimEnd().split('\n').length))
    const asserts = sum(files.map((file) => assertsIn(repository.source(file))))
    const least = Math.ceil((lines * assertsPerThousandLinesMin) / 1_000)
    return asserts >= least
      ? []
      : [`${folder}:1: ${asserts} asserts in ${lines} lines, at least ${least}`]
  })
}

/**
 * A `!` has its reason in a comment, on its line or the one above. It needs none where the types
 * cannot follow and the reader can: at a computed index (`list[i]!`), and where the same function
 * has looked at the length of the list or the presence of the key.
 */
export function nonNullsHaveReasons(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    if (!inPackages.test(file) || isTest.test(file)) return []
    const source = repository.source(file)
    const explained = new Set(
      source.comments.flatMap(({ start, end }) => {
        const line = source.lineAt(end)
        // A comment of its own is about the next line; one behind code, about its own.
        const alone = source.text.slice(0, start).split('\n').at(-1)?.trim() === ''
        return alone ? [line + 1] : [line]
      }),
    )
    return nonNullsIn(source)
      .filter(({ operand, around }) => !isSeen(operand, around))
      .map(({ at, operand }) => ({ line: source.lineAt(at), operand }))
      .filter(({ line }) => !explained.has(line))
      .map(({ line, operand }) => `${file}:${line}: "${operand}!" gives no reason`)
  })
}

interface FoundFunction {
  readonly node: Callable
  readonly name: string
  /** True for the body of a test or a suite, and for a function that declares tests. */
  holdsTests: boolean
}

function functionsIn(program: ESTree.Program): readonly FoundFunction[] {
  const found: FoundFunction[] = []
  const open: FoundFunction[] = []
  const names = new Map<unknown, string>()
  const bodies = new Set<ESTree.Node>()
  const enter = (node: Callable): void => {
    const name = node.id?.name ?? names.get(node) ?? 'a function'
    open.push({ node, name, holdsTests: bodies.has(node) })
  }
  const leave = (): void => {
    const last = open.pop()
    if (last !== undefined) found.push(last)
  }
  const named = (value: unknown, key: ESTree.Node): void => {
    if ('name' in key && typeof key.name === 'string') names.set(value, key.name)
  }
  new Visitor({
    VariableDeclarator: ({ id, init }) => named(init, id),
    MethodDefinition: ({ key, value }) => named(value, key),
    PropertyDefinition: ({ key, value }) => named(value, key),
    Property: ({ key, value }) => named(value, key),
    CallExpression: (call) => {
      if (!runsTests.test(calledName(call.callee))) return
      for (const one of open) one.holdsTests = true
      for (const argument of call.arguments) bodies.add(argument)
    },
    FunctionDeclaration: enter,
    FunctionExpression: enter,
    ArrowFunctionExpression: enter,
    'FunctionDeclaration:exit': leave,
    'FunctionExpression:exit': leave,
    'ArrowFunctionExpression:exit': leave,
  }).visit(program)
  return found
}

/** `test` of `test(…)`, `test.skipIf(…)(…)` and `test.each(…)(…)`. */
function calledName(callee: ESTree.Node): string {
  if (callee.type === 'Identifier') return callee.name
  if (callee.type === 'MemberExpression') return calledName(callee.object)
  return callee.type === 'CallExpression' ? calledName(callee.callee) : ''
}

function assertsIn(source: Source): number {
  let count = 0
  new Visitor({
    CallExpression: ({ callee }) => {
      if (callee.type === 'Identifier' && callee.name === 'assert') count += 1
    },
  }).visit(source.program)
  return count
}

interface NonNull {
  /** The position of the `!`. */
  readonly at: number
  readonly operand: string
  /** The code of the outermost function or member it stands in, up to it. */
  readonly around: string
}

function nonNullsIn(source: Source): readonly NonNull[] {
  const found: NonNull[] = []
  const open: number[] = []
  const add = (from: number, to: number): void => {
    const around = source.code.slice(open[0] ?? 0, to)
    found.push({
      at: to - 1,
      operand: source.code.slice(from, to - 1).replace(/\s+/g, ' '),
      around,
    })
  }
  const enter = ({ start }: ESTree.Node): void => void open.push(start)
  const leave = (): void => void open.pop()
  new Visitor({
    TSNonNullExpression: ({ start, end }) => add(start, end),
    VariableDeclarator: ({ id, definite }) => {
      if (definite) add(id.start, id.start + source.code.slice(id.start).indexOf('!') + 1)
    },
    PropertyDefinition: ({ key, definite }) => {
      if (definite) add(key.start, key.end + 1)
    },
    FunctionDeclaration: enter,
    FunctionExpression: enter,
    ArrowFunctionExpression: enter,
    'FunctionDeclaration:exit': leave,
    'FunctionExpression:exit': leave,
    'ArrowFunctionExpression:exit': leave,
  }).visit(source.program)
  return found
}

const atIndex = /\[(?!\d+\]$)[^\]]*\]$/
const atEnd = /^(.*?)(?:\[\d+\]|\??\.(?:at\(-?\d+\)|shift\(\)|pop\(\)))$/s
const atKey = /^(.*?)\.get\((.*)\)$/s

/** True where a reader sees in the same function why the value is there. */
function isSeen(operand: string, around: string): boolean {
  if (atIndex.test(operand)) return true
  const [, list] = atEnd.exec(operand) ?? []
  if (list !== undefined) return around.includes(`${list}.length`)
  const [, map, key] = atKey.exec(operand) ?? []
  return ['has', 'set'].some((verb) => around.includes(`${map}.${verb}(${key}`))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
