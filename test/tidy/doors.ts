// Owns: the rules about what a package shows at its doors: how many names, and that each is
// explained where it is declared; and about what its files show to one another. A door is an entry of `exports` in a published manifest.
// Each rule returns its findings; none means it holds.

import { posix } from 'node:path'
import type { ESTree } from 'vite'
import { libraryFolders, resolveImport, sourceCondition } from './imports.ts'
import type { Repository } from './repository.ts'
import type { Source } from './source.ts'

export const mainDoorValuesMax = 45

const mainDoor = '@countersign/core'
const inPackages = /^packages\/[^/]+\/src\//
const isForTests = /\.(?:test|test-d|test-kit|e2e|bench)\.[jt]sx?$/

/** A declaration that can be reached from a door. */
interface Declared {
  readonly file: string
  readonly line: number
  readonly isType: boolean
  readonly doc: string | undefined
}

type Names = Map<string, readonly Declared[]>

/** A beginner can read core's main door in one go. Types are not counted: editors bring them. */
export function mainDoorStaysSmall(repository: Repository): string[] {
  return publishedDoors(repository).flatMap(({ door, file }) => {
    if (door !== mainDoor) return []
    const names = exportsOf(repository, file)
    const values = [...names].filter(([, all]) => all.some(({ isType }) => !isType))
    if (values.length <= mainDoorValuesMax) return []
    return [
      `${file}:1: ${values.length} values and ${names.size - values.length} types, ` +
        `at most ${mainDoorValuesMax} values`,
    ]
  })
}

/** Every public name has a doc comment where it is declared, and it says more than the name. */
export function publicNamesHaveDocs(repository: Repository): string[] {
  const findings = new Map<string, string>()
  for (const { door, file } of publishedDoors(repository)) {
    for (const [name, all] of exportsOf(repository, file)) {
      const [first] = all
      const docs = all.flatMap(({ doc }) => doc ?? [])
      const why = docs.length === 0 ? 'has no doc comment' : 'has a doc that only says its name'
      if (first === undefined || docs.some((doc) => saysMore(name, doc))) continue
      const place = `${first.file}:${first.line}`
      if (!findings.has(place)) findings.set(place, `${place}: ${name}, public at ${door}, ${why}`)
    }
  }
  return [...findings.values()]
}

/** What one file gives to another has a doc comment too: a reader of the call sees nothing else. */
export function exportedFunctionsHaveDocs(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    if (!inPackages.test(file) || isForTests.test(file)) return []
    const source = repository.source(file)
    const all = declarationsIn(file, source)
    return source.program.body.flatMap((statement) => {
      if (statement.type !== 'ExportNamedDeclaration') return []
      const { declaration } = statement
      if (declaration?.type !== 'FunctionDeclaration') return []
      return namesIn(declaration)
        .filter((name) => !all.get(name)?.some(({ doc }) => doc !== undefined))
        .map((name) => `${file}:${source.lineAt(statement.start)}: ${name} has no doc comment`)
    })
  })
}

function publishedDoors(
  repository: Repository,
): readonly { readonly door: string; readonly file: string }[] {
  return libraryFolders(repository).flatMap((folder) => {
    const { name, exports, private: isPrivate } = repository.manifest(folder)
    if (isPrivate === true) return []
    return Object.entries(exports ?? {}).flatMap(([path, conditions]) => {
      const source = (conditions as Readonly<Record<string, string>>)[sourceCondition]
      if (source === undefined) return []
      return [{ door: `${name}${path.slice(1)}`, file: posix.join(folder, source) }]
    })
  })
}

/** Whatever a module exports, followed to where it is declared; names of other packages are not. */
function exportsOf(repository: Repository, file: string): Names {
  const names: Names = new Map()
  if (!repository.hasFile(file)) return names
  const source = repository.source(file)
  for (const statement of source.program.body) {
    if (statement.type === 'ExportAllDeclaration') {
      const target = resolveImport(repository, file, statement.source.value)
      if (statement.exported !== null)
        names.set(nameOf(statement.exported), [declaredAt(file, source, statement, false)])
      else if (target !== undefined)
        for (const [name, all] of exportsOf(repository, target)) names.set(name, all)
    } else if (statement.type === 'ExportDefaultDeclaration') {
      names.set('default', [declaredAt(file, source, statement, false)])
    } else if (statement.type === 'ExportNamedDeclaration') {
      addNamed(repository, file, statement, names)
    }
  }
  return names
}

function addNamed(
  repository: Repository,
  file: string,
  statement: ESTree.ExportNamedDeclaration,
  names: Names,
): void {
  const local = declarationsIn(file, repository.source(file))
  if (statement.declaration !== null)
    for (const name of namesIn(statement.declaration)) names.set(name, local.get(name) ?? [])
  for (const { local: from, exported, exportKind } of statement.specifiers) {
    const all =
      statement.source === null
        ? (local.get(nameOf(from)) ?? imported(repository, file, nameOf(from)))
        : throughDoor(repository, file, statement.source.value, nameOf(from))
    const isTypeOnly = statement.exportKind === 'type' || exportKind === 'type'
    names.set(
      nameOf(exported),
      all.map((one) => (isTypeOnly ? { ...one, isType: true } : one)),
    )
  }
}

function throughDoor(
  repository: Repository,
  file: string,
  from: string,
  name: string,
): readonly Declared[] {
  const target = resolveImport(repository, file, from)
  return target === undefined ? [] : (exportsOf(repository, target).get(name) ?? [])
}

/** What a name means that the file imports before it exports it. */
function imported(repository: Repository, file: string, name: string): readonly Declared[] {
  for (const statement of repository.source(file).program.body) {
    if (statement.type !== 'ImportDeclaration') continue
    for (const specifier of statement.specifiers) {
      if (specifier.local.name !== name || specifier.type !== 'ImportSpecifier') continue
      return throughDoor(repository, file, statement.source.value, nameOf(specifier.imported))
    }
  }
  return []
}

/** All that a file declares at its top level; an overloaded or merged name has several places. */
function declarationsIn(file: string, source: Source): Names {
  const names: Names = new Map()
  for (const statement of source.program.body) {
    const declaration = 'declaration' in statement ? statement.declaration : statement
    if (declaration === null) continue
    const isType = /^TS(?:Interface|TypeAlias)Declaration$/.test(declaration.type)
    for (const name of namesIn(declaration)) {
      const before = names.get(name) ?? []
      names.set(name, [...before, declaredAt(file, source, statement, isType)])
    }
  }
  return names
}

function declaredAt(file: string, source: Source, node: ESTree.Node, isType: boolean): Declared {
  const doc = source.comments.findLast(
    ({ text, end }) =>
      text.startsWith('/**') &&
      end <= node.start &&
      source.text.slice(end, node.start).trim() === '',
  )
  return { file, line: source.lineAt(node.start), isType, doc: doc?.text }
}

function namesIn(declaration: ESTree.Node): readonly string[] {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => boundIn(id))
  if ('id' in declaration && declaration.id !== null && 'name' in declaration.id)
    return [String(declaration.id.name)]
  return []
}

function boundIn(pattern: ESTree.Node | null): readonly string[] {
  if (pattern === null) return []
  if (pattern.type === 'Identifier') return [pattern.name]
  if (pattern.type === 'ArrayPattern') return pattern.elements.flatMap(boundIn)
  if (pattern.type === 'ObjectPattern')
    return pattern.properties.flatMap((one) => boundIn('value' in one ? one.value : one.argument))
  return 'left' in pattern ? boundIn(pattern.left as ESTree.Node) : []
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name
}

const emptyWords = new Set(
  'a an and for in is it its of on or that the this to what which'.split(' '),
)

/** True where a doc has a word that is neither in the name nor empty. */
function saysMore(name: string, doc: string): boolean {
  const known = new Set(wordsOf(name))
  return wordsOf(doc).some((word) => !emptyWords.has(word) && !known.has(word))
}

function wordsOf(text: string): readonly string[] {
  const spaced = text.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase()
  return [...spaced.matchAll(/[a-z\d]+/g)].map(([word]) => word.replace(/s$/, ''))
}
