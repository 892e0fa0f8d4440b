/**
 * A type whose shape was changed without a version: rows of the shape before could not be read, or
 * would be read as what they are not. Says which version it is about, and the missing step as code.
 */
import type { Chain } from './chain.ts'

/**
 * Why a build that declares `own` cannot go on where `known` is in use, with the missing version
 * as code to paste; undefined when it can. A version that only one of them has is no reason.
 */
export function shapeChange(own: Chain, known: Chain): string | undefined {
  for (const [i, { fields: was }] of known.versions.entries()) {
    const is = own.versions[i]?.fields
    if (is === undefined) return undefined
    const isSame = was.size === is.size && [...was].every(([name, reg]) => is.get(name) === reg)
    if (!isSame) return changeSentence(own, known, i + 1)
  }
  return undefined
}

function changeSentence(own: Chain, known: Chain, version: number): string {
  const given = version > 1 ? 'its steps and its fields' : 'its fields'
  const after = known.version > version ? `version ${known.version}` : 'it'
  const steps = stepsBetween(known, own)
  const sentences = [
    `${own.entity}: the fields of version ${version} were changed without a new version.`,
    `It has ${namesOf(known, version)}; this build declares ${namesOf(own, version)}.`,
    `Give version ${version} ${given} back, and declare the change after ${after}.`,
    'Rows stay as they are, and are read through its steps.',
  ].join(' ')
  if (steps.length === 0) return sentences
  const code = steps.map((step) => `    ${step}\n`).join('')
  return `${sentences}\n\n  .version(${known.version + 1}, newShape, [\n${code}  ])\n`
}

function namesOf(chain: Chain, version: number): string {
  return [...chain.fieldsIn(version).keys()].sort().join(', ') || 'no fields'
}

/** From the newest fields that are known to those that the build wants, as code. */
function stepsBetween(known: Chain, own: Chain): readonly string[] {
  const before = [...known.fieldsIn(known.version).keys()].sort()
  const after = [...own.fieldsIn(own.version).keys()].sort()
  const gone = before.filter((name) => !after.includes(name))
  const made = after.filter((name) => !before.includes(name))
  const [from, to] = [gone[0], made[0]]
  if (gone.length === 1 && made.length === 1) {
    return [
      `rename(${quoted(from)}, ${quoted(to)}), // or two fields: remove(${quoted(from)}), add(${quoted(to)})`,
    ]
  }
  return [
    ...gone.map((name) => `remove(${quoted(name)}),`),
    ...made.map(
      (name) =>
        `add(${quoted(name)}), // a required one with its value in older rows: add(${quoted(name)}, …)`,
    ),
  ]
}

function quoted(name: string | undefined): string {
  return `'${(name ?? '').replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
