/**
 * Faults of core that this world has found and that are not mended yet. The invariants look away
 * from exactly these, so that everything else is still judged; whoever mends one sets it to
 * false, sees the world hold, and deletes the entry with the lines that ask for it.
 */
export const KNOWN_FAULTS: Readonly<Record<Fault, boolean>> = {
  // A type of scope `row`, or a row that breaks its rule, is in conflict over a field only while
  // the value before is known; a replica that came by a snapshot or a checkpoint does not know it.
  conflictNeedsHistory: true,
  // `base` is made of whatever history is left: after a snapshot, of the first root.
  baseFromPartOfHistory: true,
  // A write that keeps another one leaves a conflict in a row in which nobody wrote side by side,
  // and `$conflicts` does not look for one there.
  keepInLine: true,
  // Of several who archived a row, the one that arrived first decides whether an edit stood beside
  // it: replicas in which they arrived in another order see another row.
  oneArchiveSpeaks: true,
  // Where one archived and another edited, and the row is shown, the next edit of it has seen the
  // archiving: the row is archived by somebody who never said so, and undo does not bring it back.
  editArchives: true,
  // A snapshot that is answered before the session is bound does not say which own messages it
  // contains: until the next ack they are shown as pending beside what they became.
  snapshotBeforeBound: true,
  // `reauthor` rehearses what it writes, and tells subscribers of the rehearsal, too.
  rehearsalIsTold: true,
}

type Fault =
  | 'conflictNeedsHistory'
  | 'baseFromPartOfHistory'
  | 'keepInLine'
  | 'oneArchiveSpeaks'
  | 'editArchives'
  | 'snapshotBeforeBound'
  | 'rehearsalIsTold'
