/** Loads the rules of a deployment from its module: `authenticate`, `authorize`, `review`, `assign`. */
import type { Assigners, Authenticate, ReviewerRules } from '@countersign/core/reviewer'
import { loadModule } from './load.ts'

export interface Rules {
  readonly rules: ReviewerRules
  readonly authenticate: Authenticate | undefined
  readonly assign: Assigners | undefined
}

/** Loads the rules. Rejects with a one-line error when the file cannot be loaded, or its exports are invalid. */
export async function readRules(file: string): Promise<Rules> {
  const { authenticate, authorize, review, assign } = await loadModule('--rules', file)
  const fault = (what: string): Error => new Error(`--rules ${file} ${what}`)
  if ([authenticate, authorize, review, assign].every((each) => each === undefined))
    throw fault('must export authenticate, authorize, review or assign')
  if (authenticate !== undefined && typeof authenticate !== 'function')
    throw fault('exports authenticate, which is not a function')
  if (authorize !== undefined && typeof authorize !== 'function')
    throw fault('exports authorize, which is not a function')
  if (review !== undefined && typeof review !== 'function')
    throw fault('exports review, which is not a function')
  if (assign !== undefined && !isAssigners(assign))
    throw fault('exports assign, which must be functions by type and field')
  // The results of the functions are validated at each call.
  return {
    rules: { authorize, review } as ReviewerRules,
    authenticate: authenticate as Authenticate | undefined,
    assign,
  }
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
