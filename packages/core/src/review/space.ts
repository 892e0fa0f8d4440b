/**
 * The canonical states of a space: a cache of the reviewer's store, with a share of the process's
 * budget. On a miss the item is loaded (`missing.ts`). Dirty states, which the store does not have yet,
 * are never evicted before they are written behind; neither are types of which rules read all rows,
 * which are not counted in the budget. Accepted but uncommitted messages are only in the `Batch` on
 * top, so nothing is sent before the store has it (S16), and a failed commit leaves no trace.
 */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import { stateBytesAtMost } from '../fold/state-size.ts'
import { redact } from '../fold/redact.ts'
import { type EntityState, createdOf, seqOf } from '../fold/state.ts'
import { type Entry, type Write, reviewIn } from '../history/entry.ts'
import type { ErasedBefore } from '../history/erased.ts'
import type { AppFold } from '../schema/operations.ts'
import { type Reg, RegisterTable } from '../schema/registers.ts'
import { HeldChains } from '../history/held-chains.ts'
import type { CacheBudget } from './cache-budget.ts'
import type { SpaceUse } from './caches.ts'
import { Lru } from './lru.ts'
import { Missing, type Need } from './missing.ts'

export interface SpaceEntity {
  readonly type: string
  readonly state: EntityState
}

interface Cached {
  /** Null: the store has no such entity. */
  readonly entity: SpaceEntity | null
  readonly bytes: number
}

/** A state that the store does not have yet, and the seqs of its unwritten changes. */
export interface DirtyState extends SpaceEntity {
  readonly id: Uuid
  readonly seqs: readonly number[]
}

export type FoldsOf = (type: string) => ReadonlyMap<Reg, AppFold> | undefined

/** Bytes of an entity besides its state, and of an entry for a nonexistent one. */
const ENTITY_BYTES = 256
/** Heap bytes per stored byte of a state: 4,700 to 2,200, measured on 20,000 rows of the bench. */
const HEAP_RATIO = 2

/** The states of one space at its reviewer, within a bound of bytes. */
export class SpaceState {
  readonly #tables = new Map<string, RegisterTable>()
  readonly #cached: Lru<Uuid, Cached>
  readonly #budget: CacheBudget
  /** The entities of resident types. */
  readonly #kept = new Map<Uuid, Cached>()
  #keptBytes = 0
  /** Seqs whose change is not in the store's state yet, by entity. */
  readonly #dirty = new Map<Uuid, number[]>()
  /** Types whose entities are all cached and never evicted, because rules read all of their rows. */
  readonly #resident = new Map<string, Set<Uuid>>()
  /** Types whose entities are being loaded: cached ones are not evicted meanwhile. */
  readonly #arriving = new Set<string>()
  #assigned: LastAssigned
  readonly chains: HeldChains
  readonly #foldsOf: FoldsOf

  /** `budget`: in bytes. `foldsOf`: the fold functions of the deployment, by register of a type. */
  constructor({
    budget,
    use = { isHeld: false },
    heldChainsMax,
    foldsOf = () => undefined,
    assigned = [],
  }: {
    readonly budget: CacheBudget
    readonly use?: Readonly<SpaceUse>
    readonly heldChainsMax: number
    readonly foldsOf?: FoldsOf
    readonly assigned?: readonly AssignedLast[]
  }) {
    this.#foldsOf = foldsOf
    this.#budget = budget
    this.#cached = new Lru(budget, {
      sizeOf: ({ bytes }) => bytes,
      mayGo: ({ entity }) =>
        entity === null || (!this.#arriving.has(entity.type) && !this.#isDirty(entity)),
      isHeld: () => use.isHeld,
    })
    this.#assigned = new LastAssigned(assigned)
    this.chains = new HeldChains(heldChainsMax)
  }

  registers(type: string): RegisterTable {
    let table = this.#tables.get(type)
    if (!table) this.#tables.set(type, (table = new RegisterTable([], this.#foldsOf(type))))
    return table
  }

  /** The size of all cached entities, in bytes. */
  get cachedBytes(): number {
    return this.#cached.size + this.#keptBytes
  }

  get dirtyCount(): number {
    return this.#dirty.size
  }

  /** Whether the entity, or its absence, is cached. */
  has(id: Uuid): boolean {
    return this.#kept.has(id) || this.#cached.has(id)
  }

  /** @throws Missing */
  entity(id: Uuid): SpaceEntity | undefined {
    const cached = this.#find(id)
    if (!cached) throw new Missing({ kind: 'entity', id })
    return cached.entity ?? undefined
  }

  /** Every entity of a type. @throws Missing */
  *entitiesOf(type: string): IterableIterator<[Uuid, SpaceEntity]> {
    const ids = this.#resident.get(type)
    if (!ids) throw new Missing({ kind: 'type', type })
    for (const id of ids) yield [id, this.#present(id)]
  }

  /** An entity that is known to exist. @throws Missing */
  #present(id: Uuid): SpaceEntity {
    const entity = this.entity(id)
    assert(entity, 'an existing entity is never deleted')
    return entity
  }

  isResident(type: string): boolean {
    return this.#resident.has(type)
  }

  /** Adds an entity read from the store, unless there is a cached one, which is the same or newer. */
  loaded(id: Uuid, entity: SpaceEntity | undefined): void {
    if (!this.#find(id)?.entity) this.#put(id, entity ?? null)
  }

  /** Marks a state as dirty because its stored copy is damaged, so that it is written again. */
  rewrite(id: Uuid, { state }: SpaceEntity): void {
    if (!this.#dirty.has(id)) this.#dirty.set(id, [seqOf(state)])
  }

  /**
   * Loads every entity of a type with `load`, and keeps them from then on. A scan reads the states of
   * its start; newer states are in the cache, and must not be evicted before the scan ends.
   */
  async keepType(type: string, load: () => Promise<void>): Promise<void> {
    this.#arriving.add(type)
    try {
      await load()
      const ids = this.#inOrder(type)
      this.#resident.set(type, new Set(ids))
      for (const id of ids) this.#put(id, this.#present(id))
    } finally {
      this.#arriving.delete(type)
    }
  }

  /** The cached entities of a type in order of creation, the stable order for rules. */
  #inOrder(type: string): Uuid[] {
    const found: { readonly id: Uuid; readonly seq: number; readonly index: number }[] = []
    for (const [id, { entity }] of this.#cached.entries()) {
      if (entity?.type !== type) continue
      const { entry, index } = createdOf(entity.state)
      found.push({ id, seq: reviewIn(entry).seq, index })
    }
    return found.sort((a, b) => a.seq - b.seq || a.index - b.index).map(({ id }) => id)
  }

  /** The last value assigned to a register of a type. */
  lastAssigned(type: string, reg: Reg): LastValue | undefined {
    return this.#assigned.get(type, reg)
  }

  /** The last assigned values are those of a head: batches that are replayed may have erased ones. */
  assignedAre(assigned: readonly AssignedLast[]): void {
    this.#assigned = new LastAssigned(assigned)
  }

  /** The last assigned values after these entries, to be stored with the head. */
  assignedAfter(entries: readonly Entry[]): readonly AssignedLast[] {
    const after = new LastAssigned(this.#assigned.all())
    for (const entry of entries) after.note(entry)
    return after.all()
  }

  /**
   * Applies committed entries in canonical order. `states`: those after the batch, if known. An entry
   * that is in a state already is not applied again: the state may have been read after another
   * process wrote it behind.
   */
  commit(entries: readonly Entry[], states: ReadonlyMap<Uuid, EntityState> = new Map()): void {
    for (const entry of entries) {
      this.#assigned.note(entry)
      for (const write of entry.writes) this.#take(write, states.get(write.entityId))
    }
  }

  /** Notes the end of a batch and its chain. */
  endBatch(seq: number, chain: string): void {
    this.chains.note(seq, chain)
  }

  #take(write: Write, after: EntityState | undefined): void {
    const { entityId: id, type } = write
    const { seq } = reviewIn(write.entry)
    const before = after ? undefined : this.entity(id)?.state
    const isIn = before !== undefined && seqOf(before) >= seq
    const state = after ?? (isIn ? before : apply(before, write))
    this.#put(id, { type, state })
    this.#resident.get(type)?.add(id)
    this.#noteDirty(id, seq)
  }

  #noteDirty(id: Uuid, seq: number): void {
    const seqs = this.#dirty.get(id) ?? []
    if (seqs.length === 0) this.#dirty.set(id, seqs)
    if ((seqs.at(-1) ?? 0) < seq) seqs.push(seq)
  }

  /** Erases values of an entity that is cached, as a committed record says. */
  redact(record: ErasedBefore): void {
    const { entityId: id, seq } = record
    const { type, state } = this.#present(id)
    // It may have been read after another process wrote it behind.
    if (seqOf(state) < seq)
      this.#put(id, { type, state: redact(state, record, this.registers(type)) })
    this.#noteDirty(id, seq)
  }

  #put(id: Uuid, entity: SpaceEntity | null): void {
    const bytes = entity
      ? ENTITY_BYTES + HEAP_RATIO * stateBytesAtMost(entity.state, this.registers(entity.type))
      : ENTITY_BYTES
    if (!entity || !this.#resident.has(entity.type)) {
      this.#cached.set(id, { entity, bytes })
      return
    }
    this.#cached.delete(id)
    this.#keptBytes += bytes - (this.#kept.get(id)?.bytes ?? 0)
    this.#kept.set(id, { entity, bytes })
  }

  #find(id: Uuid): Cached | undefined {
    return this.#kept.get(id) ?? this.#cached.get(id)
  }

  /** Evicts states down to the budget, here and in the other spaces that share it. */
  trim(): void {
    this.#budget.trim()
  }

  /** Called when the space is closed: frees its share of the budget. */
  leave(): void {
    this.#cached.leave()
  }

  #isDirty({ state }: SpaceEntity): boolean {
    return this.#dirty.has(createdOf(state).entityId)
  }

  /** The states that the store does not have yet, to write behind. */
  dirtyStates(): readonly DirtyState[] {
    return [...this.#dirty].map(([id, seqs]) => ({ id, seqs: [...seqs], ...this.#present(id) }))
  }

  /** Seqs of the changes of an entity that are not in the store's state yet, in order. */
  dirtySeqs(id: Uuid): readonly number[] {
    return this.#dirty.get(id) ?? []
  }

  /** Called when the store has all states up to that seq. */
  written(through: number): void {
    for (const [id, seqs] of this.#dirty) {
      const left = seqs.filter((seq) => seq > through)
      if (left.length === 0) this.#dirty.delete(id)
      else this.#dirty.set(id, left)
    }
    this.trim()
  }
}

/** An assigned value, in the version of its creation. */
export interface LastValue {
  readonly value: Json
  readonly version: number
}

export interface AssignedLast extends LastValue {
  readonly type: string
  readonly reg: Reg
}

/** The last assigned values, by type and register. */
export class LastAssigned {
  readonly #values = new Map<string, AssignedLast>()

  constructor(all: readonly AssignedLast[] = []) {
    for (const one of all) this.#values.set(`${one.type} ${one.reg}`, one)
  }

  get(type: string, reg: Reg): LastValue | undefined {
    return this.#values.get(`${type} ${reg}`)
  }

  all(): readonly AssignedLast[] {
    return [...this.#values.values()]
  }

  note({ review, writes }: Entry): void {
    if (!review?.assigned) return
    for (const { index, type, version } of writes) {
      for (const [reg, value] of Object.entries(review.assigned[index] ?? {}))
        this.#values.set(`${type} ${reg}`, { type, reg, value, version })
    }
  }
}

/** Accepted and uncommitted messages. Reads fall through to the space. */
export class DecisionBatch {
  readonly entries: Entry[] = []
  readonly #space: SpaceState
  readonly #states = new Map<Uuid, EntityState>()
  readonly #changes = new Map<Uuid, Write[]>()
  readonly #types = new Map<Uuid, string>()
  readonly #assigned = new LastAssigned()
  /** The persons of the authors of its entries that a login has proved. */
  readonly persons: Map<Uuid, string> = new Map<Uuid, string>()
  readonly #personOf: (authorId: Uuid) => string | undefined
  /** The accepted writes of entities, in canonical order, as far as loaded. */
  readonly #history: ReadonlyMap<Uuid, readonly Write[] | 'long'>
  #missed: Need | undefined

  constructor(
    space: SpaceState,
    history: ReadonlyMap<Uuid, readonly Write[] | 'long'> = new Map(),
    personOf: (authorId: Uuid) => string | undefined = () => undefined,
  ) {
    this.#space = space
    this.#personOf = personOf
    this.#history = history
  }

  /** @throws Missing */
  state(entityId: Uuid): EntityState | undefined {
    return this.#states.get(entityId) ?? this.#entity(entityId)?.state
  }

  /** The states of the entities that the batch changes. */
  get states(): ReadonlyMap<Uuid, EntityState> {
    return this.#states
  }

  /** Every write of the entity, in canonical order; undefined where they are too many. @throws Missing */
  changesOf(entityId: Uuid): readonly Write[] | undefined {
    const admitted = this.#changes.get(entityId) ?? []
    if (!this.#entity(entityId)) return admitted
    const committed = this.#history.get(entityId)
    if (committed === undefined) this.#need({ kind: 'changes', id: entityId })
    return committed === 'long' ? undefined : [...committed, ...admitted]
  }

  /** The personal id that a login has proved for an author; undefined: none. @throws Missing */
  personOf(authorId: Uuid): string | undefined {
    return this.persons.get(authorId) ?? this.#read(() => this.#personOf(authorId))
  }

  /** @throws Missing */
  typeOf(entityId: Uuid): string | undefined {
    return this.#types.get(entityId) ?? this.#entity(entityId)?.type
  }

  /** The committed entities of a type, without the changes of the batch. @throws Missing */
  entitiesOf(type: string): readonly (readonly [Uuid, SpaceEntity])[] {
    return this.#read(() => [...this.#space.entitiesOf(type)])
  }

  lastAssigned(type: string, reg: Reg): LastValue | undefined {
    return this.#assigned.get(type, reg) ?? this.#space.lastAssigned(type, reg)
  }

  /** Adds an accepted entry. `states`: those after it, aligned with its writes. */
  add(entry: Entry, states: readonly EntityState[]): void {
    assert(states.length === entry.writes.length, 'each write of a message leads to a state')
    assert(entry.review !== null, 'an accepted entry has its review')
    this.entries.push(entry)
    this.#assigned.note(entry)
    for (const [i, write] of entry.writes.entries()) {
      this.#states.set(write.entityId, states[i]!)
      this.#types.set(write.entityId, write.type)
      const admitted = this.#changes.get(write.entityId)
      if (admitted) admitted.push(write)
      else this.#changes.set(write.entityId, [write])
    }
  }

  /** Throws the last cache miss again: a rule may have caught it, which makes its answer invalid. @throws Missing */
  assertNothingMissed(): void {
    if (this.#missed) throw new Missing(this.#missed)
  }

  /** Called before the missing item is loaded. */
  forgetMissed(): void {
    this.#missed = undefined
  }

  #entity(id: Uuid): SpaceEntity | undefined {
    return this.#read(() => this.#space.entity(id))
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof Missing) this.#missed = error.need
      throw error
    }
  }

  #need(need: Need): never {
    this.#missed = need
    throw new Missing(need)
  }
}
