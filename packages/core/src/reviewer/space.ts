/**
 * The canonical state of a space as its reviewer holds it, and a batch on top of it: what is
 * admitted but not committed yet stands in the batch alone, so nobody is ever told of it
 * before the store has it (S16), and a commit that fails leaves nothing behind.
 *
 * Values of writes that were overwritten stay: a snapshot that is being sent may still show them,
 * and a late write may have them as its base.
 */
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import type { EntityState } from '../fold/state.ts'
import type { Entry, Write } from '../log/entry.ts'
import { MessageIndex } from '../log/messages.ts'
import type { Json } from '../base/json.ts'
import { type Reg, RegisterTable } from '../schema/registers.ts'

export class SpaceState {
  readonly messages: MessageIndex = new MessageIndex()
  readonly #tables = new Map<string, RegisterTable>()
  readonly #entities = new Map<Uuid, { readonly type: string; state: EntityState }>()
  readonly #assigned = new LastAssigned()

  registers(type: string): RegisterTable {
    let table = this.#tables.get(type)
    if (!table) this.#tables.set(type, (table = new RegisterTable()))
    return table
  }

  get size(): number {
    return this.#entities.size
  }

  entity(id: Uuid): { readonly type: string; readonly state: EntityState } | undefined {
    return this.#entities.get(id)
  }

  entities(): IterableIterator<[Uuid, { readonly type: string; readonly state: EntityState }]> {
    return this.#entities.entries()
  }

  /** What was assigned last to that register of that type. */
  lastAssigned(type: string, reg: Reg): LastValue | undefined {
    return this.#assigned.get(type, reg)
  }

  /** Takes in what a store has committed. */
  commit(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.messages.add(entry)
      this.#assigned.note(entry)
      for (const write of entry.writes) this.#apply(write)
    }
  }

  #apply(write: Write): void {
    const known = this.#entities.get(write.entityId)
    const state = apply(known?.state, write)
    if (known) known.state = state
    else this.#entities.set(write.entityId, { type: write.type, state })
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
  readonly #types = new Map<Uuid, string>()
  readonly #assigned = new LastAssigned()

  constructor(space: SpaceState) {
    this.#space = space
  }

  entry(id: Uuid): Entry | undefined {
    return this.#byId.get(id) ?? this.#space.messages.get(id)
  }

  /** Admitted in this batch. */
  isNew(id: Uuid): boolean {
    return this.#byId.has(id)
  }

  writeOf(id: Uuid, entityId: Uuid): Write | undefined {
    return this.entry(id)?.writes.find((write) => write.entityId === entityId)
  }

  state(entityId: Uuid): EntityState | undefined {
    return this.#states.get(entityId) ?? this.#space.entity(entityId)?.state
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
    }
  }
}
