// Owns: the repository as the rules see it: a set of paths and their texts. The rules know nothing
// of the disk, so that a test can hand them a small tree that breaks them.

import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parse, type Source } from './source.ts'

export interface Manifest {
  readonly name?: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export function isSource(path: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(path)
}

export class Repository {
  /** Every file, as a path from the root with forward slashes. */
  readonly files: readonly string[]
  readonly #fileSet: ReadonlySet<string>
  readonly #paths: ReadonlySet<string>
  readonly #read: (path: string) => string
  readonly #sources = new Map<string, Source>()

  constructor(files: readonly string[], read: (path: string) => string) {
    this.files = [...files].sort()
    this.#fileSet = new Set(files)
    this.#read = read
    const paths = new Set<string>(['.'])
    for (const file of files) {
      for (let path = file; path !== '.'; path = posix.dirname(path)) paths.add(path)
    }
    this.#paths = paths
  }

  /** True for files and folders. */
  has(path: string): boolean {
    return this.#paths.has(posix.normalize(path).replace(/\/$/, ''))
  }

  hasFile(path: string): boolean {
    return this.#fileSet.has(path)
  }

  text(path: string): string {
    return this.#read(path)
  }

  source(path: string): Source {
    const known = this.#sources.get(path)
    if (known !== undefined) return known
    const source = parse(path, this.text(path))
    this.#sources.set(path, source)
    return source
  }

  manifest(folder: string): Manifest {
    const path = posix.join(folder, 'package.json')
    return this.has(path) ? JSON.parse(this.text(path)) : {}
  }

  get sources(): readonly string[] {
    return this.files.filter(isSource)
  }

  get documents(): readonly string[] {
    return this.files.filter((path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md'))
  }
}

const foreign = new Set(['node_modules', 'dist', '.git', 'coverage', 'test-results', '.vite'])

export function repositoryOnDisk(root: string): Repository {
  return new Repository(walk(root, ''), (path) => readFileSync(join(root, path), 'utf8'))
}

export function repositoryOf(tree: Readonly<Record<string, string>>): Repository {
  return new Repository(Object.keys(tree), (path) => tree[path] ?? '')
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (foreign.has(entry.name)) return []
    const path = posix.join(folder, entry.name)
    return entry.isDirectory() ? walk(root, path) : [path]
  })
}
