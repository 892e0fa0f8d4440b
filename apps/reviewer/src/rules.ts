/**
 * Loads the rules of a deployment from its module: `authenticate`, `capabilities`, `canRead`, `rules`,
 * `review`, `assign`, `messageLimits`.
 */
import { LIMITS } from '@countersign/core/message'
import { loadModule } from '@countersign/reviewer'
import type { StartOptions } from '@countersign/reviewer'

const FUNCTIONS = ['authenticate', 'capabilities', 'canRead', 'review'] as const
const NAMES = [...FUNCTIONS, ...(['rules', 'assign', 'messageLimits'] as const)] as const

/** What a module of rules may export. */
export type Rules = Pick<StartOptions, (typeof NAMES)[number]>

/** Loads the rules. Rejects with a one-line error when the file cannot be loaded, or its exports are invalid. */
export async function readRules(file: string): Promise<Rules> {
  const module = await loadModule('--rules', file)
  const fault = (what: string): Error => new Error(`--rules ${file} ${what}`)
  if (NAMES.every((name) => module[name] === undefined))
    throw fault(`must export ${NAMES.slice(0, -1).join(', ')} or ${NAMES.at(-1)}`)
  for (const name of FUNCTIONS)
    if (module[name] !== undefined && typeof module[name] !== 'function')
      throw fault(`exports ${name}, which is not a function`)
  if (module['rules'] !== undefined && !isTable(module['rules']))
    throw fault('exports rules, which must be functions by type and verb')
  if (module['assign'] !== undefined && !isTable(module['assign']))
    throw fault('exports assign, which must be functions by type and field')
  const { messageLimits = {} } = module
  const wrong = Object.entries(messageLimits as object).find(
    ([name, bound]) => !(name in LIMITS) || typeof bound !== 'number' || !(bound > 0),
  )
  if (wrong) throw fault(`exports messageLimits with ${wrong[0]}, which is no limit above 0`)
  // Their names are checked at the start, and what they return at each call.
  return Object.fromEntries(NAMES.map((name) => [name, module[name]])) as Rules
}

/** Functions by two names. */
function isTable(value: unknown): boolean {
  const isObject = (part: unknown): part is object => typeof part === 'object' && part !== null
  return (
    isObject(value) &&
    Object.values(value).every(
      (fields) =>
        isObject(fields) && Object.values(fields).every((field) => typeof field === 'function'),
    )
  )
}
