/**
 * The capabilities of a person, which the deployment gives at each login, and those that a message
 * needs. A link without a proved person gets what the deployment gives to `person: null`: a claimed
 * personal id gives no capability.
 */
import type { Uuid } from '../base/uuid.ts'
import { CAPABILITIES, type Capability } from '../facts/capabilities.ts'
import type { Change } from '../facts/types.ts'
import { SCHEMA } from '../schema/system.ts'
import type { Person } from './persons.ts'

/** The input of a `Capabilities` function. */
export interface CapabilityContext {
  readonly space: Uuid
  /** The person that the login of the link has proved; null where nothing is proved. */
  readonly person: Person | null
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
}

/**
 * Returns what a person may do in a space. Called at each login of a link; the answer is valid until the
 * next login of that link. When it throws, the link is closed, and the client tries again.
 */
export type Capabilities = (
  context: CapabilityContext,
) => readonly Capability[] | Promise<readonly Capability[]>

/** What every person may do where the deployment has no `capabilities` function. */
export const EVERYBODY_MAY: readonly Capability[] = ['read', 'write', 'publish']

/** Calls the function of the deployment. @throws Error where its answer is not a list of capabilities */
export async function askedCapabilities(
  context: CapabilityContext,
  capabilities: Capabilities | undefined,
): Promise<ReadonlySet<Capability>> {
  const answer: unknown = capabilities ? await capabilities(context) : EVERYBODY_MAY
  if (!Array.isArray(answer)) throw new Error('capabilities must return a list')
  const known = CAPABILITIES.filter((each) => answer.includes(each))
  if (new Set(answer).size > known.length)
    throw new Error(`capabilities must return some of ${CAPABILITIES.join(', ')}`)
  return new Set(known)
}

const WITHHELD = {
  write: 'this person may only read here: the capability write is withheld',
  migrate: 'this person may not migrate rows: the capability migrate is withheld',
  publish: 'this person may not publish versions of types: the capability publish is withheld',
} as const

/** Why the person may not write these changes, as a sentence for the author; undefined: they may. */
export function withheldFrom(
  changes: readonly Change[],
  may: ReadonlySet<Capability>,
): string | undefined {
  for (const { shape } of changes) {
    const needed = neededFor(shape)
    if (!may.has(needed)) return WITHHELD[needed]
  }
  return undefined
}

function neededFor({ type, kind }: Change['shape']): keyof typeof WITHHELD {
  if (type === SCHEMA.name) return 'publish'
  return kind === 'migrate' ? 'migrate' : 'write'
}
