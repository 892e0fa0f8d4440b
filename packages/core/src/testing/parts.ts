/** The parts of a store that load on demand, for tests in virtual time: loading takes real time. */
import { ERASED_RECORDS } from '../client/erasing.ts'
import { PEERING } from '../client/peers/part.ts'
import { HEALTH } from '../client/storage-health.ts'
import { SYNC } from '../client/sync-part.ts'
import { WRITES } from '../client/sync-store.ts'
import { WARNINGS } from '../client/warnings.ts'
import { HISTORY, IMPORT, MIGRATE, UNSENT } from '../client/writes.ts'

/** Loads them for the process. From then on, a store has each part in the turn in which it asks. */
export async function loadParts(): Promise<void> {
  const parts = [
    ...[WRITES, SYNC, PEERING, IMPORT, MIGRATE, HISTORY, UNSENT, HEALTH, WARNINGS],
    ERASED_RECORDS,
  ]
  await Promise.all(parts.map((part) => part.load()))
}
