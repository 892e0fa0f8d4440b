/** Look-up of untrusted indexes. */
import { isCount } from '../facts/parse.ts'

/**
 * The item at an index; undefined for a value that is not an index, such as the name of a method.
 */
export function itemAt<T>(list: readonly T[], no: unknown): T | undefined {
  return isCount(no) ? list[no] : undefined
}
