// Owns: what the audit of dependencies demands. Pure: texts in, findings out.

/** Allowed licences in the lockfile: each requires at most that an app keeps a notice. */
const LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
])

/** Of tools alone, which are in no package: changes to their own files would have to be published. */
const TOOL_LICENCES: ReadonlySet<string> = new Set(['MPL-2.0', 'Python-2.0', 'CC-BY-4.0'])

/** Known faults and their fixed versions, for use without a registry. The list is by hand. */
export const KNOWN: readonly Known[] = [
  { name: 'socket.io-parser', fixed: ['4.2.3', '3.4.3'], id: 'CVE-2023-32695' },
  { name: 'socket.io', fixed: ['4.6.2', '2.5.1'], id: 'CVE-2024-38355' },
  { name: 'engine.io', fixed: ['6.4.2'], id: 'CVE-2023-31125' },
  { name: 'ws', fixed: ['8.17.1', '7.5.10', '6.2.3', '5.2.4'], id: 'CVE-2024-37890' },
  { name: 'cookie', fixed: ['0.7.0'], id: 'CVE-2024-47764' },
  { name: 'jose', fixed: ['4.15.5', '2.0.7'], id: 'CVE-2024-28176' },
]

interface Known {
  readonly name: string
  /** The first versions without it, the newest first; one for each major version that got one. */
  readonly fixed: readonly string[]
  readonly id: string
}

/** Packages by licence, as `pnpm licenses list --json` has them. */
export type Licences = Readonly<Record<string, readonly { readonly name: string }[]>>

/** Packages under a licence that may not be there. `isShipped`: an app gets them with ours. */
export function licenceFaults(licences: Licences, isShipped: (name: string) => boolean): string[] {
  return Object.entries(licences).flatMap(([licence, packages]) =>
    packages.flatMap(({ name }) => {
      const isTool = TOOL_LICENCES.has(licence) && !isShipped(name)
      return LICENCES.has(licence) || isTool ? [] : [`${name} is under ${licence}`]
    }),
  )
}

const PACKAGE = /^ {2}'?((?:@[^/@']+\/)?[^@/']+)@(.+?)'?:$/

/** The packages of a lockfile, with what proves their content. */
export function lockedPackages(
  lockfile: string,
): { readonly name: string; readonly version: string; readonly resolution: string }[] {
  const [, section = ''] = /\npackages:\n([\s\S]*?)\n(?=\S)/.exec(`${lockfile}\nend`) ?? []
  const lines = section.split('\n')
  return lines.flatMap((line, at) => {
    const [, name, version] = PACKAGE.exec(line) ?? []
    if (name === undefined || version === undefined) return []
    return [{ name, version, resolution: lines[at + 1]?.trim() ?? '' }]
  })
}

/** Packages without a hash of their content, or from elsewhere than a registry; and known faults. */
export function lockFaults(lockfile: string, known: readonly Known[] = KNOWN): string[] {
  const packages = lockedPackages(lockfile)
  if (packages.length === 0) return ['the lockfile names no package: its form has changed']
  return packages.flatMap(({ name, version, resolution }) => {
    const is = `${name}@${version}`
    const faults = known
      .filter((each) => each.name === name && isBefore(version, fixFor(version, each)))
      .map((each) => `${is} has ${each.id}, which ${fixFor(version, each)} mends`)
    const isHashed = /integrity: sha512-/.test(resolution)
    const isElsewhere = /tarball:|repo:|commit:|directory:/.test(resolution)
    if (!isHashed) faults.push(`${is} has no sha512 of its content`)
    if (isElsewhere) faults.push(`${is} is not from a registry`)
    return faults
  })
}

/** The fix of the same major version, or the newest. */
function fixFor(version: string, { fixed }: Known): string {
  const [major] = version.split('.')
  return fixed.find((each) => each.split('.')[0] === major) ?? fixed[0] ?? version
}

function isBefore(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => text.split(/[.+-]/).map(Number))
  for (let at = 0; at < 3; at++) {
    const [mine = 0, theirs = 0] = [a?.[at], b?.[at]]
    if (mine !== theirs) return mine < theirs
  }
  return false
}

/** The advisories of the registry on these packages; undefined: no answer. */
export function advisories(answer: string): string[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(answer)
  } catch {
    return undefined
  }
  const { advisories: found } = (parsed ?? {}) as { readonly advisories?: unknown }
  if (typeof found !== 'object' || found === null) return undefined
  return Object.values(found as Record<string, Advisory>).map(
    ({ module_name: name, severity, title, github_advisory_id: id }) =>
      `${name}: ${title} (${severity}${id === undefined ? '' : `, ${id}`})`,
  )
}

interface Advisory {
  readonly module_name: string
  readonly severity: string
  readonly title: string
  readonly github_advisory_id?: string
}
