/** The texts of one batch: as the store has it and everybody may read it, and for one author. */
import { assert } from '../base/assert.ts'
import type { Session } from '../facts/types.ts'
import { type BatchForm, textOfBatch } from '../wire/compose-batch.ts'
import type { BatchLayout } from '../wire/layout.ts'

/** Every line in it, sessions too: whoever has it needs nothing before it. */
export function storedText(layout: BatchLayout): string {
  return textIn(layout, {})
}

/** The same for an author: hashes in the place of the lines that it offered. */
export function ownText(layout: BatchLayout, isOwn: (session: Session) => boolean): string {
  return textIn(layout, { hides: ({ session }) => isOwn(session) })
}

function textIn(layout: BatchLayout, form: Omit<BatchForm, 'sessionNo'>): string {
  const numbers = new Map<string, number>()
  const sessionNo = ({ line }: Session): number | undefined => {
    const known = numbers.get(line)
    if (known === undefined) numbers.set(line, numbers.size)
    return known
  }
  const text = textOfBatch(layout, { ...form, sessionNo })
  assert(text.ok, 'a batch that is measured while it is made fits its bound')
  return text.value
}
