/** The stored value of a field whose values were erased. Only a reviewer puts it there. */
import type { Json } from '../base/json.ts'

/** The value in the place of an erased one. A message that has it is refused. */
export const REDACTED: Json = Object.freeze({ $redacted: true })

/** Whether a value was erased: `REDACTED`, or the same as parsed from a text. */
export function isRedacted(value: Json | undefined): boolean {
  if (value === REDACTED) return true
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { $redacted?: Json }).$redacted === true
  )
}
