/**
 * The states and changes of a space in SQLite: a cache that is written behind the commits. Entities
 * are numbered in order of creation; the number is the key of an entity's changes and the order of a
 * scan, so that a scan reads the file sequentially.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { assert, checkState, utf8Bytes } from '@countersign/core/ports'
import type {
  Bytes,
  ChangeText,
  ReadLimit,
  ScanTables,
  StateText,
  Stored,
  WriteBehind,
} from '@countersign/core/ports'
import { checkRow, sumOf, textOf } from './row.ts'
import { openSnapshot } from './space-file.ts'

interface StateRow {
  readonly no: number
  readonly entity: string
  readonly type: string
  readonly seq: number
  readonly sum: string
  readonly text: string
}

export interface Behind {
  readonly through: number
  readonly entities: number
}

interface EntityRow {
  readonly no: number
  readonly type: string
  readonly seq: number
}

const STATE = 'select no, entity, type, seq, sum, text from states'
const READ_BEHIND = 'select through, entities, sum from behind'

export class BehindTables {
  readonly #read: StatementSync
  readonly #write: StatementSync
  readonly #entity: StatementSync
  readonly #state: StatementSync
  readonly #addState: StatementSync
  readonly #setState: StatementSync
  readonly #putChange: StatementSync
  readonly #changes: StatementSync
  readonly #db: DatabaseSync
  readonly #file: string

  constructor(db: DatabaseSync, file: string) {
    this.#db = db
    this.#file = file
    this.#read = db.prepare(READ_BEHIND)
    this.#write = db.prepare('insert or replace into behind values (1, ?, ?, ?)')
    this.#entity = db.prepare('select no, type, seq from states where entity = ?')
    this.#state = db.prepare(`${STATE} where entity = ?`)
    this.#addState = db.prepare('insert into states values (null, ?, ?, ?, ?, ?)')
    this.#setState = db.prepare('update states set seq = ?, sum = ?, text = ? where no = ?')
    this.#putChange = db.prepare(`
      insert into changes values (?, ?, ?, ?) on conflict do update
      set sum = excluded.sum, text = excluded.text`)
    this.#changes = db.prepare(`
      select seq, sum, text from changes where entity_no = ? and seq < ?
      order by seq desc limit ?`)
  }

  read(): Behind {
    return behindOf(this.#read)
  }

  write(write: WriteBehind, entities: number): void {
    const numbers = new Map<string, number>()
    let count = entities
    for (const state of write.states) {
      const known = this.#entity.get(state.entity) as EntityRow | undefined
      numbers.set(
        state.entity,
        known === undefined ? this.#add(state) : this.#replace(state, known),
      )
      if (known === undefined) count++
    }
    for (const { entity, seq, text } of write.changes) {
      const no = numbers.get(entity) ?? (this.#entity.get(entity) as EntityRow | undefined)?.no
      assert(no !== undefined, `entity ${entity} has no state`)
      numbers.set(entity, no)
      this.#putChange.run(no, seq, sumOf(changeKey(no, seq), text), text)
    }
    this.#writeBehind(write.through, count)
  }

  reset(): void {
    this.#db.exec('delete from changes; delete from states')
    this.#writeBehind(0, 0)
  }

  states(entities: readonly string[], bytesMax: Bytes): (Stored<StateText> | undefined)[] {
    const given: (Stored<StateText> | undefined)[] = []
    let left: number = bytesMax
    for (const entity of entities) {
      const row = this.#state.get(entity) as StateRow | undefined
      if (row !== undefined) left -= utf8Bytes(row.text)
      if (left < 0 && given.length > 0) break
      given.push(row && stateOf(row))
    }
    return given
  }

  changes(entity: string, beforeSeq: number, max: ReadLimit): Stored<ChangeText>[] {
    const known = this.#entity.get(entity) as EntityRow | undefined
    if (known === undefined) return []
    const given: Stored<ChangeText>[] = []
    let left: number = max.bytes
    for (const row of this.#changes.iterate(known.no, beforeSeq, max.count)) {
      const { seq, sum, text } = row as { seq: number; sum: string; text: string }
      left -= utf8Bytes(text)
      if (left < 0 && given.length > 0) break
      given.push({ entity, seq, text: textOf(changeKey(known.no, seq), sum, text) })
    }
    return given
  }

  scan(type: string | undefined): ScanTables {
    const db = openSnapshot(this.#file)
    try {
      return new Scan(db, type)
    } catch (error) {
      db.close()
      throw error
    }
  }

  #add({ entity, type, seq, text }: StateText): number {
    const sum = sumOf(stateKey({ entity, type, seq }), text)
    return Number(this.#addState.run(entity, type, seq, sum, text).lastInsertRowid)
  }

  #replace(state: StateText, known: EntityRow): number {
    checkState(state, known)
    this.#setState.run(state.seq, sumOf(stateKey(state), state.text), state.text, known.no)
    return known.no
  }

  #writeBehind(through: number, entities: number): void {
    this.#write.run(through, entities, sumOf(behindKey(through, entities), ''))
  }
}

class Scan implements ScanTables {
  readonly through: number
  readonly entities: number
  readonly #db: DatabaseSync
  readonly #type: readonly string[]
  readonly #page: StatementSync

  constructor(db: DatabaseSync, type: string | undefined) {
    this.#db = db
    this.#type = type === undefined ? [] : [type]
    const which = type === undefined ? 'no > ?' : 'type = ? and no > ?'
    this.#page = db.prepare(`${STATE} where ${which} order by no`)
    // The first read fixes the snapshot of the transaction.
    const { through, entities } = behindOf(db.prepare(READ_BEHIND))
    this.through = through
    this.entities = entities
  }

  page(after: string | undefined, bytesMax: Bytes): ReturnType<ScanTables['page']> {
    const states: Stored<StateText>[] = []
    let last = Number(after ?? 0)
    let left: number = bytesMax
    for (const found of this.#page.iterate(...this.#type, last)) {
      const row = found as unknown as StateRow
      left -= utf8Bytes(row.text)
      if (left < 0 && states.length > 0) return { states, next: String(last) }
      states.push(stateOf(row))
      last = row.no
    }
    return { states, next: undefined }
  }

  close(): void {
    this.#db.close()
  }
}

function behindOf(read: StatementSync): Behind {
  const row = read.get() as (Behind & { readonly sum: string }) | undefined
  if (row === undefined) return { through: 0, entities: 0 }
  checkRow(behindKey(row.through, row.entities), row.sum, '')
  return { through: row.through, entities: row.entities }
}

function stateOf(row: StateRow): Stored<StateText> {
  const { entity, type, seq, sum, text } = row
  return { entity, type, seq, text: textOf(stateKey(row), sum, text) }
}

const behindKey = (through: number, entities: number): string =>
  `the position of the states (through ${through}, ${entities} entities)`
const stateKey = ({ entity, type, seq }: Omit<StateText, 'text'>): string =>
  `the state of entity ${entity} (${type}, seq ${seq})`
const changeKey = (no: number, seq: number): string => `the change of entity number ${no} at ${seq}`
