/** The invoice of `assigned.test.ts`, as its authors declare it, and as its reviewer does. */
import { entity } from '@countersign/core'
import { z } from 'zod'

const fields = { title: z.string(), paid: z.boolean().default(false), number: z.number().int() }

export const Invoice = entity('invoice', z.object(fields))
  .index('number', ['number'])
  .assigned('number')

/** Refuses long titles, which authors may write. */
export const StrictInvoice = entity(
  'invoice',
  z.object({ ...fields, title: z.string().max(20) }),
).assigned('number')
