/** The part that syncs: the session with the reviewer, its checks, and the wire. */
import { Part } from './part.ts'
import type { sessionOf } from './session-events.ts'

export const SYNC: Part<{ readonly sessionOf: typeof sessionOf }> = /* @__PURE__ */ new Part(
  () => import('./session-events.ts'),
)
