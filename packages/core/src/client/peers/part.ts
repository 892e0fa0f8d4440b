/** The part of a store that reviews, or follows a peer that does. */
import { Part } from '../part.ts'
import type { peeringOf } from './peering.ts'

export const PEERING: Part<{ readonly peeringOf: typeof peeringOf }> = /* @__PURE__ */ new Part(
  () => import('./peering.ts'),
)
