/** What is written in a world of erasures: each text has a token that no other text has. */
import { counter, entity, optional } from '@countersign/core'
import { z } from 'zod'

export const Note = entity('note', {
  /** By which parts of the space are followed; never erased. */
  board: z.string(),
  title: z.string(),
  body: optional(z.string()),
  visits: counter(),
}).index('by board', ['board'])

export const ERASABLE = ['title', 'body'] as const
