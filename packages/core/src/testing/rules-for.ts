/** One rule for several types, for every kind of change. */
import type { AnyChange, RuleAnswer, RuleContext, Rules } from '../review/rules.ts'
import type { AnyRow } from '../schema/types.ts'

/** A rule for every change; `row` is undefined for a creation. */
export type AnyRule = (
  context: RuleContext,
  change: AnyChange,
  row: AnyRow | undefined,
) => RuleAnswer

/**
 * The rules of these types: the same rule for each. It is called once for a change that archives.
 */
export function rulesFor(types: readonly string[], rule: AnyRule): Rules {
  const each = {
    create: (context: RuleContext, change: AnyChange) => rule(context, change, undefined),
    update: rule,
    resolve: rule,
    archive: (context: RuleContext, change: AnyChange, row: AnyRow) =>
      Object.keys(change.values).length > 1 || rule(context, change, row),
  }
  return Object.fromEntries(types.map((type) => [type, each]))
}
