/**
 * Folds the log of a space again, and compares the stored states and changes with it. A space may have
 * more entities than memory: each of several passes over the log folds a part of them.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import { apply } from '../../fold/apply.ts'
import { redact } from '../../fold/redact.ts'
import type { EntityState } from '../../fold/state.ts'
import { type Write, reviewIn } from '../../history/entry.ts'
import type { Lineage } from '../../history/lineage.ts'
import type { StateText, Stored } from '../../ports/space-store.ts'
import type { FoldsOf } from '../../review/space.ts'
import { readState, stateOf, stateText } from '../../review/stored.ts'
import { RegisterTable } from '../../schema/registers.ts'
import type { PageEntity } from '../../wire/pages.ts'
import { readPage } from '../../wire/pages.ts'
import type { RedactRecord } from '../../wire/records.ts'
import type { Batch } from '../../wire/types.ts'
import { loggedEntry } from '../logged.ts'
import type { Faults } from './faults.ts'

/** Which entities a pass folds: those of share `no` of `of`. */
export interface Share {
  readonly no: number
  readonly of: number
}

interface Folded {
  readonly type: string
  state: EntityState
  readonly seqs: number[]
}

/** An entity as its messages make it: the seqs of its changes, in order. */
export type FoldedSeqs = Pick<Folded, 'seqs'>

export class FoldCheck {
  readonly #share: Share
  readonly #foldsOf: FoldsOf
  readonly #faults: Faults
  readonly #tables = new Map<string, RegisterTable>()
  readonly #entities = new Map<Uuid, Folded>()
  /** Erasures that are newer than the states: the log has lost these values already. */
  readonly #later: readonly RedactRecord[]

  constructor(
    share: Share,
    foldsOf: FoldsOf,
    { faults, later }: { readonly faults: Faults; readonly later: readonly RedactRecord[] },
  ) {
    this.#later = later
    this.#share = share
    this.#foldsOf = foldsOf
    this.#faults = faults
  }

  /** Applies a batch. Returns the offsets of messages that forked an entity of this share. */
  take(batch: Batch, lineage: Lineage): readonly number[] {
    const forked: number[] = []
    if (batch.redact) this.#erase(batch.redact)
    for (const { seq } of batch.accepted) {
      const entry = loggedEntry(batch, seq, {
        lineage,
        tableOf: (type) => this.#tableOf(type),
        before: (id) => this.#entities.get(id)?.state,
      })
      if (reviewIn(entry).forked) forked.push(seq - batch.fromSeq)
      for (const write of entry.writes) if (this.#isMine(write.entityId)) this.#apply(write, seq)
    }
    return forked
  }

  /** An erasure is a change of its entity. */
  #erase(record: RedactRecord): void {
    const known = this.#entities.get(record.entityId)
    if (!known) return // of another share
    known.state = redact(known.state, record, this.#tableOf(known.type))
    known.seqs.push(record.seq)
  }

  #apply(write: Write, seq: number): void {
    const { entityId, type } = write
    const known = this.#entities.get(entityId)
    if (known) {
      known.state = apply(known.state, write)
      known.seqs.push(seq)
    } else this.#entities.set(entityId, { type, state: apply(undefined, write), seqs: [seq] })
  }

  /**
   * Compares a stored state; each is given once. Returns what its changes must be, undefined where there
   * is nothing to compare with.
   */
  check(stored: Stored<StateText>): FoldedSeqs | undefined {
    const { entity: id, type, seq, text } = stored
    if (!this.#isMine(id)) return undefined
    const place = `the state of entity ${id} (${type}, seq ${seq})`
    const folded = this.#entities.get(id)
    this.#entities.delete(id)
    if (this.#faults.text(stored, place) === undefined) return folded
    const page = readState({ entity: id, type, seq, text })
    if (!page) this.#faults.add(place, 'its text is not a state of it')
    else if (!folded) this.#faults.add(place, 'no message of the log makes it')
    else if (folded.type !== type || folded.seqs.at(-1) !== seq || !this.#isSame(page, folded))
      this.#faults.add(place, 'it differs from the fold of its messages')
    return folded
  }

  /** Called after the last state: entities that the log has and the states have not. */
  end(): void {
    for (const [id, { type, seqs }] of this.#entities)
      this.#faults.add(
        `the state of entity ${id} (${type})`,
        `it is missing, and message ${seqs.at(-1)} changes it`,
      )
  }

  #isSame(page: PageEntity, { type, state }: Folded): boolean {
    const table = this.#tableOf(type)
    const later = this.#later.filter(({ entityId }) => entityId === page.id)
    const known = (reg: string): boolean => table.foldOf(reg) !== undefined
    const textOf = (of: EntityState): string | undefined => {
      const erased = later.reduce((one, record) => redact(one, record, table), of)
      const made = readPage(stateText(page.id, { type, state: erased, table }))
      const [entity] = made.ok ? made.value : []
      return entity && comparable(entity, known)
    }
    const stored = later.length === 0 ? comparable(page, known) : textOf(stateOf(page, table))
    return stored !== undefined && stored === textOf(state)
  }

  #isMine(id: Uuid): boolean {
    const { no, of } = this.#share
    return of === 1 || Number.parseInt(checksum(id).slice(-4), 36) % of === no
  }

  #tableOf(type: string): RegisterTable {
    let table = this.#tables.get(type)
    if (!table) this.#tables.set(type, (table = new RegisterTable([], this.#foldsOf(type))))
    return table
  }
}

/**
 * A state as text: the same for states that mean the same. Without the totals of an app's own operations
 * where its fold is not known.
 */
function comparable(
  { bases = {}, totals = {}, ...page }: PageEntity,
  isFoldKnown: (reg: string) => boolean,
): string {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
  const shown = Object.entries(totals).filter(
    ([reg, { kind }]) => kind !== 'ops' || isFoldKnown(reg),
  )
  return JSON.stringify([page, Object.entries(bases).sort(byName), shown.sort(byName)])
}
