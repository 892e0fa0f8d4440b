/**
 * Encodes a chain as JSON and parses it, so that builds of any age can read rows of newer versions.
 * The data has the fields of version 1, the steps, and the kinds of fields where they differ from
 * the previous version; registers, defaults and names are derived. A `code` step is encoded by its
 * name; `joined` adds the functions where the build has them. Untrusted data is bounded, checked by
 * the rules of declaration, and rejected as a whole if a part of it is wrong.
 *
 *     { v: 1, entity: 'issue', fields: ['done', 'title'], kinds: { done: 'boolean', title: 'string' },
 *       versions: [{ revision: 0, steps: […], kinds: { status: '"done" | "open"' } }] }
 */
import { JSON_BOUNDS, type Json, frozenJson, jsonFault } from '../../base/json.ts'
import { type Outcome, fail } from '../../base/outcome.ts'
import type { Chain, Version } from './chain.ts'
import { differences, stepData } from './correction.ts'
import { type NextVersion, VERSIONS_MAX, begun, carriedKind, extended } from './declare.ts'
import { type Kinds, UNKNOWN_KIND } from './kind.ts'
import { provideAll } from './rules/all.ts'
import type { CodeStep, Step } from './step.ts'

const FORM = 1
/** A chain is flat enough to be the value of a field, with some depth left for values in steps. */
const CHAIN_BOUNDS = { ...JSON_BOUNDS, depthMax: 16 }
const ENTITY_NAME = /^[a-zA-Z][\w.-]{0,63}$/

/** The chain, up to a version, as frozen JSON; equal chains encode equally. */
export function chainData(chain: Chain, upTo: number = chain.version): Json {
  const [first, ...later] = chain.versions.slice(0, upTo)
  const versions = later.map((version, i) => ({
    revision: version.revision,
    steps: version.steps.map(stepData),
    ...kindsData(version, chain.versions[i]),
  }))
  const fields = [...(first?.fields.keys() ?? [])].sort()
  const kinds = first && kindsData(first)
  return frozenJson({ v: FORM, entity: chain.entity, fields, ...kinds, versions })
}

/** The kinds that differ from those of the previous version. */
function kindsData(version: Version, before?: Version): { readonly kinds?: Json } {
  const own = [...version.kinds].filter(
    // Each kind is that of a field.
    ([name, kind]) => kind !== carriedKind(before, version.fields.get(name)!),
  )
  return own.length === 0 ? {} : { kinds: Object.fromEntries(own) }
}

/** Parses untrusted data as a chain. Its `code` steps have no functions. Never throws. */
export function parseChain(data: unknown): Outcome<Chain> {
  provideAll()
  const fault = jsonFault(data, CHAIN_BOUNDS)
  if (fault !== undefined) return refused(fault)
  const object = objectWith(copyOf(data as Json), ['v', 'entity', 'fields', 'versions'], ['kinds'])
  if (typeof object === 'string') return refused(`a chain: ${object}`)
  const { v, entity, fields, versions } = object
  if (v !== FORM) return refused('its form is newer than this build')
  if (typeof entity !== 'string' || !ENTITY_NAME.test(entity))
    return refused('its entity is not a valid type name')
  if (!Array.isArray(fields)) return refused('its fields are not an array')
  if (!Array.isArray(versions)) return refused('its versions are not an array')
  if (versions.length >= VERSIONS_MAX) return refused(`a type has at most ${VERSIONS_MAX} versions`)
  const kinds = kindsOf(object['kinds'])
  if (typeof kinds === 'string') return refused(`version 1: ${kinds}`)
  let chain = begun(entity, fields as readonly Json[], kinds)
  for (const version of versions as readonly Json[]) {
    if (!chain.ok) return chain
    const next = objectWith(version, ['revision', 'steps'], ['kinds'])
    const held = typeof next === 'string' ? next : kindsOf(next['kinds'])
    if (typeof held === 'string') return refused(`version ${chain.value.version + 1}: ${held}`)
    chain = extended(chain.value, { ...(next as unknown as NextVersion), kinds: held })
  }
  return chain
}

/**
 * Merges a build's own chain with a received one: the newer revision of each version, and the
 * versions that only one of them has. The build's own functions replace `code` steps received by
 * name. Rejected when they differ at one revision: then one is wrong, and it is unknown which.
 */
export function joined(own: Chain, travelled: Chain): Outcome<Chain> {
  if (own.entity !== travelled.entity) {
    return refused(`${own.entity} and ${travelled.entity} are two types`)
  }
  const first = joinedKinds(own.versions[0], travelled.versions[0])
  let chain = begun(own.entity, [...own.fieldsIn(1).keys()], first)
  const newest = Math.max(own.version, travelled.version)
  for (let version = 1; version <= newest; version++) {
    const mine = own.versions[version - 1]
    const theirs = travelled.versions[version - 1]
    const same = mine && theirs && mine.revision === theirs.revision
    const [differs] = same ? differences(mine, theirs) : []
    if (differs !== undefined) {
      return refused(`${own.entity}, version ${version}: ${differs}`)
    }
    if (version === 1 || !chain.ok) continue
    // Up to the newest version of both, one of them has it.
    const taken = theirs && (!mine || theirs.revision > mine.revision) ? theirs : mine!
    const steps = taken.steps.map((step) => withCode(step, mine))
    const kinds = joinedKinds(taken, taken === mine ? theirs : mine)
    chain = extended(chain.value, { steps, revision: taken.revision, kinds })
  }
  return chain
}

/** A kind that one chain does not know is taken from the other. */
function joinedKinds(taken: Version | undefined, other: Version | undefined): Kinds {
  return new Map(
    [...(taken?.kinds ?? [])].map(([name, kind]) => [
      name,
      kind === UNKNOWN_KIND ? (other?.kinds.get(name) ?? kind) : kind,
    ]),
  )
}

/** The step with this build's own functions, if it has a code step of the same field and name. */
function withCode(step: Step, own: Version | undefined): Step {
  if (step.op !== 'code' || step.up) return step
  const { field, name } = step
  const found = own?.steps.find(
    (other): other is CodeStep =>
      other.op === 'code' && other.field === field && other.name === name,
  )
  return found?.up && found.down ? { ...step, up: found.up, down: found.down } : step
}

function kindsOf(value: Json | undefined): Kinds | string {
  if (value === undefined) return new Map()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'its kinds are not an object'
  }
  return new Map(Object.entries(value as { readonly [name: string]: string }))
}

function objectWith(
  value: Json | undefined,
  keys: readonly string[],
  may: readonly string[],
): { readonly [key: string]: Json } | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'it is not an object'
  const object = value as { readonly [key: string]: Json }
  for (const key of keys) if (!Object.hasOwn(object, key)) return `${key} is missing`
  const extra = Object.keys(object).find((key) => !keys.includes(key) && !may.includes(key))
  return extra === undefined ? object : 'it has a key that this build does not know'
}

/** A copy, which is then checked: a proxy may return different values on each read. */
function copyOf(data: Json): Json | undefined {
  try {
    const copy = frozenJson(data)
    return jsonFault(copy, CHAIN_BOUNDS) === undefined ? copy : undefined
  } catch {
    return undefined
  }
}

function refused(why: string): Outcome<never> {
  return fail('schema_refused', why)
}
