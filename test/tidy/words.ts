// Owns: one meaning a word. The glossary says which word a thing has, and which words it does not
// have. A name in the sources has one of the latter only where the glossary states another sense.

import { Visitor, type ESTree } from 'vite'
import type { Repository } from './repository.ts'

export const glossary = 'packages/core/GLOSSARY.md'

const isNamed = /^(?:packages\/[^/]+|devtools)\/src\/(?!testing\/)/
const isForTests = /\/(?:fake|random)-|\.(?:test|test-d|test-kit|child|browser)\./

/** A word that a thing does not have. */
interface Rival {
  readonly words: readonly string[]
  /** The words that it has. */
  readonly terms: string
}

/** What a rival means elsewhere, and in the names of which files. */
interface Sense {
  readonly rival: string
  readonly paths: readonly string[]
  readonly line: number
}

interface Row {
  readonly cells: readonly string[]
  readonly line: number
}

/** No name has a word that the glossary denies to what it names; each sense stated there is in use. */
export function oneMeaningAWord(repository: Repository): string[] {
  if (!repository.hasFile(glossary)) return [`${glossary}:1: is gone; name the file of the words`]
  const text = repository.text(glossary)
  const rivals = rivalsIn(text)
  const unused = new Set(sensesIn(text))
  const senses = [...unused]
  const findings: string[] = []
  for (const file of repository.sources) {
    if (!isNamed.test(file) || isForTests.test(file)) continue
    const { program, lineAt } = repository.source(file)
    for (const { name, start } of namesGivenIn(program)) {
      const words = wordsOf(name)
      for (const { words: rival, terms } of rivals) {
        if (!includesRun(words, rival)) continue
        const word = rival.join(' ')
        const sense = senses.find((one) => one.rival === word && isWithin(file, one.paths))
        if (sense) unused.delete(sense)
        else
          findings.push(`${file}:${lineAt(start)}: ${name} says ${word}, for which we say ${terms}`)
      }
    }
  }
  const idle = [...unused].map(
    ({ rival, line }) => `${glossary}:${line}: no name says ${rival} there`,
  )
  return [...findings, ...idle]
}

const coreRoot = 'packages/core/src/'

/** Types of core that share their name with another. The reason is the price of the entry. */
export const sharedNames: Readonly<Record<string, string>> = {
  Assigned: 'in `wire/`, the form in a batch',
  Base: 'in `wire/`, the form in a batch',
  Review: 'in `wire/`, the form in a batch',
  Flush: 'in `sync/`, the form in the outbox',
}

/** A type that one file of core gives to others has a name of its own: a reader searches for it. */
export function typesHaveOwnNames(
  repository: Repository,
  shared: Readonly<Record<string, string>> = sharedNames,
): string[] {
  const places = new Map<string, string[]>()
  for (const file of repository.sources) {
    if (!file.startsWith(coreRoot) || !isNamed.test(file) || isForTests.test(file)) continue
    const { program, lineAt } = repository.source(file)
    for (const statement of program.body) {
      if (statement.type !== 'ExportNamedDeclaration') continue
      const { declaration } = statement
      if (!declaration || !givesType(declaration) || !declaration.id) continue
      const { name } = declaration.id
      places.set(name, [...(places.get(name) ?? []), `${file}:${lineAt(declaration.start)}`])
    }
  }
  const isShared = (name: string): boolean => (places.get(name) ?? []).length > 1
  return [
    ...Object.keys(shared)
      .filter((name) => !isShared(name))
      .map((name) => `${coreRoot}:1: ${name} is listed as shared, and is not; unlist it`),
    ...[...places]
      .filter(([name]) => isShared(name) && shared[name] === undefined)
      .map(([name, [first, ...others]]) => `${first}: ${name} is also at ${others.join(', ')}`),
  ]
}

function givesType(
  node: ESTree.Declaration,
): node is ESTree.Class | ESTree.TSInterfaceDeclaration | ESTree.TSTypeAliasDeclaration {
  return ['ClassDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].includes(
    node.type,
  )
}

/** A word that is denied to one thing and is the word of another is no rival: only a reader can tell. */
function rivalsIn(text: string): Rival[] {
  const rows = rowsUnder(text, 'not')
  const listed = (cell = ''): string[] => cell.split(',').flatMap((each) => each.trim() || [])
  const terms = new Set(rows.flatMap(({ cells }) => listed(cells[0])))
  return rows.flatMap(({ cells }) =>
    listed(cells[2])
      .filter((rival) => !terms.has(rival))
      .map((rival) => ({ words: wordsOf(rival), terms: cells[0] ?? '' })),
  )
}

function sensesIn(text: string): Sense[] {
  return rowsUnder(text, 'in names of').map(({ cells: [rival = '', , paths = ''], line }) => ({
    rival,
    paths: [...paths.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
    line,
  }))
}

/** The rows of the tables whose third column has that head. */
function rowsUnder(text: string, head: string): Row[] {
  const found: Row[] = []
  let isUnder = false
  let at = 0
  for (const [i, line] of text.split('\n').entries()) {
    if (!line.startsWith('|')) {
      at = 0
      continue
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (at === 0) isUnder = cells[2] === head
    if (isUnder && at > 1) found.push({ cells, line: i + 1 })
    at++
  }
  return found
}

/** Paths are from the root or from the glossary; without one, every file is meant. */
function isWithin(file: string, paths: readonly string[]): boolean {
  const folder = glossary.slice(0, glossary.lastIndexOf('/') + 1)
  return (
    paths.length === 0 ||
    paths.some((path) => file.startsWith(path) || file.startsWith(folder + path))
  )
}

/** `pendingBatches` is `pending batch`: lower case and singular. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .flatMap((word) => word.replace(/(?<=ch|sh|s|x)es$|(?<!s)s$/, '') || [])
}

function includesRun(words: readonly string[], run: readonly string[]): boolean {
  return words.some((_, at) => run.every((word, i) => words[at + i] === word))
}

interface Name {
  readonly name: string
  readonly start: number
}

/** The names that a file gives: of types, functions, parameters, variables and members. */
function namesGivenIn(program: ESTree.Program): Name[] {
  const names: Name[] = []
  const give = (node: ESTree.Node | null | undefined): void => {
    if (node) names.push(...namesGivenBy(node))
  }
  const member = (node: { readonly computed: boolean; readonly key: ESTree.Node }): void => {
    if (!node.computed) give(node.key)
  }
  const callable = (node: ESTree.Function | ESTree.ArrowFunctionExpression): void => {
    if ('id' in node) give(node.id)
    node.params.forEach(give)
  }
  new Visitor({
    VariableDeclarator: ({ id }) => give(id),
    FunctionDeclaration: callable,
    FunctionExpression: callable,
    ArrowFunctionExpression: callable,
    ClassDeclaration: ({ id }) => give(id),
    TSInterfaceDeclaration: ({ id }) => give(id),
    TSTypeAliasDeclaration: ({ id }) => give(id),
    PropertyDefinition: member,
    MethodDefinition: member,
    TSPropertySignature: member,
    TSMethodSignature: member,
  }).visit(program)
  return names
}

/** The names in a pattern. A property that keeps its name in a pattern is not a name given here. */
function namesGivenBy(node: ESTree.Node): Name[] {
  switch (node.type) {
    case 'Identifier':
    case 'PrivateIdentifier':
      return [{ name: node.name, start: node.start }]
    case 'AssignmentPattern':
      return namesGivenBy(node.left)
    case 'RestElement':
      return namesGivenBy(node.argument)
    case 'TSParameterProperty':
      return namesGivenBy(node.parameter)
    case 'ArrayPattern':
      return node.elements.flatMap((element) => (element ? namesGivenBy(element) : []))
    case 'ObjectPattern':
      return node.properties.flatMap((property) => {
        if (property.type === 'RestElement') return namesGivenBy(property)
        const given = namesGivenBy(property.value)
        const { key } = property
        return key.type === 'Identifier' ? given.filter(({ name }) => name !== key.name) : given
      })
    default:
      return []
  }
}
