/** The health of the storage (`watch-health.ts`): a part that is loaded once a store is open, where its storage says something of itself. */
import type { StorageCare } from '../ports/storage-care.ts'
import type * as watching from './watch-health.ts'
import { Part } from './part.ts'

export const HEALTH: Part<typeof watching> = /* @__PURE__ */ new Part(
  () => import('./watch-health.ts'),
)

/** Watches the health of a storage; without the part, as offline, nothing is known of it. */
export function watchHealth(
  care: StorageCare | undefined,
  parts: Omit<watching.HealthParts, 'care'>,
): void {
  if (!care) return
  const begun = HEALTH.load().then(({ HealthWatch }) => new HealthWatch({ ...parts, care }).begin())
  begun.catch(() => {}) // the next opening asks again
}
