/**
 * Space stores over synchronous tables. The given `run` schedules each step and translates its
 * failures; the lifetime of handles and of their scans is managed here.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { SCANS_MAX } from './space-store.ts'
import type { ScanTables, SpaceStore, SpaceStores, SpaceTables, StateScan } from './space-store.ts'
import { StoreError } from './store-error.ts'

/** Whether a step changes the tables. */
export type StepKind = 'read' | 'write'

/** Runs one step on the tables of the space; rejects with the error that the step throws. */
export type Run = <T>(kind: StepKind, step: (tables: SpaceTables) => T) => Promise<T>

/** `onLeave` is called when the last handle of a space is closed, after its scans. */
export function spacesOver(
  runOf: (space: Uuid) => Run,
  onLeave: (space: Uuid) => void = () => {},
): SpaceStores {
  const handles = new Set<SpaceStore>()
  const counts = new Map<Uuid, number>()
  const leave = (space: Uuid): void => {
    const left = (counts.get(space) ?? 1) - 1
    counts.set(space, left)
    if (left > 0) return
    counts.delete(space)
    onLeave(space)
  }
  return {
    open: (space) => {
      const run = runOf(space)
      counts.set(space, (counts.get(space) ?? 0) + 1)
      const store = spaceStoreOver(run, () => {
        handles.delete(store)
        leave(space)
      })
      handles.add(store)
      return store
    },
    close: async () => {
      for (const store of [...handles]) await store.close()
    },
  }
}

function spaceStoreOver(run: Run, onClose: () => void): SpaceStore {
  const scans = new Set<ScanTables>()
  let closed = false
  const live: Run = async (kind, step) => {
    if (closed) throw new StoreError('closed', 'the store is closed')
    return run(kind, step)
  }
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    for (const scan of scans) scan.close()
    scans.clear()
    onClose()
  }
  return {
    head: () => live('read', (tables) => tables.head()),
    append: (commit) => live('write', (tables) => tables.append(commit)),
    writeBehind: (write) => live('write', (tables) => tables.writeBehind(write)),
    resetBehind: () => live('write', (tables) => tables.resetBehind()),
    ledger: (id, clientSeqs) => live('read', (tables) => tables.ledger(id, clientSeqs)),
    ledgerRuns: (id, from, max) => live('read', (tables) => tables.ledgerRuns(id, from, max)),
    sessions: (keys) => live('read', (tables) => tables.sessions(keys)),
    authors: (ids) => live('read', (tables) => tables.authors(ids)),
    authorsOf: (text, max) => live('read', (tables) => tables.authorsOf(text, max)),
    revocations: () => live('read', (tables) => tables.revocations()),
    rejection: (msgId) => live('read', (tables) => tables.rejection(msgId)),
    rejections: (id, from, max) => live('read', (tables) => tables.rejections(id, from, max)),
    rejectionsWith: (part) => live('read', (tables) => tables.rejectionsWith(part)),
    forgetRejections: (keep, max) => live('write', (tables) => tables.forgetRejections(keep, max)),
    states: (entities, max) => live('read', (tables) => tables.states(entities, max)),
    changes: (entity, before, max) => live('read', (tables) => tables.changes(entity, before, max)),
    batches: (after, max) => live('read', (tables) => tables.batches(after, max)),
    seals: (seq) => live('read', (tables) => tables.seals(seq)),
    scan: async (type, keys) => {
      assert(scans.size < SCANS_MAX, `${SCANS_MAX} scans are open: close one`)
      const scan = await live('read', (tables) => {
        const opened = tables.scan(type, keys)
        scans.add(opened)
        return opened
      })
      return scanOver(live, scan, scans)
    },
    claimMeta: (key, value) => live('write', (tables) => tables.claimMeta(key, value)),
    meta: (key) => live('read', (tables) => tables.meta(key)),
    close,
  }
}

function scanOver(run: Run, scan: ScanTables, open: Set<ScanTables>): StateScan {
  return {
    through: scan.through,
    entities: scan.entities,
    page: (after, bytesMax) =>
      run('read', () => {
        if (!open.has(scan)) throw new StoreError('closed', 'the scan is closed')
        return scan.page(after, bytesMax)
      }),
    close: async () => {
      if (open.delete(scan)) scan.close()
    },
  }
}
