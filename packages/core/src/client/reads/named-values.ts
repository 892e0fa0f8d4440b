/** The values of a change by field name, in the version of the type that this build has. */
import type { Json } from '../../base/json.ts'
import { fieldName } from '../../fold/conflicts.ts'
import { type Reader, isAbsent, readStored } from '../../fold/read.ts'

/** Converts `values`, by register, as written in `version`. Erased values are undefined. */
export function namedValues(
  values: Readonly<Record<string, Json | undefined>>,
  version: number,
  reader: Reader,
): Readonly<Record<string, unknown>> {
  const named: Record<string, unknown> = {}
  for (const [reg, value] of Object.entries(values)) {
    // Skips removed fields: their name may belong to another field in this version.
    if (value !== undefined && isAbsent(value, { reg, version }, reader)) continue
    named[fieldName(reg, reader)] =
      value === undefined ? undefined : readStored(value, { reg, version }, reader)
  }
  return named
}
