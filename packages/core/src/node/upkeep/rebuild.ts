/** Folds the states of a space from its log, and stores them, in steps that fit into memory. */
import { bytesOf } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import { Lineage } from '../../history/lineage.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SpaceHead, SpaceStore } from '../../ports/space-store.ts'
import { cachesOf } from '../../review/caches.ts'
import { Ledger } from '../../review/ledger.ts'
import { Persons } from '../../review/persons.ts'
import { foldsOf, typesOf } from '../../review/schema-rules.ts'
import { SpaceState } from '../../review/space.ts'
import { KeyedTypes } from '../../review/state-keys.ts'
import { readStoredBatch } from '../../review/stored.ts'
import type { Entity } from '../../schema/entity.ts'
import { StateWriter } from '../behind.ts'
import { type Genesis, replay } from '../open.ts'
import { SpaceSource } from '../source.ts'

export interface RebuildOptions {
  readonly space: Uuid
  /** A store without states, to which nothing else writes meanwhile. */
  readonly store: SpaceStore
  readonly genesis: Genesis
  readonly clock: Clock
  readonly limits: Limits
  readonly entities?: readonly Entity[] | undefined
  readonly onProgress?: ((seq: number) => void) | undefined
}

/** The batches of one step. `replay` reads as much at once. */
const STEP_BYTES = bytesOf(4_194_304)

/** Rejects where the log or the store does not allow it. */
export async function rebuildStates(options: RebuildOptions): Promise<SpaceHead> {
  const { store, onProgress } = options
  const { seq: end, epoch } = await store.head()
  const { open, behind, failed } = folding(options, { epoch })
  for (let seq = 0; seq < end;) {
    const found = await store.batches(seq, STEP_BYTES)
    const last = found.at(-1)
    if (!last) throw new Error(`the log ends at seq ${seq}, and the head says ${end}`)
    await replay(open, { after: seq, head: readStoredBatch(last).position }, store)
    seq = open.seq = last.toSeq
    await behind.write()
    if (failed.length > 0) throw failed[0]
    onProgress?.(seq)
  }
  behind.stop()
  return store.head()
}

/** A space without states, as a reviewer has it in memory, and what writes its states. */
function folding(
  { space: spaceId, store, genesis, clock, limits, entities }: RebuildOptions,
  { epoch }: { readonly epoch: number },
): {
  readonly open: {
    readonly space: SpaceState
    readonly source: SpaceSource
    lineage: Lineage
    seq: number
  }
  readonly behind: StateWriter
  readonly failed: readonly unknown[]
} {
  const types = typesOf(entities)
  const caches = cachesOf(limits)
  const { heldChainsMax, dirtyStatesMax } = limits
  const folds = foldsOf(types, () => {}) // a fold that fails leaves the value as it was
  const space = new SpaceState({ budget: caches.states, heldChainsMax, foldsOf: folds })
  const source = new SpaceSource({
    ...{ spaceId, store, limits, space, lineage: () => open.lineage, onRefolded: () => {} },
    erasedSeq: () => 0,
    isErasing: () => false, // nobody asks it for bases
    ledger: new Ledger(spaceId, { limits, caches }),
    persons: new Persons(caches.authors),
  })
  const open = { space, source, lineage: new Lineage([genesis]), seq: 0 }
  const failed: unknown[] = []
  const behind = new StateWriter({
    ...{ store, clock, space, dirtyStatesMax, through: 0, keyed: new KeyedTypes(types) },
    epoch: () => epoch,
    head: () => open.seq,
    onError: (error) => void failed.push(error),
  })
  return { open, behind, failed }
}
