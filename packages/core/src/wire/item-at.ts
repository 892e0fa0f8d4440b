/** Looking up what a peer refers to by number. */
import { isCount } from '../facts/parse.ts'

/** The item of that number; undefined for what is none: a list has more names than its numbers. */
export function itemAt<T>(list: readonly T[], no: unknown): T | undefined {
  return isCount(no) ? list[no] : undefined
}
