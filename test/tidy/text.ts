// Owns: the rules about what stands in a file: its length, tests left out, checks switched off,
// and links that lead nowhere. Each rule returns its findings; none means it holds.

import { posix } from 'node:path'
import type { Repository } from './repository.ts'

export const sourceLinesMax = 500

/** Files that are longer for a reason. The reason is the price of the entry. */
export const longFiles: Readonly<Record<string, string>> = {}

const isTest = /\.(?:test|e2e|bench)\.[jt]sx?$/
const inPackages = /^packages\/[^/]+\/src\//
const leftOut =
  /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fixme|fail|fails)\b|\b(?:fit|fdescribe|xit|xdescribe|xtest)\s*\(/g
const switchedOff = /@ts-(?:ignore|nocheck)\b/
const published = /^(?:packages|apps|devtools)\//
/** Where bytes are counted, and arrays of bytes are made. */
const countsBytes = /^packages\/core\/src\/base\/(?:size|json|utf8|bytes)\.ts$/
const lengthsAsBytes: readonly RegExp[] = [
  // `…Bytes = text.length`, `bytes: text.length`, `bytes > text.length`; an array of bytes is none.
  /\b\w*(?:[bB]ytes|BYTES)\w*(?:\s*:\s*\w+)?\s*(?:[-+]?=(?![=>])|[<>]=?|[-+:])(?!.*(?:Uint8Array|Buffer\.alloc))[^;,\n|&?]*?(?<![bB]ytes)\.length\b/g,
  // `text.length > …Bytes`, `bytesOf(text.length)`, `text.length as Bytes`
  /\b(?<![bB]ytes)\.length\b[^;,\n|&?]*?[<>]=?\s*[\w.#]*(?:Bytes|BYTES|bytes)\w*/g,
  /\bbytesOf\([\w.#]*\b(?:text|packed|frame|page|json)\.length/g,
  /\.length\s+as\s+Bytes\b/g,
]
const machinePath = /(?:^|[\s"'`(=:])\/(?:work|home|root|Users|mnt)\/[\w.-]/
const withPaths = /\.(?:[cm]?[jt]sx?|json|md|ya?ml|html|css|sh)$|^\.ci\/|(?:^|\/)\.\w+rc$/

/** Source files in packages stay short. */
export function filesStayShort(
  repository: Repository,
  exceptions: Readonly<Record<string, string>> = longFiles,
): string[] {
  const findings = Object.entries(exceptions)
    .filter(([path, reason]) => !repository.has(path) || reason.trim() === '')
    .map(([path]) => `${path}:1: listed as long, but is gone or has no reason`)
  for (const file of repository.sources) {
    if (!inPackages.test(file) || isTest.test(file)) continue
    const lines = repository.text(file).trimEnd().split('\n').length
    const long = lines > sourceLinesMax
    if (long && exceptions[file] === undefined) {
      findings.push(`${file}:${sourceLinesMax + 1}: ${lines} lines, at most ${sourceLinesMax}`)
    }
    if (!long && exceptions[file] !== undefined)
      findings.push(`${file}:1: is short again, unlist it`)
  }
  return findings
}

/** Every test runs. Only `skipIf` and `runIf` may leave one out, for what a machine lacks. */
export function everyTestRuns(repository: Repository): string[] {
  return repository.sources.flatMap((file) =>
    [...repository.source(file).code.matchAll(leftOut)].map(
      (match) => `${file}:${repository.source(file).lineAt(match.index)}: ${match[0]}`,
    ),
  )
}

/** Nobody switches the types off. `@ts-expect-error` stays: it fails when the error goes. */
export function typesStayOn(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    const { code, comments, lineAt } = repository.source(file)
    const findings = comments
      .filter(({ text }) => switchedOff.test(text))
      .map(({ text, start }) => `${file}:${lineAt(start)}: ${switchedOff.exec(text)?.[0]}`)
    if (!inPackages.test(file)) return findings
    const casts = [...code.matchAll(/\bas\s+any\b/g)]
    return [...findings, ...casts.map((match) => `${file}:${lineAt(match.index)}: as any`)]
  })
}

/** A size in bytes is never the length of a text: that counts UTF-16 code units. */
export function sizesAreBytes(repository: Repository): string[] {
  return repository.sources.flatMap((file) => {
    if (!published.test(file) || isTest.test(file) || countsBytes.test(file)) return []
    const { code, lineAt } = repository.source(file)
    return lengthsAsBytes.flatMap((form) =>
      [...code.matchAll(form)].map((match) => `${file}:${lineAt(match.index)}: ${match[0].trim()}`),
    )
  })
}

/** No file names a path of somebody's machine. */
export function noMachinePaths(repository: Repository): string[] {
  return repository.files
    .filter((file) => withPaths.test(file) && !file.endsWith('lock.yaml'))
    .flatMap((file) =>
      repository
        .text(file)
        .split('\n')
        .flatMap((line, at) =>
          machinePath.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
        ),
    )
}

/** Every relative link, every anchor and every path in code type leads somewhere. */
export function linksLeadSomewhere(repository: Repository): string[] {
  return repository.documents.flatMap((file) => {
    const text = blanked(repository.text(file), /^(```|~~~)[\s\S]*?^\1.*$/gm)
    const links = [
      ...blanked(text, /`[^`\n]*`/g).matchAll(/\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)/gm),
    ].map(({ 1: link, 2: reference, index }) => ({ to: link ?? reference ?? '', index }))
    const paths = [...text.matchAll(/`([^`\n]+)`/g)].map(({ 1: to = '', index }) => ({ to, index }))
    return [
      ...links.filter(({ to }) => !linkHolds(repository, file, to)),
      ...paths.filter(({ to }) => isDeadPath(repository, file, to)),
    ].map(({ to, index }) => `${file}:${lineOf(text, index)}: "${to}" leads nowhere`)
  })
}

/** Line breaks stay, so that line numbers do. */
function blanked(text: string, form: RegExp): string {
  return text.replace(form, (found) => found.replace(/[^\n]/g, ' '))
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

function linkHolds(repository: Repository, file: string, link: string): boolean {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return true
  const [path = '', anchor] = decodeURI(link).split('#')
  const from = path.startsWith('/') ? '.' : posix.dirname(file)
  const target = path === '' ? file : posix.join(from, path)
  if (target.startsWith('..') || !repository.has(target)) return false
  if (anchor === undefined || !target.endsWith('.md')) return true
  return anchorsOf(repository.text(target)).has(anchor)
}

/** Headings become anchors as code hosts do it: lower case, no punctuation, dashes, numbered. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  const body = text.replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, '')
  for (const match of body.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const heading = (match[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const base = heading.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    let anchor = base
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`
    anchors.add(anchor)
  }
  for (const match of body.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '')
  return anchors
}

/** A path is what begins with a folder that exists, from the root or from the document. */
function isDeadPath(repository: Repository, file: string, path: string): boolean {
  if (!/^(?:\.{0,2}\/)*[\w.@-]+(?:\/[\w.@-]+)+\/?(?::\d+)?$/.test(path)) return false
  const plain = path.replace(/:\d+$/, '')
  const folders = ['.', posix.dirname(file)]
  const first = plain.replace(/^\.\//, '').split('/')[0] ?? ''
  if (!folders.some((folder) => repository.has(posix.join(folder, first)))) return false
  return !folders.some((folder) => repository.has(posix.join(folder, plain)))
}
