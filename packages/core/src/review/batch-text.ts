/** The texts of one batch: the stored one, and the one for the author of messages in it. */
import { assert } from '../base/assert.ts'
import type { Session } from '../facts/types.ts'
import { BATCH_BOUNDS, type BatchBounds } from '../wire/bounds.ts'
import { type BatchForm, textOfBatch } from '../wire/compose-batch.ts'
import type { BatchLayout } from '../wire/layout.ts'

/** The complete text, with all lines and sessions, which can be read without earlier batches. */
export function storedText(layout: BatchLayout, bounds: BatchBounds = BATCH_BOUNDS): string {
  return textIn(layout, {}, bounds)
}

/** The text for an author: hashes replace the lines of its own messages. */
export function ownText(layout: BatchLayout, isOwn: (session: Session) => boolean): string {
  const own = new Set(layout.flushes.map(({ session }) => session).filter(isOwn))
  return textIn(layout, { hides: ({ session }) => own.has(session) })
}

function textIn(
  layout: BatchLayout,
  form: Omit<BatchForm, 'sessionNo'>,
  bounds: BatchBounds = BATCH_BOUNDS,
): string {
  const numbers = new Map<string, number>()
  const sessionNo = ({ line }: Session): number | undefined => {
    const known = numbers.get(line)
    if (known === undefined) numbers.set(line, numbers.size)
    return known
  }
  const text = textOfBatch(layout, { ...form, sessionNo }, bounds)
  assert(text.ok, 'the size of a batch was checked while it was decided')
  return text.value
}
