/**
 * The capabilities of a person, as the deployment gives them with each login, and what a message needs
 * of them. Who has proved nothing has those of a stranger: what a client claims gives nothing.
 */
import type { Uuid } from '../base/uuid.ts'
import { CAPABILITIES, type Capability } from '../facts/capabilities.ts'
import type { Change } from '../facts/types.ts'
import { SCHEMA } from '../schema/system.ts'
import type { Person } from './persons.ts'

/** Whose capabilities are asked for. */
export interface CapabilityContext {
  readonly space: Uuid
  /** The person that the login of the link has proved; null where nothing is proved. */
  readonly person: Person | null
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
}

/**
 * What a person may do in a space: asked with each login of a link, and good until the next one. When
 * it throws, the client is told to try again.
 */
export type Capabilities = (
  context: CapabilityContext,
) => readonly Capability[] | Promise<readonly Capability[]>

/** What everybody may where nobody says otherwise. */
export const EVERYBODY_MAY: readonly Capability[] = ['read', 'write', 'publish']

/** Asks the deployment. @throws Error where the answer is no list of capabilities */
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
