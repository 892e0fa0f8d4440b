/**
 * Detects a type whose shape was changed without a new version: rows of the previous shape would
 * be unreadable, or misread. Names the version, and the missing step as code.
 */
import type { Chain, Version } from './chain.ts'
import { isSameKind } from './kind.ts'
import { kindStep } from './kind-step.ts'

/**
 * Why a build that declares `own` cannot be used where `known` is in use, with the missing version
 * as code to paste; undefined if it can. A version that only one of them has is no reason.
 */
export function shapeChange(own: Chain, known: Chain): string | undefined {
  for (const [i, was] of known.versions.entries()) {
    const is = own.versions[i]
    if (is === undefined) return undefined
    const isSame =
      was.fields.size === is.fields.size &&
      [...was.fields].every(([name, reg]) => is.fields.get(name) === reg) &&
      otherKinds(was, is).length === 0
    if (!isSame) return changeSentence(own, known, i + 1)
  }
  return undefined
}

function changeSentence(own: Chain, known: Chain, version: number): string {
  const given = version > 1 ? 'its steps and its fields' : 'its fields'
  const after = known.version > version ? `version ${known.version}` : 'it'
  // A chain has version 1.
  const steps = stepsBetween(known.versions.at(-1)!, own.versions.at(-1)!)
  const sentences = [
    `${own.entity}: the fields of version ${version} were changed without a new version.`,
    differenceSentence(own, known, version),
    `Give version ${version} ${given} back, and declare the change after ${after}.`,
    'Rows stay as they are, and are read through its steps.',
  ].join(' ')
  if (steps === undefined) return sentences
  const code = steps.map((step) => `    ${step}\n`).join('')
  return `${sentences}\n\n  .version(${known.version + 1}, newShape, [\n${code}  ])\n`
}

function differenceSentence(own: Chain, known: Chain, version: number): string {
  const [had, has] = [namesOf(known, version), namesOf(own, version)]
  if (had !== has) return `It has ${had}; this build declares ${has}.`
  const kinds = otherKinds(known.versions[version - 1]!, own.versions[version - 1]!)
  if (kinds.length === 0) return 'Its fields have the same names, but other registers.'
  return kinds
    .map(([name, was, is]) => `Its field ${name} is ${was}; this build declares ${is}.`)
    .join(' ')
}

function namesOf(chain: Chain, version: number): string {
  return [...chain.fieldsIn(version).keys()].sort().join(', ') || 'no fields'
}

/** The fields of both versions with different kinds, by name. */
function otherKinds(
  was: Version,
  is: Version,
): readonly (readonly [name: string, was: string, is: string])[] {
  return [...was.kinds.keys()].sort().flatMap((name) => {
    const [before, after] = [was.kinds.get(name), is.kinds.get(name)]
    if (before === undefined || after === undefined || isSameKind(before, after)) return []
    return [[name, before, after] as const]
  })
}

/**
 * The steps from the newest known fields to those of the build, as lines of code; undefined if they
 * are the same. A change that needs no step is a comment.
 */
function stepsBetween(was: Version, is: Version): readonly string[] | undefined {
  const before = [...was.fields.keys()].sort()
  const after = [...is.fields.keys()].sort()
  const gone = before.filter((name) => !after.includes(name))
  const made = after.filter((name) => !before.includes(name))
  const turned = otherKinds(was, is).map(([name, ...kinds]) => kindStep(quoted(name), ...kinds))
  const [from, to] = [gone[0], made[0]]
  const named =
    gone.length === 1 && made.length === 1
      ? [
          `rename(${quoted(from)}, ${quoted(to)}), // or two fields: remove(${quoted(from)}), add(${quoted(to)})`,
        ]
      : [
          ...gone.map((name) => `remove(${quoted(name)}),`),
          ...made.map(
            (name) =>
              `add(${quoted(name)}), // a required one with its value in older rows: add(${quoted(name)}, …)`,
          ),
        ]
  const steps = [...turned, ...named]
  return steps.length === 0 ? undefined : steps
}

function quoted(name: string | undefined): string {
  return `'${(name ?? '').replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
