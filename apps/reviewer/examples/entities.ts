/** The types of an issue board, for `--entities`. An app declares the same ones for its store. */
import { entity } from '@countersign/core'
import { z } from 'zod'

export const Issue = entity(
  'issue',
  z.object({
    title: z.string().min(1).max(200),
    points: z.number().int().min(0).default(0),
    sprint: z.string().optional(),
    /** 1, 2, 3…: assigned by the reviewer. */
    number: z.number().int(),
  }),
)
  .index('sprint', ['sprint'])
  .assigned('number')

export default [Issue]
