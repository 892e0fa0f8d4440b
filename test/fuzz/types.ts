/** The type of the rows; the default export is what `--entities` of the sample reviewer reads. */
import { counter, entity, optional, set } from '@countersign/core'
import { z } from 'zod'

export const Item = entity('item', {
  title: z.string(),
  note: optional(z.json()),
  count: counter(),
  tags: set(z.string()),
})

export default [Item]
