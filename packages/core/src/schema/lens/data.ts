/**
 * A chain as JSON, and back: so that builds of any age can read rows of versions newer than
 * their own. What travels are the fields of version 1, the steps, and the kinds of fields where
 * they are not those of the version before; registers, defaults and names follow from them. Of a `code` step its name travels, and a build that has the functions
 * puts them in by `joined`. Data from outside is bounded, checked by the rules of declaration,
 * and refused whole where a part of it is wrong.
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
import type { CodeStep, Step } from './steps.ts'

const FORM = 1
/** A chain is flat enough to be the value of a field, and leaves its steps' values some depth. */
const CHAIN_BOUNDS = { ...JSON_BOUNDS, depthMax: 16 }
const ENTITY_NAME = /^[a-zA-Z][\w.-]{0,63}$/

/** The chain, up to a version, as frozen JSON; the same chain gives the same data. */
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

/** The kinds that do not follow from the version before. */
function kindsData(version: Version, before?: Version): { readonly kinds?: Json } {
  const own = [...version.kinds].filter(
    // Kinds are those of the fields.
    ([name, kind]) => kind !== carriedKind(before, version.fields.get(name)!),
  )
  return own.length === 0 ? {} : { kinds: Object.fromEntries(own) }
}

/** A chain from data of whatever origin. Its `code` steps have no functions. Never throws. */
export function parseChain(data: unknown): Outcome<Chain> {
  const fault = jsonFault(data, CHAIN_BOUNDS)
  if (fault !== undefined) return refused(fault)
  const object = objectWith(copyOf(data as Json), ['v', 'entity', 'fields', 'versions'], ['kinds'])
  if (typeof object === 'string') return refused(`a chain: ${object}`)
  const { v, entity, fields, versions } = object
  if (v !== FORM) return refused('its form is newer than this build')
  if (typeof entity !== 'string' || !ENTITY_NAME.test(entity))
    return refused('its entity has no name of a type')
  if (!Array.isArray(fields)) return refused('its fields are no list')
  if (!Array.isArray(versions)) return refused('its versions are no list')
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
 * What a build makes of its own chain and of one that travelled: of each version the newer
 * revision, and the versions that only one of them has. Its own functions stand in for code
 * that travelled by name. Refused when they differ at one revision: then one of them is wrong,
 * and which cannot be known here.
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
    // Up to the newest of both, one of them has the version.
    const taken = theirs && (!mine || theirs.revision > mine.revision) ? theirs : mine!
    const steps = taken.steps.map((step) => withCode(step, mine))
    const kinds = joinedKinds(taken, taken === mine ? theirs : mine)
    chain = extended(chain.value, { steps, revision: taken.revision, kinds })
  }
  return chain
}

/** What one of them does not know of a kind, the other may. */
function joinedKinds(taken: Version | undefined, other: Version | undefined): Kinds {
  return new Map(
    [...(taken?.kinds ?? [])].map(([name, kind]) => [
      name,
      kind === UNKNOWN_KIND ? (other?.kinds.get(name) ?? kind) : kind,
    ]),
  )
}

/** The step with this build's own functions, where it is code of the same field and name. */
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
    return 'its kinds are no object'
  }
  return new Map(Object.entries(value as { readonly [name: string]: string }))
}

function objectWith(
  value: Json | undefined,
  keys: readonly string[],
  may: readonly string[],
): { readonly [key: string]: Json } | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object'
  const object = value as { readonly [key: string]: Json }
  for (const key of keys) if (!Object.hasOwn(object, key)) return `${key} is missing`
  const extra = Object.keys(object).find((key) => !keys.includes(key) && !may.includes(key))
  return extra === undefined ? object : 'it has a part that this build does not know'
}

/** Reading twice may give two things where a proxy is asked; the copy is what is checked on. */
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
