/** The parts of a store that load on demand, for tests in virtual time: loading takes real time. */
import { SYNC } from '../client/sync-part.ts'
import { WRITES } from '../client/sync-store.ts'
import { HISTORY, IMPORT, MIGRATE } from '../client/writes.ts'

/** Loads them for the process. From then on, a store has each part in the turn in which it asks. */
export async function loadParts(): Promise<void> {
  await Promise.all([WRITES, SYNC, IMPORT, MIGRATE, HISTORY].map((part) => part.load()))
}
