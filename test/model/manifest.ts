/**
 * The rows of a trace as a type of this library: a manifest has whatever fields it has, is
 * named by a path, and may be created on two branches at once. The default export is what
 * `--entities` of the sample reviewer reads.
 */
import { createHash } from 'node:crypto'
import { eachKey, entity } from '@countersign/core'
import { uuid8 } from '@countersign/core/message'
import { z } from 'zod'

/** Archiving is a register like any other in a trace, so nothing is surfaced about it. */
export const Manifest = entity('manifest', eachKey(z.json()), {
  idPolicy: 'supplied',
  onExists: 'fork',
}).conflicts({}, { archived: 'archive-wins' })

export default [Manifest]

/** The uuid of a row: paths are hashed, so that every run and every author gives the same. */
export function rowId(path: string): string {
  return uuid8(createHash('sha256').update(path).digest())
}
