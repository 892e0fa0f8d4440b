/** What is written in a world of accounts. */
import { entity, optional } from '@countersign/core'
import { z } from 'zod'

export const Note = entity('note', {
  text: z.string(),
  /** Who wrote it, as only this world knows; a real app has no such field. */
  by: z.string(),
  edits: optional(z.number().int()),
})
