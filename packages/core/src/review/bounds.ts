/** Checks a message against the limits of this deployment. */
import type { Bytes } from '../base/size.ts'
import type { Message, Names } from '../facts/types.ts'
import type { Limits } from '../facts/limits.ts'

/** Which limit the message exceeds; undefined: none. `bytes`: the size of its lines, with the head. */
export function boundsFault(
  { changes, expect = [] }: Message,
  bytes: Bytes,
  limits: Limits,
): string | undefined {
  if (changes.length > limits.messageChangesMax)
    return `more than ${limits.messageChangesMax} changes`
  if (bytes > limits.messageBytesMax) return `more than ${limits.messageBytesMax} bytes`
  if (expect.length > limits.expectMax) return `it expects more than ${limits.expectMax} rows`
  for (const { shape, parents, keep = [], own = [] } of changes) {
    if (shape.regs.length > limits.registersMax)
      return `a change writes more than ${limits.registersMax} registers`
    if (countOf(parents) > limits.parentsMax)
      return `a change has more than ${limits.parentsMax} parents`
    if (own.length + parents.others.length > limits.ownSpansMax)
      return `a change names more than ${limits.ownSpansMax} pending sessions`
    if (keep.some(({ names }) => countOf(names) > limits.keepMax))
      return `keep names more than ${limits.keepMax} writes`
  }
  return undefined
}

function countOf({ canonical, own, others }: Names): number {
  return canonical.length + own.length + others.length
}
