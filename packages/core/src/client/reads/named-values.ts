/** What a change gave to its fields, as the app's own version of the type names and reads it. */
import type { Json } from '../../base/json.ts'
import { fieldName } from '../../fold/conflicts.ts'
import { type Reader, isAbsent, readStored } from '../../fold/read.ts'

/** By register, as written in `version`. What is erased is named, and undefined. */
export function namedValues(
  values: Readonly<Record<string, Json | undefined>>,
  version: number,
  reader: Reader,
): Readonly<Record<string, unknown>> {
  const named: Record<string, unknown> = {}
  for (const [reg, value] of Object.entries(values)) {
    // The name of a field that is gone may be that of another one by now.
    if (value !== undefined && isAbsent(value, { reg, version }, reader)) continue
    named[fieldName(reg, reader)] =
      value === undefined ? undefined : readStored(value, { reg, version }, reader)
  }
  return named
}
