// Owns: the rules about who may import whom. Types count as imports: a cycle of types is a knot too.
// Each rule takes the repository and returns its findings; none means it holds.

import { posix } from 'node:path'
import { isSource, type Repository } from './repository.ts'

/** Core's folders from the ground up: each may import itself and what stands before it. */
export const coreOrder = [
  'base',
  'ports',
  'schema',
  'facts',
  'wire',
  'inspect',
  'history',
  'fold',
  'rows',
  'query',
  'sync',
  'review',
  'node',
  'client',
  'testing',
] as const

const coreRoot = 'packages/core/src/'
const scope = '@countersign/'
const devtoolsDoor = '@countersign/core/inspect'
export const sourceCondition = '@countersign/source'
const isTest = /\.(?:test|e2e|bench)\.[jt]sx?$/
const isReact = /^(?:react|react-dom|use-sync-external-store|zustand)(?:\/(?!vanilla|middleware)|$)/
const endings = ['', '.ts', '.tsx', '.js', '/index.ts', '/index.tsx']

/** packages/core imports one way. */
export function coreImportsOneWay(repository: Repository): string[] {
  const findings: string[] = []
  for (const file of coreFiles(repository)) {
    const from = folderOf(file)
    if (from === '') {
      if (!/^(?:index|message)(?:\.test)?\.ts$/.test(file.slice(coreRoot.length))) {
        findings.push(
          `${file}:1: only the doors index.ts and message.ts stand outside the folders of core`,
        )
      }
      continue
    }
    const rank = rankOf(from)
    if (rank === -1) findings.push(`${file}:1: core has no folder "${from}"; add it to coreOrder`)
    for (const { name, line } of repository.source(file).imports) {
      const target = resolveImport(repository, file, name)
      if (target === undefined || !target.startsWith(coreRoot)) continue
      const to = folderOf(target)
      // Fakes are there for tests, whatever the folder.
      if (isTest.test(file) && to === 'testing') continue
      if (to === '' || rankOf(to) > rank) {
        if (from !== 'testing')
          findings.push(`${file}:${line}: ${from} may not import ${to || 'index.ts'}`)
      }
    }
  }
  return findings
}

/** No file imports itself, by whatever way round. */
export function noCycles(repository: Repository): string[] {
  const findings: string[] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    if (done.has(file)) return
    path.push(file)
    for (const { name, line } of repository.source(file).imports) {
      const target = resolveImport(repository, file, name)
      if (target === undefined || !isSource(target)) continue
      const at = path.indexOf(target)
      if (at === -1) visit(target)
      else findings.push(`${file}:${line}: a cycle: ${[...path.slice(at), target].join(' -> ')}`)
    }
    path.pop()
    done.add(file)
  }
  for (const file of repository.sources) visit(file)
  return findings
}

/** Packages know core's doors; nothing knows apps, devtools or test. */
export function packagesKnowDoors(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    const owner = ownerOf(file)
    if (owner === undefined) return []
    return repository.source(file).imports.flatMap(({ name, line }) => {
      const say = (why: string): string[] => [`${file}:${line}: imports "${name}": ${why}`]
      if (name.startsWith('.')) {
        const target = posix.normalize(posix.join(posix.dirname(file), name))
        // Configurations share a base in the root of the repository.
        const leaves = target.includes('/') && ownerOf(target) !== owner
        return leaves ? say(`leaves ${owner}`) : []
      }
      if (!name.startsWith(scope) || owner === 'test') return []
      if (owner === 'packages/core') return say('core imports itself by path, and nobody else')
      if (owner === 'devtools') {
        return name === devtoolsDoor ? [] : say(`devtools knows ${devtoolsDoor} only`)
      }
      const known = owner.startsWith('apps/') ? appDoors(repository) : coreDoors(repository)
      return known.has(name) ? [] : say(`is no door ${owner} may use`)
    })
  })
}

/** React stays in packages/react, devtools and apps; core's sources see no Node either. */
export function platformsStayApart(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    const owner = ownerOf(file)
    if (owner === undefined || !owner.startsWith('packages/')) return []
    return repository.source(file).imports.flatMap(({ name, line }) => {
      if (owner !== 'packages/react' && isReact.test(name)) {
        return [`${file}:${line}: imports "${name}": ${owner} knows no React`]
      }
      const inCore = file.startsWith(coreRoot) && !isTest.test(file)
      return inCore && name.startsWith('node:')
        ? [`${file}:${line}: imports "${name}": core's sources know no Node`]
        : []
    })
  })
}

/** What a published source imports is a dependency or a peer of its package, not a dev tool. */
export function publishedImportsAreDeclared(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    const owner = ownerOf(file)
    if (owner === undefined || !file.startsWith(`${owner}/src/`) || isTest.test(file)) return []
    const manifest = repository.manifest(owner)
    if (manifest.private === true) return []
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
    return repository
      .source(file)
      .imports.filter(({ name }) => !/^(?:\.|node:)/.test(name))
      .filter(({ name }) => declared[packageOf(name)] === undefined)
      .map(
        ({ name, line }) =>
          `${file}:${line}: "${packageOf(name)}" is no dependency of ${manifest.name}`,
      )
  })
}

function coreFiles(repository: Repository): string[] {
  return repository.sources.filter((file) => file.startsWith(coreRoot))
}

function folderOf(file: string): string {
  const rest = file.slice(coreRoot.length)
  return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : ''
}

function rankOf(folder: string): number {
  return (coreOrder as readonly string[]).indexOf(folder)
}

/** The folder of the package a file belongs to; files in the root belong to none. */
function ownerOf(file: string): string | undefined {
  const [first = '', second = ''] = file.split('/')
  if (!file.includes('/') || first.startsWith('.')) return undefined
  return first === 'packages' || first === 'apps' ? `${first}/${second}` : first
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

function doorsOf(repository: Repository, folder: string): string[] {
  const { name, exports } = repository.manifest(folder)
  return Object.keys(exports ?? {}).map((door) => `${name}${door.slice(1)}`)
}

function coreDoors(repository: Repository): Set<string> {
  return new Set(doorsOf(repository, 'packages/core'))
}

/** Apps put everything together, but know neither each other nor test. */
function appDoors(repository: Repository): Set<string> {
  return new Set(libraryFolders(repository).flatMap((folder) => doorsOf(repository, folder)))
}

/** The folders of the packages that others may install. */
export function libraryFolders(repository: Repository): string[] {
  return repository.files
    .filter((file) => /^(?:packages\/[^/]+|devtools)\/package\.json$/.test(file))
    .map((file) => posix.dirname(file))
}

/** The file an import means: of the same package by path, of another by the source condition. */
export function resolveImport(
  repository: Repository,
  file: string,
  name: string,
): string | undefined {
  if (name.startsWith('.')) {
    const base = posix.normalize(posix.join(posix.dirname(file), name))
    return endings.map((ending) => base + ending).find((path) => repository.hasFile(path))
  }
  if (!name.startsWith(scope)) return undefined
  const folder = libraryFolders(repository).find(
    (path) => repository.manifest(path).name === packageOf(name),
  )
  if (folder === undefined) return undefined
  const door = repository.manifest(folder).exports?.[`.${name.slice(packageOf(name).length)}`]
  const source = (door as Record<string, string> | undefined)?.[sourceCondition]
  return source === undefined ? undefined : posix.join(folder, source)
}
