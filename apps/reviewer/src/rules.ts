/** Loads the rules of a deployment from its module: `authorize`, `review`, `assign`. */
import type { Assigners, ReviewerRules } from '@countersign/core/reviewer'
import { loadModule } from './load.ts'

export interface Rules {
  readonly rules: ReviewerRules
  readonly assign: Assigners | undefined
}

/** Loads the rules. Rejects with a one-line error when the file cannot be loaded, or its exports are invalid. */
export async function readRules(file: string): Promise<Rules> {
  const { authorize, review, assign } = await loadModule('--rules', file)
  const fault = (what: string): Error => new Error(`--rules ${file} ${what}`)
  if (authorize === undefined && review === undefined && assign === undefined)
    throw fault('must export authorize, review or assign')
  if (authorize !== undefined && typeof authorize !== 'function')
    throw fault('exports authorize, which is not a function')
  if (review !== undefined && typeof review !== 'function')
    throw fault('exports review, which is not a function')
  if (assign !== undefined && !isAssigners(assign))
    throw fault('exports assign, which must be functions by type and field')
  // The results of the functions are validated at each call.
  return { rules: { authorize, review } as ReviewerRules, assign }
}

function isAssigners(value: unknown): value is Assigners {
  const isObject = (part: unknown): part is object => typeof part === 'object' && part !== null
  return (
    isObject(value) &&
    Object.values(value).every(
      (fields) =>
        isObject(fields) && Object.values(fields).every((field) => typeof field === 'function'),
    )
  )
}
