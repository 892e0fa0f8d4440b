/**
 * Faults of core that this world has found and that are not mended yet. The invariants look away
 * from exactly these, so that everything else is still judged; whoever mends one sets it to
 * false, sees the world hold, and deletes the entry with the lines that ask for it.
 */
export const KNOWN_FAULTS: Readonly<Record<Fault, boolean>> = {
  // Of two values that stood in a snapshot beside each other, one having seen the other, `base` has
  // the later one, where it should have none, if the earlier one was here before the snapshot.
  baseAfterSnapshot: true,
  // A snapshot that is answered before the session is bound does not say which own messages it
  // contains: until the next ack they are shown as pending beside what they became.
  snapshotBeforeBound: true,
}

type Fault = 'baseAfterSnapshot' | 'snapshotBeforeBound'
