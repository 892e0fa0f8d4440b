/** Values in the sentences of faults. */
import { jsonFault } from '../../base/json.ts'

/** A value in a sentence, truncated when it is long. */
export function shown(value: unknown): string {
  const text = jsonFault(value) === undefined ? JSON.stringify(value) : `a ${typeof value}`
  return text.length > 64 ? `${text.slice(0, 60)}…` : text
}
