/**
 * Faults of core that this world has found and that are not mended yet. The invariants look away
 * from exactly these, so that everything else is still judged; whoever mends one sets it to
 * false, sees the world hold, and deletes the entry with the lines that ask for it.
 */
export const KNOWN_FAULTS: Readonly<Record<Fault, boolean>> = {
  // What a snapshot brought has no `keep`, so of two values that stood in it beside each other,
  // one having seen the other, `base` has the later one, where it should have none.
  baseAfterSnapshot: false,
  // `undo` writes what it could not read as `{ $unreadable }`, which is no value, and unsets what
  // showed a default, which is then gone, and refused as `invalid` where the field is required.
  undoAcrossVersions: false,
  // A snapshot that is answered before the session is bound does not say which own messages it
  // contains: until the next ack they are shown as pending beside what they became.
  snapshotBeforeBound: true,
  // A migration of a row that one archived and another edited writes `$archived: false` and keeps
  // nothing: it ends a conflict that somebody has to decide. `resolve` of another field does, too.
  migrationDecidesArchiving: true,
}

type Fault =
  | 'baseAfterSnapshot'
  | 'undoAcrossVersions'
  | 'snapshotBeforeBound'
  | 'migrationDecidesArchiving'
