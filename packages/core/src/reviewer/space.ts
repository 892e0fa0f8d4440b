/**
 * The canonical state of a space as its reviewer holds it, and a batch on top of it: what is
 * admitted but not committed yet stands in the batch alone, so nobody is ever told of it
 * before the store has it (S16), and a commit that fails leaves nothing behind.
 *
 * Changes of an entity stay with their values: a late write may have them as its base, and a
 * history is made of them.
 */
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import type { EntityState } from '../fold/state.ts'
import type { Entry, Write } from '../history/entry.ts'
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { AppFold } from '../schema/operations.ts'
import { type Reg, RegisterTable } from '../schema/registers.ts'
import { HeldChains } from './held-chains.ts'

interface SpaceEntity {
  readonly type: string
  state: EntityState
  /** Every accepted write, in canonical order. */
  readonly changes: Write[]
}

export type FoldsOf = (type: string) => ReadonlyMap<Reg, AppFold> | undefined

export class SpaceState {
  readonly #entries = new Map<Uuid, Entry>()
  readonly #tables = new Map<string, RegisterTable>()
  readonly #entities = new Map<Uuid, SpaceEntity>()
  readonly #assigned = new LastAssigned()
  readonly chains: HeldChains
  readonly #foldsOf: FoldsOf

  /** `foldsOf`: how the deployment folds the operations of an app, by register of a type. */
  constructor(heldChainsMax: number, foldsOf: FoldsOf = () => undefined) {
    this.#foldsOf = foldsOf
    this.chains = new HeldChains(heldChainsMax)
  }

  registers(type: string): RegisterTable {
    let table = this.#tables.get(type)
    if (!table) this.#tables.set(type, (table = new RegisterTable([], this.#foldsOf(type))))
    return table
  }

  get size(): number {
    return this.#entities.size
  }

  entry(id: Uuid): Entry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  entity(id: Uuid): Readonly<SpaceEntity> | undefined {
    return this.#entities.get(id)
  }

  entities(): IterableIterator<[Uuid, Readonly<SpaceEntity>]> {
    return this.#entities.entries()
  }

  /** What was assigned last to that register of that type. */
  lastAssigned(type: string, reg: Reg): LastValue | undefined {
    return this.#assigned.get(type, reg)
  }

  /** Takes in what a store has committed, in canonical order. `states` are those after the batch, if they are known. */
  commit(entries: readonly Entry[], states: ReadonlyMap<Uuid, EntityState> = new Map()): void {
    for (const entry of entries) {
      this.#entries.set(entry.id, entry)
      this.#assigned.note(entry)
      for (const write of entry.writes) this.#take(write, states.get(write.entityId))
    }
  }

  /** A batch ends there, with that chain. */
  endBatch(seq: number, chain: Hash): void {
    this.chains.note(seq, chain)
  }

  #take(write: Write, after: EntityState | undefined): void {
    const known = this.#entities.get(write.entityId)
    const state = after ?? apply(known?.state, write)
    if (!known) {
      this.#entities.set(write.entityId, { type: write.type, state, changes: [write] })
      return
    }
    known.state = state
    known.changes.push(write)
  }
}

/** What was assigned, in the version of the creation that it was given to. */
export interface LastValue {
  readonly value: Json
  readonly version: number
}

/** By type and register: what the newest review assigned. */
class LastAssigned {
  readonly #values = new Map<string, LastValue>()

  get(type: string, reg: Reg): LastValue | undefined {
    return this.#values.get(`${type} ${reg}`)
  }

  note({ review, writes }: Entry): void {
    if (!review?.assigned) return
    for (const { index, type, version } of writes) {
      for (const [reg, value] of Object.entries(review.assigned[index] ?? {}))
        this.#values.set(`${type} ${reg}`, { value, version })
    }
  }
}

/** Admitted and not yet committed. Reads fall through to the space. */
export class Batch {
  readonly entries: Entry[] = []
  readonly #space: SpaceState
  readonly #byId = new Map<Uuid, Entry>()
  readonly #states = new Map<Uuid, EntityState>()
  readonly #changes = new Map<Uuid, Write[]>()
  readonly #types = new Map<Uuid, string>()
  readonly #assigned = new LastAssigned()

  constructor(space: SpaceState) {
    this.#space = space
  }

  entry(id: Uuid): Entry | undefined {
    return this.#byId.get(id) ?? this.#space.entry(id)
  }

  /** Admitted in this batch. */
  isNew(id: Uuid): boolean {
    return this.#byId.has(id)
  }

  state(entityId: Uuid): EntityState | undefined {
    return this.#states.get(entityId) ?? this.#space.entity(entityId)?.state
  }

  /** States of the entities that the batch touches. */
  get states(): ReadonlyMap<Uuid, EntityState> {
    return this.#states
  }

  /** Every write of the entity, in canonical order. */
  changesOf(entityId: Uuid): readonly Write[] {
    const committed = this.#space.entity(entityId)?.changes ?? []
    const admitted = this.#changes.get(entityId)
    return admitted ? [...committed, ...admitted] : committed
  }

  typeOf(entityId: Uuid): string | undefined {
    return this.#types.get(entityId) ?? this.#space.entity(entityId)?.type
  }

  lastAssigned(type: string, reg: Reg): LastValue | undefined {
    return this.#assigned.get(type, reg) ?? this.#space.lastAssigned(type, reg)
  }

  /** `states` are those after the entry, aligned with its writes. */
  add(entry: Entry, states: readonly EntityState[]): void {
    this.entries.push(entry)
    this.#assigned.note(entry)
    this.#byId.set(entry.id, entry)
    for (const [i, write] of entry.writes.entries()) {
      this.#states.set(write.entityId, states[i]!)
      this.#types.set(write.entityId, write.type)
      const admitted = this.#changes.get(write.entityId)
      if (admitted) admitted.push(write)
      else this.#changes.set(write.entityId, [write])
    }
  }
}
