/** The type that is written in a world of accounts. */
import { entity, optional } from '@countersign/core'
import { z } from 'zod'

export const Note = entity('note', {
  text: z.string(),
  /** The person who wrote it. Only this world has such a field; a real app has none. */
  by: z.string(),
  edits: optional(z.number().int()),
})
